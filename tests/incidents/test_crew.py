"""A crew reads every tenant that is due, many at once, and what goes wrong with one stops no other."""

import time
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from incidents import crew, leases, sync, tasks
from incidents.models import Incident, SyncState
from simulator.stories import STORIES
from tenants import cloud, connecting
from tenants.models import Tenant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def everybody(world):
    """All four customers, connected, with three incidents each."""
    found = {}
    for directory in world.tenants.values():
        for number in range(3):
            directory.add_story(world.now - timedelta(minutes=number + 1), STORIES[number], hostile=False)
        tenant = connecting.connect(directory.name, UUID(directory.id))
        sync.prepare(tenant)
        found[directory.id] = tenant
    world.advance(600)
    SyncState.objects.exclude(stream__in=SyncState.LIVE).update(due_at=None)
    return found


@pytest.fixture
def ours():
    """A crew that ends with the test."""
    made = crew.Crew(readers=8)
    yield made
    made.until = 0
    wait_for(lambda: not made.dispatching.is_set(), 70)
    made.pool.shutdown()


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()


def read(tenants):
    states = SyncState.objects.filter(tenant__in=tenants, stream__in=SyncState.LIVE)
    return states.exclude(completed_at=None).count() == 2 * len(tenants)


def test_all_that_is_due_is_read(everybody, world, ours):
    ours.work(20)
    wait_for(lambda: read(everybody.values()))
    assert Incident.objects.count() == sum(len(each.incidents) for each in world.tenants.values()) == 12
    wait_for(lambda: not SyncState.objects.exclude(leased_until=None).exists())


def test_nothing_due_is_left_alone(everybody, ours):
    SyncState.objects.update(due_at=timezone.now() + timedelta(hours=1))
    ours.work(2, held=1)
    assert not SyncState.objects.exclude(claimed_at=None).exists()


def test_a_disconnected_directory_is_not_read(everybody, ours):
    gone = next(iter(everybody.values()))
    connecting.disconnect(gone.entra_id)
    ours.work(20)
    wait_for(lambda: read(Tenant.objects.connected()))
    assert not SyncState.objects.filter(tenant=gone).exclude(claimed_at=None).exists()


def test_a_directory_that_hangs_holds_up_no_other(everybody, world, ours):
    slow = next(iter(everybody.values()))
    for path in ("incidents", "alerts"):
        world.faults.add("slow", path=path, tenant=str(slow.entra_id), value=4)
    ours.work(20)
    others = [tenant for tenant in everybody.values() if tenant != slow]
    wait_for(lambda: read(others), 10)
    wait_for(lambda: read([slow]))


def test_a_page_that_nobody_foresaw_ends_one_turn_only(everybody, world, ours, monkeypatch):
    broken = next(iter(everybody.values()))
    whole = sync.commit

    def commit(state, page):
        if state.tenant_id == broken.pk:
            raise KeyError("nobody thought of it")
        return whole(state, page)

    monkeypatch.setattr(sync, "commit", commit)
    ours.work(20)
    wait_for(lambda: read([tenant for tenant in everybody.values() if tenant != broken]))
    wait_for(lambda: SyncState.objects.filter(tenant=broken, error_owner="us", error__contains="KeyError").count() == 2)


def test_an_approval_given_again_makes_its_directory_due_at_once(everybody, world):
    tenant = next(iter(everybody.values()))
    later = timezone.now() + timedelta(minutes=15)
    closed = {"error_owner": "customer", "error": "no consent", "failed_at": timezone.now(), "due_at": later}
    SyncState.objects.filter(tenant=tenant, stream="incidents").update(**closed)
    leases.free_approved()
    assert SyncState.objects.get(tenant=tenant, stream="incidents").due_at == later
    Tenant.objects.filter(pk=tenant.pk).update(approved_at=timezone.now())
    leases.free_approved()
    assert SyncState.objects.get(tenant=tenant, stream="incidents").due_at <= timezone.now()


def test_a_quiet_tenant_is_given_back_without_a_write_of_its_own(everybody, world, ours):
    for directory in world.tenants.values():
        directory.incidents.clear()
        directory.alerts.clear()
    ours.work(20)
    wait_for(lambda: read(everybody.values()))
    wait_for(lambda: not SyncState.objects.exclude(leased_until=None).exists())
    state = SyncState.objects.filter(stream="incidents").first()
    assert (state.quiet_in_a_row, state.watermark, state.fence) == (1, "", 1)
    assert state.due_at > timezone.now()


def test_it_goes_on_when_the_database_was_away(everybody, ours):
    ours.work(20)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    tasks.leases.free_abandoned()
    wait_for(lambda: read(everybody.values()))


def test_what_a_process_left_behind_is_due_at_once(everybody):
    tenant = next(iter(everybody.values()))
    state = leases.claim(tenant, "incidents")
    SyncState.objects.filter(pk=state.pk).update(lease_session="1/gone")
    assert SyncState.objects.get(pk=state.pk).due_at > timezone.now()
    leases.free_abandoned()
    assert SyncState.objects.get(pk=state.pk).due_at <= timezone.now()
    assert leases.claim(tenant, "incidents").fence == state.fence + 1


def test_the_tick_makes_the_rows_of_a_new_directory(world):
    directory = world.tenant("Halden Energi")
    tenant = connecting.connect(directory.name, UUID(directory.id))
    SyncState.objects.all().delete()
    tasks.tick.apply()
    assert set(SyncState.objects.filter(tenant=tenant).values_list("stream", flat=True)) == set(SyncState.Stream.values)


def test_a_storm_is_read_in_turns(everybody, world, monkeypatch):
    directory = world.tenant("Halden Energi")
    for number in range(150):
        directory.add_story(world.now - timedelta(minutes=number), STORIES[number % 5], hostile=False)
    world.advance(3600)
    monkeypatch.setattr(sync, "PAGES_A_TURN", 2)
    tenant = everybody[directory.id]
    turn = sync.read(leases.claim(tenant, "incidents"))
    sync.finish([turn])
    assert (turn.pause, turn.requests) == (timedelta(), 2)
    state = SyncState.objects.get(tenant=tenant, stream="incidents")
    assert state.position and not state.watermark
    assert sync.pull(tenant).error == ""
    assert Incident.objects.filter(tenant=tenant).count() == len(directory.incidents)


def test_a_stream_without_news_is_asked_less_often(everybody, settings):
    state = SyncState.objects.filter(stream="incidents").first()
    pauses = []
    for state.quiet_in_a_row in (0, 9, 10, 20, 50):
        pauses.append(sync.pause_of(state).total_seconds())
    assert pauses == [30, 30, 60, 120, 300]


def test_a_closed_directory_is_tried_by_one_stream(everybody, world):
    directory = world.tenant("Mora Clinics")
    directory.consented = False
    cloud.door.cache_clear()
    tenant = everybody[directory.id]
    claimed = leases.claim_due(1, ["incidents"])
    while claimed[0].tenant_id != tenant.pk:
        claimed = leases.claim_due(1, ["incidents"])
    sync.finish([sync.read(claimed[0])])
    states = {state.stream: state for state in SyncState.objects.filter(tenant=tenant)}
    assert states["alerts"].due_at > states["incidents"].due_at > timezone.now()
    sync.pull_stream(tenant, "alerts", sync.store.Counts())
    directory.consented = True
    assert sync.pull_stream(tenant, "incidents", sync.store.Counts()) == ""
    assert SyncState.objects.get(tenant=tenant, stream="alerts").due_at <= timezone.now()
