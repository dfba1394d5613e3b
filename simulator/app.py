"""One address for all of Microsoft: the Host header says which service is meant."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.wrappers import Request, Response

from simulator import control, entra, graph
from simulator.mischief import PAUSE
from simulator.world import World

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
LOGIN_HOST, GRAPH_HOST = "login.microsoftonline.com", "graph.microsoft.com"


def application(world: World) -> Application:
    """The WSGI application of a world."""

    @Request.application
    def respond(request: Request) -> Response:
        with world.lock:
            world.advance()
            response = routed(world, request)
        time.sleep(request.environ.get(PAUSE, 0))
        return response

    return respond


def routed(world: World, request: Request) -> Response:
    host = request.host.split(":")[0].casefold()
    if host == GRAPH_HOST:
        return graph.respond(world, request)
    if host != LOGIN_HOST and request.path.startswith(control.PREFIX):
        return control.respond(world, request)
    if host == LOGIN_HOST or request.path != "/":
        return entra.respond(world, request)
    return Response("This is a simulated login.microsoftonline.com and graph.microsoft.com.\n", mimetype="text/plain")
