"""The past is read beside the present, a few pages at a time, and no kill between two of them loses anything."""

from importlib import import_module
from itertools import islice

import pytest
from django.db import connection
from django.utils import timezone

from defender.errors import Throttled
from incidents import backfill, leases, slices, sync
from incidents.models import Alert, Backfill, Incident, SyncState
from simulator.stories import STORIES
from tenants import cloud, connecting
from tenants.models import Tenant
from tests.incidents.counting import DAY, HOUR, asked, claimed

pytestmark = pytest.mark.django_db


def past(directory, world, number, days=170):
    """So many incidents, spread evenly over the past and each unchanged since a few hours after it came."""
    for index in range(number):
        at = world.now - 2 * DAY - (days - 2) * DAY * (number - 1 - index) / max(number - 1, 1)
        directory.add_story(at, STORIES[index % len(STORIES)], hostile=False)
    world.advance(0)


def turn(tenant):
    return backfill.read(claimed(tenant, "backfill"), cloud.graph(tenant))


def turns(tenant):
    """Read to the end; how many turns it took."""
    number = 1
    while turn(tenant) is not None:
        number += 1
    return number


def stored(tenant):
    return dict(Incident.objects.filter(tenant=tenant).values_list("microsoft_id", "microsoft_updated_text"))


def older(directory, edge):
    return {
        item["id"]: item["lastUpdateDateTime"]
        for item in directory.incidents.values()
        if item["lastUpdateDateTime"] < slices.text(edge)
    }


def test_everything_of_180_days_is_read(tenant, directory, world):
    past(directory, world, 130)
    turns(tenant)
    assert stored(tenant) == older(directory, Backfill.objects.get(stream="incidents").until_at)
    assert len(stored(tenant)) == 130
    for plan in Backfill.objects.all():
        assert plan.finished_at and plan.reached_at == plan.from_at and not plan.position
        assert plan.until_at - plan.from_at == 179 * DAY
    assert Backfill.objects.get(stream="incidents").items == 130


def test_the_newest_comes_first(tenant, directory, world):
    past(directory, world, 130)
    turn(tenant)
    first = Incident.objects.values_list("microsoft_updated_at", flat=True)
    plan = Backfill.objects.get(stream="incidents")
    assert first and min(first) >= plan.reached_at - plan.width
    assert Backfill.objects.filter(finished_at=None).count() == 2


def test_one_turn_reads_ten_pages_at_most(tenant, directory, world):
    past(directory, world, 700, days=4)
    Backfill.objects.all().delete()
    backfill.begin(tenant)
    Backfill.objects.filter(stream="alerts").update(finished_at=timezone.now())
    Backfill.objects.update(width=30 * DAY)
    before = asked(world, directory)
    assert turn(tenant) is not None
    assert asked(world, directory) - before == slices.PAGES == 10
    plan = Backfill.objects.get(stream="incidents")
    assert plan.position and plan.pages == 10 and plan.slices == 0
    assert Incident.objects.count() == plan.items < 700


@pytest.mark.parametrize("order", ["honoured", "ignored", "refused"])
def test_a_kill_between_any_two_pages_loses_nothing(tenant, directory, world, order):
    directory.order = order
    past(directory, world, 260, days=40)
    backfill.begin(tenant)
    Backfill.objects.update(width=30 * DAY)
    number = 0
    while plan := backfill.unfinished(tenant):
        number += 1
        state, graph = claimed(tenant, "backfill"), cloud.graph(tenant)
        low = plan.low_at or max(plan.reached_at - plan.width, plan.from_at)
        plan.low_at = low
        listed = slices.pages(graph, plan.stream, low, plan.reached_at, "lastUpdateDateTime", plan.position)
        pages = list(islice(listed, 2))
        backfill.commit(state, plan, pages[0])
        # The process dies with the second page in its hands, before that is written.
    assert number > 10
    assert stored(tenant) == older(directory, timezone.now()) and len(stored(tenant)) == 260


def test_a_page_that_cannot_be_stored_leaves_the_place_where_it_was(tenant, directory, world):
    past(directory, world, 60, days=4)
    backfill.begin(tenant)
    state = claimed(tenant, "backfill")
    SyncState.objects.filter(pk=state.pk).update(fence=state.fence + 1)
    with pytest.raises(leases.Lost):
        backfill.read(state, cloud.graph(tenant))
    assert not Incident.objects.exists()
    assert not Backfill.objects.exclude(pages=0).exists()


