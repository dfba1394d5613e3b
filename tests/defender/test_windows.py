"""Windows over a list that is rising, falling or neither, with ties, refusals and changes while it is read."""

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from defender import errors, incidents, windows
from defender.shapes import nanoseconds, reading
from tests.defender.lists import BASE, SINCE, List, ids, text, window
from tests.defender.lists import refused as no


def test_a_rising_list_is_read_by_time_and_each_item_once(microsoft):
    listed = List(range(120))
    pages = window(microsoft, listed)
    assert [len(page.items) for page in pages] == [50, 49, 21]
    assert len(ids(pages)) == 120 and not any("$skiptoken" in query for query in listed.asked)
    assert [query["$filter"] for query in listed.asked] == [
        f"lastUpdateDateTime ge {edge}" for edge in (SINCE, text(49), text(98))
    ]
    assert [bool(page.position) for page in pages] == [True, True, False]
    assert pages[-1].newest == text(119)


def test_neither_count_nor_expand_is_asked_for(microsoft):
    listed = List([1])
    window(microsoft, listed)
    assert set(listed.asked[0]) == {"$filter", "$orderby", "$top"} and listed.asked[0]["$top"] == "50"


@pytest.mark.parametrize("order", ["rising", "falling", "mixed"])
def test_a_window_ends_before_its_upper_bound(microsoft, order):
    listed = List(range(200), order=order)
    microsoft.answer = listed
    found = ids(windows.pages(microsoft.graph(), "/security/incidents", reading.incidents, text(20), until=text(150)))
    assert found == {str(number) for number in range(20, 150)}
    assert all("lt " + text(150) in query.get("$filter", text(150)) or "$skiptoken" in query for query in listed.asked)


def test_a_window_by_created_time_asks_and_goes_on_by_it(microsoft):
    listed = List(range(120))
    listed.property = "createdDateTime"
    microsoft.answer = listed
    found = windows.pages(microsoft.graph(), "/security/incidents", reading.incidents, SINCE, by="createdDateTime")
    pages = list(found)
    assert ids(pages) == set(listed.times) and pages[-1].newest == text(119)
    assert {query["$orderby"] for query in listed.asked} == {"createdDateTime asc"}
    assert listed.asked[1]["$filter"] == f"createdDateTime ge {text(49)}"


@pytest.mark.parametrize(
    ("refused", "asked"),
    [((), 1), (("$select",), 2), (("$orderby",), 3), (("$orderby", "$select"), 4)],
)
def test_each_wish_that_graph_refuses_is_given_up_and_the_other_kept(microsoft, refused, asked):
    listed = List(range(20))
    listed.down = lambda query: no("not supported") if any(name in query for name in refused) else None
    microsoft.answer = listed
    found = windows.pages(microsoft.graph(), "/security/incidents", reading.incidents, SINCE, select="id")
    assert ids(found) == set(listed.times) and len(listed.asked) == asked
    assert {"$orderby", "$select"} & set(listed.asked[-1]) == {"$orderby", "$select"} - set(refused)


def test_an_incident_updated_meanwhile_takes_no_neighbour_with_it(microsoft):
    listed = List(range(120))
    listed.between = lambda served: listed.times.update({"3": 5_000}) if served == 1 else None
    assert ids(window(microsoft, listed)) == set(listed.times)


def test_a_falling_list_is_read_by_links(microsoft):
    listed = List(range(120), order="falling")
    pages = window(microsoft, listed)
    assert ids(pages) == set(listed.times) and pages[0].newest == text(119)
    assert sum("$skiptoken" in query for query in listed.asked) == 2


@pytest.mark.parametrize("order", ["rising", "falling"])
def test_a_page_of_one_time_shows_no_order_and_hides_nothing(microsoft, order):
    listed = List([*range(30), *[100] * 60, *range(200, 230)], order=order)
    assert ids(window(microsoft, listed)) == set(listed.times)
    listed = List([*[100] * 60, *range(30)] if order == "falling" else [*[0] * 60, *range(30)], order=order)
    assert ids(window(microsoft, listed)) == set(listed.times)


def test_a_refused_skip_token_switches_to_time_boundaries(microsoft):
    listed = List(range(120), order="falling", links=False)
    assert ids(window(microsoft, listed)) == set(listed.times)
    assert any(" and lastUpdateDateTime le " in query.get("$filter", "") for query in listed.asked)


def test_an_unordered_list_is_read_by_links(microsoft):
    listed = List(range(120), order="mixed")
    assert ids(window(microsoft, listed)) == set(listed.times)


