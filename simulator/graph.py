"""Graph security: who may call, and what each path does."""

from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from werkzeug.wrappers import Request, Response

from simulator import changes, listing, mischief, orders, sentinel, tokens
from simulator.answers import answer, graph_error, stamped
from simulator.listing import METADATA, Refused, bad
from simulator.tenant import Tenant
from simulator.world import World

ROOT = "/v1.0/security/"
A_MINUTE = 150
WAIT = "20"  # seconds, what a throttled directory answers
ROLES = {"incidents": "SecurityIncident", "alerts_v2": "SecurityAlert"}
Wanted = TypeVar("Wanted")


def respond(world: World, request: Request) -> Response:
    """The answer of Graph to one request; call it with the world's lock held."""
    try:
        tenant, roles = admitted(world, request)
        fault = world.faults.take("graph", tenant.id, request.full_path, request.method)
        if fault and (response := mischief.instead(fault, request)):
            return stamped(request, response)
        parts = request.path.removeprefix(ROOT).split("/")
        if not request.path.startswith(ROOT) or parts[0] not in ROLES:
            raise Refused(graph_error(404, "ResourceNotFound", "Resource not found for the segment."))
        permitted(parts, roles, request.method)
        body = routed(world, tenant, parts, request, whole=bool(fault and fault.kind == "oversize"))
        if "include-unknown-enum-members" not in request.headers.get("Prefer", ""):
            body = sentinel.hidden(body)
        return stamped(request, mischief.spoilt(fault, body, world, tenant, request) if fault else answer(body))
    except Refused as refused:
        return stamped(request, refused.response)


def admitted(world: World, request: Request) -> tuple[Tenant, set[str]]:
    """The tenant that the token is for and its roles, unless there were too many requests."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.casefold() != "bearer":
        raise Refused(unauthorized("Access token is empty."))
    problem, tenant, roles = tokens.checked(world, bearer)
    if tenant is None:
        raise Refused(unauthorized(problem))
    refuse_throttled(tenant)
    recent = world.requests.setdefault((tenant.id, world.client_id), deque())
    recent.append(world.now)
    while recent[0] <= world.now - timedelta(minutes=1):
        recent.popleft()
    if len(recent) > A_MINUTE:
        wait = (recent[-A_MINUTE] + timedelta(minutes=1) - world.now).total_seconds()
        raise Refused(mischief.throttled({"Retry-After": str(max(1, round(wait)))}))
    return tenant, roles


def refuse_throttled(tenant: Tenant) -> None:
    """Of a throttled directory's requests the first is answered, and then one in so many."""
    if tenant.throttled:
        tenant.asked += 1
        if (tenant.asked - 1) % tenant.throttled:
            raise Refused(mischief.throttled({"Retry-After": WAIT}))


def unauthorized(message: str) -> Response:
    challenge = 'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"'
    return graph_error(401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": challenge})


def permitted(parts: list[str], roles: set[str], method: str) -> None:
    """An incident's alerts need the roles of both collections."""
    names = list(ROLES.values()) if parts[2:] == ["alerts"] else [ROLES[parts[0]]]
    for name in names:
        write = [f"{name}.ReadWrite.All"]
        needed = write if method in ("PATCH", "POST") else [f"{name}.Read.All", *write]
        if not roles & set(needed):
            raise Refused(missing_roles(needed, roles))


def missing_roles(needed: list[str], roles: set[str]) -> Response:
    held = ",".join(sorted(roles))
    message = f"Missing application roles. API required roles: {','.join(needed)}, application roles: {held}."
    return graph_error(403, "Forbidden", message)


def routed(world: World, tenant: Tenant, parts: list[str], request: Request, *, whole: bool) -> Any:
    collection, rest = parts[0], parts[1:]
    items = tenant.visible(collection)
    if not rest and request.method == "GET":
        return listing.listed(tenant, collection, list(items.values()), request, whole=whole)
    if rest and rest[0] not in items:
        raise Refused(graph_error(404, "NotFound", f"The item with ID {rest[0]} could not be found."))
    if rest and not rest[1:] and request.method in ("GET", "PATCH"):
        return single(world, tenant, collection, items[rest[0]], request)
    if rest[1:] == ["alerts"] and collection == "incidents" and request.method == "GET":
        return listing.listed(tenant, "alerts_v2", tenant.alerts_of(rest[0]), request, whole=whole)
    if rest[1:] == ["comments"] and request.method == "POST":
        return commented(world, tenant, collection, items[rest[0]], request)
    raise Refused(graph_error(405, "UnknownError", f"Specified HTTP method {request.method} is not allowed."))


def single(world: World, tenant: Tenant, collection: str, item: dict[str, Any], request: Request) -> Any:
    if request.method == "PATCH":
        wanted = allowed(lambda: changes.patch(request, collection, item))
        orders.obey(world, tenant, "patch", {"collection": collection, "id": item["id"], "changes": wanted})
    query = dict(request.args.items())
    listing.refuse_unknown(query, collection)
    return {"@odata.context": f"{METADATA}/{collection}/$entity", **listing.shaped(tenant, item, query)}


def commented(world: World, tenant: Tenant, collection: str, item: dict[str, Any], request: Request) -> Any:
    """All comments that there are now."""
    text = allowed(lambda: changes.comment(request))
    orders.obey(world, tenant, "comment", {"collection": collection, "id": item["id"], "comment": text})
    return {"@odata.context": f"{METADATA}/{collection}('{item['id']}')/comments", "value": list(item["comments"])}


def allowed(wanted: Callable[[], Wanted]) -> Wanted:
    try:
        return wanted()
    except changes.BadChange as error:
        raise bad(str(error)) from error
