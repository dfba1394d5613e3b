"""Who kills: one blow after another, from a shuffled deck in which each kind stands as often as it should come."""

import os
import random
import shutil
import signal
import time
from collections import Counter
from contextlib import suppress

import psutil
from django.conf import settings

from portal.embedded import postgres, server
from tests.chaos.ledger import Lease, Ledger
from tests.chaos.product import Product, kill

DECK = {"child": 10, "group": 2, "parent": 1, "beat": 1, "stop": 2, "valkey": 1, "postgres": 1}
LEASE_SECONDS = float(os.environ["SYNC_LEASE_SECONDS"])
PAUSE = (0.5, 3.0)  # seconds between two blows
MOMENTS = (0.0, 1.5)  # seconds that somebody who has begun is left to work
PATIENCE = 10.0  # seconds to wait for somebody who holds a lease
OVER_THE_LEASE = 4.0  # seconds for which somebody is stopped beyond the lease


class Monkey:
    """`blows` counts each kind; `hits` the processes that were killed while they held a lease."""

    def __init__(self, product: Product, ledger: Ledger, chance: random.Random) -> None:
        self.product, self.ledger, self.random = product, ledger, chance
        self.blows: Counter[str] = Counter()
        self.hits = self.overtaken = 0
        self.deck: list[str] = []
        self.stopped: dict[int, tuple[float, Lease]] = {}

    def run(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.deck:
                self.deck = [kind for kind, times in DECK.items() for _ in range(times)]
                self.random.shuffle(self.deck)
            getattr(self, self.deck.pop())()
            self.wake_stopped()
            self.ledger.let_an_hour_pass()
            time.sleep(self.random.uniform(*PAUSE))
        self.wake_stopped(everybody=True)

    def holder(self) -> Lease | None:
        """Somebody who holds a lease now, some moments into its work."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.awake_holders():
                time.sleep(self.random.uniform(*MOMENTS))
                if held := self.awake_holders():
                    return self.random.choice(held)
            time.sleep(0.01)
        return None

    def awake_holders(self) -> list[Lease]:
        return [lease for lease in self.ledger.holders() if lease.pid not in self.stopped]

    def child(self) -> None:
        lease = self.holder()
        if lease and kill(lease.pid):
            self.count("child of a worker killed", [lease])

    def group(self) -> None:
        """A worker with all its children, as the kernel's memory killer or a container's end does it."""
        lease = self.holder()
        leader = self.product.parent(lease.pid) if lease else 0
        if leader:
            held = [each for each in self.ledger.holders() if self.product.parent(each.pid) == leader]
            with suppress(ProcessLookupError):
                os.killpg(leader, signal.SIGKILL)
            time.sleep(0.1)
            self.count("worker with its children killed", held)

    def parent(self) -> None:
        """A worker without its children, who then have nobody."""
        running = self.product.running.get(self.random.choice(["worker-1", "worker-2"]))
        if running and kill(running.pid):
            self.count("worker alone killed", [])

    def beat(self) -> None:
        running = self.product.running.get("beat")
        if running and kill(running.pid):
            self.count("beat killed", [])

    def stop(self) -> None:
        """Somebody who holds a lease sleeps until the lease is over, and then goes on as if nothing had been."""
        lease = self.holder()
        if lease:
            with suppress(ProcessLookupError):
                os.kill(lease.pid, signal.SIGSTOP)
                until = time.monotonic() + LEASE_SECONDS + OVER_THE_LEASE
                self.stopped[lease.pid] = (until, lease)
                self.count("stopped past the lease", [])

    def wake_stopped(self, *, everybody: bool = False) -> None:
        for pid, (until, lease) in list(self.stopped.items()):
            if everybody or time.monotonic() > until:
                del self.stopped[pid]
                # A lease that somebody else has taken meanwhile has another fence.
                self.overtaken += not self.ledger.died_holding(lease)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def valkey(self) -> None:
        pid = server.number_in(settings.STATE_DIR / "valkey" / "pid")
        if pid and kill(pid):
            shutil.rmtree(settings.STATE_DIR / "valkey", ignore_errors=True)
            self.count("valkey killed with all its files", [])

    def postgres(self) -> None:
        """An immediate stop, by which PostgreSQL recovers from its log; whoever needs it starts it again."""
        pid = server.number_in(settings.STATE_DIR / "postgres" / "data" / "postmaster.pid")
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)
            psutil.Process(pid).wait(10)
        postgres.ensure(settings.STATE_DIR)
        self.count("postgresql restarted at once", [])

    def count(self, blow: str, held: list[Lease]) -> None:
        self.blows[blow] += 1
        self.hits += len({lease.pid for lease in held if self.ledger.died_holding(lease)})
