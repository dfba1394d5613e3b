"""The sync page and the incident page find room for everything, and say no date at more length than it needs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from accounts.models import User
from incidents import details, leases
from incidents.models import Gap, Incident, SetAside, SyncState
from incidents.templatetags import ui
from tenants.models import Tenant
from tests.test_line import AXE, signed_in

pytestmark = pytest.mark.django_db(transaction=True)
SIDEWAYS = """() => [...document.querySelectorAll('main, main *')]
    .filter(one => one.scrollWidth > one.clientWidth && ['auto', 'scroll'].includes(getComputedStyle(one).overflowX))
    .map(one => one.className)"""
REASON = "Graph answered with status 500 and the item that it stands for could not be told from its neighbours."


@pytest.fixture
def troubled(tenant: Tenant) -> Tenant:
    """A directory with an error, gaps of both kinds and something set aside."""
    leases.ensure_states(tenant)
    failed = {"error": REASON, "error_owner": "microsoft", "failed_at": timezone.now(), "completed_at": timezone.now()}
    SyncState.objects.filter(stream__in=SyncState.LIVE).update(**failed, due_at=timezone.now() + timedelta(days=1))
    owner: dict[str, Any] = {"customer": tenant.customer, "tenant": tenant, "stream": "incidents"}
    Gap.objects.create(**owner, kind="count", day=timezone.now().date(), expected=41_200, found=41_199, reason=REASON)
    Gap.objects.create(**owner, kind="poison", low="2026-11-01T00:00:00.1Z", high="2026-11-01T00:00:01.1Z")
    SetAside.objects.create(**owner, reason=REASON, raw=b"{}", digest=b"")
    return tenant


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1440])
def test_nothing_scrolls_sideways_and_no_date_is_written_out(
    live_server: Any, browser: Any, code: Callable[[], str], operator: User, troubled: Tenant, width: int, scheme: str
) -> None:
    viewport = {"width": width, "height": 900}
    page, problems = signed_in(browser, live_server.url, code(), viewport=viewport, color_scheme=scheme)
    page.goto(f"{live_server.url}/sync")
    shown = page.locator(".queue-main").inner_text()
    assert "41199 of 41200 are here." in shown and "set aside" in shown.lower()
    assert str(timezone.now().year) not in shown
    assert page.locator("tbody time").first.get_attribute("title").endswith("UTC")
    assert page.evaluate(SIDEWAYS) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    violations = Axe().run(page, options=AXE).response["violations"]
    assert [(found["id"], found["nodes"][0]["html"][:150]) for found in violations] == []
    assert problems == []


@pytest.mark.parametrize("width", [390, 1440])
def test_a_long_title_leaves_the_incident_in_sight(
    live_server: Any, browser: Any, code: Callable[[], str], operator: User, tenant: Tenant, width: int
) -> None:
    leases.ensure_states(tenant)
    title = "Second reminder before your mailbox is closed, " * 40
    incident = Incident.objects.create(
        customer=tenant.customer, tenant=tenant, microsoft_id="1", title=title, raw=b"{}", digest=b"", status="active"
    )
    details.plan(tenant, ["1"])
    page, problems = signed_in(browser, live_server.url, code(), viewport={"width": width, "height": 900})
    page.goto(live_server.url + incident.get_absolute_url())
    assert page.locator("#story").bounding_box()["y"] < 600
    assert page.locator("h1").get_attribute("title") == title
    assert page.get_by_text("Evidence may still be arriving").is_visible()
    violations = Axe().run(page, options=AXE).response["violations"]
    assert [(found["id"], found["nodes"][0]["html"][:150]) for found in violations] == []
    assert problems == []


def test_a_time_names_its_day_unless_it_is_today_and_its_year_unless_it_is_this_one() -> None:
    now = timezone.localtime()
    assert ui.worded(now, "clock") == f"{now:%H:%M}"
    assert ui.worded(datetime(now.year - 1, 11, 3, 4, 5, tzinfo=UTC), "clock") == f"3 Nov {now.year - 1}, 04:05"
    other = now.replace(month=2 if now.month != 2 else 3, day=7, hour=4, minute=5)
    assert ui.worded(other, "clock") == f"7 {other:%b}, 04:05"
