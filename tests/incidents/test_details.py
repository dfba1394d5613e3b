"""Alerts are read apart from the lists, again and again while evidence comes late, and never for ever."""

from datetime import timedelta

import pytest
from django.utils import timezone

from defender.errors import MicrosoftFault, Throttled
from incidents import details, leases, store, sync
from incidents.models import Alert, DetailRead, Incident, SyncState
from tenants import cloud, connecting

pytestmark = pytest.mark.django_db


@pytest.fixture
def state(tenant):
    leases.ensure_states(tenant)
    sync.pull(tenant)
    SyncState.objects.get_or_create(tenant=tenant, customer=tenant.customer, stream="details")
    SyncState.objects.filter(tenant=tenant, stream="details").update(due_at=timezone.now() + timedelta(days=1))
    return claimed(tenant)


def claimed(tenant):
    state = SyncState.objects.get(tenant=tenant, stream="details")
    state.fence += 1
    state.save(update_fields=["fence"])
    return state


def make_due(tenant):
    DetailRead.objects.filter(tenant=tenant, due_at__isnull=False).update(due_at=timezone.now())


def waits(tenant):
    return [
        round((row.due_at - timezone.now()).total_seconds() / 60) for row in DetailRead.objects.filter(tenant=tenant)
    ]


def read(state):
    return details.read(state, cloud.graph(state.tenant))


def test_a_change_is_followed_by_three_reads_and_no_fourth(tenant, directory, state):
    directory.add_story(kind="malware")
    details.plan(tenant, ["1"])
    seen = []
    for _ in range(3):
        seen += waits(tenant)
        make_due(tenant)
        read(state)
    assert seen == [5, 10, 45] and not DetailRead.objects.exists()
    assert set(Alert.objects.values_list("microsoft_id", flat=True)) == set(directory.alerts)


def test_the_page_says_until_when_evidence_may_arrive_and_no_longer(tenant, directory, state, client, operator):
    directory.add_story(kind="malware")
    sync.pull(tenant)
    client.force_login(operator)
    address = Incident.objects.get().get_absolute_url()
    for left in (60, 55, 45):
        page = client.get(address)
        assert "Evidence may still be arriving" in page.content.decode()
        assert round((page.context["arriving_until"] - timezone.now()).total_seconds() / 60) == left
        make_due(tenant)
        read(state)
    assert "still be arriving" not in client.get(address).content.decode()


def test_of_an_incident_that_is_gone_no_evidence_is_awaited(tenant, directory, state):
    directory.add_story(kind="malware")
    sync.pull(tenant)
    DetailRead.objects.update(due_at=None, error=details.GONE)
    assert details.arriving_until(Incident.objects.get()) is None


def test_a_read_that_is_late_puts_the_others_off(tenant, directory, state):
    directory.add_story(kind="malware")
    sync.pull(tenant)
    DetailRead.objects.update(due_at=timezone.now() - timedelta(hours=1))
    left = details.arriving_until(Incident.objects.get()) - timezone.now()
    assert timedelta(minutes=54) < left <= timedelta(minutes=55)


def test_evidence_is_awaited_where_the_alerts_went_and_not_at_the_link(tenant, directory, world, state):
    for _ in range(2):
        directory.add_story(kind="malware")
    directory.merge(world.now, "2", "1")
    sync.pull(tenant)
    assert details.arriving_until(Incident.objects.get(microsoft_id="1"))
    assert details.arriving_until(Incident.objects.get(microsoft_id="2")) is None


def test_evidence_that_comes_late_is_found(tenant, directory, world, state):
    directory.add_story(kind="malware")
    details.plan(tenant, ["1"], at_once=True)
    read(state)
    before = sum(alert.evidence.count() for alert in Alert.objects.all())
    world.advance(3600)
    make_due(tenant)
    read(state)
    after = sum(alert.evidence.count() for alert in Alert.objects.all())
    assert before < after == sum(len(alert["evidence"]) for alert in directory.alerts.values())


def test_planning_makes_the_work_due_in_time_and_never_later(tenant, state):
    details.plan(tenant, ["1"])
    first = SyncState.objects.get(pk=state.pk).due_at
    details.plan(tenant, ["2"])
    assert SyncState.objects.get(pk=state.pk).due_at == first < timezone.now() + timedelta(minutes=6)
    details.plan(tenant, ["1", "3"], at_once=True)
    assert SyncState.objects.get(pk=state.pk).due_at <= timezone.now()


