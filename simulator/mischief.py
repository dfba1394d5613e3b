"""The answers of a faulty Microsoft: instead of the right one, or the right one spoilt."""

import json
import uuid
from typing import Any

from werkzeug.wrappers import Request, Response

from simulator.answers import JSON, answer, graph_error
from simulator.faults import Fault
from simulator.tenant import Tenant
from simulator.world import World

HTML = "<!doctype html><html><body><h1>Our services are not available right now</h1></body></html>"
PAUSE = "simulator.pause"  # seconds to wait before the answer goes out, once the world is free for others
REFUSED_TOKEN = "Skip token is invalid or has expired."
FORBIDDEN = "Missing application roles. API required roles: SecurityIncident.Read.All, application roles: ."


def throttled(headers: dict[str, str]) -> Response:
    return graph_error(429, "TooManyRequests", "Too many requests, please try again later.", headers)


def instead(fault: Fault, request: Request) -> Response | None:
    """The whole answer when the fault replaces it, None when it delays or spoils the right one."""
    value = fault.value
    match fault.kind:
        case "slow":
            request.environ[PAUSE] = float(value)
        case "throttle":
            return throttled({"Retry-After": str(value)} if value is not None else {})
        case "status":
            return graph_error(int(value), "UnknownError", "")
        case "expand":
            return graph_error(500, "InternalServerError", "The service is unable to process the request.")
        case "html":
            return Response(HTML, int(value or 200), content_type="text/html; charset=utf-8")
        case "empty":
            return Response("", 200)
        case "redirect":
            return Response("", 302, {"Location": str(value or "https://elsewhere.example/")})
        case "skip_token":
            return graph_error(400, "BadRequest", str(value or REFUSED_TOKEN))
        case "unauthorized":
            return graph_error(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.")
        case "forbidden":
            return graph_error(403, "Forbidden", FORBIDDEN)
    return None


def spoilt(fault: Fault, body: Any, world: World, tenant: Tenant, request: Request) -> Response:
    """The right answer with the fault in it."""
    match fault.kind:
        case "partial":
            return answer(body, 206, {"Warning": '199 - "Vendor/Provider/504/10000"'})
        case "next_link":
            return answer({**body, "@odata.nextLink": fault.value})
        case "repeat":
            return answer({**body, "@odata.nextLink": "https://graph.microsoft.com" + request.full_path})
        case "endless":
            turn = f"&turn={uuid.uuid4().hex}"
            return answer({**body, "@odata.nextLink": "https://graph.microsoft.com" + request.full_path + turn})
        case "foreign":
            return answer(with_first(body, foreign(world, tenant, request)))
        case "nul" | "surrogate":
            return escaped(retitled(body, "before\x00after" if fault.kind == "nul" else "half \ud83d a face"))
        case "item":
            return escaped(body, first=str(fault.value))
        case "cut":
            return cut(answer(body))
    return answer(body)


def cut(response: Response) -> Response:
    """Only the first half of the text, with a length that agrees, as a broken proxy sends it."""
    text = response.get_data()
    response.set_data(text[: len(text) // 2])
    return response


def with_first(body: Any, item: dict[str, Any]) -> Any:
    return {**body, "value": [item, *body.get("value", [])]}


def foreign(world: World, tenant: Tenant, request: Request) -> dict[str, Any]:
    """An item of another tenant, such as must never be shown here."""
    others = (other for other in world.tenants.values() if other.id != tenant.id)
    for other in others:
        items = other.alerts if "alerts" in request.path else other.incidents
        if items:
            return {**next(iter(items.values())), "tenantId": other.id}
    return {"id": "1", "tenantId": "ffffffff-ffff-4fff-8fff-ffffffffffff", "lastUpdateDateTime": "2026-01-01T00:00:00Z"}


def retitled(body: Any, text: str) -> Any:
    """The first item with the text as its title; a page without items stays as it is."""
    value = body.get("value", [])
    if not value:
        return body
    name = "displayName" if "displayName" in value[0] else "title"
    return {**body, "value": [{**value[0], name: text}, *value[1:]]}


def escaped(body: Any, first: str = "") -> Response:
    """JSON in ASCII, since a lone surrogate has no UTF-8; `first` is put before the page's items as it is."""
    text = json.dumps(body)
    if first:
        comma = ", " if body.get("value") else ""
        text = text.replace('"value": [', f'"value": [{first}{comma}', 1)
    return Response(text, 200, content_type=JSON)
