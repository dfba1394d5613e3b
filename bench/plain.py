"""How fast a page is stored, beside one save() a row of the same models with the same columns."""

import json
import random
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bench import directories
from bench.figures import Figure, at_least
from defender.shapes import reading
from incidents import rows, store
from incidents.models import Alert, Evidence, Incident
from simulator import cast, evidence
from tenants.models import Tenant

PART = "store"
PAGE, SAVED = 50, 2
GOAL = 25
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def measure(pages: int) -> list[Figure]:
    stored, saved = directories.connected("Store", 2)
    found = [received(first, stored) for first in range(0, pages * PAGE, PAGE)]
    store.store(stored, "incidents", found[0])
    return [compared(stored, saved, found), again(stored, found)]


def received(first: int, tenant: Tenant) -> list[Any]:
    """A page of incidents with five short alerts of three evidence items each, as records read from JSON."""
    raws = []
    for index in range(first, first + PAGE):
        at = f"{BEGIN + timedelta(minutes=index):%Y-%m-%dT%H:%M:%S}.1234567Z"
        person = cast.drawn(random.Random(index), str(tenant.entra_id), "bench.example", index, hostile=False)
        times = {"createdDateTime": at, "lastUpdateDateTime": at}
        alerts = [
            {"id": f"a{index}-{alert}", "incidentId": str(index), "title": f"Alert {alert} of {index}",
             "severity": "medium", "serviceSource": "microsoftDefenderForEndpoint", "category": "Execution", **times,
             "evidence": [evidence.item(kind, person, at, "suspicious") for kind in ("device", "user", "file")]}
            for alert in range(5)
        ]  # fmt: skip
        title = f"Incident {index}"
        raws.append({"id": str(index), "displayName": title, "status": "active", "severity": "high", **times,
                     "alerts": alerts})  # fmt: skip
    return reading.incidents([json.dumps(raw).encode() for raw in raws])[0]


def compared(stored: Tenant, saved: Tenant, pages: Sequence[list[Any]]) -> Figure:
    """In turn, and by their medians, since the machine's speed drifts."""
    ours, others = [], []
    for page in pages[1:]:
        began = time.perf_counter()
        store.store(stored, "incidents", page)
        ours.append(PAGE / (time.perf_counter() - began))
        began = time.perf_counter()
        save_each(saved, page[:SAVED])
        others.append(SAVED / (time.perf_counter() - began))
    each, plainly = statistics.median(ours), statistics.median(others)
    beside = f"save() a row {plainly:,.0f}"
    return at_least(PART, "store() of new incidents", each, "incidents/s", beside, each / plainly, GOAL)


def again(tenant: Tenant, pages: Sequence[list[Any]]) -> Figure:
    began = time.perf_counter()
    unchanged = sum(store.store(tenant, "incidents", page).unchanged for page in pages)
    if unchanged != len(pages) * PAGE:
        raise RuntimeError(f"Of {len(pages) * PAGE} incidents only {unchanged} were found unchanged.")
    return Figure(PART, "store() of unchanged ones", unchanged / (time.perf_counter() - began), "incidents/s")


def save_each(tenant: Tenant, records: Sequence[Any]) -> None:
    """The plain way: one save() a row, then the same derived columns; what stands in the database is the same."""
    own = {"customer_id": tenant.customer_id, "tenant_id": tenant.pk}
    for record in records:
        incident = Incident(**own, **columns(rows.INCIDENT, rows.incident(record)))
        incident.save(force_insert=True)
        for item in record.alerts:
            found_in = {"incident": incident, "incident_microsoft_id": record.id}
            alert = Alert(**own, **found_in, **columns(rows.ALERT, rows.alert(item)))
            alert.save(force_insert=True)
            for row in rows.evidence(item):
                Evidence(**own, alert=alert, **columns(rows.EVIDENCE, row)).save(force_insert=True)
        store.refresh({incident.pk})


def columns(names: Any, values: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(names, values, strict=True))
