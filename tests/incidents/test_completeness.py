"""The store is held against Microsoft's count; what is missing is read again, and nothing is claimed unproven."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from defender.errors import DefenderError, Throttled
from incidents import completeness, days, leases, slices, sync
from incidents.models import Alert, Backfill, DayCount, Gap, Incident, SyncState
from simulator.stories import STORIES
from tenants import cloud
from tests.incidents.counting import DAY, HOUR, again, asked, claimed, counted, day, noon, story, turn, turns

pytestmark = pytest.mark.django_db


def test_both_streams_are_counted_day_by_day_over_thirty_days(read, directory, world):
    before = asked(world, directory)
    assert turns(read) == 8 + 2
    assert counted() == [(2, 2)] * 5
    assert sum(expected for expected, _ in counted("alerts")) == len(directory.alerts)
    assert asked(world, directory) - before == DayCount.objects.count() + 2 == 62
    assert not Gap.objects.exists()


def test_merged_incidents_are_counted_on_both_sides(read, directory, world):
    names = list(directory.incidents)
    directory.merge(world.now, names[0], names[1])
    sync.pull(read)
    turns(read)
    assert counted() == [(2, 2)] * 5


def test_a_turn_asks_for_eight_days_at_most_and_the_newest_first(read, directory, world):
    before = asked(world, directory)
    turn(read)
    assert asked(world, directory) - before == completeness.COUNTS_A_TURN == 8
    assert DayCount.objects.count() == 8 and min(DayCount.objects.values_list("day", flat=True)) >= day(4)


def test_recent_days_are_counted_every_hour_and_older_ones_once_a_day(read, world):
    turns(read)
    next_at = turn(read)
    assert HOUR - timedelta(minutes=5) < next_at - timezone.now() <= HOUR
    DayCount.objects.update(counted_at=timezone.now() - HOUR)
    turns(read)
    fresh = DayCount.objects.filter(counted_at__gt=timezone.now() - HOUR / 2)
    assert fresh.count() == 6 and min(fresh.values_list("day", flat=True)) >= day(2)
    again(world)
    turns(read)
    assert DayCount.objects.filter(counted_at__gt=timezone.now() - HOUR / 2).count() == 60


def test_an_incident_that_became_visible_too_late_for_live_reading_is_found(read, directory, world):
    turns(read)
    (late,) = story(directory, world, 3)
    sync.pull(read)
    assert not Incident.objects.filter(microsoft_id=late["id"]).exists()
    again(world)
    turns(read)
    assert Incident.objects.filter(microsoft_id=late["id"]).exists()
    assert counted() == [(2, 2), (2, 2), (3, 3), (2, 2), (2, 2)]
    assert {(gap.stream, gap.expected, gap.found, gap.attempts) for gap in Gap.objects.exclude(closed_at=None)} >= {
        ("incidents", 3, 3, 1)
    }
    assert not Gap.objects.filter(closed_at=None).exists()
    assert Alert.objects.count() == len(directory.alerts)


def test_a_gap_opens_with_both_numbers_before_anything_is_read_again(read, directory, world):
    turns(read)
    story(directory, world, 3, 4)
    again(world)
    while not Gap.objects.filter(stream="incidents").exists():
        turn(read)
    gap = Gap.objects.get(stream="incidents")
    assert (gap.kind, gap.day, gap.expected, gap.found) == ("count", day(3), 6, 2)
    assert (gap.closed_at, gap.customer_id) == (None, read.customer_id)
    assert gap.low == f"{day(3)}T00:00:00.000000Z" and gap.high == f"{day(2)}T00:00:00.000000Z"


def test_a_day_of_many_pages_is_read_again_in_turns(read, directory, world):
    story(directory, world, 3, 620)
    while not Gap.objects.filter(stream="incidents").exists():
        turn(read)
    Gap.objects.filter(stream="alerts").update(due_at=timezone.now() + HOUR)
    before = asked(world, directory)
    turn(read)
    assert asked(world, directory) - before == slices.PAGES
    place = DayCount.objects.get(stream="incidents", day=day(3))
    assert place.position and Incident.objects.count() > 400
    turn(read)
    assert Gap.objects.get(stream="incidents").closed_at
    assert DayCount.objects.get(pk=place.pk).found == 622


def test_what_cannot_be_stored_keeps_the_gap_open_with_growing_pauses(read, directory, world):
    (foreign,) = story(directory, world, 3)
    foreign["tenantId"] = "ffffffff-ffff-4fff-8fff-ffffffffffff"
    turns(read)
    gap = Gap.objects.get(stream="incidents")
    assert (gap.closed_at, gap.attempts, gap.expected, gap.found) == (None, 1, 3, 2)
    assert gap.reason == completeness.NOT_STORED
    pauses = []
    for _ in range(4):
        Gap.objects.update(due_at=timezone.now())
        turns(read)
        gap.refresh_from_db()
        pauses.append(gap.due_at - gap.tried_at)
    assert pauses == [HOUR, 4 * HOUR, DAY, DAY]
    foreign["tenantId"] = ""
    Gap.objects.update(due_at=timezone.now())
    turns(read)
    assert not Gap.objects.filter(closed_at=None).exists()


def test_a_gap_of_which_microsoft_gives_no_number_any_more_stays_open(read, directory, world):
    (foreign,) = story(directory, world, 3)
    foreign["tenantId"] = "ffffffff-ffff-4fff-8fff-ffffffffffff"
    turns(read)
    world.faults.add("status", path="count=true", value=400, times=1000)
    Gap.objects.update(due_at=timezone.now())
    turns(read)
    assert Gap.objects.get(stream="incidents", closed_at=None).attempts == 2


def test_the_past_is_counted_as_far_as_it_was_reached(read):
    reached = days.start(day(5)) - HOUR
    Backfill.objects.update(finished_at=None, reached_at=reached)
    next_at = None
    for _ in range(4):
        next_at = turn(read)
    assert sorted(set(DayCount.objects.values_list("day", flat=True))) == [day(age) for age in (5, 4, 3, 2, 1, 0)]
    assert next_at and timezone.now() < next_at <= timezone.now() + completeness.WAIT


@pytest.mark.parametrize("completed", [None, 20 * 60])
def test_a_stream_that_is_not_read_up_to_date_is_not_counted(read, completed):
    at = timezone.now() - timedelta(seconds=completed) if completed else None
    SyncState.objects.filter(stream="incidents").update(completed_at=at)
    turns(read)
    assert set(DayCount.objects.values_list("stream", flat=True)) == {"alerts"}


def test_what_is_younger_than_the_last_live_read_is_left_out_on_both_sides(read, directory, world):
    directory.add_story(datetime.now(UTC) - timedelta(minutes=8), STORIES[0], hostile=False)
    SyncState.objects.filter(stream="incidents").update(completed_at=timezone.now() - timedelta(minutes=6))
    spans = completeness.countable(read)
    assert spans["incidents"].high < spans["alerts"].high <= timezone.now() - completeness.SETTLING
    turns(read)
    assert not Gap.objects.filter(stream="incidents").exists()


def test_a_reader_that_lost_its_lease_writes_no_number(read):
    state = claimed(read)
    SyncState.objects.filter(pk=state.pk).update(fence=state.fence + 1)
    with pytest.raises(leases.Lost):
        completeness.read(state, cloud.graph(read))
    assert not DayCount.objects.exists()


def test_a_failure_while_counting_is_no_number(read, world):
    world.faults.add("throttle", path="count=true", value="7")
    with pytest.raises(Throttled):
        turn(read)
    assert not DayCount.objects.exists()
    turns(read)
    assert DayCount.objects.count() == 60


def test_a_stream_at_which_microsoft_fails_does_not_keep_the_other_from_being_counted(read, world):
    world.faults.add("status", path="alerts_v2?", value=503, times=1000)
    for _ in range(8):
        with pytest.raises(DefenderError):
            turn(read)
    assert set(DayCount.objects.values_list("stream", flat=True)) == {"incidents"}


def test_a_day_at_which_microsoft_fails_waits_while_the_others_are_counted(read, directory, world):
    turns(read)
    story(directory, world, 3)
    again(world)
    while not Gap.objects.filter(stream="incidents").exists():
        turn(read)
    world.faults.add("status", path="orderby=createdDateTime", value=503, times=1000)
    for _ in range(Gap.objects.count()):
        with pytest.raises(DefenderError):
            turn(read)
    gap = Gap.objects.get(stream="incidents")
    assert (gap.attempts, gap.reason, gap.closed_at) == (1, "Graph answered with status 503.", None)
    world.requests.clear()  # the minute in which Microsoft counts them is over
    for _ in days.ROWS:
        with pytest.raises(DefenderError):  # the lists of ids wait too
            turns(read)
    turns(read)
    assert DayCount.objects.filter(counted_at__gt=timezone.now() - HOUR).count() == 60
    world.faults.clear()
    world.requests.clear()
    Gap.objects.update(due_at=timezone.now())
    turns(read)
    assert not Gap.objects.filter(closed_at=None).exists()


def test_a_kill_between_two_pages_of_a_day_reads_on_from_there(read, directory, world):
    story(directory, world, 3, 120)
    while not Gap.objects.filter(stream="incidents").exists():
        turn(read)
    place = DayCount.objects.get(stream="incidents", day=day(3))
    first = next(slices.pages(cloud.graph(read), "incidents", noon(3), noon(2), "createdDateTime", ""))
    completeness.keep(claimed(read), place, first)
    # The process dies here; the next one has only what was committed.
    Gap.objects.filter(stream="alerts").update(due_at=timezone.now() + HOUR)
    before = asked(world, directory)
    turn(read)
    assert asked(world, directory) - before == 3  # two pages and the count
    assert Gap.objects.get(stream="incidents").closed_at and counted()[2] == (122, 122)
