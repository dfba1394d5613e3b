"""What Microsoft cannot list is parked, shown, tried again and closed, and blocks nothing."""

from datetime import timedelta

import pytest
from django.utils import timezone

from defender import incidents as microsoft
from defender.errors import ServerFault
from incidents import details, gaps, leases, sync
from incidents.models import Gap, Incident, SyncState
from tenants import cloud

pytestmark = pytest.mark.django_db


@pytest.fixture
def state(tenant, directory, world):
    """A stream of incidents, claimed; at Microsoft there are 80, a minute apart."""
    for minutes in range(80, 0, -1):
        directory.add_story(world.now - timedelta(minutes=minutes), kind="malware", hostile=False)
    leases.ensure_states(tenant)
    SyncState.objects.get_or_create(tenant=tenant, customer=tenant.customer, stream="details")
    return leases.claim(tenant, "incidents")


def window(state):
    """Read to the end in as many calls as it takes; the number of requests is that of the largest call."""
    state.since, position = sync.window_start(state), ""
    for _ in range(60):
        for page in microsoft.changed_incidents(
            cloud.graph(state.tenant), state.since, position=position, without=gaps.without(state.tenant, state.stream)
        ):
            sync.commit(state, page)
            gaps.park(state.tenant, state.stream, page.refused)
            position = page.position
        if not position:
            return
    raise AssertionError("The window does not end.")


def working(tenant):
    return SyncState.objects.get(tenant=tenant, stream="details")


def read(tenant):
    return details.read(working(tenant), cloud.graph(tenant))


def missing(directory):
    return set(directory.incidents) - set(Incident.objects.values_list("microsoft_id", flat=True))


def make_due(world):
    world.requests.clear()  # a minute has passed
    Gap.objects.filter(closed_at=None).update(due_at=timezone.now())


@pytest.mark.parametrize("order", ["honoured", "ignored", "refused"])
def test_one_poison_incident_is_parked_and_all_others_are_stored(tenant, directory, state, order):
    directory.order = order
    directory.poison.add("70")
    window(state)
    assert missing(directory) == {"70"}
    gap = Gap.objects.get()
    assert (gap.stream, gap.kind, gap.reason) == ("incidents", "poison", "Graph answered with status 500.")
    assert SyncState.objects.get(pk=state.pk).completed_at
    assert working(tenant).due_at <= timezone.now() + timedelta(minutes=16)


def test_a_known_gap_is_gone_around(tenant, directory, state, world):
    directory.poison.add("70")
    window(state)
    state.watermark = ""
    world.faults.add("slow", value=0, times=1000)
    window(state)
    assert 1000 - world.faults.waiting[0].times < 8 and Gap.objects.count() == 1


def test_a_gap_is_tried_later_each_time_and_closed_when_it_reads(tenant, directory, state, world):
    directory.poison.add("70")
    window(state)
    waits = []
    for _ in range(4):
        make_due(world)
        read(tenant)
        gap = Gap.objects.get()
        waits.append(round((gap.due_at - timezone.now()).total_seconds() / 3600))
    assert waits == [1, 4, 24, 24] and gap.attempts == 4 and gap.closed_at is None
    directory.poison.clear()
    make_due(world)
    read(tenant)
    assert Gap.objects.get().closed_at and not missing(directory)


def test_a_poison_incident_of_which_alerts_tell_is_had_by_itself(tenant, directory, state, world):
    directory.poison.add("70")
    window(state)
    sync.pull_stream(tenant, "alerts", sync.store.Counts())
    make_due(world)
    read(tenant)
    assert not missing(directory)
    assert b'"70"' in bytes(Gap.objects.get().raw) and Gap.objects.get().closed_at is None


def test_a_directory_in_which_all_fails_gets_no_gap(tenant, directory, state, world):
    world.faults.add("status", path="incidents", value=500, times=100)
    with pytest.raises(ServerFault):
        window(state)
    assert not Gap.objects.exists() and world.faults.waiting[0].times == 95


def test_a_gap_opens_once_and_is_told_how_it_stands(tenant, state):
    for found in (3, 5):
        gaps.open_gap(tenant, "incidents", "count", "a", "b", expected=7, found=found, day=timezone.now().date())
    gap = Gap.objects.get()
    assert (gap.expected, gap.found) == (7, 5)
    gaps.close(gap)
    gaps.open_gap(tenant, "incidents", "count", "a", "b", expected=8, found=5)
    assert Gap.objects.filter(closed_at=None).count() == 1 and Gap.objects.count() == 2


def test_counts_are_not_tried_here(tenant, directory, state):
    gaps.open_gap(tenant, "incidents", "count", "a", "b", expected=7, found=5)
    read(tenant)
    assert Gap.objects.get().attempts == 0


def test_gaps_are_shown_to_those_who_may_see_the_customer(tenant, state, operator, stranger):
    gaps.open_gap(tenant, "incidents", "count", "a", "b")
    assert [gap.tenant for gap in gaps.shown(operator)] == [tenant] and not gaps.shown(stranger)
