"""What happens at Microsoft during the chaos: news, changes, merges, late arrivals, and faults of every kind."""

import random
import threading
from datetime import timedelta
from typing import Any

from simulator.tenant import Tenant
from simulator.world import World

STEP = (0.03, 0.15)  # seconds between two happenings
LATE = timedelta(minutes=10)
SKEW = timedelta(minutes=4)  # Microsoft's clock begins so far behind ours and ends as far before it
GRAPH: tuple[tuple[str, Any], ...] = (
    ("throttle", None), ("throttle", "0"), ("throttle", "1"), ("throttle", "3"), ("throttle", "-5"),
    ("throttle", "soon"), ("throttle", "Wed, 21 Oct 2015 07:28:00 GMT"), ("throttle", "999999"), ("status", 500),
    ("status", 502), ("status", 503), ("status", 504), ("html", 200), ("html", 502), ("empty", None), ("cut", None),
    ("partial", None), ("redirect", None), ("slow", 2), ("slow", 12), ("skip_token", None), ("repeat", None),
    ("unauthorized", None), ("next_link", "https://evil.example/v1.0/security/incidents"), ("foreign", None),
    ("oversize", None),
)  # fmt: skip
ENTRA: tuple[tuple[str, Any], ...] = (("status", 503), ("throttle", "2"), ("slow", 2), ("cut", None), ("html", 200),
                                      ("no_roles", None), ("skew", -600), ("skew", 600))  # fmt: skip
MOST_WAITING = 12


class Script:
    """Random happenings in a thread, from one seed; their order is the same in each run, their moments are not."""

    def __init__(self, world: World, chaos: Any, chance: random.Random, seconds: float) -> None:
        self.world, self.chaos, self.random = world, chaos, chance
        self.ended = threading.Event()
        self.drift = 2 * SKEW / seconds  # a second
        world.offset -= SKEW

    def run(self) -> None:
        while not self.ended.wait(pause := self.random.uniform(*STEP)):
            with self.world.lock:
                self.world.advance(self.drift.total_seconds() * pause)
                self.step(self.random.choice(list(self.world.tenants.values())))

    def end(self) -> None:
        """Nothing happens and nothing goes wrong any more."""
        with self.world.lock:
            self.ended.set()
            self.world.faults.clear()
            self.world.freeze()
            for tenant in self.world.tenants.values():
                tenant.events.clear()
                tenant.throttle(0)

    def step(self, tenant: Tenant) -> None:
        number = self.random.random()
        if number < 0.25 or len(tenant.incidents) < 3:
            late = LATE * self.random.random() if self.random.random() < 0.3 else timedelta()
            tenant.add_story(self.world.now - late)
        elif number < 0.65:
            self.change(tenant)
        elif number < 0.72:
            self.merge(tenant)
        elif number < 0.75:
            tenant.add_alert()
        elif number < 0.80:
            at = self.world.now
            for identity in self.random.sample(list(tenant.incidents), min(60, len(tenant.incidents))):
                tenant.touch(identity, at, severity=self.random.choice(["low", "high"]))
        else:
            self.spoil(tenant)

    def change(self, tenant: Tenant) -> None:
        identity = self.random.choice(list(tenant.incidents))
        if tenant.status(identity) == "redirected":
            return
        tenant.touch(
            identity, status=self.random.choice(["active", "inProgress", "resolved"]),
            assignedTo=self.random.choice([None, "astrid@chaos.example"]), displayName=f"Changed {self.random.random()}",
        )  # fmt: skip

    def merge(self, tenant: Tenant) -> None:
        loser, survivor = self.random.sample(list(tenant.incidents), 2)
        if tenant.survivor(survivor) != loser and tenant.survivor(loser) == loser:
            tenant.merge(None, loser, survivor)

    def spoil(self, tenant: Tenant) -> None:
        if self.random.random() < 0.05:
            self.chaos.bombs += 1
        if len(self.world.faults.waiting) < MOST_WAITING:
            host = "entra" if self.random.random() < 0.15 else "graph"
            kind, value = self.random.choice(ENTRA if host == "entra" else GRAPH)
            self.world.faults.add(kind, host=host, tenant=tenant.id, value=value, times=self.random.randint(1, 3))
