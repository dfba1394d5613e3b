"""Graph for one tenant: one request at a time, bounded in time and size, and no link followed that leads elsewhere."""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import msgspec

from defender import cutting, errors, graph_errors
from defender.tokens import Token, Tokens

BASE = "https://graph.microsoft.com/v1.0"
LINKS = "/v1.0/security/"
DEADLINE_SECONDS = 60.0
LARGEST_BODY = 64 * 1024 * 1024
LONGEST_LINK = 16_384
OPTIONS = {"filter", "top", "orderby", "expand", "count", "skip", "select"}


@dataclass(frozen=True)
class RawPage:
    """The entries of a collection as received, and the guarded link to the next page or ''."""

    entries: tuple[bytes, ...]
    next_link: str


class Collection(msgspec.Struct):
    value: list[msgspec.Raw] | None = None
    next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")


class Graph:
    """`page_sizes` are what was learnt of the longest pages, by path; given, they outlive this Graph."""

    def __init__(
        self, http: httpx.Client, tokens: Tokens, tenant_id: str, page_sizes: dict[str, int] | None = None
    ) -> None:
        self.http = http
        self.tokens = tokens
        self.tenant_id = tenant_id
        self.page_sizes = {} if page_sizes is None else page_sizes
        self.requests = 0  # sent so far, for whoever has a budget

    def get(self, path: str, **query: object) -> bytes:
        return self.request("GET", BASE + path, params=options(query))

    def patch(self, path: str, body: Mapping[str, object]) -> bytes:
        return self.request("PATCH", BASE + path, content=json.dumps(body).encode())

    def post(self, path: str, body: Mapping[str, object]) -> bytes:
        return self.request("POST", BASE + path, content=json.dumps(body).encode())

    def page(self, path: str, **query: object) -> RawPage:
        return with_guarded_link(raw_page(self.get(path, **query)))

    def linked_page(self, link: str) -> RawPage:
        """The page behind a nextLink; Untrustworthy when the link is not one of Graph's own."""
        return with_guarded_link(raw_page(self.request("GET", guarded(link))))

    def request(self, method: str, url: str, params: Any = None, content: bytes | None = None) -> bytes:
        """Send it, once more with a fresh token after a 401; raises what errors.py draws."""
        token = self.tokens.token(self.tenant_id)
        status, headers, body = self.send(token, method, url, params, content)
        if status == 401:
            token = self.tokens.token(self.tenant_id, fresh=True)
            status, headers, body = self.send(token, method, url, params, content)
        if status == 206:
            raise errors.MicrosoftFault("Graph gave a partial answer: one of its sources did not reply.")
        if 300 <= status < 400:
            raise errors.Untrustworthy("Graph answered with a redirect, which is never followed.")
        if status >= 400:
            raise graph_errors.error_of(status, headers, body, token.roles)
        if not body.lstrip().startswith(b"{"):
            raise errors.Unreadable("What came back from Graph, or from something on the way to it, is no JSON.")
        return body

    def send(
        self, token: Token, method: str, url: str, params: Any, content: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        headers = {
            "Authorization": f"Bearer {token.value}",
            "Prefer": "include-unknown-enum-members",
            "Accept": "application/json",
            "client-request-id": str(uuid.uuid4()),
        }
        if content is not None:
            headers["Content-Type"] = "application/json"
        deadline = time.monotonic() + DEADLINE_SECONDS
        self.requests += 1
        try:
            with self.http.stream(method, url, params=params, headers=headers, content=content) as response:
                return response.status_code, response.headers, read(response, deadline)
        except httpx.HTTPError as error:
            raise errors.Unreachable(f"Graph could not be reached or broke off ({type(error).__name__}).") from error


def read(response: httpx.Response, deadline: float) -> bytes:
    """The decoded body; httpx bounds each read, this bounds the whole."""
    parts, size = [], 0
    for part in response.iter_bytes():
        size += len(part)
        if size > LARGEST_BODY:
            raise errors.TooLarge(f"Graph's answer is larger than {LARGEST_BODY // 1024**2} MB.")
        if time.monotonic() > deadline:
            raise errors.Unreachable(f"Graph's answer took longer than {DEADLINE_SECONDS:.0f} seconds.")
        parts.append(part)
    return b"".join(parts)


def options(query: Mapping[str, object]) -> dict[str, str] | None:
    return {f"${name}" if name in OPTIONS else name: str(value) for name, value in query.items()} or None


def with_guarded_link(page: RawPage) -> RawPage:
    """A page whose link leads elsewhere is refused whole: its place must never be kept as one to go on from."""
    if page.next_link:
        guarded(page.next_link)
    return page


def guarded(link: str) -> str:
    """The link, if it is on the same scheme, host, port and path as our own requests; Untrustworthy otherwise."""
    reason = "Graph's link to the next page leads elsewhere and is not followed."
    # ASCII only, as Graph writes them: what is left cannot be read in one way here and in another by the HTTP client.
    if not link.isascii() or not link.isprintable() or " " in link or "\\" in link or len(link) > LONGEST_LINK:
        raise errors.Untrustworthy(reason)
    try:
        parts = urlsplit(link)
        port = parts.port
    except ValueError as error:
        raise errors.Untrustworthy(reason) from error
    path = unquote(unquote(parts.path))
    if (
        parts.scheme != "https"
        or parts.hostname != "graph.microsoft.com"
        or port not in (None, 443)
        or "@" in parts.netloc
        or parts.fragment
        or not path.startswith(LINKS)
        or ".." in path
        or "\\" in path
    ):
        raise errors.Untrustworthy(reason)
    return link


def raw_page(body: bytes) -> RawPage:
    """Cut a collection into its entries; when the strict parser refuses it, the standard library's cuts it."""
    try:
        page = msgspec.json.decode(body, type=Collection)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return cut(body)
    if page.value is None:
        raise errors.Unreadable("Graph's answer is not a list of items.")
    return RawPage(tuple(bytes(entry) for entry in page.value), page.next_link or "")


def cut(body: bytes) -> RawPage:
    """Find the entries by their boundaries, so that one that strict JSON forbids costs no other."""
    text = body.decode("utf-8", errors="surrogateescape")
    entries: list[bytes] | None = None
    link: object = ""
    try:
        for key, begin, end in cutting.members(text):
            if key == "value" and text[begin] == "[":
                spans = cutting.elements(text, begin)
                entries = [text[first:last].encode("utf-8", errors="surrogateescape") for first, last in spans]
            elif key == "@odata.nextLink":
                link = json.loads(text[begin:end])
    except (ValueError, RecursionError) as error:
        raise errors.Unreadable("Graph's answer is not JSON.") from error
    if entries is None:
        raise errors.Unreadable("Graph's answer is not a list of items.")
    return RawPage(tuple(entries), link if isinstance(link, str) else "")
