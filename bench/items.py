"""What the bench's Microsoft holds: incidents of five alerts with fifteen evidence items, rendered from a template.

Each item is known by its place in the order of time, so that nothing needs to be kept to serve a million of them.
"""

import json
import random
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from simulator import cast, records
from simulator.stories import Step, Story

ALERTS = 5
# Three items of evidence an alert, of the kinds that are seen most.
KINDS = (
    ("device", "user", "file"), ("device", "ip", "process"), ("user", "mailbox", "analyzedMessage"),
    ("device", "url", "file"), ("user", "ip", "cloudApplication"),
)  # fmt: skip
STORY = Story(
    kind="bench", title="Hands-on-keyboard attack was launched from a compromised account on {device}",
    severity="high", source="microsoftDefenderForEndpoint", detection="antivirus",
    product="Microsoft Defender for Endpoint", actions="Isolate {device}, reset the password of {user}. " * 6,
    steps=tuple(
        Step("Suspicious {file} on {device}", "A file named {file} was written by {user} on {device}. " * 6,
             "Execution", ("T1059", "T1204.002"), kinds) for kinds in KINDS
    ),
)  # fmt: skip
TENANT = "00000000-0000-4000-8000-000000000000"
CASTS = 50
NUMBER, MOMENT = "@number@", "@moment@"
DIGITS = 10_000_000  # ticks a second: Microsoft writes seven digits


@dataclass(frozen=True)
class Shelf:
    """A tenant's incidents: `number` of them, one every `step` ticks from `begin` on; ticks count from 1970."""

    number: int
    begin: int
    step: int

    def first_not_before(self, ticks: int, collection: str) -> int:
        """The place of the first item that is not older."""
        apart = self.step if collection == "incidents" else self.step // ALERTS
        return max(0, min(self.size(collection), -((self.begin - ticks) // apart)))

    def size(self, collection: str) -> int:
        return self.number if collection == "incidents" else self.number * ALERTS

    def incident(self, place: int, *, expanded: bool) -> bytes:
        parts = template(place % CASTS, expanded)
        return filled(parts, place, self.begin + place * self.step)

    def alert(self, place: int) -> bytes:
        incident, index = divmod(place, ALERTS)
        return filled(alert_template(incident % CASTS, index), incident, self.begin + place * (self.step // ALERTS))


def shelf(number: int, begin: datetime, end: datetime) -> Shelf:
    """Incidents that are spread evenly over the time."""
    seconds = int((end - begin).total_seconds())
    # Alerts lie evenly too, so the step must be a multiple of theirs.
    step = max(1, seconds * DIGITS // max(1, number) // ALERTS) * ALERTS
    return Shelf(number, ticks(begin), step)


def ticks(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 10


def wire(moment: int) -> str:
    """The time as Microsoft writes it, with all seven digits."""
    seconds, rest = divmod(moment, DIGITS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:07d}Z"


def filled(parts: list[tuple[bytes, bytes]], number: int, moment: int) -> bytes:
    values = {b"": b"", NUMBER.encode(): str(number).encode(), MOMENT.encode(): wire(moment).encode()}
    return b"".join(text + values[mark] for text, mark in parts)


@cache
def template(which: int, expanded: bool) -> list[tuple[bytes, bytes]]:
    """The incident's JSON, cut at the places where its number and its time stand."""
    whole = drawn(which)
    return cut(whole if expanded else {key: value for key, value in whole.items() if key != "alerts"})


@cache
def alert_template(which: int, index: int) -> list[tuple[bytes, bytes]]:
    return cut(drawn(which)["alerts"][index])


@cache
def drawn(which: int) -> records.Item:
    """An incident of the simulator's own making with marks in place of what differs."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    person = cast.drawn(random.Random(which), TENANT, "bench.example", which, hostile=False)
    timed = {"createdDateTime": MOMENT, "lastUpdateDateTime": MOMENT, "tenantId": ""}
    alerts = []
    for index in range(ALERTS):
        alert = records.new_alert(TENANT, at, NUMBER, STORY, index, person)
        alerts.append(alert | timed | {"id": f"da{NUMBER}_{index}", "providerAlertId": f"da{NUMBER}_{index}"})
    return records.new_incident(TENANT, at, STORY, person) | timed | {"id": NUMBER, "alerts": alerts}


def cut(item: records.Item) -> list[tuple[bytes, bytes]]:
    """Pairs of a text and the mark behind it; behind the last one there is none."""
    pieces = re.split(f"({NUMBER}|{MOMENT})".encode(), json.dumps(item, ensure_ascii=False).encode())
    return list(zip(pieces[::2], [*pieces[1::2], b""], strict=True))
