"""People sign in with a browser: from our page to Microsoft's and back, the whole way."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accounts import grants
from accounts.models import User
from incidents import sync
from simulator.people import Person
from simulator.world import World
from tenants.models import Customer, Tenant

pytestmark = pytest.mark.django_db(transaction=True)

NewContext = Callable[..., BrowserContext]
SPOILT = (
    "id_issuer", "id_audience", "id_nonce", "id_tid", "id_expired", "id_future", "id_signature", "id_none",
)  # fmt: skip


@pytest.fixture
def address(settings: Any, world: World, live_server: Any) -> str:
    """Ours, where people sign in with the simulated Entra."""
    settings.PUBLIC_URL = live_server.url
    settings.SIGN_IN_CLIENT_ID, settings.SIGN_IN_CLIENT_SECRET = world.signin_client_id, world.signin_client_secret
    settings.ENTRA_HOME_TENANT_ID = world.home.id
    world.register_redirects(signin=[f"{live_server.url}/sign-in/callback"])
    return str(live_server.url)


@pytest.fixture
def page(new_context: NewContext, address: str) -> Page:
    opened = new_context().new_page()
    opened.set_default_timeout(10_000)
    return opened


def of(world: World, name: str) -> list[Person]:
    tid = world.home.id if name == "Northwatch" else world.tenant(name).id
    return [person for person in world.people.values() if person.tid == tid]


def granted(person: Person, role: User.Role) -> User:
    return grants.grant(UUID(person.tid), UUID(person.oid), role)[0]


def pick(page: Page, address: str, person: Person, path: str = "/settings") -> None:
    """Ask for one of our pages, and be sent to Microsoft; say there who one is."""
    page.goto(f"{address}{path}")
    page.get_by_role("link", name="Sign in with Microsoft").click()
    page.get_by_role("button", name=person.username).click()


def refused(page: Page, address: str, *words: str) -> None:
    """Wherever the page came from, nobody is signed in."""
    expect(page.get_by_role("heading", level=1)).to_have_text("You are not signed in")
    for word in words:
        expect(page.locator("main")).to_contain_text(word)
    other = page.context.new_page()
    other.goto(f"{address}/settings")
    assert other.url == f"{address}/sign-in?next=/settings"
    other.close()


def menu(page: Page) -> Any:
    page.click("[popovertarget=usermenu]")
    return page.locator("#usermenu")


def test_an_analyst_comes_in_and_out(page: Page, address: str, world: World) -> None:
    jonas = of(world, "Northwatch")[1]
    granted(jonas, User.Role.ANALYST)
    pick(page, address, jonas)
    page.wait_for_url(f"{address}/settings")
    expect(menu(page).locator(".me")).to_have_text("Jonas DahlAnalyst")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{address}/signed-out")
    page.get_by_role("link", name="Also sign out at Microsoft").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You signed out of your account")


def test_microsoft_remembers_who_signs_in_again(page: Page, address: str, world: World) -> None:
    jonas = of(world, "Northwatch")[1]
    granted(jonas, User.Role.ANALYST)
    pick(page, address, jonas)
    page.wait_for_url(f"{address}/settings")
    menu(page).get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in again").click()
    page.get_by_role("link", name="Sign in with Microsoft").click()
    page.wait_for_url(f"{address}/")


def test_a_customers_employee_sees_the_own_incidents_only(
    page: Page, address: str, world: World, tenant: Tenant
) -> None:
    for name in ("Halden Energi", "Mora Clinics"):
        world.tenant(name).add_story(world.now)
    Tenant.objects.create(
        customer=Customer.objects.create(name="Mora Clinics"), entra_id=world.tenant("Mora Clinics").id
    )
    for each in Tenant.objects.all():
        sync.pull(each)
    pick(page, address, of(world, "Halden Energi")[2], path="/")
    page.wait_for_selector("tr[data-row]")
    expect(page.locator("main")).to_contain_text("Halden Energi")
    expect(page.locator("body")).not_to_contain_text("Mora Clinics")
    expect(menu(page).locator(".me")).to_contain_text("Customer")


def test_a_stranger_is_refused_and_may_come_as_somebody_else(page: Page, address: str, world: World) -> None:
    karin = of(world, "Northwatch")[3]
    granted(karin, User.Role.MANAGER)
    pick(page, address, of(world, "Mora Clinics")[0])
    refused(page, address, "not connected", "ask your provider")
    page.get_by_role("link", name="Use another account").click()
    page.get_by_role("button", name=karin.username).click()
    page.wait_for_url(f"{address}/")
    expect(menu(page).locator(".me")).to_contain_text("Manager")


def test_who_has_no_role_is_told_the_command_that_gives_one(page: Page, address: str, world: World) -> None:
    hugo = of(world, "Northwatch")[4]
    pick(page, address, hugo)
    refused(page, address, f"manage.py grant {hugo.oid} analyst", hugo.username)
    assert not User.objects.exists()
    granted(hugo, User.Role.ANALYST)
    page.get_by_role("link", name="Use another account").click()
    page.get_by_role("button", name=hugo.username).click()
    page.wait_for_url(f"{address}/")


def test_a_cancelled_sign_in_can_begin_again(page: Page, address: str, world: World) -> None:
    ines = of(world, "Northwatch")[0]
    granted(ines, User.Role.ADMINISTRATOR)
    page.goto(f"{address}/sign-in")
    page.get_by_role("link", name="Sign in with Microsoft").click()
    page.get_by_role("button", name="Cancel").click()
    refused(page, address, "AADSTS65004")
    page.get_by_role("link", name="Start again").click()
    page.get_by_role("button", name=ines.username).click()
    page.wait_for_url(f"{address}/")


def callbacks(page: Page) -> list[str]:
    """The addresses at which Microsoft's answers reach us, from now on."""
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url) if "/sign-in/callback" in request.url else None)
    return seen


