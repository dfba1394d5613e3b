"""The HTTP clients through which everything goes to Microsoft, and the one place where they can be re-addressed."""

import ssl
import threading
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import httpx

from defender import entra_errors, errors, graph_errors

TIMEOUT = httpx.Timeout(30.0, connect=10.0)
LIMITS = httpx.Limits(max_connections=50, keepalive_expiry=30)
DISCOVERED = ("issuer", "authorization_endpoint", "token_endpoint")


class Readdressed(httpx.BaseTransport):
    """Sends every request to one address, with the Host header of the host it was meant for."""

    def __init__(self, inner: httpx.BaseTransport, cloud_url: str) -> None:
        self.inner = inner
        self.address = httpx.URL(cloud_url)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme=self.address.scheme, host=self.address.host, port=self.address.port)
        return self.inner.handle_request(request)

    def close(self) -> None:
        self.inner.close()


def client(cloud_url: str = "", *, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """A client without redirects; with `cloud_url` all of Microsoft's hosts are found at that address."""
    if cloud_url:
        address = urlsplit(cloud_url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError(f"{cloud_url!r} is not an http address.")
        transport = Readdressed(transport or httpx.HTTPTransport(verify=certificates(), limits=LIMITS), cloud_url)
    # Without a transport of ours httpx minds the proxy settings of the environment.
    return httpx.Client(
        transport=transport,
        verify=certificates(),
        limits=LIMITS,
        timeout=TIMEOUT,
        follow_redirects=False,
        headers={"User-Agent": "Utkik"},
        # The client serves every tenant: a cookie got for one must not be sent with another's request.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )


@cache
def certificates() -> ssl.SSLContext:
    """Whom we trust; reading it takes longer than a request, so all clients share it."""
    return httpx.create_ssl_context()


class Clients(threading.local):
    """A client for each thread: for every request a client looks at each of its connections, and at each at that."""

    def __init__(self, cloud_url: str) -> None:
        self.http = client(cloud_url)


class MsalHttp:
    """The same client as MSAL calls it; what MSAL would trip over or forget (a wait, a status) is raised here."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def post(self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        # MSAL gives a signed assertion as bytes, which httpx would write into the form as Python shows them.
        form = {name: value.decode() if isinstance(value, bytes) else value for name, value in (data or {}).items()}
        response = self.http.post(url, params=params, data=form, headers=headers)
        lifetime = answered(response).get("expires_in", 0)
        if not str(lifetime).isdigit():
            raise errors.MicrosoftFault("Entra issued a token with an unreadable lifetime.")
        return response

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        response = self.http.get(url, params=params, headers=headers)
        described = answered(response)
        if response.status_code >= 400:
            raise entra_errors.error_of(described)
        if not all(isinstance(described.get(name), str) for name in DISCOVERED):
            raise errors.MicrosoftFault("Entra's description of the directory could not be read.")
        return response

    def close(self) -> None:
        """The client belongs to the process, not to MSAL."""


def answered(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of Entra's answer; Throttled or MicrosoftFault when there is none."""
    wait = graph_errors.retry_after(response.headers.get("Retry-After"))
    if response.status_code == 429:
        raise errors.Throttled("Entra has asked us to slow down.", retry_after=wait)
    if response.status_code >= 500:
        raise errors.MicrosoftFault(f"Entra answered with status {response.status_code}.", retry_after=wait)
    try:
        body = response.json()
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or response.is_redirect:
        raise errors.MicrosoftFault("What came back from Entra, or from something on the way to it, is no JSON.")
    return body
