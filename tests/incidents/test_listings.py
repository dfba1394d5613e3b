"""Ids are compared, not only numbers; and where Microsoft refuses to count, they are the number."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from defender import listing
from defender.errors import DefenderError
from incidents import completeness, days, leases, listings, proofs, slices
from incidents.models import Alert, DayCount, Gap, Incident, ListedItem, Listing, SyncState
from tenants import cloud
from tests.incidents.counting import DAY, HOUR, again, asked, claimed, counted, day, noon, story, turn, turns

pytestmark = pytest.mark.django_db


def until_listing(tenant):
    """All counts are taken, and no list is begun."""
    while completeness.due_days(tenant, completeness.countable(tenant)):
        turn(tenant)
    assert not Listing.objects.exists()


def refuse_to_count(world):
    world.faults.add("status", path="count=true", value=400, times=1000)


def of_day(age, stream="incidents"):
    return DayCount.objects.get(stream=stream, day=day(age))


def test_a_list_asks_for_ids_and_times_only_and_all_days_at_once(read, directory, world, monkeypatch):
    until_listing(read)
    seen = []
    asked_for = world.faults.take
    monkeypatch.setattr(world.faults, "take", lambda *told: seen.append(told[2]) or asked_for(*told))
    turns(read)
    assert len(seen) == 2
    assert all("%24select=id,createdDateTime,lastUpdateDateTime" in path.replace("%2C", ",") for path in seen)
    assert DayCount.objects.exclude(listed_at=None).count() == 60
    assert not ListedItem.objects.exists() and not Listing.objects.exists() and not Gap.objects.exists()


def test_equal_numbers_of_different_incidents_are_a_gap_that_closes_by_reading(read, directory, world):
    until_listing(read)
    turns(read)
    gone, *_ = (name for name, item in directory.incidents.items() if item["createdDateTime"][:10] == str(day(3)))
    del directory.incidents[gone]
    (late,) = story(directory, world, 3)
    again(world)
    while not Gap.objects.filter(stream="incidents").exists():
        turn(read)
    assert (of_day(3).expected, of_day(3).found, of_day(3).missing, of_day(3).gone) == (2, 2, 1, 1)
    gap = Gap.objects.get(stream="incidents")
    assert (gap.day, gap.expected, gap.found, gap.closed_at) == (day(3), 2, 1, None)
    turns(read)
    assert Incident.objects.filter(microsoft_id=late["id"]).exists()
    assert not Gap.objects.filter(closed_at=None).exists() and not days.lacking(read, "incidents")
    assert (of_day(3).missing, of_day(3).gone) == (0, 1)


def test_few_missing_ones_are_asked_for_by_themselves(read, directory, world):
    until_listing(read)
    late = story(directory, world, 3, 3)
    while not Gap.objects.filter(stream="incidents").exists():
        turn(read)
    Gap.objects.filter(stream="alerts").update(due_at=timezone.now() + HOUR)
    before = asked(world, directory)
    turn(read)
    assert asked(world, directory) - before == len(late) + 1  # and the count
    assert Gap.objects.get(stream="incidents").closed_at and counted()[2] == (5, 5)


def test_a_missing_one_that_microsoft_has_deleted_meanwhile_is_missing_no_more(read, directory, world):
    until_listing(read)
    (late,) = story(directory, world, 3)
    while not Gap.objects.filter(stream="incidents").exists():
        turn(read)
    del directory.incidents[late["id"]]
    turns(read)
    assert Gap.objects.get(stream="incidents").closed_at
    assert not ListedItem.objects.filter(stream="incidents").exists()


def test_what_microsoft_has_deleted_is_said_and_is_not_read_again(read, directory, world, operator):
    turns(read)
    gone = next(iter(directory.incidents))
    del directory.incidents[gone]
    again(world)
    before = asked(world, directory)
    turns(read)
    assert asked(world, directory) - before == 62
    assert sorted(counted()) == [(1, 2), (2, 2), (2, 2), (2, 2), (2, 2)]
    assert not Gap.objects.exists() and Incident.objects.filter(microsoft_id=gone).exists()
    tally = proofs.by_tenant(operator)[read.pk].incidents
    assert (tally.here, tally.there, tally.ours, tally.missing) == (9, 9, 1, 0)


def test_what_was_stored_or_changed_while_the_list_was_read_is_not_said_to_be_deleted(read, directory):
    until_listing(read)
    turns(read)
    names = list(directory.incidents)[:3]
    Incident.objects.filter(microsoft_id=names[0]).update(first_seen_at=timezone.now() + HOUR)
    Incident.objects.filter(microsoft_id=names[1]).update(microsoft_updated_at=timezone.now() + HOUR)
    for name in names:
        del directory.incidents[name]
    DayCount.objects.update(listed_at=timezone.now() - DAY)
    turns(read)
    assert sum(DayCount.objects.filter(stream="incidents").values_list("gone", flat=True)) == 1


def test_merged_incidents_are_on_both_sides(read, directory, world):
    names = list(directory.incidents)
    directory.merge(world.now, names[0], names[1])
    turns(read)
    assert counted() == [(2, 2)] * 5 and not Gap.objects.exists()
    assert not DayCount.objects.exclude(gone=0).exists()


def test_where_microsoft_refuses_to_count_the_lists_are_the_numbers(read, directory, world, operator):
    refuse_to_count(world)
    turns(read)
    assert counted() == [(2, 2)] * 5
    assert not DayCount.objects.filter(expected=None).exists()
    assert sum(expected for expected, _ in counted("alerts")) == len(directory.alerts)
    proof = proofs.by_tenant(operator)[read.pk]
    assert (proof.level, proof.incidents.here, proof.incidents.there) == ("ok", 10, 10)
    (late,) = story(directory, world, 3)
    again(world)
    turns(read)
    assert Incident.objects.filter(microsoft_id=late["id"]).exists()
    assert of_day(3).expected == of_day(3).found == 3 and not Gap.objects.filter(closed_at=None).exists()


def test_a_refused_count_leaves_the_numbers_until_the_day_is_listed(read, world):
    turns(read)
    refuse_to_count(world)
    DayCount.objects.update(counted_at=timezone.now() - HOUR)
    before = DayCount.objects.get(stream="incidents", day=day(1))
    turn(read)
    after = DayCount.objects.get(pk=before.pk)
    assert after.is_refused and (after.expected, after.counted_at) == (2, before.counted_at)
    turns(read)
    listed = DayCount.objects.filter(counted_at__gt=timezone.now() - HOUR / 2)
    assert {count.day for count in listed} == {day(0), day(1), day(2)}
    assert not any(count.is_refused for count in DayCount.objects.all())


@pytest.mark.parametrize("refused", ["select", "order", "both"])
def test_a_list_does_without_what_microsoft_refuses(read, directory, world, refused):
    if refused != "select":
        directory.order = "refused"
    if refused != "order":
        world.faults.add("status", path="select=", value=400, times=1000)
    refuse_to_count(world)
    turns(read)
    assert counted() == [(2, 2)] * 5 and not Gap.objects.exists()


@pytest.mark.parametrize("order", ["honoured", "ignored", "refused"])
def test_a_kill_between_any_two_pages_lists_on_from_there(read, directory, world, order):
    story(directory, world, 3, 230)
    directory.order = order
    refuse_to_count(world)
    until_listing(read)
    pages = 0
    while DayCount.objects.filter(stream="incidents", listed_at=None).exists():
        state, graph = claimed(read), cloud.graph(read)
        listing = listings.due(read, ["incidents"]) or listings.begun(state, {"incidents": span(read)})
        page = next(slices.ids(graph, "incidents", listing.low_at, listing.high_at, listing.position))
        listings.commit(state, listing, page)
        pages += 1
        # The process dies here; the next one has only what was committed.
    assert pages >= 5
    assert (of_day(3).expected, of_day(3).missing, of_day(3).found) == (232, 230, 2)


def span(tenant):
    return completeness.countable(tenant)["incidents"]


def test_a_turn_lists_ten_pages_at_most(read, directory, world, monkeypatch):
    monkeypatch.setattr(listing, "PAGE_SIZES", dict.fromkeys(listing.PAGE_SIZES, 50))
    story(directory, world, 3, 620)
    until_listing(read)
    Gap.objects.update(due_at=timezone.now() + HOUR)
    world.requests.clear()
    turn(read)
    assert asked(world, directory) == slices.PAGES
    assert Listing.objects.get().position and ListedItem.objects.count() > 400
    turns(read)
    assert of_day(3).listed_at and not Listing.objects.exists()


def test_a_page_that_lost_its_lease_is_not_written(read):
    until_listing(read)
    state = claimed(read)
    listing = listings.begun(state, completeness.countable(read))
    SyncState.objects.filter(pk=state.pk).update(fence=state.fence + 1)
    with pytest.raises(leases.Lost):
        listings.read(state, cloud.graph(read), completeness.countable(read))
    assert not ListedItem.objects.exists() and Listing.objects.get().position == listing.position


def test_a_list_at_which_microsoft_fails_waits_while_the_other_is_read(read, world):
    until_listing(read)
    world.faults.add("status", path="incidents?", value=503, times=1000)
    with pytest.raises(DefenderError):
        turns(read)
    turns(read)
    assert DayCount.objects.filter(listed_at=None).values_list("stream").distinct().get() == ("incidents",)
    assert Listing.objects.get().due_at > timezone.now() + timedelta(minutes=10)
    world.faults.clear()
    Listing.objects.update(due_at=timezone.now())
    turns(read)
    assert not DayCount.objects.filter(listed_at=None).exists()


def test_a_day_that_cannot_be_listed_whole_claims_neither_a_number_nor_a_loss(read, directory, world):
    refuse_to_count(world)
    directory.poison.add(next(iter(directory.incidents)))
    while turn(read) <= timezone.now():
        world.requests.clear()  # the hunt for it takes more than Microsoft allows in a minute
    poisoned = DayCount.objects.get(stream="incidents", expected=None)
    assert (poisoned.gone, poisoned.missing) == (0, 0) and poisoned.listed_at
    assert counted().count((2, 2)) == 4 and not Gap.objects.exists()


def test_an_entry_without_a_time_is_of_no_day(read, world):
    until_listing(read)
    world.faults.add("item", path="select=", value=json.dumps({"id": "x", "createdDateTime": "?"}))
    turns(read)
    assert not Gap.objects.exists() and not ListedItem.objects.exists()


def test_the_alerts_of_a_late_incident_are_missing_too(read, directory, world):
    until_listing(read)
    story(directory, world, 10)
    turns(read)
    assert Alert.objects.count() == len(directory.alerts) and not Gap.objects.filter(closed_at=None).exists()


def test_days_are_listed_in_one_stretch_from_the_newest_that_is_due():
    one, two, three = day(1), day(2), day(3)
    assert listings.run([three, one, two]) == (one, three)
    assert listings.run([three, one]) == (one, one)


def test_a_list_that_ends_at_midnight_has_no_day_after_it():
    listing = Listing(low_at=days.start(day(3)), high_at=days.start(day(1)))
    assert listing.days == [day(3), day(2)]
    listing.high_at = noon(1)
    assert listing.days == [day(3), day(2), day(1)]
