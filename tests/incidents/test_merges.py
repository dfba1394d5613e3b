"""A merged incident is a link: it leads to the one that goes on, in whatever order the two are read."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from incidents import filters, merges, queries, store, sync
from incidents.models import Alert, Change, Incident, SetAside
from simulator.stories import STORIES
from tenants.models import Customer, Tenant
from tests.incidents.test_history import alert, incident, item

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 1, 12, 0, 0, 123456, tzinfo=UTC)


def arrive(tenant: Tenant, number: int, at: int, into: int | None = None, **fields: Any) -> None:
    """A version of the incident of minute `at`; merged into another one when that is given."""
    merged = {"status": "redirected", "redirectIncidentId": str(into)} if into else {}
    created = {"createdDateTime": item(number)["lastUpdateDateTime"]}
    store.store(tenant, "incidents", incident(item(at, str(number), **created, **merged, **fields)))


def survivors() -> dict[str, str | None]:
    return dict(Incident.objects.values_list("microsoft_id", "survivor__microsoft_id"))


def opened() -> dict[str, int]:
    """When the clock of each began, in minutes."""
    pairs = Incident.objects.values_list("microsoft_id", "opened_at")
    return {name: round((at - NOON) / timedelta(minutes=1)) for name, at in pairs}


def row_versions() -> list[tuple[str, str]]:
    """The place on disk of each row: another one after every write."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT microsoft_id, ctid::text FROM incidents_incident ORDER BY microsoft_id")
        return cursor.fetchall()


def homes() -> dict[str, str]:
    return dict(Alert.objects.values_list("microsoft_id", "incident__microsoft_id"))


def with_alert(tenant: Tenant, number: int) -> None:
    store.store(tenant, "alerts", alert(item(0, f"a{number}", incidentId=str(number))))


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3, 4])))
def test_a_chain_is_followed_to_its_end_in_whatever_order_it_is_read(tenant, order):
    targets = {1: 2, 2: 3, 3: 4, 4: None}
    for number in order:
        with_alert(tenant, number)
        arrive(tenant, number, 10, targets[number])
    assert survivors() == {"1": "4", "2": "4", "3": "4", "4": None}
    assert opened() == {"1": 1, "2": 2, "3": 3, "4": 1}
    assert set(homes().values()) == {"4"}
    assert dict(Incident.objects.values_list("microsoft_id", "alert_count")) == {"1": 0, "2": 0, "3": 0, "4": 4}


def test_a_chain_in_one_page_is_followed(tenant):
    shells = [item(9, str(n), status="redirected", redirectIncidentId=str(n + 1)) for n in range(1, 40)]
    store.store(tenant, "incidents", incident(*shells, item(9, "40")))
    assert set(survivors().values()) == {"40", None}
    assert Incident.objects.filter(survivor=None).get().microsoft_id == "40"


def test_a_chain_that_changes_its_end_takes_all_earlier_ones_along(tenant):
    for number, into in ((5, None), (4, None), (3, None), (2, 3), (1, 2)):
        arrive(tenant, number, 10, into)
    assert survivors() == {"1": "3", "2": "3", "3": None, "4": None, "5": None}
    arrive(tenant, 3, 20, 4)
    assert survivors() == {"1": "4", "2": "4", "3": "4", "4": None, "5": None}
    assert opened() == {"1": 1, "2": 2, "3": 3, "4": 1, "5": 5}
    arrive(tenant, 2, 30, 5)
    assert survivors() == {"1": "5", "2": "5", "3": "4", "4": None, "5": None}
    assert opened() == {"1": 1, "2": 2, "3": 3, "4": 3, "5": 1}


def test_a_link_waits_for_its_target_and_its_alerts_with_it(tenant):
    with_alert(tenant, 2)
    arrive(tenant, 2, 10, 7)
    arrive(tenant, 1, 10, 2)
    assert survivors() == {"1": None, "2": None}
    assert homes() == {"a2": "2"}
    arrive(tenant, 7, 10)
    assert survivors() == {"1": "7", "2": "7", "7": None}
    assert homes() == {"a2": "7"}


def test_an_end_that_goes_on_into_the_unknown_is_an_end_no_more(tenant):
    arrive(tenant, 2, 10)
    arrive(tenant, 1, 10, 2)
    arrive(tenant, 2, 20, 9)
    assert survivors() == {"1": None, "2": None}
    assert opened() == {"1": 1, "2": 2}


