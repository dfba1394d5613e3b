"""The simulated customers and the clock that they share."""

import random
import threading
import unicodedata
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from simulator import events, people, registrations
from simulator.faults import Faults
from simulator.grants import Grants
from simulator.journal import Journal
from simulator.keys import Keys
from simulator.people import Person
from simulator.registrations import Registration
from simulator.tenant import READ, WRITE, Tenant

__all__ = ["HOME_ID", "NAMES", "Tenant", "World"]

HOME_ID = "11111111-1111-4111-8111-111111111111"

NAMES = (
    ("Stellan Manufacturing", 4.4), ("Orchard & Pine LLP", 1.2), ("Halden Energi", 3.6), ("Mora Clinics", 1.8),
    ("Brightwater Foods", 2.4), ("Tideline Shipping", 1.0), ("Kestrel Logistics", 1.4), ("Vesper Hotels", 0.6),
    ("Álamo Seguros", 0.8), ("Nordfjord Sparebank", 5.2), ("Lumière Studios", 0.0), ("Quiet Harbour Trust", 0.0),
)  # fmt: skip


class World:
    """Everything, from one seed.

    `days` of history end at `begin` (now, unless given). Given `now`, the clock stands still there and moves with
    `advance` only; else it goes with the real one. The same seed and days give the same history, whatever the day.
    `prepare` is called before any of it happens.
    """

    def __init__(
        self, seed: int = 7, tenants: int = len(NAMES), days: int = 90, now: datetime | None = None, *,
        begin: datetime | None = None, prepare: Callable[["World"], None] | None = None,
    ) -> None:  # fmt: skip
        self.seed = seed
        self.journal: Journal | None = None
        self.monitor = registrations.made(seed, "", "Utkik", frozenset(READ | WRITE))
        self.signin = registrations.made(seed, "signin", "Utkik sign-in")
        self.keys = Keys()
        self.grants = Grants()
        self.consent_delay = 0.0  # seconds until a consent has spread
        self.random = random.Random(f"tokens{seed}")
        self.faults = Faults()
        self.lock = threading.RLock()
        self.frozen_at = now
        self.offset = timedelta()
        self.requests: dict[tuple[str, str], deque[datetime]] = {}
        self.home = Tenant(HOME_ID, "Northwatch", "northwatch.example", 0.0, random.Random(f"{seed}home"),
                           lambda: self.now, self.lock, roles=set())  # fmt: skip
        self.tenants: dict[str, Tenant] = {}
        start = midnight((begin or self.now) - timedelta(days=days)) if days else (begin or self.now)
        for name, rate in named(tenants):
            tenant = self.made(name, rate)
            self.tenants[tenant.id] = tenant
            events.plan_next(tenant, start)
            if rate:
                events.plan_alone(tenant, start)
        self.people = {person.oid: person for person in self.everybody()}
        if prepare:
            prepare(self)
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
            for tenant in (self.home, *self.tenants.values()):
                tenant.advance(self.now)

    @property
    def client_id(self) -> str:
        return self.monitor.client_id

    @property
    def client_secret(self) -> str:
        return self.monitor.secret

    @property
    def signin_client_id(self) -> str:
        return self.signin.client_id

    @property
    def signin_client_secret(self) -> str:
        return self.signin.secret

    def registration(self, client_id: str | None) -> Registration | None:
        return next((known for known in (self.monitor, self.signin) if known.client_id == client_id), None)

    def register_certificate(self, pem: bytes | str | None, *, signin: bool = False) -> None:
        """The certificate that client assertions are signed with; the PEM text may hold the key too."""
        with self.lock:
            registration = self.signin if signin else self.monitor
            registration.certificate = pem.encode() if isinstance(pem, str) else pem

    def register_redirects(self, *, signin: list[str] | None = None, monitor: list[str] | None = None) -> None:
        """Where a browser may be sent back to; what is not given stays. ValueError when one is no address."""
        with self.lock:
            for registration, redirects in ((self.signin, signin), (self.monitor, monitor)):
                if redirects is not None:
                    registration.register(redirects)

    def directory(self, wanted: str) -> Tenant | None:
        """The tenant of that GUID or domain, the provider's own among them."""
        for tenant in (self.home, *self.tenants.values()):
            if wanted.casefold() in (tenant.id, tenant.domain):
                return tenant
        return None

    def everybody(self) -> Iterator[Person]:
        yield from people.staff(self.seed, self.home.id, self.home.domain)
        for tenant in self.tenants.values():
            yield from people.employees(self.seed, tenant.id, tenant.domain)

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
