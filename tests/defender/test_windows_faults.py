"""Windows in which Graph misbehaves: what cannot be listed stands alone, and all around it is read."""

import itertools
import json

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from defender import errors, incidents, windows
from defender.places import around, wire
from defender.shapes import nanoseconds
from tests.defender.lists import BASE, SINCE, List, ids, text, window

ORDERS = ["rising", "falling", "mixed"]
END = text(100_000_000)


def calls(microsoft, listed, **options):
    """The pages of as many calls as it takes, each from where the one before has stopped."""
    pages, position = [], ""
    for _ in range(60):
        pages += window(microsoft, listed, position=position, **options)
        position = pages[-1].position
        if not position:
            return pages
    raise AssertionError("The window does not end.")


def refused(pages):
    return [(hole.low, hole.high) for page in pages for hole in page.refused]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("orderby", [True, False])
def test_ties_larger_than_two_pages_are_read_whole(microsoft, order, orderby):
    listed = List([*range(30), *[100] * 170, *range(200, 230), *[300] * 120], order=order)
    listed.orderby = orderby
    assert ids(window(microsoft, listed)) == set(listed.times)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("place", [0, 1, 49, 50, 77, 149])
def test_one_poison_incident_costs_itself_only(microsoft, order, place):
    listed = List(range(0, 150_000, 1000), order=order)
    listed.poison = {str(place)}
    pages = calls(microsoft, listed, until=END)
    assert ids(pages) == set(listed.times) - listed.poison
    assert [tuple(map(nanoseconds, hole)) for hole in refused(pages)] == [(nanoseconds(text(place * 1000)),) * 2]


@pytest.mark.parametrize("order", ORDERS)
def test_poison_at_three_places_is_isolated_too(microsoft, order):
    listed = List(range(0, 150_000, 1000), order=order)
    listed.poison = {"3", "4", "120"}
    pages = calls(microsoft, listed, until=END)
    assert ids(pages) == set(listed.times) - listed.poison and len(refused(pages)) == 3


def test_poison_in_a_window_without_an_end_is_isolated(microsoft):
    listed = List(range(0, 150_000, 1000))
    listed.poison = {"70"}
    pages = calls(microsoft, listed)
    assert ids(pages) == set(listed.times) - listed.poison and len(refused(pages)) == 1


def test_a_hunt_asks_little_a_call_and_goes_on_where_it_was(microsoft):
    listed = List(range(0, 150_000, 1000))
    listed.poison = {"70"}
    pages, position, costs = [], "", []
    while not pages or position:
        asked = len(listed.asked)
        pages += window(microsoft, listed, position=position, until=END)
        costs.append(len(listed.asked) - asked)
        position = pages[-1].position
    assert len(costs) > 1 and max(costs) <= 30


def test_a_tie_with_poison_gives_what_stands_before_it(microsoft):
    listed = List([*range(10), *[500] * 60, *range(600, 620)])
    listed.poison = {"40"}
    pages = calls(microsoft, listed, until=END)
    before = {str(number) for number in range(40)} | {str(number) for number in range(70, 90)}
    assert ids(pages) == before and len(refused(pages)) == 1


def test_what_has_the_very_time_of_the_poison_is_read_too(microsoft):
    listed = List([*range(10), *[500] * 5, *range(600, 620)])
    listed.poison = {"12"}
    pages = calls(microsoft, listed, until=END)
    assert ids(pages) == set(listed.times) - listed.poison and len(refused(pages)) == 1


def test_a_directory_in_which_nothing_answers_is_not_hunted(microsoft):
    listed = List(range(100))
    listed.down = lambda query: httpx.Response(500)
    with pytest.raises(errors.ServerFault):
        window(microsoft, listed)
    assert len(listed.asked) == 5


def test_one_failure_is_chance(microsoft):
    listed, failures = List(range(100)), iter([httpx.Response(500)])
    listed.down = lambda query: next(failures, None)
    assert ids(window(microsoft, listed)) == set(listed.times) and len(listed.asked) == 4


def test_a_failure_with_a_time_to_wait_is_no_poison(microsoft):
    listed = List(range(100))
    listed.down = lambda query: httpx.Response(503, headers={"Retry-After": "30"})
    with pytest.raises(errors.ServerFault):
        window(microsoft, listed)
    assert len(listed.asked) == 1


def test_pages_that_are_too_heavy_are_read_in_smaller_ones(microsoft):
    listed = List(range(0, 100_000, 1000))
    listed.down = lambda query: httpx.Response(500) if int(query.get("$top", 0)) > 12 else None
    pages = calls(microsoft, listed, until=END)
    assert ids(pages) == set(listed.times) and not refused(pages)