def test_a_merge_that_is_undone_gives_back_clock_and_alerts(tenant):
    for number in (1, 2, 3):
        arrive(tenant, number, 5)
        with_alert(tenant, number)
    arrive(tenant, 2, 10, 3)
    arrive(tenant, 1, 10, 2)
    assert set(homes().values()) == {"3"}
    arrive(tenant, 2, 20, status="active", redirectIncidentId="3")  # the name alone makes no link
    assert survivors() == {"1": "2", "2": None, "3": None}
    assert opened() == {"1": 1, "2": 1, "3": 3}
    assert homes() == {"a1": "2", "a2": "2", "a3": "3"}
    assert dict(Incident.objects.values_list("microsoft_id", "alert_count")) == {"1": 0, "2": 2, "3": 1}


def test_a_later_change_of_link_or_survivor_keeps_the_tie_and_the_clock(tenant):
    arrive(tenant, 2, 5)
    arrive(tenant, 1, 10, 2)
    arrive(tenant, 2, 20, status="inProgress")
    arrive(tenant, 1, 30, 2, customTags=["late"])
    arrive(tenant, 1, 4)  # of before the merge
    assert survivors() == {"1": "2", "2": None}
    assert opened() == {"1": 1, "2": 1}


def test_an_alert_that_still_names_a_link_belongs_to_its_survivor(tenant):
    arrive(tenant, 2, 5)
    arrive(tenant, 1, 10, 2)
    with_alert(tenant, 1)
    assert homes() == {"a1": "2"}
    expanded = {**item(20, "1", status="redirected", redirectIncidentId="2"), "alerts": [item(20, "b", incidentId="1")]}
    store.store(tenant, "incidents", incident(expanded))
    assert homes() == {"a1": "2", "b": "2"}
    assert Incident.objects.get(microsoft_id="2").alert_count == 2


def expected(links: dict[int, int | None]) -> dict[str, str | None]:
    """The survivors by a walk of their own: from each along its links until there is none."""
    ends: dict[str, str | None] = {}
    for number in links:
        at: int | None = number
        for _ in links:
            if at in links and links[at]:
                at = links[at]
        ends[str(number)] = str(at) if at in links and not links[at] and at != number else None
    return ends


@pytest.mark.parametrize("seed", range(8))
def test_any_history_of_merges_ends_as_microsoft_has_it(tenant, seed):
    chance, links = random.Random(seed), {}
    for at in range(1, 40):
        number = chance.randint(1, 8)
        links[number] = chance.choice([None, *range(1, 9)])
        if chance.random() < 0.3:
            with_alert(tenant, number)
        arrive(tenant, number, at, links[number])
        assert survivors() == expected(links)
    members = {end: [n for n in links if survivors()[str(n)] == end or str(n) == end] for end in map(str, links)}
    for number in links:
        alone = links[number] is not None
        assert opened()[str(number)] == (number if alone else min(members[str(number)]))
    named = {f"a{number}": survivors()[str(number)] or str(number) for number in links}
    assert homes() == {name: named[name] for name in homes()}
    counted = dict(Incident.objects.values_list("microsoft_id", "alert_count"))
    assert counted == {str(number): list(homes().values()).count(str(number)) for number in links}


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_circle_has_no_survivor_and_is_set_aside_until_it_opens(tenant, length):
    for number in range(1, length + 1):
        arrive(tenant, number, 10, number % length + 1)
    arrive(tenant, 9, 10, 1)
    assert set(survivors().values()) == {None}
    aside = SetAside.objects.filter(reason=merges.CIRCLE)
    assert sorted(aside.values_list("microsoft_id", flat=True)) == [str(number) for number in range(1, length + 1)]
    assert {(row.customer, row.tenant) for row in aside} == {(tenant.customer, tenant)}
    arrive(tenant, 1, 20)
    assert survivors() == {"9": "1", "1": None} | {str(number): "1" for number in range(2, length + 1)}
    assert not SetAside.objects.exists()


def test_a_merge_is_told_as_one_and_is_neither_resolve_nor_reopen(tenant):
    arrive(tenant, 2, 5)
    arrive(tenant, 1, 5)
    arrive(tenant, 1, 10, 2)
    steps = Change.objects.exclude(field="created").values_list("incident__microsoft_id", "field", "before", "after")
    assert set(steps) == {("1", "status", "active", "redirected"), ("1", "redirected_to", "", "2")}


