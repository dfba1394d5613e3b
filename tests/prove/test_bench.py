"""How fast pages are stored, as a ratio to one ORM save a row in the same run: `make bench`."""

import json
import random
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from defender.shapes import reading
from incidents import rows, store
from incidents.models import Alert, Change, Evidence, Incident
from simulator import cast, evidence
from tenants.models import Tenant

INCIDENTS, ALERTS, PAGE, SAVED = 1000, 5, 50, 40
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def received(first: int, number: int, tenant: Tenant) -> list[Any]:
    """Incidents with five alerts of three evidence items each, as records read from JSON."""
    raws = []
    for index in range(first, first + number):
        at = f"{BEGIN + timedelta(minutes=index):%Y-%m-%dT%H:%M:%S}.1234567Z"
        person = cast.drawn(random.Random(index), str(tenant.entra_id), "bench.example", index, hostile=False)
        alerts = [
            {"id": f"a{index}-{alert}", "incidentId": str(index), "title": f"Alert {alert} of {index}", "severity": "medium",
             "createdDateTime": at, "lastUpdateDateTime": at, "serviceSource": "microsoftDefenderForEndpoint", "category": "Execution",
             "evidence": [evidence.item(kind, person, at, "suspicious") for kind in ("device", "user", "file")]}
            for alert in range(ALERTS)
        ]  # fmt: skip
        raws.append(json.dumps({"id": str(index), "displayName": f"Incident {index}", "status": "active", "severity": "high",
                                "createdDateTime": at, "lastUpdateDateTime": at, "alerts": alerts}).encode())  # fmt: skip
    records, broken = reading.incidents(raws)
    assert not broken
    return records


def columns(names: Any, values: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(names, values, strict=True))


def save_each(tenant: Tenant, records: list[Any]) -> None:
    """The plain way: one save() a row, then the same derived columns; what stands in the database is the same."""

    own = {"customer_id": tenant.customer_id, "tenant_id": tenant.pk}
    for record in records:
        incident = Incident(**own, **columns(rows.INCIDENT, rows.incident(record)))
        incident.save(force_insert=True)
        Change(**own, incident=incident, field="created", after="{}").save(force_insert=True)
        for item in record.alerts:
            found_in = {"incident": incident, "incident_microsoft_id": record.id}
            alert = Alert(**own, **found_in, **columns(rows.ALERT, rows.alert(item)))
            alert.save(force_insert=True)
            for row in rows.evidence(item):
                Evidence(**own, alert=alert, **columns(rows.EVIDENCE, row)).save(force_insert=True)
        store.refresh({incident.pk})


@pytest.mark.django_db(transaction=True)
def test_storing_against_one_save_a_row(tenant: Tenant) -> None:
    pages = [received(first, PAGE, tenant) for first in range(0, INCIDENTS, PAGE)]
    plain = received(10_000, SAVED, tenant)
    stored, saved = [], []
    # In turn, and compared by their medians, since the machine's speed drifts.
    for number, page in enumerate(pages):
        began = time.perf_counter()
        store.store(tenant, "incidents", page)
        stored.append((time.perf_counter() - began) / PAGE)
        few = plain[number * 2 : number * 2 + 2]
        began = time.perf_counter()
        save_each(tenant, few)
        saved.append((time.perf_counter() - began) / len(few))
    each, plainly = statistics.median(stored), statistics.median(saved)
    print(
        f"\nstore(): {1 / each:,.0f} incidents/s   save() a row: {1 / plainly:,.0f} incidents/s   ratio {plainly / each:.1f}"
    )
    began = time.perf_counter()
    for page in pages:
        assert store.store(tenant, "incidents", page).unchanged == len(page)
    print(f"stored again, unchanged: {INCIDENTS / (time.perf_counter() - began):,.0f} incidents/s")
    assert Incident.objects.count() == INCIDENTS + SAVED
    assert Change.objects.count() == INCIDENTS + SAVED
    assert Evidence.objects.count() == (INCIDENTS + SAVED) * ALERTS * 3
