"""The simulated customers, their incidents and alerts, and how these change while the clock goes on."""

import heapq
import itertools
import random
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from simulator import cast as casting
from simulator import evidence
from simulator.faults import Faults
from simulator.stories import STORIES, Story

NAMES = (
    ("Stellan Manufacturing", 2.2), ("Orchard & Pine LLP", 0.6), ("Halden Energi", 1.8), ("Mora Clinics", 0.9),
    ("Brightwater Foods", 1.2), ("Tideline Shipping", 0.5), ("Kestrel Logistics", 0.7), ("Vesper Hotels", 0.3),
    ("Álamo Seguros", 0.4), ("Nordfjord Sparebank", 2.6), ("Lumière Studios", 0.2), ("Quiet Harbour Trust", 0.0),
)  # fmt: skip
READ = {"SecurityIncident.Read.All", "SecurityAlert.Read.All"}
WRITE = {"SecurityIncident.ReadWrite.All", "SecurityAlert.ReadWrite.All"}
PAIRS = (
    ("truePositive", "maliciousUserActivity"),
    ("truePositive", "malware"),
    ("falsePositive", "notMalicious"),
    ("informationalExpectedActivity", "securityTesting"),
    ("informationalExpectedActivity", "confirmedActivity"),
)
Item = dict[str, Any]


def wire(at: datetime, digits: int = 7) -> str:
    """A time as Microsoft writes it, with 0 to 7 fractional digits."""
    fraction = f".{at.microsecond:06d}0"[: digits + 1] if digits else ""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"