def test_directories_with_the_same_ids_are_never_tied(tenant):
    customer = Customer.objects.create(name="Other")
    other = Tenant.objects.create(customer=customer, entra_id=UUID(int=7))
    sister = Tenant.objects.create(customer=tenant.customer, entra_id=UUID(int=8))
    arrive(tenant, 1, 10, 2)
    for strange in (other, sister):
        arrive(strange, 2, 10)
        arrive(strange, 5, 10)
    assert not Incident.objects.exclude(survivor=None).exists()
    for strange in (other, sister):
        with pytest.raises(IntegrityError, match="same customer"), transaction.atomic():
            Incident.objects.filter(tenant=tenant).update(
                survivor=Incident.objects.get(tenant=strange, microsoft_id="2")
            )


def test_counts_know_survivors_only(tenant, operator):
    for number in (1, 2, 3):
        arrive(tenant, number, 5)
    arrive(tenant, 1, 10, 3)
    arrive(tenant, 2, 10, 9)
    assert queries.overview(operator).open == 1
    rows = queries.queue(operator, filters.Filters()).rows
    assert [row.microsoft_id for row in rows] == ["3"]


def test_storing_what_is_known_touches_no_link(tenant):
    arrive(tenant, 2, 5)
    arrive(tenant, 1, 10, 2)
    before = row_versions()
    arrive(tenant, 1, 10, 2)
    arrive(tenant, 2, 5)
    assert row_versions() == before


def test_a_merge_at_microsoft_arrives_whole(tenant, directory, world):
    for minutes in (30, 20, 10):
        directory.add_story(world.now - timedelta(minutes=minutes), STORIES[1], hostile=False)
    world.advance(3600)
    sync.pull(tenant)
    directory.merge(world.now, "1", "2")
    world.advance(60)
    sync.pull(tenant)
    directory.merge(world.now, "2", "3")
    sync.pull(tenant)
    assert survivors() == {"1": "3", "2": "3", "3": None}
    last, first = Incident.objects.get(microsoft_id="3"), Incident.objects.get(microsoft_id="1")
    assert (last.opened_at, last.alert_count) == (first.microsoft_created_at, len(directory.alerts))
    assert [found.microsoft_id for found in merges.merged_from(last)] == ["1", "2"]


def test_an_old_address_leads_to_the_survivor_and_the_link_stays_within_reach(tenant, client, operator):
    for number, into in ((3, None), (2, 3), (1, 2)):
        arrive(tenant, number, 10, into, displayName=f"Number {number} <i>")
    first, last = Incident.objects.get(microsoft_id="1"), Incident.objects.get(microsoft_id="3")
    client.force_login(operator)
    answer = client.get(first.get_absolute_url(), follow=True)
    assert answer.redirect_chain == [(f"{last.get_absolute_url()}?from={first.pk}", 302)]
    assert answer.context["incident"] == last
    assert [one.microsoft_id for one in answer.context["merged"]] == ["1", "2"]
    page = answer.content.decode()
    assert "Merged from" in page
    assert page.count(f'href="{first.get_absolute_url()}?merged=1"') == 2
    own = client.get(f"{first.get_absolute_url()}?merged=1")
    assert (own.status_code, own.context["incident"], own.context["survivor"]) == (200, first, last)
    assert "Merged into" in own.content.decode()
    assert "Merged from" not in client.get(last.get_absolute_url()).content.decode()


def test_a_link_without_known_end_shows_itself(tenant, client, operator):
    arrive(tenant, 1, 10, 2)
    arrive(tenant, 2, 10, 9)
    client.force_login(operator)
    shown = {name: client.get(Incident.objects.get(microsoft_id=name).get_absolute_url()) for name in ("1", "2")}
    assert shown["1"].context["survivor"] == Incident.objects.get(microsoft_id="2")
    assert "#9" in shown["2"].content.decode()


@pytest.mark.parametrize("from_", ["", "x", "00000000-0000-0000-0000-000000000000", "<script>"])
def test_where_somebody_came_from_is_believed_of_merged_ones_only(tenant, client, operator, from_):
    arrive(tenant, 1, 10)
    client.force_login(operator)
    answer = client.get(Incident.objects.get().get_absolute_url(), {"from": from_})
    assert (answer.status_code, answer.context["came_from"]) == (200, None)


def test_a_link_tells_a_stranger_nothing(tenant, client, analyst):
    arrive(tenant, 2, 10)
    arrive(tenant, 1, 10, 2)
    client.force_login(analyst)
    assert client.get(Incident.objects.get(microsoft_id="1").get_absolute_url()).status_code == 404
