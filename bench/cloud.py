"""What the bench's Microsoft answers: tokens for any directory, and lists of the same incidents for each of them."""

import base64
import gzip
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from bench.items import ALERTS, Shelf, ticks

LOGIN, GRAPH = "https://login.microsoftonline.com", "https://graph.microsoft.com"
CLIENT_ID = "00000000-0000-4000-8000-00000000be0c"
ROLES = ["SecurityIncident.Read.All", "SecurityAlert.Read.All"]
LISTS = "/v1.0/security/"
PAGE_SIZE, LARGEST = 50, {"incidents": 50, "alerts_v2": 1000}
CONDITION = re.compile(r"(?:lastUpdate|created)DateTime (ge|gt|le|lt) (\S+)")


@dataclass(frozen=True)
class Window:
    """A part of a collection, from place `low` to before `high`, and the page behind the first `done` of it."""

    collection: str
    low: int
    high: int
    size: int
    rising: bool
    expanded: bool
    counted: bool
    done: int = 0

    @property
    def places(self) -> range:
        """Where the page's items stand, in its order."""
        if self.rising:
            first = self.low + self.done
            return range(first, min(first + self.size, self.high))
        first = self.high - 1 - self.done
        return range(first, max(first - self.size, self.low - 1), -1)

    @property
    def token(self) -> str:
        return ".".join(str(int(value)) for name, value in vars(self).items() if name != "collection")


class Cloud:
    """What is served, how slowly, and to whom not."""

    def __init__(self, shelf: Shelf, delay: float) -> None:
        self.shelf, self.delay = shelf, delay
        self.requests: Counter[str] = Counter()
        self.slow: dict[str, float] = {}
        self.throttled: set[str] = set()
        # Rendered and compressed once: every directory has the same pages.
        self.page = lru_cache(maxsize=5000)(self.rendered)

    def answer(self, target: str, headers: Mapping[str, str]) -> tuple[int, bytes, float]:
        """Status, compressed body, and the seconds to wait before it is sent."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        if parts.path.startswith("/_bench/"):
            return 200, packed(self.ordered(parts.path.removeprefix("/_bench/"), query)), 0
        if not parts.path.startswith(LISTS):
            return 200, packed(entra(parts.path)), self.delay
        tenant = tenant_of(headers.get("authorization", ""))
        self.requests[tenant] += 1
        if tenant in self.throttled:
            return 429, packed({"error": {"code": "TooManyRequests", "message": "Too many requests."}}), self.delay
        return 200, self.listed(parts.path.removeprefix(LISTS), query), self.slow.get(tenant, self.delay)

    def ordered(self, verb: str, query: Mapping[str, str]) -> object:
        if verb == "slow":
            self.slow[query["tenant"]] = float(query["seconds"])
        elif verb == "throttled":
            self.throttled.add(query["tenant"])
        return dict(self.requests)

    def listed(self, path: str, query: Mapping[str, str]) -> bytes:
        collection, *rest = path.split("/")
        if rest[1:] == ["alerts"]:
            first = int(rest[0]) * ALERTS
            return self.page(Window("alerts_v2", first, first + ALERTS, ALERTS, True, False, False))
        if "$skiptoken" in query:
            low, high, size, rising, expanded, counted, done = map(int, query["$skiptoken"].split("."))
            return self.page(Window(collection, low, high, size, bool(rising), bool(expanded), bool(counted), done))
        low, high = self.bounds(collection, query.get("$filter", ""))
        size = min(int(query.get("$top", PAGE_SIZE)), LARGEST[collection])
        rising = query.get("$orderby", "").endswith("asc")
        counted = query.get("$count") == "true"
        return self.page(Window(collection, low, high, size, rising, "$expand" in query, counted))

    def bounds(self, collection: str, conditions: str) -> tuple[int, int]:
        """The places between which the items lie that a filter lets pass."""
        low, high = 0, self.shelf.size(collection)
        for operator, text in CONDITION.findall(conditions):
            place = self.shelf.first_not_before(read_time(text) + (operator in ("gt", "le")), collection)
            low, high = (max(low, place), high) if operator in ("ge", "gt") else (low, min(high, place))
        return low, max(low, high)

    def rendered(self, window: Window) -> bytes:
        head = f'"@odata.count":{window.high - window.low},' if window.counted else ""
        if window.done + len(window.places) < window.high - window.low:
            further = replace(window, done=window.done + window.size)
            head += f'"@odata.nextLink":"{GRAPH}{LISTS}{window.collection}?$skiptoken={further.token}",'
        value = b",".join(self.item(window, place) for place in window.places)
        return gzip.compress(b"{" + head.encode() + b'"value":[' + value + b"]}", 6)

    def item(self, window: Window, place: int) -> bytes:
        if window.collection == "alerts_v2":
            return self.shelf.alert(place)
        return self.shelf.incident(place, expanded=window.expanded)


def entra(path: str) -> object:
    """A directory's description, or a token that nobody has signed: the client asks Entra who it is for, not whose."""
    tenant = path.split("/")[1]
    if "/.well-known/" in path:
        base = f"{LOGIN}/{tenant}"
        return {"issuer": f"{base}/v2.0", "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token"}  # fmt: skip
    claims = {"aud": GRAPH, "tid": tenant, "appid": CLIENT_ID, "roles": ROLES}
    value = ".".join(base64.urlsafe_b64encode(part).decode() for part in (b"{}", json.dumps(claims).encode(), b"-"))
    return {"token_type": "Bearer", "expires_in": 3599, "access_token": value}


@lru_cache(maxsize=5000)
def tenant_of(authorization: str) -> str:
    """The directory that the bearer token is for; '' without one."""
    if not authorization:
        return ""
    return str(json.loads(base64.urlsafe_b64decode(authorization.split(".")[1]))["tid"])


def read_time(text: str) -> int:
    """A time as ticks since 1970, with up to seven digits of a second."""
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    return ticks(datetime.fromisoformat(seconds + "+00:00")) + int(fraction.ljust(7, "0")[:7] or 0)


def packed(value: object) -> bytes:
    return gzip.compress(json.dumps(value).encode(), 1)
