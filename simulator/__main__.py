"""Serve a simulated Microsoft cloud until it is told to end."""

import argparse
import signal
import socket
import sys
import threading
from datetime import datetime
from pathlib import Path

from simulator import demo, orders, server
from simulator.journal import Journal, Unreadable
from simulator.world import NAMES, World


def main() -> None:
    options = arguments()
    with socket.socket() as probe:
        if probe.connect_ex((options.host, options.port)) == 0:
            sys.exit(f"Port {options.port} is taken: choose another with --port.")
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        world = made(options)
    except Unreadable as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"The journal {options.journal} cannot be used: {error.strerror}.")
    with server.start(world, host=options.host, port=options.port) as running:
        print(f"A simulated Microsoft cloud answers at {running.url}", flush=True)
        while not ended.wait(demo.pause() if options.demo else None):
            demo.go_on(world)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--tenants", type=int, default=len(NAMES))
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--begin", type=datetime.fromisoformat, help="the days end here; default: now")
    parser.add_argument("--demo", action="store_true", help="one customer waits, one is throttled, news all the time")
    parser.add_argument("--journal", type=Path, help="keeps what is ordered from outside; needs the same --begin again")
    options = parser.parse_args()
    if options.journal and not options.begin:
        parser.error("--journal needs --begin, so that the next start has the same history")
    return options


def made(options: argparse.Namespace) -> World:
    """The world as it was left; Unreadable when the journal is not its own."""

    def prepare(world: World) -> None:
        if options.demo:
            demo.arrange(world)
        if options.journal:
            names = ("seed", "tenants", "days", "demo")
            facts = {name: getattr(options, name) for name in names} | {"begin": options.begin.isoformat()}
            orders.replay(world, Journal(options.journal, facts))

    return World(options.seed, options.tenants, options.days, begin=options.begin, prepare=prepare)


if __name__ == "__main__":
    main()