def test_a_refused_page_size_is_learnt_once(microsoft):
    listed = List(range(30), most=10)
    assert ids(window(microsoft, listed)) == set(listed.times)
    assert [query.get("$top") for query in listed.asked][:3] == ["50", "10", "10"]


def test_a_refused_order_is_done_without(microsoft):
    listed = List(range(70), order="falling")
    listed.orderby = False
    assert ids(window(microsoft, listed)) == set(listed.times)


@pytest.mark.parametrize("order", ["rising", "falling", "mixed"])
def test_a_stale_position_falls_back_without_loss(microsoft, order):
    listed = List(range(170), order=order)
    pages = window(microsoft, listed)
    for number, page in enumerate(pages[:-1]):
        listed.links = False
        microsoft.answer = listed
        rest = incidents.changed_incidents(microsoft.graph(), SINCE, position=page.position)
        seen = ids(pages[: number + 1]) | ids([next(rest)])
        listed.links = True
        assert seen | ids(rest) == set(listed.times)


def test_an_unreadable_position_begins_anew(microsoft):
    listed = List(range(20))
    for position in ("nonsense", "[]", '{"link": 5}'):
        assert ids(window(microsoft, listed, position=position)) == set(listed.times)


def test_a_position_is_trusted_no_more_than_a_fresh_link(microsoft):
    with pytest.raises(errors.Untrustworthy):
        window(microsoft, List([1]), position='{"link": "https://example.org/v1.0/security/incidents"}')


def test_pages_that_repeat_end_with_a_fault(microsoft):
    microsoft.answer = lambda request: httpx.Response(
        200, json={"value": [], "@odata.nextLink": f"{BASE}?$skiptoken=1"}
    )
    with pytest.raises(errors.MicrosoftFault, match="again and again"):
        list(incidents.changed_incidents(microsoft.graph(), SINCE))
    served = iter(range(1000))
    same = [{"id": "1", "lastUpdateDateTime": text(9)}, {"id": "2", "lastUpdateDateTime": text(5)}]
    microsoft.answer = lambda request: httpx.Response(
        200, json={"value": same, "@odata.nextLink": f"{BASE}?$skiptoken={next(served)}"}
    )
    with pytest.raises(errors.MicrosoftFault, match="again and again"):
        list(incidents.changed_incidents(microsoft.graph(), SINCE))


def test_an_empty_page_with_a_link_is_followed(microsoft):
    bodies = iter([{"value": [], "@odata.nextLink": f"{BASE}?$skiptoken=1"}, {"value": [{"id": "1"}]}])
    microsoft.answer = lambda request: httpx.Response(200, json=next(bodies))
    assert ids(incidents.changed_incidents(microsoft.graph(), SINCE)) == {"1"}


@pytest.mark.parametrize("body", [{}, {"value": None}, {"value": {}}, {"value": "x"}])
def test_a_page_without_a_list_is_a_fault(microsoft, body):
    microsoft.answer = lambda request: httpx.Response(200, json=body)
    with pytest.raises(errors.MicrosoftFault):
        window(microsoft, microsoft.answer)


ORDERS = st.sampled_from(["rising", "falling"])
QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)


@QUIET
@given(st.lists(st.integers(0, 12), max_size=60), st.integers(1, 7), ORDERS, st.booleans())
def test_a_quiet_list_is_read_whole_whatever_its_ties(microsoft, times, most, order, orderby):
    listed = List(times, order=order, most=most)
    listed.orderby = orderby
    assert ids(window(microsoft, listed)) == set(listed.times)


@QUIET
@given(st.lists(st.integers(0, 400), max_size=60, unique=True), st.integers(2, 7), ORDERS, st.data())
def test_whatever_moves_meanwhile_is_found_by_this_window_or_the_next(microsoft, times, most, order, data):
    listed = List(times, order=order, most=most)
    later = iter(range(1000, 10_000))

    def update(served: int) -> None:
        if listed.times and served < 100:
            for name in data.draw(st.lists(st.sampled_from(sorted(listed.times)), max_size=3)):
                listed.times[name] = next(later)

    microsoft.answer, listed.between = listed, update
    pages, position = [], ""
    while not pages or position:
        # Each page in a new process, as after a restart.
        pages.append(next(incidents.changed_incidents(microsoft.graph(), SINCE, position=position)))
        position = pages[-1].position
    listed.between = lambda served: None
    newest = max((page.newest for page in pages), key=lambda date: nanoseconds(date) or 0)
    following = window(microsoft, listed, since=newest or SINCE)
    seen = {(item.id, item.value.last_update_date_time) for page in [*pages, *following] for item in page.items}
    assert seen >= {(name, text(time)) for name, time in listed.times.items()}