def test_an_answer_that_fails_is_read_again_from_the_same_place(tenant, directory, world):
    past(directory, world, 130, days=20)
    backfill.begin(tenant)
    Backfill.objects.update(width=30 * DAY)
    world.faults.add("throttle", path="incidents", value="7")
    with pytest.raises(Throttled):
        turn(tenant)
    turns(tenant)
    assert len(stored(tenant)) == 130


def test_slices_grow_over_thin_times_and_shrink_over_thick_ones():
    plan = Backfill(width=DAY, pages=1, listed=12)
    assert backfill.next_width(plan) == 2 * DAY
    plan = Backfill(width=20 * DAY, pages=1, listed=12)
    assert backfill.next_width(plan) == backfill.LONGEST
    plan = Backfill(width=DAY, pages=8, listed=380)
    assert backfill.next_width(plan) == DAY
    plan = Backfill(width=DAY, pages=14, listed=690)
    assert backfill.next_width(plan) == DAY / 2
    plan = Backfill(width=HOUR, pages=14, listed=690)
    assert backfill.next_width(plan) == backfill.SHORTEST


def test_the_past_ends_where_live_reading_begins(tenant, directory, world):
    edge = backfill.live_from(tenant, "incidents")
    assert edge == Backfill.objects.get(stream="incidents").until_at
    # The first live read comes two days late: it still begins there.
    Backfill.objects.update(until_at=edge - 2 * DAY)
    assert backfill.live_from(tenant, "incidents") == edge - 2 * DAY


def test_what_live_reading_has_newer_stays(tenant, directory, world):
    past(directory, world, 3, days=20)
    directory.touch("1", world.now, status="resolved")
    sync.pull(tenant)
    old = {**directory.incidents["1"], "status": "active", "lastUpdateDateTime": slices.text(world.now - 20 * DAY)}
    directory.incidents["1"] |= old
    turns(tenant)
    assert Incident.objects.get(microsoft_id="1").status == "resolved"


def test_a_plan_that_is_done_stays_done(tenant, directory, world):
    turns(tenant)
    finished = list(Backfill.objects.order_by("pk").values_list("finished_at", flat=True))
    backfill.begin(tenant)
    assert turn(tenant) is None
    assert list(Backfill.objects.order_by("pk").values_list("finished_at", flat=True)) == finished


def test_a_tenant_that_was_read_in_full_before_has_no_past_to_read(tenant, directory, world):
    past(directory, world, 3, days=20)
    sync.pull(tenant)
    SyncState.objects.filter(stream="alerts").update(completed_at=None)
    Backfill.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(import_module("incidents.migrations.0007_completeness").READ_BEFORE)
    plan = Backfill.objects.get()
    assert (plan.stream, plan.customer_id) == ("incidents", tenant.customer_id)
    assert plan.finished_at == plan.until_at + 180 * DAY == SyncState.objects.get(stream="incidents").completed_at
    backfill.begin(tenant)
    assert Backfill.objects.get(finished_at=None).stream == "alerts"


def test_a_directory_approved_again_while_connected_makes_nothing_of_its_live_time_historic(tenant, directory, world):
    turns(tenant)
    Tenant.objects.update(connected_at=world.now - 5 * DAY)
    connecting.connect(tenant.customer.name, tenant.entra_id)
    ages = {6: True, 4: False, 2: False}
    made = {directory.add_story(world.now - age * DAY, hostile=False)["id"]: old for age, old in ages.items()}
    world.advance(0)
    Backfill.objects.all().delete()
    turns(Tenant.objects.get())
    assert dict(Incident.objects.values_list("microsoft_id", "historic")) == made
    assert {alert.historic for alert in Alert.objects.filter(incident__historic=False)} == {False}


def test_what_came_while_a_directory_was_disconnected_is_historic(tenant, directory, world):
    Tenant.objects.update(connected_at=world.now - 5 * DAY)
    connecting.disconnect(tenant.entra_id)
    connecting.connect(tenant.customer.name, tenant.entra_id)
    directory.add_story(world.now - 2 * DAY, hostile=False)
    world.advance(0)
    turns(Tenant.objects.get())
    assert set(Incident.objects.values_list("historic", flat=True)) == {True}


def test_alerts_come_with_their_incidents(tenant, directory, world):
    past(directory, world, 12, days=30)
    turns(tenant)
    assert Incident.objects.filter(alert_count__gt=0).count() == 12
    assert set(Incident.objects.filter(tenant=tenant).values_list("microsoft_id", flat=True)) == set(
        directory.incidents
    )
