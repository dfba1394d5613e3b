"""Every change is told once, with both clocks, and from what is told the state at any instant follows."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from defender.shapes import Record, reading
from incidents import history, store
from incidents.models import Alert, Change, Incident
from incidents.templatetags import ui
from tenants import connecting
from tenants.models import Customer, Tenant

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def wire(minutes: int) -> str:
    return f"{NOON + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S}.1234567Z"


def item(minutes: int, number: str = "1", **fields: Any) -> dict[str, Any]:
    times = {"createdDateTime": wire(0), "lastUpdateDateTime": wire(minutes)}
    return {"id": number, "displayName": "Told", "status": "active", "severity": "low", **times, **fields}


def incident(*items: dict[str, Any]) -> list[Record[Any]]:
    records, broken = reading.incidents([json.dumps(one).encode() for one in items])
    assert not broken
    return records


def alert(*items: dict[str, Any]) -> list[Record[Any]]:
    records, broken = reading.alerts([json.dumps(one).encode() for one in items])
    assert not broken
    return records


def arrive(tenant: Tenant, minutes: int, number: str = "1", **fields: Any) -> None:
    store.store(tenant, "incidents", incident(item(minutes, number, **fields)))


def steps() -> list[tuple[str, str, str]]:
    return list(Change.objects.exclude(field="created").order_by("pk").values_list("field", "before", "after"))


def state(found: Incident, at: datetime | None = None) -> dict[str, Any]:
    """The followed fields at an instant of Microsoft's clock, or now, from the history alone."""
    first, *later = Change.objects.filter(incident=found, alert=None).order_by("pk")
    known = json.loads(first.after)
    for change in later:
        if at is None or change.microsoft_at <= at:
            assert told(known[change.field]) == change.before
            known[change.field] = json.loads(change.after) if change.field == "tags" else change.after
    return known


