"""One simulated directory: its consent, and what its Defender shows."""

import heapq
import itertools
import random
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from simulator import cast as casting
from simulator import records, stories
from simulator.records import Item, wire
from simulator.stories import STORIES, Story

READ = {"SecurityIncident.Read.All", "SecurityAlert.Read.All"}
WRITE = {"SecurityIncident.ReadWrite.All", "SecurityAlert.ReadWrite.All"}
HOSTILE_SHARE = 0.1
LATE_MINUTES = 6


@dataclass
class Tenant:
    """A customer's directory. What is added or changed without a time happens at the world's `clock`."""

    id: str
    name: str
    domain: str
    rate: float  # incidents a day
    random: random.Random
    clock: Callable[[], datetime]
    lock: threading.RLock
    consented: bool = True
    roles: set[str] = field(default_factory=lambda: READ | WRITE)
    order: str = "honoured"  # what becomes of $orderby: honoured, ignored (newest first) or refused
    throttled: int = 0  # of so many requests to Graph one is answered, 0 means all
    asked: int = 0  # since it is throttled
    incidents: dict[str, Item] = field(default_factory=dict)
    alerts: dict[str, Item] = field(default_factory=dict)
    grouped: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # alerts of each incident
    casts: dict[str, casting.Cast] = field(default_factory=dict)
    events: list[tuple[datetime, int, Callable[[datetime], None]]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    turns: Iterator[int] = field(default_factory=itertools.count)
    hidden: dict[str, datetime] = field(default_factory=dict)  # until when items are not to be seen
    poison: set[str] = field(default_factory=set)  # items that no list can show
    decision: int = 0  # the last one of an administrator; what an older one still spreads comes to nothing

    def plan(self, at: datetime, event: Callable[[datetime], None]) -> None:
        heapq.heappush(self.events, (at, next(self.turns), event))

    def advance(self, now: datetime) -> None:
        """Let happen what was planned up to now, in its order, whatever the size of the step."""
        while self.events and self.events[0][0] <= now:
            at, _, event = heapq.heappop(self.events)
            event(at)

    def grant(self, roles: set[str] | None = None, *, delay: float = 0, at: datetime | None = None) -> None:
        """The administrator consents to these roles, or to all that are asked for.

        After `delay` seconds Entra knows the application in this directory, one more second later its roles too.
        """
        with self.lock:
            self.decision += 1
            wanted = set(READ | WRITE if roles is None else roles)
            if not delay:
                self.consented, self.roles = True, wanted
                return
            due = (at or self.clock()) + timedelta(seconds=delay)
            self.plan(due, self.spread(self.roles if self.consented else set()))
            self.plan(due + timedelta(seconds=1), self.spread(wanted))

    def spread(self, roles: set[str]) -> Callable[[datetime], None]:
        decision = self.decision

        def arrive(at: datetime) -> None:
            if decision == self.decision:
                self.consented, self.roles = True, roles

        return arrive

    def revoke(self) -> None:
        """The administrator deletes the enterprise application."""
        with self.lock:
            self.decision += 1
            self.consented, self.roles = False, set()

    def throttle(self, every: int) -> None:
        """Answer the next request to Graph and then one of `every`, or all with 0; ValueError when it is negative."""
        if every < 0:
            raise ValueError("How many requests there are to one answer cannot be negative.")
        self.throttled, self.asked = every, 0

    def add_story(
        self, at: datetime | None = None, story: Story | None = None, *, kind: str | None = None,
        severity: str | None = None, hostile: bool | None = None,
    ) -> Item:  # fmt: skip
        """A new incident with its first alerts; later alerts and late evidence follow in their time.

        `kind` names a story; without one the number of the incident chooses. The incident does not end by itself.
        """
        with self.lock:
            wanted = story or (stories.named(kind) if kind else None)
            at, number = at or self.clock(), next(self.numbers)
            chance, told = chances(self, number), wanted or chosen_story(self, number)
            odd = chance.random() < HOSTILE_SHARE if hostile is None else hostile
            cast = casting.drawn(chance, self.id, self.domain, number, hostile=odd)
            incident = records.new_incident(self.id, at, told, cast, severity)
            self.incidents[incident["id"]] = incident
            self.casts[incident["id"]] = cast
            for index, step in enumerate(told.steps):
                self.plan(at + timedelta(minutes=step.minutes), self.alert_of(incident["id"], told, index, cast))
            self.advance(at)
            return incident

    def add_late(self, at: datetime | None = None, *, seconds: float, **story: Any) -> Item:
        """An incident of this time that is to be seen only so much later."""
        with self.lock:
            incident = self.add_story(at, **story)
            self.hidden[incident["id"]] = (at or self.clock()) + timedelta(seconds=seconds)
            return incident

    def alert_of(self, incident_id: str, story: Story, index: int, cast: casting.Cast) -> Callable[[datetime], None]:
        def raise_alert(at: datetime) -> None:
            self.add_alert(at, incident_id, story, index, cast)

        return raise_alert

    def add_alert(
        self, at: datetime | None = None, incident_id: str = "", story: Story = STORIES[0], index: int = 0,
        cast: casting.Cast | None = None,
    ) -> Item:  # fmt: skip
        """The alert of one step, some of its evidence minutes late; with no `incident_id` it belongs to none."""
        with self.lock:
            at, number = at or self.clock(), 0 if cast else next(self.numbers)
            cast = cast or casting.drawn(chances(self, number), self.id, self.domain, number, hostile=False)
            survivor = self.survivor(incident_id)
            alert = records.new_alert(self.id, at, survivor, story, index, cast)
            found = alert["evidence"]
            early = max(1, len(found) - len(found) // 3)
            alert["evidence"] = found[:early]
            self.alerts[alert["id"]] = alert
            if survivor:
                self.grouped[survivor].append(alert["id"])
                self.touch(survivor, at)
            if found[early:]:
                later = at + timedelta(minutes=LATE_MINUTES)
                self.plan(later, lambda when: self.add_evidence(when, alert, found[early:]))
            return alert

    def add_evidence(self, at: datetime, alert: Item, items: list[Item]) -> None:
        """Evidence that was found after the alert was raised."""
        alert["evidence"] = [*alert["evidence"], *items]
        alert["lastUpdateDateTime"] = wire(at)
        if alert["incidentId"] in self.incidents:
            self.touch(alert["incidentId"], at)

    def touch(self, incident_id: str, at: datetime | None = None, **changes: object) -> Item:
        """Change the incident as given; KeyError when there is none."""
        with self.lock:
            self.incidents[incident_id] |= {**changes, "lastUpdateDateTime": wire(at or self.clock())}
            return self.incidents[incident_id]

    def resolve_alerts(self, at: datetime, incident_id: str, pair: tuple[str | None, str | None] | None = None) -> None:
        stamp = {"status": "resolved", "resolvedDateTime": wire(at, 4), "lastUpdateDateTime": wire(at)}
        judged = {"classification": pair[0], "determination": pair[1]} if pair else {}
        for alert in self.alerts_of(incident_id):
            alert |= {**stamp, **judged}

    def merge(self, at: datetime | None, loser: str, survivor: str) -> None:
        """Defender finds that two are one: alerts and tags move, the loser becomes a shell that points on.

        KeyError when there is no such incident, ValueError when they are the same.
        """
        with self.lock:
            at, target = at or self.clock(), self.survivor(survivor)
            if target == loser:
                raise ValueError("An incident cannot be merged into itself.")
            tags = [*self.incidents[target]["customTags"], *self.incidents[loser]["customTags"]]
            for alert in self.alerts_of(loser):
                url = f"{records.PORTAL}/incident2/{target}/overview?tid={self.id}"
                alert |= {"incidentId": target, "incidentWebUrl": url, "lastUpdateDateTime": wire(at)}
            self.grouped[target] += self.grouped.pop(loser, [])
            by = {"lastModifiedBy": records.CORRELATION}
            self.touch(target, at, customTags=list(dict.fromkeys(tags)), **by)
            self.touch(loser, at, status="redirected", redirectIncidentId=target, systemTags=["Redirected"], **by)

    def items(self, collection: str) -> dict[str, Item]:
        return self.incidents if collection == "incidents" else self.alerts

    def visible(self, collection: str) -> dict[str, Item]:
        items, now = self.items(collection), self.clock()
        late = {identity for identity, until in self.hidden.items() if until > now}
        return {identity: item for identity, item in items.items() if identity not in late} if late else items

    def survivor(self, incident_id: str) -> str:
        following = self.incidents.get(incident_id, {}).get("redirectIncidentId")
        return self.survivor(following) if following else incident_id

    def status(self, incident_id: str) -> str:
        """The incident's status, '' when there is none."""
        return str(self.incidents.get(incident_id, {}).get("status", ""))

    def alerts_of(self, incident_id: str) -> list[Item]:
        return [self.alerts[identity] for identity in self.grouped.get(incident_id, []) if identity in self.alerts]


def chances(tenant: Tenant, number: int | str) -> random.Random:
    """The dice of one incident, which are the same whatever else happened."""
    return random.Random(f"{tenant.id}/{number}")


def chosen_story(tenant: Tenant, number: int) -> Story:
    """Each run through the stories has another order, and every story comes once in each run."""
    turn, place = divmod(number, len(STORIES))
    order = list(range(len(STORIES)))
    random.Random(f"{tenant.name}{turn}").shuffle(order)
    return STORIES[order[place]]
