"""The story of the product: an incident's way from Microsoft's cloud to the analyst's browser."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.management import call_command
from playwright.sync_api import Browser, Page

from accounts.models import User
from incidents.models import Incident
from simulator import cast
from simulator.stories import STORIES
from simulator.world import Tenant as Directory
from simulator.world import World

AXE = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}


def signed_in(browser: Browser, url: str, code: str, **options: Any) -> tuple[Page, list[str]]:
    """A page of the operator, and the list that gathers what the console says is wrong."""
    page = browser.new_context(reduced_motion="reduce", **options).new_page()
    problems: list[str] = []
    page.add_init_script(
        "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective))"
    )
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(url)
    page.fill("#id_username", "operator")
    page.fill("#id_password", "correct horse")
    page.fill("#id_code", code)
    page.click("button[type=submit]")
    # Whoever goes on at once would be faster than the answer.
    page.wait_for_url(lambda address: "/sign-in" not in address)
    return page, problems


def test_an_incident_travels_from_microsoft_to_the_browser(
    live_server: Any,
    world: World,
    directory: Directory,
    operator: User,
    code: Callable[[], str],
    browser: Browser,
    capsys: Any,
) -> None:
    incident = directory.add_story(world.now, STORIES[1])
    world.advance(3600)

    call_command("connect", directory.name, directory.id)
    capsys.readouterr()
    call_command("sync", "--json")
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["customer"], row["created"], row["bad"], row["error"]) == (directory.name, 1, 0, None)

    page, problems = signed_in(browser, live_server.url, code())
    assert page.locator("tr[data-row]").count() == 1
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector("article.detail")
    assert page.locator("h1").inner_text() == incident["displayName"]
    assert page.locator("details.alert").count() == 3
    shown = page.locator("article").inner_text()
    assert all(alert["title"] in shown for alert in directory.alerts_of(incident["id"]))
    assert page.locator("a", has_text="Open in Defender").get_attribute("href") == incident["incidentWebUrl"]
    assert problems == []


def test_the_address_is_the_state_and_works_without_javascript(
    live_server: Any, world: World, directory: Directory, operator: User, code: Callable[[], str], browser: Browser
) -> None:
    for story in (STORIES[1], STORIES[4]):
        directory.add_story(world.now, story)
    call_command("connect", directory.name, directory.id, verbosity=0)
    call_command("sync", verbosity=0)
    page, _ = signed_in(browser, live_server.url, code(), java_script_enabled=False)
    page.goto(f"{live_server.url}/?severity=low")
    assert page.locator("tr[data-row]").count() == 1
    page.goto(f"{live_server.url}/?q=ransomware+preparations")
    assert page.locator("tr[data-row]").count() == 1
    page.goto(f"{live_server.url}/?q=nosuchword")
    assert page.locator(".empty h2").inner_text() == "Nothing matches these filters"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_every_page_is_accessible(
    live_server: Any,
    world: World,
    directory: Directory,
    operator: User,
    code: Callable[[], str],
    browser: Browser,
    scheme: Any,
    width: int,
) -> None:
    directory.add_story(world.now, STORIES[1], hostile=True)
    person = cast.drawn(directory.random, directory.id, directory.domain, 900, hostile=False)
    directory.add_alert(world.now, "", STORIES[10], 0, person)
    world.advance(3600)
    call_command("connect", directory.name, directory.id, verbosity=0)
    call_command("sync", verbosity=0)
    page, problems = signed_in(
        browser, live_server.url, code(), color_scheme=scheme, viewport={"width": width, "height": 900}
    )
    for path in ("/", "/alerts", "/sync", "/?q=nothing", Incident.objects.get().get_absolute_url()):
        page.goto(live_server.url + path)
        violations = Axe().run(page, options=AXE).response["violations"]
        assert [(found["id"], found["nodes"][0]["html"][:150]) for found in violations] == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} scrolls sideways"
    assert problems == []