@pytest.mark.parametrize("status", [400, 404, 410, 500])
@pytest.mark.parametrize("order", ORDERS)
def test_a_second_page_that_always_fails_is_read_by_time(microsoft, order, status):
    listed = List(range(0, 170_000, 1000), order=order)
    listed.down = lambda query: httpx.Response(status, json={}) if "$skiptoken" in query else None
    assert ids(calls(microsoft, listed, until=END)) == set(listed.times)


def test_a_tie_whose_links_are_refused_is_a_fault(microsoft):
    with pytest.raises(errors.MicrosoftFault, match="refuses its own link"):
        calls(microsoft, List([5] * 120, order="mixed", links=False), until=END)


def test_a_partial_answer_moves_nothing(microsoft):
    listed = List(range(120))
    first = next(incidents.changed_incidents(serving(microsoft, listed), SINCE))
    listed.down = lambda query: httpx.Response(206, json={"value": []})
    with pytest.raises(errors.MicrosoftFault, match="partial"):
        window(microsoft, listed, position=first.position)
    listed.down = lambda query: None
    assert ids([first, *window(microsoft, listed, position=first.position)]) == set(listed.times)


def serving(microsoft, listed):
    microsoft.answer = listed
    return microsoft.graph()


def test_pages_that_never_end_end_with_a_fault(microsoft):
    numbers = itertools.count()

    def endless(request):
        link = f"{BASE}?$skiptoken={next(numbers)}"
        return httpx.Response(200, json={"value": [], "@odata.nextLink": link})

    with pytest.raises(errors.Endless, match="does not end"):
        window(microsoft, endless)
    assert next(numbers) == windows.MOST_IDLE


def test_the_pages_of_a_window_are_numbered_across_processes(microsoft):
    listed = List(range(120), order="falling")
    first = next(incidents.changed_incidents(serving(microsoft, listed), SINCE))
    place = json.loads(first.position)
    assert place["pages"] == 1
    place["pages"] = windows.MOST_PAGES
    with pytest.raises(errors.Endless):
        window(microsoft, listed, position=json.dumps(place | {"order": "mixed"}))


def test_links_that_lead_in_circles_are_left_for_time(microsoft):
    listed, first = List(range(120), order="falling"), []

    def circling(request):
        answer = listed(request)
        if "$skiptoken" in request.url.params and len(first) == 1:
            answer = httpx.Response(200, json=first[0])
        first.append(answer.json())
        return answer

    pages = window(microsoft, circling)
    assert ids(pages) == set(listed.times)


def test_ranges_known_to_be_refused_are_left_out(microsoft):
    listed = List(range(0, 150_000, 1000))
    listed.poison = {"70"}
    hole = (text(70_000), text(70_000))
    pages = window(microsoft, listed, without=[hole])
    assert ids(pages) == set(listed.times) - listed.poison and not refused(pages)
    assert [bool(page.position) for page in window(microsoft, listed, text(70_000), until=text(70_001), without=[hole])] == [False]  # fmt: skip


def test_holes_are_cut_out_of_a_range():
    one, two, three, four = (wire(second * 10**9) for second in (1, 2, 3, 4))
    tick = wire(2 * 10**9 + 100)
    assert around((one, ""), [(two, two)]) == [(one, two), (tick, "")]
    assert around((one, four), [(three, four), (one, two)]) == [(tick, three)]
    assert around((three, four), [(one, two)]) == [(three, four)]
    assert around((one, two), [(three, four)]) == [(one, two)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 60), max_size=40), st.integers(2, 7), st.sampled_from(ORDERS[:2]), st.booleans(),
    st.sets(st.integers(0, 39), max_size=3), st.sets(st.integers(0, 60), max_size=8),
)  # fmt: skip
def test_whatever_fails_all_that_is_not_refused_is_read(microsoft, times, most, order, links, poison, failing):
    listed = List(times, order=order, most=most)
    listed.poison = {str(number) for number in poison} & set(listed.times)
    listed.down = lambda query: (
        httpx.Response(500)
        if len(listed.asked) in failing or ("$skiptoken" in query and not links and len(listed.asked) % 2)
        else None
    )
    pages, position = [], ""
    for _ in range(400):
        try:
            pages += window(microsoft, listed, position=position, until=text(61))
            position = pages[-1].position
        except errors.ServerFault:
            continue
        if not position:
            break
    holes = [(nanoseconds(low), nanoseconds(high)) for low, high in refused(pages)]
    lost = {nanoseconds(text(listed.times[name])) for name in set(listed.times) - ids(pages)}
    assert not position and all(any(low <= time <= high for low, high in holes) for time in lost)
