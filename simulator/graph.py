"""Graph security: incidents and alerts_v2 as the documentation and the wire have them."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from werkzeug.wrappers import Request, Response

from simulator import changes, entra, mischief, odata
from simulator.answers import answer, graph_error
from simulator.world import Tenant, World

BASE = "https://graph.microsoft.com/v1.0"
METADATA = f"{BASE}/$metadata#security"
A_MINUTE = 150
PAGE_SIZE = 50
COMMON = {
    "assignedTo",
    "classification",
    "createdDateTime",
    "determination",
    "lastUpdateDateTime",
    "severity",
    "status",
}
FILTERABLE = {"incidents": COMMON, "alerts_v2": COMMON | {"serviceSource"}}
LARGEST = {"incidents": 50, "alerts_v2": 1000}
ROLES = {"incidents": "SecurityIncident", "alerts_v2": "SecurityAlert"}
KNOWN_OPTIONS = {"$filter", "$top", "$skip", "$count", "$orderby", "$expand", "$skiptoken", "$select"}
AFTER_SENTINEL = {
    "status": {"awaitingAction"},
    "serviceSource": {"microsoftDefenderForCloud", "microsoftSentinel", "microsoftInsiderRiskManagement",
                      "microsoftThreatIntelligence", "microsoftSecurityForAI"},
    "remediationStatus": {"active", "pendingApproval", "declined", "unremediated", "running", "partiallyRemediated"},
    "detectionSource": {"microsoftDefenderForCloud", "microsoftDefenderForIoT", "microsoftDefenderForServers",
                        "microsoftDefenderForStorage", "microsoftDefenderForContainers", "microsoftSentinel",
                        "microsoftDefenderForResourceManager", "microsoftDefenderForAIServices"},
}  # fmt: skip


class Refused(Exception):
    """The request is answered with this error."""

    def __init__(self, response: Response) -> None:
        self.response = response


def bad(message: str) -> Refused:
    return Refused(graph_error(400, "BadRequest", message))


def respond(world: World, request: Request) -> Response:
    try:
        tenant, roles = admitted(world, request)
        fault = world.faults.take("graph", tenant.id, request.full_path)
        if fault and (response := mischief.instead(fault)):
            return response
        world.advance()
        parts = request.path.removeprefix("/v1.0/security/").split("/")
        if not request.path.startswith("/v1.0/security/") or parts[0] not in ROLES:
            raise Refused(graph_error(404, "ResourceNotFound", "Resource not found for the segment."))
        permitted(parts[0], roles, request.method)
        body = routed(tenant, parts, request)
        seen = known(body) if "include-unknown-enum-members" not in request.headers.get("Prefer", "") else body
        return mischief.spoilt(fault, seen, tenant) if fault else answer(seen)
    except Refused as refused:
        return refused.response


def admitted(world: World, request: Request) -> tuple[Tenant, set[str]]:
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
    tenant, roles = entra.tenant_of(world, bearer)
    if tenant is None:
        raise Refused(graph_error(401, "InvalidAuthenticationToken", "Access token is missing, expired or malformed."))
    minute = (tenant.id, int(time.time() // 60))
    world.requests[minute] = world.requests.get(minute, 0) + 1
    if world.requests[minute] > A_MINUTE:
        wait = 60 - int(time.time() % 60)
        raise Refused(graph_error(429, "TooManyRequests", "Too many requests.", {"Retry-After": str(wait)}))
    return tenant, roles


def permitted(collection: str, roles: set[str], method: str) -> None:
    name = ROLES[collection]
    needed = [f"{name}.ReadWrite.All"] if method != "GET" else [f"{name}.Read.All", f"{name}.ReadWrite.All"]
    if not roles & set(needed):
        has = ",".join(sorted(roles))
        message = f"Missing application roles. API required roles: {','.join(needed)}, application roles: {has}."
        raise Refused(graph_error(403, "Forbidden", message))


def routed(tenant: Tenant, parts: list[str], request: Request) -> Any:
    collection, rest = parts[0], parts[1:]
    items = tenant.incidents if collection == "incidents" else tenant.alerts
    if not rest:
        return listed(tenant, collection, list(items.values()), request)
    if rest[0] not in items:
        raise Refused(graph_error(404, "NotFound", f"The item with ID {rest[0]} could not be found."))
    item = items[rest[0]]
    if rest[1:] == ["alerts"] and collection == "incidents":
        return {"@odata.context": f"{METADATA}/alerts_v2", "value": tenant.alerts_of(rest[0])}
    if rest[1:] == ["comments"] and request.method == "POST":
        return {"@odata.context": f"{METADATA}/comments", "value": changes.comment(item, request)}
    if not rest[1:] and request.method == "PATCH":
        problem = changes.patch(tenant, collection, item, request)
        if problem:
            raise bad(problem)
    expanded = {"alerts": tenant.alerts_of(rest[0])} if request.args.get("$expand") == "alerts" else {}
    return {"@odata.context": f"{METADATA}/{collection}/$entity", **item, **expanded}


def listed(tenant: Tenant, collection: str, items: list[Any], request: Request) -> Any:
    query = resumed(tenant, request)
    unknown = set(query) - KNOWN_OPTIONS
    if unknown:
        raise bad(f"The query parameter '{min(unknown)}' is not supported.")
    found = sorted(
        filter(condition(query, collection), items), key=ordering(tenant, query), reverse=newest_first(tenant, query)
    )
    top = whole(query, "$top", PAGE_SIZE)
    if top > LARGEST[collection]:
        raise bad(f"The limit of '{LARGEST[collection]}' for Top query has been exceeded. "
                  f"The value from the incoming request is '{top}'.")  # fmt: skip
    skip = whole(query, "$skip", 0)
    page = found[skip : skip + top]
    if query.get("$expand") == "alerts":
        page = [{**item, "alerts": tenant.alerts_of(item["id"])} for item in page]
    body: dict[str, Any] = {"@odata.context": f"{METADATA}/{collection}"}
    if query.get("$count") == "true":
        body["@odata.count"] = len(found)
    if skip + top < len(found):
        token = base64.urlsafe_b64encode(json.dumps([tenant.id, skip + top]).encode()).decode()
        following = {**query, "$skiptoken": token}
        following.pop("$skip", None)
        body["@odata.nextLink"] = f"{BASE}/security/{collection}?{urlencode(following)}"
    return {**body, "value": page}


def resumed(tenant: Tenant, request: Request) -> dict[str, str]:
    """The query, with the place that its skip token stands for."""
    query = dict(request.args.items())
    token = query.pop("$skiptoken", None)
    if token:
        try:
            owner, skip = json.loads(base64.urlsafe_b64decode(token))
        except ValueError:
            owner, skip = None, 0
        if owner != tenant.id:
            raise bad("Skip token is invalid or has expired.")
        query["$skip"] = str(skip)
    return query


def whole(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit():
        raise bad(f"Invalid value '{text}' for {name}.")
    return int(text)


def condition(query: dict[str, str], collection: str) -> odata.Test:
    if "$filter" not in query:
        return lambda item: True
    try:
        return odata.parsed(query["$filter"], FILTERABLE[collection])
    except odata.BadFilter as error:
        raise bad(str(error)) from error


def ordering(tenant: Tenant, query: dict[str, str]) -> Callable[[Any], Any]:
    words = query.get("$orderby", "lastUpdateDateTime desc").split()
    if words[0] not in ("lastUpdateDateTime", "createdDateTime") or words[1:] not in ([], ["asc"], ["desc"]):
        raise bad("The $orderby expression is not supported.")
    if "$orderby" in query and tenant.order == "refused":
        raise bad("The query option '$orderby' is not supported.")
    return lambda item: odata.ticks(item[words[0]])


def newest_first(tenant: Tenant, query: dict[str, str]) -> bool:
    return tenant.order == "ignored" or query.get("$orderby", "x desc").endswith("desc")


def known(body: Any) -> Any:
    """Members after the sentinel are hidden from a client that did not ask for them."""
    if isinstance(body, dict):
        return {
            key: "unknownFutureValue"
            if isinstance(value, str) and value in AFTER_SENTINEL.get(key, ())
            else known(value)
            for key, value in body.items()
        }
    return [known(entry) for entry in body] if isinstance(body, list) else body
