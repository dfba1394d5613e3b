"""The simulator behind a port, in a thread of its own."""

import threading
from types import TracebackType

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from simulator.app import application
from simulator.world import World

POLL = 0.02  # seconds until a stop is noticed


class QuietHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:
        """The demo shows what the product says, not every request that it makes."""


class Running:
    """A simulator that answers at `url` until it is stopped."""

    def __init__(self, world: World, server: BaseWSGIServer) -> None:
        self.world = world
        self.server = server
        self.url = f"http://{server.host}:{server.port}"
        self.thread = threading.Thread(target=server.serve_forever, args=(POLL,), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def __enter__(self) -> "Running":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(world: World | None = None, *, host: str = "127.0.0.1", port: int = 0) -> Running:
    """Serve the world in a thread; a port of 0 takes a free one. SystemExit when the port is taken."""
    world = world or World()
    return Running(world, make_server(host, port, application(world), threaded=True, request_handler=QuietHandler))
