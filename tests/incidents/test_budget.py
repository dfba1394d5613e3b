"""No tenant is asked more often than its budget allows, and live streams go before all other work."""

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents import budget, leases, sync
from incidents.models import Budget, SyncState

pytestmark = pytest.mark.django_db


@pytest.fixture
def states(tenant):
    leases.ensure_states(tenant)
    Budget.objects.update(remaining=1000)
    return {state.stream: state for state in SyncState.objects.filter(tenant=tenant)}


def passed(minutes):
    Budget.objects.update(counted_at=timezone.now() - timedelta(minutes=minutes))


def test_half_may_be_spent_at_once_and_the_rest_makes_wait(tenant, states, settings):
    settings.GRAPH_REQUESTS_PER_MINUTE = 60
    left = budget.spend({tenant.pk: 30})[tenant.pk]
    assert left == pytest.approx(0, abs=0.1)
    assert budget.wait(states["incidents"], left).total_seconds() == pytest.approx(2, abs=0.3)


def test_a_minute_brings_back_half_and_never_more(tenant, states, settings):
    settings.GRAPH_REQUESTS_PER_MINUTE = 60
    budget.spend({tenant.pk: 30})
    passed(minutes=1)
    assert budget.spend({tenant.pk: 0})[tenant.pk] == pytest.approx(30, abs=0.1)
    passed(minutes=60)
    assert budget.spend({tenant.pk: 1})[tenant.pk] == pytest.approx(29, abs=0.1)


def test_an_hour_sees_thirty_times_the_minute_at_most(tenant, states, settings):
    settings.GRAPH_REQUESTS_PER_MINUTE = 50
    spent, seconds = 0, 0.0
    while seconds < 3600:
        left = budget.spend({tenant.pk: 10})[tenant.pk]
        spent += 10
        wait = budget.wait(states["backfill"], left).total_seconds()
        seconds += wait
        Budget.objects.update(counted_at=timezone.now() - timedelta(seconds=wait))
    assert 1400 < spent <= 1500 + 25


def test_work_leaves_half_to_the_live_streams(tenant, states, settings):
    settings.GRAPH_REQUESTS_PER_MINUTE = 60
    left = budget.spend({tenant.pk: 20})[tenant.pk]
    assert budget.wait(states["incidents"], left) == timedelta()
    assert budget.wait(states["backfill"], left).total_seconds() == pytest.approx(10, abs=0.5)


def test_what_is_overdrawn_makes_the_next_turn_wait(tenant, states, directory, world, settings):
    settings.GRAPH_REQUESTS_PER_MINUTE = 2
    turn = sync.read(leases.claim(tenant, "incidents"))
    sync.finish([turn])
    sync.finish([sync.read(leases.claim(tenant, "alerts"))])
    due = SyncState.objects.get(tenant=tenant, stream="alerts").due_at
    assert due - timezone.now() > timedelta(seconds=55)


def test_every_request_is_counted(tenant, states, directory, world):
    turn = sync.read(leases.claim(tenant, "incidents"))
    assert turn.requests == 1
