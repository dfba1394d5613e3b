"""A collection's query options: which items, in which order, how many, and where the next page begins."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from werkzeug.wrappers import Request, Response

from simulator import odata
from simulator.answers import graph_error
from simulator.tenant import Tenant

BASE = "https://graph.microsoft.com/v1.0"
METADATA = f"{BASE}/$metadata#security"
PAGE_SIZE = 50
SHARED = {
    "assignedTo",
    "classification",
    "createdDateTime",
    "determination",
    "lastUpdateDateTime",
    "severity",
    "status",
}
FILTERABLE = {"incidents": SHARED, "alerts_v2": SHARED | {"serviceSource"}}
LARGEST = {"incidents": 50, "alerts_v2": 1000}
LARGEST_SKIP = {"incidents": None, "alerts_v2": 500}
OPTIONS = {"$filter", "$top", "$skip", "$count", "$orderby", "$expand", "$skiptoken", "$select"}
Item = dict[str, Any]
Place = tuple[int, str]


class Refused(Exception):
    """The request is answered with this error."""

    def __init__(self, response: Response) -> None:
        self.response = response


def bad(message: str) -> Refused:
    return Refused(graph_error(400, "BadRequest", message))


def listed(tenant: Tenant, collection: str, items: list[Item], request: Request, *, whole: bool = False) -> Item:
    """One page of the items; with `whole` the page has all of them, however many."""
    query, after = resumed(tenant, request)
    refuse_unknown(query, collection)
    passing = list(filter(condition(query, collection), items))
    place, backwards = ordering(tenant, query)
    passing.sort(key=place, reverse=backwards)
    left = (
        passing
        if after is None
        else [item for item in passing if (place(item) < after if backwards else place(item) > after)]
    )
    left = left[number(query, "$skip", 0, LARGEST_SKIP[collection]) :]
    top = number(query, "$top", PAGE_SIZE, LARGEST[collection])
    page = left if whole else left[:top]
    if tenant.poison.intersection(item["id"] for item in page):
        raise Refused(graph_error(500, "InternalServerError", "The service is unable to process the request."))
    body: Item = {"@odata.context": f"{METADATA}/{collection}"}
    if query.get("$count") == "true":
        body["@odata.count"] = len(passing)
    if page and len(left) > len(page):
        following = {key: value for key, value in query.items() if key != "$skip"}
        following["$skiptoken"] = skip_token(tenant, place(page[-1]))
        body["@odata.nextLink"] = (
            f"https://graph.microsoft.com{request.path}?{urlencode(following, safe='$', quote_via=quote)}"
        )
    return {**body, "value": [shaped(tenant, item, query) for item in page]}


def refuse_unknown(query: dict[str, str], collection: str) -> None:
    unknown = [key for key in query if key.startswith("$") and key not in OPTIONS]
    if unknown:
        raise bad(f"The query parameter '{unknown[0]}' is not supported.")
    if "$expand" in query and (collection != "incidents" or query["$expand"] != "alerts"):
        raise bad(f"Could not find a property named '{query['$expand']}' to expand.")
    if query.get("$count", "true") not in ("true", "false"):
        raise bad(f"Invalid value '{query['$count']}' for $count query option found.")


def resumed(tenant: Tenant, request: Request) -> tuple[dict[str, str], Place | None]:
    """The query, and the place after which its skip token goes on."""
    query = dict(request.args.items())
    token = query.pop("$skiptoken", None)
    if token is None:
        return query, None
    body, _, digest = token.partition(".")
    if not hmac.compare_digest(digest.encode(), signature(tenant, body).encode()):
        raise bad("Skip token is invalid or has expired.")
    ticks, identity = json.loads(base64.urlsafe_b64decode(body))
    return query, (ticks, identity)


def skip_token(tenant: Tenant, place: Place) -> str:
    """The place of a page's last item, sealed, so that it means nothing to another tenant."""
    body = base64.urlsafe_b64encode(json.dumps(place).encode()).decode()
    return f"{body}.{signature(tenant, body)}"


def signature(tenant: Tenant, body: str) -> str:
    return hmac.new(tenant.id.encode(), body.encode(), hashlib.sha256).hexdigest()[:32]


def number(query: dict[str, str], name: str, default: int, largest: int | None) -> int:
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 9 or (name == "$top" and int(text) == 0):
        raise bad(f"Invalid value '{text}' for {name} query option found.")
    if largest is not None and int(text) > largest:
        raise bad(f"The limit of '{largest}' for {name[1:].title()} query has been exceeded. "
                  f"The value from the incoming request is '{text}'.")  # fmt: skip
    return int(text)


def condition(query: dict[str, str], collection: str) -> odata.Test:
    if "$filter" not in query:
        return lambda item: True
    try:
        return odata.parsed(query["$filter"], FILTERABLE[collection])
    except odata.BadFilter as error:
        raise bad(str(error)) from error


def ordering(tenant: Tenant, query: dict[str, str]) -> tuple[Callable[[Item], Place], bool]:
    """What to sort by, and whether backwards; without a wish the newest comes first."""
    asked = query.get("$orderby")
    words = (asked or "").split() or ["?"]
    if asked is not None and tenant.order == "refused":
        raise bad("The query option '$orderby' is not supported.")
    if asked is not None and (
        words[0] not in ("lastUpdateDateTime", "createdDateTime") or words[1:] not in ([], ["asc"], ["desc"])
    ):
        raise bad(f"The $orderby expression '{asked}' is not supported.")
    if asked is None or tenant.order == "ignored":
        words = ["lastUpdateDateTime", "desc"]
    return lambda item: (odata.ticks(item[words[0]]), item["id"]), words[1:] == ["desc"]


def shaped(tenant: Tenant, item: Item, query: dict[str, str]) -> Item:
    """The item with what was expanded and without what was not selected."""
    wanted = [name.strip() for name in query.get("$select", "").split(",") if name.strip()]
    unknown = [name for name in wanted if name not in item]
    if unknown:
        raise bad(f"Could not find a property named '{unknown[0]}'.")
    shown = {key: value for key, value in item.items() if not wanted or key in ("id", *wanted)}
    if query.get("$expand") == "alerts":
        shown["alerts"] = tenant.alerts_of(item["id"])
    return shown
