"""The pages show what the person may see, and nothing else."""

import json
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents import filters, queries, sync
from incidents.models import Alert, Incident, SetAside
from incidents.templatetags import ui
from simulator import cast
from simulator.stories import STORIES
from tenants.models import Customer
from tests.walls.web import in_earnest

pytestmark = pytest.mark.django_db


@pytest.fixture
def incidents(tenant, directory, world):
    for index in range(60):
        directory.add_story(world.now - timedelta(minutes=index), STORIES[index % len(STORIES)], hostile=False)
    world.advance(1800)
    sync.pull(tenant)
    return Incident.objects.order_by("-microsoft_updated_at", "-pk")


def ids(response):
    return [row.microsoft_id for row in response.context["page"].rows]


def test_pages_are_private(client):
    for name in ("queue", "alerts", "sync"):
        assert client.get(reverse(name)).status_code == 302


def test_pages_follow_each_other_without_gap_or_repetition(client, operator, incidents):
    client.force_login(operator)
    first = client.get("/?view=all")
    second = client.get(f"/?view=all&after={quote(first.context['page'].after)}")
    assert len(ids(first)) == 50
    assert ids(first) + ids(second) == [row.microsoft_id for row in incidents]
    assert second.context["page"].after == ""


@pytest.mark.parametrize(
    "address", ["?severity=high&severity=low", "?status=active", "?q=ransomware", "?view=resolved"]
)
def test_filters_show_exactly_what_they_say(client, operator, incidents, address):
    client.force_login(operator)
    rows = client.get(f"/{address}").context["page"].rows
    expected = {
        "?severity=high&severity=low": lambda row: row.severity in ("high", "low") and row.is_open,
        "?status=active": lambda row: row.status == "active",
        "?q=ransomware": lambda row: "Ransomware" in row.title and row.is_open,
        "?view=resolved": lambda row: row.status == "resolved",
    }[address]
    assert [row.pk for row in rows] == [row.pk for row in incidents if expected(row)][: queries.PAGE_SIZE]


@pytest.mark.parametrize(
    "address",
    [
        "?severity=nonsense",
        "?view=x",
        "?tenant=abc",
        "?after=garbage",
        "?q=%00'%26%21():*",
        "?q=%F0%9F%A6%89",
        "?unknown=1",
        "?tenant=99999999999999",
    ],
)
def test_an_address_that_is_not_understood_is_no_error(client, operator, incidents, address):
    client.force_login(operator)
    assert client.get(f"/{address}").status_code == 200


def test_a_stranger_sees_nothing_and_an_analyst_the_assigned(client, stranger, analyst, incidents, tenant):
    incident = incidents[0]
    for person, status in ((stranger, 404), (analyst, 404)):
        client.force_login(person)
        assert ids(client.get("/?view=all")) == []
        assert client.get(incident.get_absolute_url()).status_code == status
        assert client.get("/sync").status_code == 404
    tenant.customer.analysts.add(analyst)
    assert client.get(incident.get_absolute_url()).status_code == 200
    assert len(ids(client.get("/?view=all"))) == 50


def test_a_customers_person_sees_that_customer_only(client, stranger, incidents, tenant):
    stranger.tid = tenant.entra_id
    stranger.save()
    other = Customer.objects.create(name="Another")
    client.force_login(stranger)
    response = client.get("/?view=all")
    assert len(ids(response)) == 50
    assert other.name not in response.content.decode()


def test_a_list_costs_the_same_queries_for_one_row_and_for_fifty(client, operator, incidents):
    client.force_login(operator)
    for address in ("/?view=all", incidents[0].get_absolute_url()):
        with CaptureQueriesContext(connection) as made:
            client.get(address)
        # One of them is the wall around the request.
        assert len(in_earnest(made)) <= 17


def test_hostile_text_is_inert(client, operator, tenant, directory, world):
    incident = directory.add_story(world.now, STORIES[4])
    evil = "<script>alert(1)</script>\u202eexe"
    directory.touch(
        incident["id"], world.now, displayName=evil, incidentWebUrl="javascript:alert(1)", customTags=[evil]
    )
    sync.pull(tenant)
    client.force_login(operator)
    for address in ("/", Incident.objects.get().get_absolute_url()):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "\u202e" not in page.split('class="raw"')[0]
        assert "javascript:alert" not in page.split('class="raw"')[0]


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://security.microsoft.com/incident2/29/overview?tid=x", True),
        ("https://security.microsoft.us/incidents/1", True),
        ("http://security.microsoft.com/", False),
        ("https://security.microsoft.com@evil.example/", False),
        ("https://security.microsoft.com.evil.example/", False),
        ("https://security.microsoft.com:444/", False),
        ("https://security.microsoft.com\\@evil.example/", False),
        ("javascript:alert(1)//security.microsoft.com", False),
        ("", False),
    ],
)
def test_only_microsofts_own_address_becomes_a_link(address, good):
    assert bool(ui.defender_link(address)) is good


def test_an_alert_without_incident_is_shown(client, operator, tenant, directory, world):
    directory.add_alert(
        world.now, "", STORIES[10], 0, cast.drawn(directory.random, directory.id, directory.domain, 5, hostile=False)
    )
    sync.pull(tenant)
    client.force_login(operator)
    assert len(client.get("/alerts").context["page"].rows) == 1
    assert client.get(Alert.objects.get().get_absolute_url()).status_code == 200


def test_a_customer_that_could_not_be_read_is_named_in_the_header(client, operator, tenant, world):
    world.faults.add("status", value=503, times=20)
    sync.pull(tenant)
    client.force_login(operator)
    page = client.get("/").content.decode()
    assert tenant.customer.name in page
    assert "could not be read" in page


def test_administrators_see_what_was_set_aside(client, operator, tenant, world):
    world.faults.add("item", path="incidents", value=json.dumps({"id": "9", "tenantId": "elsewhere"}))
    sync.pull(tenant)
    client.force_login(operator)
    assert SetAside.objects.count() == 1
    assert "belongs to another tenant" in client.get("/sync").content.decode()


def test_the_address_is_made_of_the_filters():
    state = filters.Filters(view="all", q="a b", severity=("high", "low"))
    assert state.query() == "?view=all&q=a+b&severity=high&severity=low"
    assert state.query(q="") == "?view=all&severity=high&severity=low"


def test_words_of_a_search_are_never_read_as_operators():
    assert queries.split("srv-erp01.contoso|!") == ["'srv'", "'erp01'", "'contoso'"]
