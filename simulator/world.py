"""The simulated customers and the clock that they share."""

import random
import threading
import unicodedata
import uuid
from collections import deque
from datetime import UTC, datetime, timedelta

from simulator import events
from simulator.faults import Faults
from simulator.tenant import Tenant

__all__ = ["NAMES", "Tenant", "World"]

NAMES = (
    ("Stellan Manufacturing", 4.4), ("Orchard & Pine LLP", 1.2), ("Halden Energi", 3.6), ("Mora Clinics", 1.8),
    ("Brightwater Foods", 2.4), ("Tideline Shipping", 1.0), ("Kestrel Logistics", 1.4), ("Vesper Hotels", 0.6),
    ("Álamo Seguros", 0.8), ("Nordfjord Sparebank", 5.2), ("Lumière Studios", 0.4), ("Quiet Harbour Trust", 0.0),
)  # fmt: skip


class World:
    """Everything, from one seed.

    `days` of history end at `begin` (now, unless given). Given `now`, the clock stands still there and moves with
    `advance` only; else it goes with the real one. The same seed and days give the same history, whatever the day.
    """

    def __init__(
        self, seed: int = 7, tenants: int = len(NAMES), days: int = 90, now: datetime | None = None, *,
        begin: datetime | None = None,
    ) -> None:  # fmt: skip
        self.seed = seed
        self.client_id = str(uuid.UUID(int=random.Random(f"client{seed}").getrandbits(128), version=4))
        self.client_secret = f"simulated~{random.Random(f'secret{seed}').getrandbits(160):040x}"
        self.certificate: bytes | None = None
        self.random = random.Random(f"tokens{seed}")
        self.faults = Faults()
        self.lock = threading.RLock()
        self.frozen_at = now
        self.offset = timedelta()
        self.requests: dict[tuple[str, str], deque[datetime]] = {}
        self.tenants: dict[str, Tenant] = {}
        start = midnight((begin or self.now) - timedelta(days=days)) if days else (begin or self.now)
        for name, rate in named(tenants):
            tenant = self.made(name, rate)
            self.tenants[tenant.id] = tenant
            events.plan_next(tenant, start)
            if rate:
                events.plan_alone(tenant, start)
        self.advance()

    @property
    def now(self) -> datetime:
        return (self.frozen_at or datetime.now(UTC)) + self.offset

    def freeze(self) -> None:
        """From now on time goes on by `advance` only."""
        self.frozen_at = self.frozen_at or datetime.now(UTC)

    def advance(self, seconds: float = 0) -> None:
        """Let time pass for everybody; ValueError when it would go back."""
        if seconds < 0:
            raise ValueError("The clock does not go back: what happened stays.")
        with self.lock:
            self.offset += timedelta(seconds=seconds)
            for tenant in self.tenants.values():
                tenant.advance(self.now)

    def register_certificate(self, pem: bytes | str | None) -> None:
        """The certificate that client assertions are signed with; the PEM text may hold the key too."""
        with self.lock:
            self.certificate = pem.encode() if isinstance(pem, str) else pem

    def tenant(self, wanted: str) -> Tenant:
        """The tenant of that GUID, domain or name; KeyError when there is none."""
        for tenant in self.tenants.values():
            if wanted.casefold() in (tenant.id, tenant.domain, tenant.name.casefold()):
                return tenant
        raise KeyError(wanted)

    def made(self, name: str, rate: float) -> Tenant:
        chance = random.Random(f"{self.seed}{name}")
        identity = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        return Tenant(identity, name, domain_of(name), rate, chance, lambda: self.now, self.lock)


def midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def named(count: int) -> list[tuple[str, float]]:
    """As many customers as asked for; after the known ones numbered ones follow."""
    more = [(f"Branch Office {number}", 0.5) for number in range(len(NAMES) + 1, count + 1)]
    return [*NAMES[:count], *more]


def domain_of(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return "-".join("".join(letter if letter.isalnum() else " " for letter in plain).split()) + ".example"