@dataclass
class Tenant:
    """One directory: its consent, and what its Defender shows."""

    id: str
    name: str
    domain: str
    rate: float  # incidents a day
    random: random.Random
    consented: bool = True
    roles: set[str] = field(default_factory=lambda: READ | WRITE)
    order: str = "honoured"  # what becomes of $orderby: honoured, ignored or refused
    incidents: dict[str, Item] = field(default_factory=dict)
    alerts: dict[str, Item] = field(default_factory=dict)
    events: list[tuple[datetime, int, Callable[[datetime], None]]] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: itertools.count(1))
    turns: Any = field(default_factory=itertools.count)

    def plan(self, at: datetime, event: Callable[[datetime], None]) -> None:
        heapq.heappush(self.events, (at, next(self.turns), event))

    def advance(self, now: datetime) -> None:
        """Let happen what was planned up to now, in its order, whatever the size of the step."""
        while self.events and self.events[0][0] <= now:
            at, _, event = heapq.heappop(self.events)
            event(at)

    def plan_next(self, at: datetime) -> None:
        """An incident about every so often, more of them in office hours."""
        if self.rate:
            pause = timedelta(days=self.random.expovariate(self.rate))
            self.plan(at + pause, self.happen)

    def happen(self, at: datetime) -> None:
        self.plan_next(at)
        self.add_story(at)

    def add_story(self, at: datetime, story: Story | None = None, *, hostile: bool | None = None) -> Item:
        """A new incident with its alerts; later alerts, evidence and the ending follow in their time."""
        number = next(self.numbers)
        story = story or STORIES[(number + len(self.name)) % len(STORIES)]
        odd = self.random.random() < 0.06 if hostile is None else hostile
        cast = casting.drawn(self.random, self.id, self.domain, number, hostile=odd)
        incident = self.new_incident(at, story, cast)
        self.incidents[incident["id"]] = incident
        for index, step in enumerate(story.steps):
            moment = at + timedelta(minutes=step.minutes)
            self.plan(moment, partial(self.alert_later, incident["id"], story, index, cast))
        self.plan_ending(at, incident["id"])
        self.advance(at)
        return incident

    def new_incident(self, at: datetime, story: Story, cast: casting.Cast) -> Item:
        number = str(cast.number)
        return {
            "id": number,
            "tenantId": self.id if cast.number % 9 else "",
            "displayName": spoken(story.title, cast),
            "description": f"{spoken(story.title, cast)}. {len(story.steps)} alerts tell the same story.",
            "status": "active",
            "severity": story.severity,
            "classification": "unknown",
            "determination": "unknown",
            "assignedTo": None,
            "createdDateTime": wire(at, cast.number % 8),
            "lastUpdateDateTime": wire(at, (cast.number + 3) % 8),
            "incidentWebUrl": f"https://security.microsoft.com/incident2/{number}/overview?tid={self.id}",
            "redirectIncidentId": None,
            "customTags": ["critical-asset"] if cast.number % 11 == 0 else [],
            "systemTags": [],
            "comments": [],
            "lastModifiedBy": "Microsoft 365 Defender-AlertCorrelation",
            "priorityScore": {"high": 90, "medium": 55, "low": 12}.get(story.severity, 5),
            "resolvingComment": None,
            "summary": None,
        }

    def add_alert(self, at: datetime, incident_id: str, story: Story, index: int, cast: casting.Cast) -> Item:
        """An alert; the second half of its evidence arrives some minutes late."""
        step = story.steps[index]
        alert_id = f"da{cast.sha256[:18]}_{cast.number}{index}"
        created = wire(at, 7)
        items = [evidence.item(kind, cast, created, "suspicious") for kind in step.evidence]
        half = max(1, len(items) // 2)
        alert: Item = {
            "id": alert_id, "providerAlertId": alert_id, "incidentId": incident_id or None, "tenantId": self.id,
            "title": spoken(step.title, cast), "description": f"{spoken(step.title, cast)}, seen by {story.product}.",
            "status": "new", "severity": story.severity, "classification": None, "determination": None,
            "category": step.category, "categories": [step.category], "serviceSource": story.source,
            "detectionSource": story.detection, "productName": story.product, "detectorId": cast.guid,
            "mitreTechniques": list(step.techniques), "assignedTo": None, "actorDisplayName": None,
            "threatDisplayName": None, "threatFamilyName": None, "recommendedActions": "Look at what is named.",
            "alertWebUrl": f"https://security.microsoft.com/alerts/{alert_id}?tid={self.id}",
            "incidentWebUrl": f"https://security.microsoft.com/incident2/{incident_id}/overview?tid={self.id}",
            "createdDateTime": created, "lastUpdateDateTime": created, "resolvedDateTime": None,
            "firstActivityDateTime": wire(at - timedelta(minutes=3), 6), "lastActivityDateTime": wire(at, 3),
            "comments": [], "evidence": items[:half], "systemTags": [], "investigationState": "queued",
            "additionalData": None, "customDetails": {}, "alertPolicyId": None,
        }  # fmt: skip
        self.alerts[alert_id] = alert
        if incident_id:
            self.touch(self.survivor(incident_id), at)
        if items[half:]:
            self.plan(at + timedelta(minutes=6), lambda when: self.late_evidence(when, alert, items[half:]))
        return alert

    def alert_later(self, incident_id: str, story: Story, index: int, cast: casting.Cast, at: datetime) -> None:
        self.add_alert(at, incident_id, story, index, cast)

    def late_evidence(self, at: datetime, alert: Item, items: list[Item]) -> None:
        alert["evidence"] = alert["evidence"] + items
        alert["lastUpdateDateTime"] = wire(at, 7)

    def plan_ending(self, at: datetime, incident_id: str) -> None:
        chance = self.random.random()
        if chance < 0.05 and int(incident_id) > 3:
            self.plan(at + timedelta(minutes=25), lambda when: self.merge(when, incident_id, str(int(incident_id) - 1)))
        elif chance < 0.93:
            self.plan(at + timedelta(hours=self.random.uniform(0.5, 8)), lambda when: self.take(when, incident_id))
            self.plan(at + timedelta(hours=self.random.uniform(9, 200)), lambda when: self.resolve(when, incident_id))

    def take(self, at: datetime, incident_id: str) -> None:
        if self.incidents[incident_id]["status"] == "active":
            owner = f"{self.random.choice(casting.FIRST).lower()}@{self.domain}"
            self.touch(incident_id, at, status="inProgress", assignedTo=owner)

    def resolve(self, at: datetime, incident_id: str) -> None:
        incident = self.incidents[incident_id]
        if incident["status"] in ("active", "inProgress"):
            classification, determination = self.random.choice(PAIRS)
            note = {"comment": "Looked into and closed.", "createdByDisplayName": incident["assignedTo"] or "soc",
                    "createdDateTime": wire(at, 2)}  # fmt: skip
            self.touch(incident_id, at, status="resolved", classification=classification, determination=determination,
                       comments=[*incident["comments"], note])  # fmt: skip
            self.resolve_alerts(at, incident_id)

    def resolve_alerts(self, at: datetime, incident_id: str) -> None:
        for alert in self.alerts_of(incident_id):
            alert |= {"status": "resolved", "resolvedDateTime": wire(at, 4), "lastUpdateDateTime": wire(at, 7)}

    def merge(self, at: datetime, loser: str, survivor: str) -> None:
        """Defender finds that two are one: the alerts move, the loser becomes a shell that points on."""
        target = self.survivor(survivor)
        if target == loser or target not in self.incidents or self.incidents[target]["status"] == "resolved":
            return
        for alert in self.alerts_of(loser):
            alert |= {"incidentId": target, "lastUpdateDateTime": wire(at, 7)}
        self.touch(loser, at, status="redirected", redirectIncidentId=target, systemTags=["Redirected"])
        self.touch(target, at)

    def survivor(self, incident_id: str) -> str:
        following = self.incidents.get(incident_id, {}).get("redirectIncidentId")
        return self.survivor(following) if following else incident_id

    def touch(self, incident_id: str, at: datetime, **changes: Any) -> None:
        self.incidents[incident_id] |= {**changes, "lastUpdateDateTime": wire(at, 7)}

    def alerts_of(self, incident_id: str) -> list[Item]:
        return [alert for alert in self.alerts.values() if alert["incidentId"] == incident_id]


def spoken(template: str, cast: casting.Cast) -> str:
    for name in ("user", "device", "server", "file", "attacker_ip", "application", "domain", "number", "subject"):
        template = template.replace("{" + name + "}", str(getattr(cast, name)))
    return template


class World:
    """Everything, from one seed; `now` goes with the real clock unless it is set."""

    def __init__(
        self,
        seed: int = 7,
        tenants: int = len(NAMES),
        days: int = 90,
        now: datetime | None = None,
        *,
        begin: datetime | None = None,
    ) -> None:
        self.client_id = str(uuid.UUID(int=random.Random(f"client{seed}").getrandbits(128), version=4))
        self.client_secret = f"simulated~{random.Random(f'secret{seed}').getrandbits(160):040x}"
        self.certificate: bytes | None = None
        self.faults = Faults()
        self.lock = threading.RLock()
        self.offset = (now - datetime.now(UTC)) if now else timedelta()
        self.frozen_at: datetime | None = None
        self.tenants: dict[str, Tenant] = {}
        self.requests: dict[tuple[str, int], int] = {}
        begin = (begin or self.now) - timedelta(days=days)
        for name, rate in NAMES[:tenants]:
            tenant = made(name, rate, seed)
            self.tenants[tenant.id] = tenant
            tenant.plan_next(begin)
            if rate:
                tenant.plan(begin, alone(tenant))
        self.advance()

    @property
    def now(self) -> datetime:
        return (self.frozen_at or datetime.now(UTC)) + self.offset

    def freeze(self) -> None:
        """From now on time goes on by `advance` only."""
        self.frozen_at = datetime.now(UTC)

    def advance(self, seconds: float = 0) -> None:
        with self.lock:
            self.offset += timedelta(seconds=seconds)
            for tenant in self.tenants.values():
                tenant.advance(self.now)

    def tenant(self, name: str) -> Tenant:
        return next(tenant for tenant in self.tenants.values() if name in (tenant.name, tenant.id))


def made(name: str, rate: float, seed: int) -> Tenant:
    chance = random.Random(f"{seed}{name}")
    domain = "".join(
        letter for letter in name.lower().replace(" ", "-") if letter.isascii() and letter.isalnum() or letter == "-"
    )
    return Tenant(
        str(uuid.UUID(int=chance.getrandbits(128), version=4)), name, f"{domain.strip('-')}.example", rate, chance
    )


def alone(tenant: Tenant) -> Callable[[datetime], None]:
    """Some policies raise alerts that belong to no incident; one every eighteen days or so."""

    def raise_alert(at: datetime) -> None:
        story = STORIES[10]
        cast = casting.drawn(tenant.random, tenant.id, tenant.domain, next(tenant.numbers), hostile=False)
        tenant.add_alert(at, "", story, 0, cast)
        tenant.plan(at + timedelta(days=18), raise_alert)

    return raise_alert
