"""The list leads to every row, whatever its time, and names the customer on every screen."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser

from accounts.models import User
from incidents import filters, queries
from incidents.models import Alert, Evidence, Incident
from tenants.models import Customer, Tenant

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def own() -> dict[str, Any]:
    """The customer and the directory that rows belong to."""
    customer = Customer.objects.create(name="Lumière Studios")
    return {"customer": customer, "tenant": Tenant.objects.create(customer=customer, entra_id=UUID(int=7))}


def made(own: dict[str, Any], number: int, at: datetime | None, **fields: Any) -> Incident:
    values = {"title": f"Incident {number}", "status": "active", "severity": "high", "raw": b"{}", "digest": b""}
    return Incident.objects.create(**own, microsoft_id=str(number), microsoft_updated_at=at, **(values | fields))


def reached(client: Client) -> list[list[str]]:
    """The Microsoft IDs of each page, by following the link to the next one until there is none."""
    pages, address = [], "/"
    while address:
        page = client.get(address).context["page"]
        pages.append([row.microsoft_id for row in page.rows])
        address = f"/?after={quote(page.after)}" if page.after else ""
    return pages


def test_incidents_without_a_readable_time_are_reached_and_stand_first(
    client: Client, operator: User, own: dict[str, Any]
) -> None:
    timeless = {made(own, number, None).microsoft_id for number in range(70)}
    timed = [made(own, number, NOON - timedelta(minutes=number)).microsoft_id for number in range(100, 150)]
    client.force_login(operator)
    pages = reached(client)
    assert [len(page) for page in pages] == [50, 50, 20]
    rows = [row for page in pages for row in page]
    assert set(rows[:70]) == timeless
    assert rows[70:] == timed


def test_incidents_of_one_moment_are_each_reached_once(client: Client, operator: User, own: dict[str, Any]) -> None:
    expected = {made(own, number, NOON).microsoft_id for number in range(120)}
    client.force_login(operator)
    rows = [row for page in reached(client) for row in page]
    assert len(rows) == 120
    assert set(rows) == expected


def test_the_order_of_the_list_is_the_order_of_the_index(operator: User, own: dict[str, Any]) -> None:
    Incident.objects.bulk_create(
        Incident(**own, microsoft_id=str(number), raw=b"", digest=b"", status="active", severity="high",
                 microsoft_updated_at=NOON - timedelta(minutes=number))
        for number in range(3000)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE incidents_incident, tenants_customer")
    after = queries.queue(operator, filters.Filters()).after
    assert after
    rows = queries.filtered(Incident.objects.visible_to(operator), filters.Filters())
    plan = queries.in_order(rows, after)[:50].explain()
    assert "incident_open_newest" in plan
    assert "Sort" not in plan


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("width", [390, 700, 1440])
def test_a_row_says_once_whose_it_is_at_every_width(
    live_server: Any, browser: Browser, operator: User, code: Callable[[], str], own: dict[str, Any], width: int
) -> None:
    made(own, 1, NOON)
    page = browser.new_context(viewport={"width": width, "height": 800}).new_page()
    page.goto(live_server.url)
    page.fill("#id_username", "operator")
    page.fill("#id_password", "correct horse")
    page.fill("#id_code", code())
    page.click("button[type=submit]")
    page.wait_for_selector("tr[data-row]")
    shown = page.locator("tr[data-row] :is(.meta-ten, .ten-s)").filter(visible=True)
    assert shown.all_inner_texts() == (["Lumière Studios"] if width == 390 else ["LS"])
    assert page.get_by_text("Simulated cloud").is_visible()


def test_a_timeline_runs_from_old_to_new(client: Client, operator: User, own: dict[str, Any]) -> None:
    comment = '{"id":"1","comments":[{"comment":"Called them","createdDateTime":"2026-11-01T12:30:00Z"}]}'
    incident = made(own, 1, NOON + timedelta(hours=2), raw=comment.encode(), microsoft_created_at=NOON)
    for number, minutes in ((1, 45), (2, 15)):
        at = NOON + timedelta(minutes=minutes)
        Alert.objects.create(
            **own, incident=incident, microsoft_id=f"a{number}", first_activity_at=at, raw=b"{}", digest=b""
        )
    client.force_login(operator)
    entries = client.get(incident.get_absolute_url()).context["timeline"]
    assert [entry.at - NOON for entry in entries] == [timedelta(minutes=minutes) for minutes in (0, 15, 30, 45, 120)]
    assert entries[2].comment.comment == "Called them"


def test_evidence_stands_in_microsofts_order(client: Client, operator: User, own: dict[str, Any]) -> None:
    alert = Alert.objects.create(**own, microsoft_id="a1", raw=b"{}", digest=b"")
    for position in (2, 0, 1):
        Evidence.objects.create(**own, alert=alert, position=position, kind="ip", name=f"192.0.2.{position}")
    client.force_login(operator)
    page = client.get(f"/alerts/{alert.pk}").content.decode()
    assert sorted(range(3), key=lambda position: page.index(f"192.0.2.{position}")) == [0, 1, 2]


def test_a_page_that_is_missing_says_that_the_cloud_is_simulated(client: Client, operator: User) -> None:
    client.force_login(operator)
    answer = client.get("/nothing")
    assert answer.status_code == 404
    assert "Simulated cloud" in answer.content.decode()


def test_a_form_from_elsewhere_is_refused_in_our_own_words(operator: User) -> None:
    answer = Client(enforce_csrf_checks=True).post("/sign-in", {"username": "operator", "password": "correct horse"})
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.content.decode()
