"""One address for all of Microsoft: the Host header says which service is meant."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from simulator import entra, graph
from simulator.answers import answer
from simulator.world import World

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def application(world: World) -> Application:
    """The WSGI application of a world."""

    @Request.application
    def respond(request: Request) -> Response:
        host = request.host.split(":")[0]
        with world.lock:
            if host == "graph.microsoft.com":
                return graph.respond(world, request)
            if request.path.startswith("/_simulator/") and host != "login.microsoftonline.com":
                return control(world, request)
            if host == "login.microsoftonline.com" or request.path != "/":
                return entra.respond(world, request)
        return Response("This is a simulated login.microsoftonline.com.\n", content_type="text/plain")

    return respond


def control(world: World, request: Request) -> Response:
    """What the demo and a person at a terminal may order."""
    body = json.loads(request.get_data() or b"{}")
    if request.path == "/_simulator/faults":
        if request.method == "DELETE":
            world.faults.clear()
        elif request.method == "POST":
            world.faults.add(**body)
    elif request.path == "/_simulator/clock" and request.method == "POST":
        seconds = (
            (datetime.fromisoformat(body["now"]) - world.now).total_seconds() if "now" in body else body["advance"]
        )
        world.advance(seconds)
    elif request.path != "/_simulator/world":
        return answer({"error": "not_found"}, 404)
    return answer(described(world))


def described(world: World) -> dict[str, Any]:
    return {
        "client_id": world.client_id,
        "client_secret": world.client_secret,
        "now": world.now.isoformat(),
        "tenants": [
            {"id": tenant.id, "name": tenant.name, "domain": tenant.domain, "consented": tenant.consented,
             "roles": sorted(tenant.roles), "incidents": len(tenant.incidents), "alerts": len(tenant.alerts)}
            for tenant in world.tenants.values()
        ],
    }  # fmt: skip
