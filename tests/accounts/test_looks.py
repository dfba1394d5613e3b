"""The pages of signing in, in a real browser: readable for everybody, in every width and theme, and strict."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import BrowserContext, Page

from accounts.middleware import ZONE_COOKIE
from accounts.models import User

pytestmark = pytest.mark.django_db(transaction=True)

NewContext = Callable[..., BrowserContext]
PEOPLE = [
    {"name": "Astrid Holm", "username": "astrid@northwatch.example", "title": "Analyst", "role": "Analyst"},
    {"name": "Vera Sandberg", "username": "vera@vesper-hotels.example", "title": "Global Administrator", "role": ""},
]


@pytest.fixture
def installation(settings: Any, entra: Any, people: Any, live_server: Any) -> str:
    """Set up, with people to come in as; its address."""
    settings.PUBLIC_URL = live_server.url
    people(PEOPLE)
    return str(live_server.url)


def sign_in(context: BrowserContext, address: str, user: User) -> None:
    client = Client()
    client.force_login(user)
    name = django_settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": address}])


def watched(context: BrowserContext) -> tuple[Page, list[str]]:
    """A page, and everything that the browser complains about on it."""
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page, complaints


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_for_everybody(
    new_context: NewContext, installation: str, operator: User, scheme: Any, width: int
) -> None:
    context = new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce")
    page, complaints = watched(context)
    addresses = {"/sign-in": 200, "/sign-in/callback?error=access_denied": 403, "/signed-out": 200, "/settings": 200}
    for path, status in addresses.items():
        if path == "/settings":
            sign_in(context, installation, operator)
        answer = page.goto(f"{installation}{path}")
        assert answer and answer.status == status
        if path == "/settings":
            page.click("[popovertarget=usermenu]")
            page.wait_for_selector("#usermenu:popover-open")
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    # Chromium itself notes the answer 403 of the page that is meant to have it.
    assert [text for text in complaints if "403" not in text] == []


def test_the_person_and_the_way_out_stand_in_the_menu(
    new_context: NewContext, installation: str, operator: User
) -> None:
    context = new_context(viewport={"width": 1440, "height": 900})
    sign_in(context, installation, operator)
    page, complaints = watched(context)
    page.goto(installation)
    page.focus("[popovertarget=usermenu]")
    page.keyboard.press("Enter")
    menu = page.locator("#usermenu")
    assert menu.get_by_text("Operator", exact=True).is_visible()
    assert menu.get_by_text("Administrator", exact=True).is_visible()
    menu.get_by_role("link", name="Preferences").click()
    page.wait_for_url("**/settings")
    page.click("[popovertarget=usermenu]")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/signed-out")
    page.go_back()
    page.wait_for_url("**/sign-in?next=/settings")
    assert page.get_by_role("link", name="Sign in with Microsoft").is_visible()
    assert complaints == []


@pytest.mark.parametrize("javascript", [True, False])
def test_preferences_are_saved_with_and_without_javascript(
    new_context: NewContext, installation: str, operator: User, javascript: bool
) -> None:
    context = new_context(java_script_enabled=javascript)
    sign_in(context, installation, operator)
    page = context.new_page()
    page.goto(f"{installation}/settings")
    page.get_by_label("Time zone").fill("Europe/Stockholm")
    page.get_by_label("Dark").check()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/settings?saved=1")
    assert page.locator("p[role=status]").inner_text() == "Saved."
    assert page.get_by_label("Time zone").input_value() == "Europe/Stockholm"
    page.get_by_label("Time zone").fill("Stockholm on Mars")
    page.get_by_role("button", name="Save").click()
    assert page.get_by_role("alert").inner_text().startswith("There is no time zone of that name")
    assert page.get_by_label("Time zone").input_value() == "Stockholm on Mars"
    operator.refresh_from_db()
    assert (operator.time_zone, operator.theme) == ("Europe/Stockholm", "dark")


def test_the_browsers_zone_is_known_after_the_first_page(
    new_context: NewContext, installation: str, operator: User
) -> None:
    context = new_context(timezone_id="Europe/Stockholm")
    sign_in(context, installation, operator)
    page = context.new_page()
    page.goto(f"{installation}/settings")
    zones = [cookie["value"] for cookie in context.cookies() if cookie["name"] == ZONE_COOKIE]
    assert zones == ["Europe%2FStockholm"]


def test_the_password_waits_behind_a_fold(
    new_context: NewContext, installation: str, operator: User, code: Callable[[], str]
) -> None:
    page, complaints = watched(context := new_context())
    page.goto(f"{installation}/sign-in?next=/settings")
    assert not page.get_by_label("Password").is_visible()
    page.get_by_text("Sign in with a password").click()
    page.get_by_label("User name").fill("operator")
    page.get_by_label("Password").fill("wrong")
    page.get_by_label("Code").fill(code())
    page.get_by_role("button", name="Sign in").click()
    assert page.get_by_role("alert").is_visible()
    page.get_by_label("Password").fill("correct horse")
    page.get_by_label("Code").fill(code())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/settings")
    assert complaints == []
