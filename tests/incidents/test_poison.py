"""An item that cannot be stored costs itself only, and is tried again."""

import json
import random
import string

import pytest
from django.db import DataError, OperationalError, connection
from django.utils import timezone

from defender.shapes import reading
from incidents import leases, poison, store
from incidents.models import Alert, Incident, SetAside, SyncState, Unstored

pytestmark = pytest.mark.django_db

GUARD = """ALTER TABLE incidents_incident ADD CONSTRAINT poison CHECK (title <> 'poison')"""


def incident(number, title="good"):
    text = {"id": str(number), "displayName": title, "lastUpdateDateTime": f"2026-01-01T00:00:{number % 60:02d}Z"}
    return reading.incident(json.dumps(text).encode())


@pytest.fixture
def state(tenant):
    leases.ensure_states(tenant)
    SyncState.objects.get_or_create(tenant=tenant, customer=tenant.customer, stream="details")
    return SyncState.objects.get(tenant=tenant, stream="details")


@pytest.fixture
def guarded(db):
    with connection.cursor() as cursor:
        cursor.execute(GUARD)


def stored():
    return set(Incident.objects.values_list("microsoft_id", flat=True))


@pytest.mark.parametrize("bad", [{0}, {24}, {49}, {3, 4}, {0, 30, 49}])
def test_only_what_cannot_be_stored_is_set_aside(tenant, state, guarded, bad):
    items = [incident(number, "poison" if number in bad else "good") for number in range(50)]
    counts = poison.store_around(tenant, "incidents", items)
    assert stored() == {str(number) for number in range(50)} - {str(number) for number in bad}
    assert (counts.fetched, counts.created, counts.bad) == (50, 50 - len(bad), len(bad))
    aside = SetAside.objects.all()
    assert {row.microsoft_id for row in aside} == {str(number) for number in bad}
    assert {row.reason for row in aside} == {"It could not be stored (IntegrityError)."}
    assert all(json.loads(bytes(row.raw))["displayName"] == "poison" for row in aside)


def test_an_id_too_long_for_its_index_is_of_the_item(tenant, state):
    long = "".join(random.Random(1).choices(string.ascii_letters, k=60_000))
    counts = poison.store_around(
        tenant, "incidents", [incident(1), reading.incident(json.dumps({"id": long}).encode())]
    )
    assert (stored(), counts.bad) == ({"1"}, 1)


def test_broken_items_are_set_aside_once_beside_a_poison_one(tenant, state, guarded):
    _, broken = reading.incidents([b"[]"])
    counts = poison.store_around(tenant, "incidents", [incident(1, "poison")], broken)
    assert (counts.fetched, counts.bad, SetAside.objects.count(), Unstored.objects.count()) == (2, 2, 2, 1)


def test_it_is_tried_again_and_leaves_when_it_is_stored(tenant, state, guarded):
    poison.store_around(tenant, "incidents", [incident(1, "poison")])
    Unstored.objects.update(due_at=timezone.now())
    poison.retry(state)
    tried = Unstored.objects.get()
    assert tried.attempts == 1 and tried.due_at > timezone.now() and not stored()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE incidents_incident DROP CONSTRAINT poison")
    Unstored.objects.update(due_at=timezone.now())
    poison.retry(state)
    assert stored() == {"1"} and not SetAside.objects.exists() and not Unstored.objects.exists()


def test_one_that_is_not_due_is_left_alone(tenant, state, guarded):
    poison.store_around(tenant, "incidents", [incident(1, "poison")])
    poison.retry(state)
    assert Unstored.objects.get().attempts == 0
    assert SyncState.objects.get(pk=state.pk).due_at <= Unstored.objects.get().due_at


@pytest.mark.parametrize("error", [OperationalError("the connection is lost"), KeyError("a mistake of ours")])
def test_a_fault_that_is_of_no_item_goes_on(tenant, state, monkeypatch, error):
    def failing(*args):
        raise error

    monkeypatch.setattr(store, "store", failing)
    with pytest.raises(type(error)):
        poison.store_around(tenant, "incidents", [incident(1), incident(2)])
    assert not SetAside.objects.exists()


def test_a_mistake_in_one_alert_costs_that_alert(tenant, state, monkeypatch):
    written = store.store

    def choosy(tenant, stream, items, broken=()):
        if any(item.id == "b" for item in items):
            raise DataError("too long")
        return written(tenant, stream, items, broken)

    monkeypatch.setattr(store, "store", choosy)
    alerts, _ = reading.alerts([json.dumps({"id": name}).encode() for name in "abc"])
    poison.store_around(tenant, "alerts", alerts)
    assert set(Alert.objects.values_list("microsoft_id", flat=True)) == {"a", "c"}