def test_a_change_begins_the_reads_anew_and_puts_none_off(tenant, directory, state):
    directory.add_story(kind="malware")
    details.plan(tenant, ["1"])
    make_due(tenant)
    read(state)
    planned = DetailRead.objects.get()
    details.plan(tenant, ["1"])
    again = DetailRead.objects.get()
    assert (planned.step, again.step) == (1, 0) and again.due_at < planned.due_at
    details.plan(tenant, ["1"])
    assert DetailRead.objects.get().due_at == again.due_at


def test_a_read_at_once_is_one_more(tenant, directory, state):
    directory.add_story(kind="malware")
    details.plan(tenant, ["1"], at_once=True)
    read(state)
    assert (DetailRead.objects.get().step, waits(tenant)) == (0, [5])


def test_an_incident_that_is_gone_is_noted_and_asked_for_no_more(tenant, state, world):
    details.plan(tenant, ["77"], at_once=True)
    read(state)
    gone = DetailRead.objects.get()
    assert (gone.due_at, gone.error) == (None, details.GONE)
    world.faults.add("status", value=500, times=9)
    read(state)
    assert len(world.faults.waiting) == 1 and world.faults.waiting[0].times == 9
    details.plan(tenant, ["77"])
    assert (waits(tenant), DetailRead.objects.get().error) == ([5], "")


def test_a_turn_is_bounded_and_says_that_more_is_due(tenant, directory, state):
    names = [directory.add_story(kind="malware")["id"] for _ in range(20)]
    details.plan(tenant, names, at_once=True)
    assert read(state) <= timezone.now()
    assert DetailRead.objects.filter(step=0).count() == details.READS_A_TURN
    read(state), read(state)
    assert DetailRead.objects.filter(step=0).count() == 20
    assert read(state) > timezone.now() + timedelta(minutes=4)


def test_one_incident_that_fails_stops_no_other(tenant, directory, world, state):
    names = [directory.add_story(kind="malware")["id"] for _ in range(3)]
    details.plan(tenant, names, at_once=True)
    world.faults.add("status", path="incidents/1/alerts", value=500, times=9)
    read(state)
    failed = DetailRead.objects.get(microsoft_id="1")
    assert (failed.attempts, failed.error) == (1, "Graph answered with status 500.")
    assert failed.due_at > timezone.now() + timedelta(minutes=10)
    assert DetailRead.objects.filter(step=0).count() == 2


def test_a_directory_that_answers_nothing_is_left_alone_after_two(tenant, directory, world, state):
    names = [directory.add_story(kind="malware")["id"] for _ in range(6)]
    details.plan(tenant, names, at_once=True)
    world.faults.add("status", value=500, times=100)
    with pytest.raises(MicrosoftFault):
        read(state)
    assert world.faults.waiting[0].times == 98
    world.faults.clear()
    world.faults.add("throttle", value="7")
    with pytest.raises(Throttled):
        read(state)
    assert DetailRead.objects.filter(due_at__lte=timezone.now()).count() == 4


def test_a_reader_that_lost_its_lease_writes_nothing(tenant, directory, state):
    directory.add_story(kind="malware")
    details.plan(tenant, ["1"], at_once=True)
    claimed(tenant)
    with pytest.raises(leases.Lost):
        read(state)
    assert not Alert.objects.exists() and DetailRead.objects.get().step == -1


def test_the_details_of_one_tenant_leave_another_alone(tenant, directory, world, state):
    other = connecting.connect("Other", world.tenant("Stellan Manufacturing").id)
    details.plan(other, ["1"], at_once=True)
    directory.add_story(kind="malware")
    read(state)
    assert DetailRead.objects.get().tenant == other and not Alert.objects.exists()


def test_details_planned_while_they_are_read_stay_planned(tenant, directory, state, monkeypatch):
    directory.add_story(kind="malware")
    details.plan(tenant, ["1"])
    make_due(tenant)
    read(state)
    make_due(tenant)
    stored = store.store

    def store_and_change(*args):
        counts = stored(*args)
        details.plan(tenant, ["1"], at_once=True)
        return counts

    monkeypatch.setattr(store, "store", store_and_change)
    read(state)
    assert DetailRead.objects.get().step == -1
