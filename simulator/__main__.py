"""Serve a simulated Microsoft cloud until it is told to end."""

import argparse
import signal
import socket
import sys
import threading
from datetime import datetime

from simulator import server
from simulator.world import NAMES, World


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--tenants", type=int, default=len(NAMES))
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--begin", type=datetime.fromisoformat, help="the days end here; default: now")
    options = parser.parse_args()
    with socket.socket() as probe:
        if probe.connect_ex((options.host, options.port)) == 0:
            sys.exit(f"Port {options.port} is taken: choose another with --port.")
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    world = World(options.seed, options.tenants, options.days, begin=options.begin)
    with server.start(world, host=options.host, port=options.port) as running:
        print(f"A simulated Microsoft cloud answers at {running.url}", flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
