"""The simulated cloud of the chaos: in a process of its own, where things happen and go wrong by themselves.

`python -m tests.chaos.cloud` prints one JSON object with its address and tenants. A line "calm" on its standard input
ends everything that goes wrong or happens; "source" is answered with what Microsoft then has, "faults" with the
number of each fault that has met a request.
"""

import argparse
import gzip
import hashlib
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.serving import make_server

from simulator.app import application
from simulator.faults import Fault, Faults
from simulator.server import QuietHandler, Running
from simulator.world import World
from tests.chaos.script import Script

BOMB = gzip.compress(bytes(300 * 1024 * 1024), 1)
LATENCY = (0.02, 0.4)  # seconds, so that a kill finds somebody waiting


class CountedFaults(Faults):
    """Faults that are counted when they meet a request."""

    def __init__(self) -> None:
        super().__init__()
        self.met: Counter[str] = Counter()

    def take(self, host: str, tenant: str, path: str, method: str = "") -> Fault | None:
        fault = super().take(host, tenant, path, method)
        if fault:
            self.met[
                f"{fault.host} {fault.kind}" if fault.value is None else f"{fault.host} {fault.kind} {fault.value}"
            ] += 1
        return fault


class Chaos:
    """The WSGI application: the simulator's own, slow as a network and sometimes a bomb."""

    def __init__(self, world: World, faults: CountedFaults) -> None:
        self.inner = application(world)
        self.faults = faults
        self.bombs = 0
        self.calm = False

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not self.calm:
            time.sleep(random.uniform(*LATENCY))
        if self.bombs and environ["HTTP_HOST"].startswith("graph"):
            self.bombs -= 1
            self.faults.met["graph gzip bomb"] += 1
            headers = [
                ("Content-Type", "application/json"),
                ("Content-Encoding", "gzip"),
                ("Content-Length", str(len(BOMB))),
            ]
            start_response("200 OK", headers)
            return [BOMB]
        return self.inner(environ, start_response)


def source(world: World) -> dict[str, Any]:
    """What each directory holds: of incidents the content, of alerts also where they belong and their evidence."""
    return {
        tenant.id: {
            "incidents": {key: digest(item) for key, item in tenant.incidents.items()},
            "alerts": {
                key: [digest(item), item["incidentId"], len(item["evidence"])] for key, item in tenant.alerts.items()
            },
        }
        for tenant in world.tenants.values()
    }


def digest(item: Any) -> str:
    return hashlib.sha256(json.dumps(item, sort_keys=True).encode()).hexdigest()[:16]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.cloud")
    parser.add_argument("--tenants", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=3)
    options = parser.parse_args()
    world = World(options.seed, options.tenants, days=1)
    world.faults = faults = CountedFaults()
    chaos = Chaos(world, faults)
    script = Script(world, chaos, random.Random(options.seed), options.minutes * 60)
    with Running(world, make_server("127.0.0.1", 0, chaos, threaded=True, request_handler=QuietHandler)) as running:
        say({"url": running.url, "client_id": world.client_id, "client_secret": world.client_secret,
             "tenants": {tenant.id: tenant.name for tenant in world.tenants.values()}})  # fmt: skip
        happening = threading.Thread(target=script.run, daemon=True)
        for line in sys.stdin:
            match line.strip():
                case "begin":
                    happening.start()
                    say("begun")
                case "calm":
                    script.end()
                    chaos.calm, chaos.bombs = True, 0
                    say("calm")
                case "faults":
                    say(dict(faults.met))
                case "source":
                    with world.lock:
                        say(source(world))


def say(value: object) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main()