def told(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


def test_a_history_begins_with_all_that_was_seen_first(tenant):
    arrive(
        tenant,
        5,
        status="inProgress",
        customTags=["vip", "é", "vip", "a"],
        assignedTo="x@y.example",
        redirectIncidentId="",
    )
    first = Change.objects.get()
    assert (first.field, first.before, first.incident, first.alert) == ("created", "", Incident.objects.get(), None)
    assert first.microsoft_at == NOON + timedelta(microseconds=123456)
    assert abs(first.seen_at - first.incident.first_seen_at) < timedelta(minutes=1)
    assert json.loads(first.after) == {
        "status": "inProgress", "severity": "low", "assigned_to": "x@y.example", "classification": "",
        "determination": "", "tags": ["a", "vip", "é"], "redirected_to": "", "as_of": wire(5),
    }  # fmt: skip


def test_each_followed_field_is_told_with_both_clocks(tenant):
    arrive(tenant, 0)
    began = timezone.now() - timedelta(minutes=1)
    arrive(
        tenant, 7, status="resolved", severity="high", assignedTo="x@y.example", classification="truePositive",
        determination="malware", customTags=["b", "a"],
    )  # fmt: skip
    assert sorted(steps()) == [
        ("assigned_to", "", "x@y.example"),
        ("classification", "", "truePositive"),
        ("determination", "", "malware"),
        ("severity", "low", "high"),
        ("status", "active", "resolved"),
        ("tags", "[]", '["a", "b"]'),
    ]
    changes = Change.objects.exclude(field="created")
    assert {change.microsoft_at for change in changes} == {Incident.objects.get().microsoft_updated_at}
    assert all(change.seen_at > began for change in changes)
    assert {(change.customer_id, change.tenant_id) for change in changes} == {(tenant.customer_id, tenant.pk)}


def test_a_change_names_who_made_it_where_microsoft_does(tenant):
    arrive(tenant, 0, lastModifiedBy="AlertCorrelation")
    arrive(tenant, 2, status="inProgress", lastModifiedBy="ines@x.example")
    arrive(tenant, 4, status="resolved", severity="high", lastModifiedBy="API-App:Utkik")
    arrive(tenant, 6, status="active", severity="high")
    assert list(Change.objects.order_by("pk").values_list("field", "author")) == [
        ("created", ""),
        ("status", "ines@x.example"),
        ("status", "API-App:Utkik"),
        ("severity", "API-App:Utkik"),
        ("status", ""),
    ]
    assert Incident.objects.get().modified_by == ""


def test_a_change_of_an_alert_names_nobody(tenant):
    arrive(tenant, 0, lastModifiedBy="ines@x.example")
    for minutes, status in ((0, "new"), (3, "resolved")):
        store.store(tenant, "alerts", alert(item(minutes, "a", incidentId="1", status=status, lastModifiedBy="nobody")))
    assert Change.objects.get(field="status").author == ""


def test_what_is_not_followed_or_only_in_another_order_is_no_change(tenant):
    arrive(tenant, 0, customTags=["a", "b"])
    arrive(tenant, 1, customTags=["b", "a"], displayName="Another title", systemTags=["c"])
    assert Incident.objects.get().title == "Another title"
    assert steps() == []


def test_an_older_version_that_comes_late_writes_nothing(tenant):
    arrive(tenant, 5, status="resolved")
    arrive(tenant, 3, status="inProgress")
    arrive(tenant, 5, status="resolved")
    assert Change.objects.count() == 1


def test_a_version_that_skipped_states_is_one_step(tenant):
    arrive(tenant, 0)
    store.store(tenant, "incidents", incident(item(2, status="inProgress"), item(4, status="resolved")))
    assert steps() == [("status", "active", "resolved")]


def test_two_versions_of_one_time_are_both_told(tenant):
    arrive(tenant, 0)
    arrive(tenant, 0, status="inProgress")
    assert steps() == [("status", "active", "inProgress")]


def test_the_state_at_any_instant_follows_from_the_history(tenant):
    arrive(tenant, 0, customTags=["é", "\u202e"])
    arrive(tenant, 10, status="inProgress", assignedTo="x@y.example", customTags=["é", "a", '"quoted\\'])
    arrive(tenant, 20, status="resolved", assignedTo="x@y.example", customTags=[])
    found = Incident.objects.get()
    assert state(found, NOON + timedelta(minutes=15))["status"] == "inProgress"
    assert state(found, NOON + timedelta(minutes=15))["tags"] == sorted(["é", "a", '"quoted\\'])
    assert {field: state(found)[field] for field in history.INCIDENT} == {
        field: getattr(found, field) for field in history.INCIDENT
    }


def test_a_page_that_is_not_committed_leaves_no_history(tenant):
    with pytest.raises(RuntimeError), transaction.atomic():
        arrive(tenant, 0)
        raise RuntimeError
    assert not Change.objects.exists()


def test_a_change_of_an_alert_is_told_with_its_incident(tenant):
    arrive(tenant, 0)
    alone = {"id": "b", "status": "new", "lastUpdateDateTime": wire(0)}
    store.store(tenant, "alerts", alert(item(0, "a", status="new", incidentId="1"), alone))
    assert not Change.objects.exclude(alert=None).exists()
    resolved = {"status": "resolved", "determination": "malware"}
    store.store(
        tenant, "alerts",
        alert(item(3, "a", incidentId="1", **resolved), {**alone, **resolved, "lastUpdateDateTime": wire(3)}),
    )  # fmt: skip
    changes = Change.objects.exclude(alert=None)
    assert set(changes.values_list("alert__microsoft_id", "incident__microsoft_id", "field", "before", "after")) == {
        ("a", "1", "status", "new", "resolved"),
        ("a", "1", "determination", "", "malware"),
        ("b", None, "status", "new", "resolved"),
        ("b", None, "determination", "", "malware"),
    }


@pytest.mark.parametrize("statement", ["UPDATE incidents_change SET after = ''", "DELETE FROM incidents_change"])
def test_the_database_refuses_to_change_history(tenant, statement):
    arrive(tenant, 0)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Change.objects.count() == 1


def test_history_cannot_name_an_item_of_another_customer(tenant):
    arrive(tenant, 0)
    store.store(tenant, "alerts", alert(item(0, "a")))
    other = Tenant.objects.create(customer=Customer.objects.create(name="Other"), entra_id=UUID(int=7))
    own = {"customer": other.customer, "tenant": other, "field": "status"}
    for named in ({"incident": Incident.objects.get()}, {"alert": Alert.objects.get()}, {}):
        with pytest.raises(IntegrityError, match="same customer"), transaction.atomic():
            Change.objects.create(**own, **named)


@pytest.mark.parametrize(
    ("created", "updated", "historic"),
    [(-16, 60, True), (-14, 60, False), (60, 60, False), (None, -16, True), (None, 60, False), (None, None, False)],
)
def test_what_is_older_than_the_connection_is_historic(tenant, created, updated, historic):
    times = {"createdDateTime": created, "lastUpdateDateTime": updated}
    at = {
        name: f"{tenant.connected_at + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S.%f}Z"
        if minutes is not None
        else "?"
        for name, minutes in times.items()
    }
    store.store(tenant, "incidents", incident({"id": "1", **at}))
    store.store(tenant, "alerts", alert({"id": "a", **at}))
    assert (Incident.objects.get().historic, Alert.objects.get().historic) == (historic, historic)
    assert Change.objects.get().historic == historic


def test_a_directory_connected_again_makes_no_stored_incident_historic(tenant):
    created = f"{tenant.connected_at:%Y-%m-%dT%H:%M:%S.%f}Z"
    arrive(tenant, 0, createdDateTime=created)
    connecting.disconnect(tenant.entra_id)
    tenant = connecting.connect(tenant.customer.name, tenant.entra_id)
    tenant.connected_at += timedelta(days=2)
    arrive(tenant, 5, createdDateTime=created, status="resolved")
    assert Incident.objects.get().status == "resolved"
    assert not Incident.objects.filter(historic=True).exists()
    assert not Change.objects.filter(historic=True).exists()


def test_the_page_tells_each_change_with_both_clocks(tenant, client, operator):
    arrive(tenant, 0, customTags=["a"])
    store.store(tenant, "alerts", alert(item(1, "b", title="The alert", incidentId="1")))
    arrive(tenant, 5, status="inProgress", assignedTo="<b>\u202ex", customTags=["a", "b"], lastModifiedBy="<i>\u202ey")
    store.store(tenant, "alerts", alert(item(9, "b", title="The alert", incidentId="1", status="resolved")))
    client.force_login(operator)
    answer = client.get(Incident.objects.get().get_absolute_url())
    entries = [entry for entry in answer.context["timeline"] if entry.change]
    assert [(str(entry.alert or ""), entry.change.field, entry.before, entry.after) for entry in entries] == [
        ("", "status", "New", "In progress"),
        ("", "assigned_to", "Unassigned", "<b>[U+202E]x"),
        ("", "tags", "a", "a, b"),
        ("The alert", "status", "New", "Resolved"),
    ]
    page = answer.content.decode()
    assert f"Microsoft: Sun 1 Nov 2026, 12:05:00 UTC · seen here: {ui.to_the_second(entries[0].change.seen_at)}" in page
    by = '<span class="muted">by <bdi>&lt;i&gt;[U+202E]y</bdi></span>'
    assert f"Status: <bdi>New</bdi> → <bdi>In progress</bdi> {by}</p>" in page
    assert page.count(by) == 3 and "→ <bdi>Resolved</bdi></p>" in page
    assert "&lt;b&gt;[U+202E]x" in page


def test_a_history_costs_a_page_one_query(tenant, client, operator):
    arrive(tenant, 0)
    client.force_login(operator)
    address = Incident.objects.get().get_absolute_url()
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    for minutes in range(1, 20):
        arrive(tenant, minutes, status=("active", "resolved")[minutes % 2])
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert len(many) == len(few)


def test_a_page_tells_no_change_of_another_incident(tenant, client, operator):
    for number in ("1", "2"):
        arrive(tenant, 0, number=number)
        store.store(tenant, "alerts", alert(item(1, f"a{number}", incidentId=number)))
    arrive(tenant, 5, number="2", severity="high")
    store.store(tenant, "alerts", alert(item(9, "a2", incidentId="2", status="resolved")))
    client.force_login(operator)
    answer = client.get(Incident.objects.get(microsoft_id="1").get_absolute_url())
    assert not any(entry.change for entry in answer.context["timeline"])