def test_a_replayed_callback_changes_nothing(page: Page, address: str, world: World, new_context: NewContext) -> None:
    jonas = of(world, "Northwatch")[1]
    granted(jonas, User.Role.ANALYST)
    seen = callbacks(page)
    pick(page, address, jonas)
    page.wait_for_url(f"{address}/settings")
    page.goto(seen[0])
    expect(page.get_by_role("alert")).to_contain_text("belongs to no sign-in")
    page.goto(f"{address}/settings")
    expect(menu(page).locator(".me")).to_contain_text("Jonas Dahl")
    thief = new_context().new_page()
    thief.goto(seen[0])
    refused(thief, address, "Start again")


def test_a_forged_callback_leaves_the_sign_in_as_it_was(page: Page, address: str, world: World) -> None:
    jonas = of(world, "Northwatch")[1]
    granted(jonas, User.Role.ANALYST)
    page.goto(f"{address}/sign-in")
    page.get_by_role("link", name="Sign in with Microsoft").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pick an account")
    forger = page.context.new_page()
    for forged in ("code=c0de&state=forged", "code=c0de", "", "error=access_denied&state=forged"):
        forger.goto(f"{address}/sign-in/callback?{forged}")
        refused(forger, address)
    page.get_by_role("button", name=jonas.username).click()
    page.wait_for_url(f"{address}/")


@pytest.mark.parametrize("kind", SPOILT)
def test_a_spoilt_token_signs_nobody_in(page: Page, address: str, world: World, kind: str) -> None:
    jonas = of(world, "Northwatch")[1]
    granted(jonas, User.Role.ANALYST)
    world.faults.add(kind=kind)
    pick(page, address, jonas)
    refused(page, address, "does not prove who you are")


def test_a_secret_that_has_expired_is_our_fault(page: Page, address: str, world: World, settings: Any) -> None:
    settings.SIGN_IN_CLIENT_SECRET = "another"
    pick(page, address, of(world, "Northwatch")[1])
    refused(page, address, "credential", "AADSTS7000215")


def test_new_signing_keys_are_found(page: Page, address: str, world: World) -> None:
    jonas = of(world, "Northwatch")[1]
    granted(jonas, User.Role.ANALYST)
    pick(page, address, jonas)
    page.wait_for_url(f"{address}/settings")
    menu(page).get_by_role("button", name="Sign out").click()
    world.keys.rotate()
    page.get_by_role("link", name="Sign in again").click()
    page.get_by_role("link", name="Sign in with Microsoft").click()
    page.wait_for_url(f"{address}/")


def test_a_person_of_the_list_needs_two_clicks(page: Page, address: str, world: World, people: Any) -> None:
    ines = of(world, "Northwatch")[0]
    granted(ines, User.Role.ADMINISTRATOR)
    people(
        [
            {"name": each.name, "username": each.username, "title": each.title, "role": ""}
            for each in of(world, "Northwatch")
        ]
    )
    page.goto(f"{address}/sign-in?next=/settings")
    page.get_by_role("link", name=ines.username).click()
    expect(page.locator("button[name=person]")).to_have_count(1)
    page.get_by_role("button", name=ines.username).click()
    page.wait_for_url(f"{address}/settings")


def test_without_javascript_it_is_the_same(new_context: NewContext, address: str, world: World) -> None:
    jonas = of(world, "Northwatch")[1]
    granted(jonas, User.Role.ANALYST)
    page = new_context(java_script_enabled=False).new_page()
    pick(page, address, jonas)
    page.wait_for_url(f"{address}/settings")
