"""An administrator walks from the link to Microsoft and back, in a real browser, with a worker at our end."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from simulator.people import CLOUD_APPLICATION, GLOBAL
from simulator.world import Tenant as Directory
from simulator.world import World
from tenants import connecting, invitations, tasks
from tenants.models import Invitation, Tenant

from .conftest import standing

pytestmark = pytest.mark.django_db(transaction=True)
# A machine that runs all tests at once is slow at times.
expect.set_options(timeout=20_000)


@pytest.fixture(autouse=True)
def installation(settings: Any, live_server: Any, world: World, directory: Directory) -> None:
    """Utkik is reached at the address of the test's server; nobody has approved anything yet."""
    settings.PUBLIC_URL = live_server.url
    settings.SIGN_IN_CLIENT_ID, settings.SIGN_IN_CLIENT_SECRET = world.signin_client_id, world.signin_client_secret
    settings.ENTRA_HOME_TENANT_ID = world.home.id
    settings.PROVIDER_NAME, settings.PROVIDER_CONTACT = "Northwatch Security", "+46 8 555 010 20"
    directory.consented = False


@pytest.fixture
def visit(browser: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """A fresh browser; what it complains about fails the test."""
    opened: list[BrowserContext] = []
    complaints: list[str] = []

    def visited(**options: Any) -> Page:
        context = browser.new_context(reduced_motion="reduce", **options)
        opened.append(context)
        page = context.new_page()
        # Chromium itself notes the status of a page that is meant to have it.
        page.on("console", lambda message: complaints.append(message.text)
                if message.type == "error" and "status of 40" not in message.text else None)  # fmt: skip
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield visited
    for context in opened:
        context.close()
    assert complaints == []


def person(world: World, directory: Any, title: str = GLOBAL) -> Any:
    return next(one for one in world.people.values() if one.tid == directory.id and one.title == title)


def go_on_as(page: Page, who: Any) -> None:
    page.get_by_role("link", name="Continue to Microsoft").or_(page.get_by_role("link", name="Start again")).click()
    page.get_by_role("button", name=who.name).and_(page.locator(f"[value='{who.oid}']")).click()


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def work() -> None:
    """A worker looks, whether the next attempt is due or not."""
    Invitation.objects.filter(proof_due_at__isnull=False).update(proof_due_at=timezone.now())
    tasks.prove()


def test_an_administrator_approves_and_sees_it_done(visit: Any, world: World, directory: Any, invitation: Any) -> None:
    page = visit()
    page.goto(invitations.link(invitation))
    heading(page, "Let Northwatch Security watch over Halden Energi")
    go_on_as(page, person(world, directory))
    assert page.url.startswith("http://127.0.0.1") and f"/{directory.id}/v2.0/adminconsent" in page.url
    page.get_by_role("button", name="Accept").click()
    heading(page, "Checking your approval")
    assert page.url == invitations.link(invitation)
    work()
    heading(page, "Halden Energi is connected")
    expect(page).to_have_title("Halden Energi is connected · Utkik")
    tenant = Tenant.objects.get()
    assert (str(tenant.entra_id), tenant.domain, tenant.can_write) == (directory.id, directory.domain, True)
    kinds = invitation.events.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["invited", "opened", "continued", "signed_in", "consented", "connected"]

    another = visit()
    another.goto(invitations.link(invitation))
    heading(another, "Halden Energi is connected already")
    assert another.get_by_role("link", name="Continue to Microsoft").count() == 0


def test_all_of_it_works_without_javascript(visit: Any, world: World, directory: Any, invitation: Any) -> None:
    page = visit(java_script_enabled=False)
    page.goto(invitations.link(invitation))
    go_on_as(page, person(world, directory))
    page.get_by_role("button", name="Accept").click()
    heading(page, "Checking your approval")
    work()
    heading(page, "Halden Energi is connected")


def test_who_declines_may_start_again(visit: Any, world: World, directory: Any, invitation: Any) -> None:
    page, before = visit(), standing(invitation)
    page.goto(invitations.link(invitation))
    go_on_as(page, person(world, directory))
    page.get_by_role("button", name="Cancel").click()
    heading(page, "You have not approved")
    expect(page.get_by_text("AADSTS65004")).to_be_visible()
    assert standing(invitation) == before
    answer = page.reload()
    assert answer and answer.status == 400
    assert standing(invitation) == before
    go_on_as(page, person(world, directory))
    page.get_by_role("button", name="Accept").click()
    heading(page, "Checking your approval")


@pytest.mark.parametrize("title", [CLOUD_APPLICATION, "Employee"])
def test_who_may_not_approve_is_told_who_may(
    visit: Any, world: World, directory: Any, invitation: Any, title: str
) -> None:
    page = visit()
    page.goto(invitations.link(invitation))
    go_on_as(page, person(world, directory, title))
    page.get_by_role("link", name="Back to the application").click()
    heading(page, "An administrator has to approve")
    expect(page.get_by_text("Privileged Role Administrator")).to_be_visible()
    expect(page.get_by_text(invitations.link(invitation), exact=True)).to_be_visible()
    fresh = Invitation.objects.get()
    assert (fresh.state, fresh.error_kind, fresh.error_code) == ("waiting", "not_administrator", "AADSTS90094")


def test_who_goes_back_from_the_sign_in_may_start_again(visit: Any, directory: Any, invitation: Any) -> None:
    page = visit()
    page.goto(invitations.link(invitation))
    page.get_by_role("link", name="Continue to Microsoft").click()
    page.get_by_role("button", name="Cancel").click()
    heading(page, "You were not signed in")
    page.get_by_role("link", name="Start again").click()
    assert "/authorize" in page.url


def test_the_providers_own_directory_is_not_connected(visit: Any, world: World, invitation: Any) -> None:
    page, before = visit(), standing(invitation)
    page.goto(invitations.link(invitation))
    go_on_as(page, person(world, world.home))
    heading(page, "This is our own directory")
    assert standing(invitation) == before


def test_the_directory_of_another_customer_is_refused_without_a_name(
    visit: Any, world: World, directory: Any, tenant_of_mora: Tenant, invitation: Any
) -> None:
    page, before = visit(), standing(invitation)
    page.goto(invitations.link(invitation))
    go_on_as(page, person(world, world.tenant("Mora Clinics")))
    heading(page, "This directory cannot be connected here")
    assert "Mora" not in page.content()
    assert standing(invitation) == before
    assert Tenant.objects.get().customer == tenant_of_mora.customer


@pytest.fixture
def tenant_of_mora(world: World) -> Tenant:
    return connecting.connect("Mora Clinics", UUID(world.tenant("Mora Clinics").id))


def test_a_part_of_the_approval_is_named_and_the_rest_can_follow(
    visit: Any, world: World, directory: Any, invitation: Any
) -> None:
    page = visit()
    page.goto(invitations.link(invitation))
    go_on_as(page, person(world, directory))
    page.get_by_label("Grant only incidents").check()
    page.get_by_role("button", name="Accept").click()
    heading(page, "Checking your approval")
    work()
    expect(page.get_by_text("Microsoft has not spread it")).to_be_visible()
    Invitation.objects.update(proof_began_at=timezone.now() - timedelta(minutes=15))
    work()
    heading(page, "Only a part was approved")
    expect(page.get_by_text("SecurityAlert.Read.All")).to_be_visible()
    assert not Tenant.objects.exists()
    go_on_as(page, person(world, directory))
    page.get_by_role("button", name="Accept").click()
    heading(page, "Checking your approval")
    work()
    heading(page, "Halden Energi is connected")


def test_a_code_of_microsoft_stands_on_the_page(visit: Any, world: World, directory: Any, invitation: Any) -> None:
    world.faults.add("consent_code", value=650052, host="entra")
    page = visit()
    page.goto(invitations.link(invitation))
    go_on_as(page, person(world, directory))
    page.get_by_role("button", name="Accept").click()
    heading(page, "Microsoft Defender is not there yet")
    expect(page.get_by_text("AADSTS650052")).to_be_visible()
    assert Invitation.objects.get().error_kind == "licence_missing"


@pytest.mark.parametrize("fault", ["id_nonce", "id_signature", "id_tid"])
def test_a_forged_id_token_links_nothing(visit: Any, world: World, directory: Any, invitation: Any, fault: str) -> None:
    world.faults.add(fault, host="entra")
    page, before = visit(), standing(invitation)
    page.goto(invitations.link(invitation))
    go_on_as(page, person(world, directory))
    heading(page, "You were not signed in")
    assert standing(invitation) == before


def test_a_replay_of_the_way_back_changes_nothing(visit: Any, world: World, directory: Any, invitation: Any) -> None:
    page, answers = visit(), []
    page.on("request", lambda request: answers.append(request.url) if "/connect/callback" in request.url else None)
    page.goto(invitations.link(invitation))
    go_on_as(page, person(world, directory))
    page.get_by_role("button", name="Accept").click()
    heading(page, "Checking your approval")
    before = standing(invitation)
    page.goto(answers[0])
    heading(page, "This answer cannot be used")
    stranger = visit()
    stranger.goto(answers[0])
    heading(stranger, "This answer cannot be used")
    assert standing(invitation) == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
def test_every_page_is_for_everybody(
    visit: Any, world: World, directory: Any, invitation: Any, scheme: Any, width: int
) -> None:
    page = visit(viewport={"width": width, "height": 900}, color_scheme=scheme)
    link = invitations.link(invitation)
    stopped = link.rpartition("/")[0] + "/callback?error=access_denied&error_description=AADSTS90094"
    now = timezone.now()
    connected = Tenant.objects.create(customer=invitation.customer, entra_id=UUID(directory.id))
    states: tuple[dict[str, Any], ...] = (
        {}, {"proof_began_at": now, "proof_due_at": now, "approver": "x" * 120},
        {"proof_due_at": None, "error_kind": "role_missing", "error": "SecurityIncident.ReadWrite.All" * 4},
        {"used_at": now, "tenant": connected}, {"cancelled_at": now, "used_at": None},
    )  # fmt: skip
    for changes in states:
        Invitation.objects.filter(pk=invitation.pk).update(**changes)
        page.goto(link)
        looked_at(page)
    page.goto(stopped)
    looked_at(page)


def looked_at(page: Page) -> None:
    for fold in page.locator("details:not([open]) > summary").all():
        fold.click()
    found = Axe().run(page)
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
