"""How far back a new directory has been read is shown, with what is left of it when that can be known."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from incidents import backfill, progress, tenant_list
from incidents.models import Backfill, SyncState
from incidents.progress import Progress
from tenants.models import Customer, Tenant
from tests.incidents.test_proofs import counted
from tests.test_line import AXE, signed_in

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def read(db):
    """A new directory, read to the present, with its past planned."""
    customer = Customer.objects.create(name="Mora Clinics")
    tenant = Tenant.objects.create(customer=customer, entra_id=uuid4(), connected_at=timezone.now())
    for stream in ("incidents", "alerts"):
        SyncState.objects.create(customer=customer, tenant=tenant, stream=stream, completed_at=timezone.now())
    backfill.begin(tenant)
    return tenant


def went_back(share, age, slices=4):
    """So much of the past is read, in so much time."""
    for plan in Backfill.objects.all():
        plan.reached_at = plan.until_at - (plan.until_at - plan.from_at) * share
        plan.started_at, plan.slices = timezone.now() - age, slices
        plan.save()


def row(user):
    (found,) = tenant_list.listing(user)
    return found


def test_the_share_is_one_of_time_and_the_rest_follows_from_the_rate(operator, read):
    went_back(0.25, 10 * MINUTE)
    past = row(operator).past
    assert past.percent == 25 and past.words == "about 31 minutes left"
    assert row(operator).condition.key == "reading_past"


def test_two_slices_are_too_few_to_tell_what_is_left(operator, read):
    went_back(0.05, MINUTE, slices=0)
    assert row(operator).past.left is None and row(operator).past.words == ""
    went_back(0.05, MINUTE, slices=1)
    assert row(operator).past.left is not None


def test_both_streams_count_alike(operator, read):
    went_back(0.5, HOUR)
    plan = Backfill.objects.get(stream="alerts")
    plan.reached_at, plan.finished_at = plan.from_at, timezone.now()
    plan.save()
    assert row(operator).past.percent == 75


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(seconds=20), "less than a minute left"),
        (11.2 * MINUTE, "about 12 minutes left"),
        (1 * MINUTE, "about 1 minute left"),
        (3.2 * HOUR, "about 3 hours left"),
        (2 * DAY, "about 2 days left"),
        (None, ""),
    ],
)
def test_what_is_left_is_said_roughly(left, words):
    assert Progress(0.5, timezone.now(), left).words == words


def test_it_is_never_a_hundred_percent_while_something_is_left():
    assert Progress(0.9999, timezone.now()).percent == 99


def test_a_finished_past_is_no_longer_shown(client, operator, read):
    Backfill.objects.update(finished_at=timezone.now())
    assert progress.by_tenant(operator) == {}
    assert row(operator).condition.key == "live"
    client.force_login(operator)
    assert "<progress" not in client.get(f"/tenants/{read.pk}").content.decode()


def test_a_throttled_directory_waits_for_microsoft(client, operator, read):
    went_back(0.25, 10 * MINUTE)
    SyncState.objects.update(parked_until=timezone.now() + MINUTE)
    client.force_login(operator)
    page = client.get(f"/tenants/{read.pk}").content.decode()
    assert "25 %, waiting for Microsoft" in page and "minutes left" not in page


def test_a_disconnected_directory_shows_no_progress(operator, read):
    Tenant.objects.update(state="disconnected")
    assert row(operator).past is None


@pytest.mark.parametrize("number", [1, 20])
def test_the_progress_of_all_directories_costs_one_query(operator, django_assert_num_queries, number):
    for index in range(number):
        customer = Customer.objects.create(name=f"Customer {index}")
        backfill.begin(Tenant.objects.create(customer=customer, entra_id=uuid4(), connected_at=timezone.now()))
    with django_assert_num_queries(1):
        assert len(progress.by_tenant(operator)) == number


@pytest.mark.parametrize("width", [390, 1440])
def test_progress_and_proof_are_accessible_and_find_room(
    live_server: Any, operator: Any, read: Tenant, browser: Any, code: Callable[[], str], width: int
) -> None:
    went_back(0.25, 10 * MINUTE)
    counted(read, incidents=(41_200, 41_100), alerts=(90_000, 99_000), days=12, age=3 * HOUR, unnumbered=2)
    page, problems = signed_in(browser, live_server.url, code(), viewport={"width": width, "height": 900})
    for path, words in (("/", "41100 of 41200, 1 gap"), (f"/tenants/{read.pk}", "about 31 minutes left")):
        page.goto(live_server.url + path)
        assert words in page.locator("main").inner_text()
        violations = Axe().run(page, options=AXE).response["violations"]
        assert [(found["id"], found["nodes"][0]["html"][:150]) for found in violations] == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} scrolls sideways"
    assert problems == []
