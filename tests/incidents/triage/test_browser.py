"""People triage in a real browser: two of them at one incident, taking back, a whole list at once, by keys alone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from incidents import sync
from incidents.models import Edit, Hold, Incident
from incidents.triage import acts, chosen
from tests.incidents.triage.conftest import carried, done, row

pytestmark = pytest.mark.django_db(transaction=True)
# Many tests share few cores.
expect.set_options(timeout=20_000)
AXE = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}
Open = Callable[..., Page]


@pytest.fixture
def problems() -> list[str]:
    """What any browser says is wrong."""
    return []


@pytest.fixture
def as_(browser: Browser, live_server: Any, problems: list[str]) -> Iterator[Open]:
    """A page of a person who is signed in, in a browser of the own."""
    contexts = []

    def opened(user: User, **options: Any) -> Page:
        client = Client()
        client.force_login(user, "accounts.break_glass.Backend")
        context = browser.new_context(base_url=live_server.url, reduced_motion="reduce", **options)
        context.set_default_timeout(20_000)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        context.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective))"
        )
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        contexts.append(context)
        return page

    yield opened
    for context in contexts:
        context.close()


def owner(page: Page) -> Any:
    return page.locator("aside dl.props .who").first


def test_an_act_shows_at_once_and_is_confirmed_without_a_reload(
    as_: Open, incident: Incident, ines: User, directory: Any, problems: list[str]
) -> None:
    page = as_(ines)
    page.goto(incident.get_absolute_url())
    page.keyboard.press("a")
    expect(page.locator("#toasts")).to_contain_text("1, Halden Energi: assigned to you")
    expect(owner(page)).to_contain_text("ines")
    expect(page.locator(".mark--pending")).to_contain_text("Owner")
    assert carried() == ["carried"]
    expect(page.locator(".mark--pending")).to_have_count(0)
    assert directory.incidents["1"]["assignedTo"] == ines.email
    assert problems == []


def test_undo_takes_it_back_before_microsoft_hears_of_it(
    as_: Open, incident: Incident, ines: User, directory: Any
) -> None:
    page = as_(ines)
    page.goto(incident.get_absolute_url())
    page.get_by_role("button", name="Assign to me").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("1, Halden Energi: undone")
    expect(owner(page)).to_contain_text("Unassigned")
    assert carried() == [] and directory.incidents["1"]["assignedTo"] is None


def test_a_toast_goes_by_itself_but_not_from_under_the_pointer(as_: Open, incident: Incident, ines: User) -> None:
    page = as_(ines)
    page.clock.install()
    page.goto(incident.get_absolute_url())
    page.get_by_role("button", name="Assign to me").click()
    toast = page.locator(".toast")
    toast.hover()
    page.clock.run_for(20_000)
    expect(toast).to_be_visible()
    page.mouse.move(0, 0)
    page.clock.run_for(7_000)
    expect(toast).to_have_count(0)


def test_two_browsers_change_one_incident_and_the_later_one_sees_the_first(
    as_: Open, incident: Incident, ines: User, operator: User, directory: Any
) -> None:
    first, second = as_(ines), as_(operator)
    for page in (first, second):
        page.goto(incident.get_absolute_url())
    first.get_by_role("button", name="Assign to me").click()
    first.locator(".toast").wait_for()
    second.get_by_role("button", name="Status").click()
    second.get_by_role("dialog", name="Status").get_by_role("button", name="In progress").click()
    # The page of the second has both by now.
    expect(owner(second)).to_contain_text("ines")
    expect(second.locator(".detail-meta")).to_contain_text("In progress")
    assert carried() == ["carried", "carried"]
    told = directory.incidents["1"]
    assert (told["assignedTo"], told["status"]) == (ines.email, "inProgress")


def test_a_change_at_microsoft_meanwhile_is_shown_with_both_sides_and_a_person_chooses(
    as_: Open, incident: Incident, ines: User, directory: Any, problems: list[str]
) -> None:
    page = as_(ines)
    page.goto(incident.get_absolute_url())
    page.get_by_role("button", name="Assign to me").click()
    page.locator(".toast").wait_for()
    directory.touch("1", assignedTo="kim@halden.example", lastModifiedBy="kim@halden.example")
    assert carried() == ["conflict"]
    page.get_by_role("link", name="Conflict").click()
    expect(page.locator(".sides")).to_contain_text("kim@halden.example")
    expect(page.locator(".sides")).to_contain_text(ines.email)
    assert violations(page) == []
    page.get_by_role("button", name="Write mine over it").click()
    expect(page.locator("#toasts")).to_contain_text("asked for again")
    assert carried() == ["carried"] and directory.incidents["1"]["assignedTo"] == ines.email
    assert problems == []


def test_resolving_waiting_and_tagging_by_the_popovers(
    as_: Open, incident: Incident, ines: User, directory: Any, problems: list[str]
) -> None:
    page = as_(ines)
    page.goto(incident.get_absolute_url())
    page.get_by_role("button", name="Wait…").click()
    page.get_by_label("For what").fill("Their answer")
    page.get_by_role("button", name="Wait for the customer", exact=True).click()
    expect(page.locator(".hold")).to_contain_text("Their answer")
    assert Hold.objects.get().by == "Ines Ahlgren"
    assert page.evaluate("document.activeElement.closest('[data-acts]') !== null")
    page.get_by_role("button", name="Tags").click()
    page.get_by_label("Add").fill("vip, p1")
    page.get_by_role("button", name="Change tags").click()
    expect(page.locator(".detail-meta")).to_contain_text("vip")
    page.get_by_role("button", name="Resolve…").click()
    page.get_by_role("dialog", name="Resolve").get_by_label("Classification and type").select_option(
        "truePositive/malware"
    )
    page.get_by_label("Note").fill("Cleaned.")
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.locator(".detail-meta")).to_contain_text("Resolved")
    expect(page.locator(".hold")).to_have_count(0)
    assert set(carried()) == {"carried"}
    assert (directory.status("1"), directory.incidents["1"]["customTags"]) == ("resolved", ["vip", "p1"])
    assert problems == []


def test_it_works_without_javascript(as_: Open, incident: Incident, ines: User) -> None:
    page = as_(ines, java_script_enabled=False)
    page.goto(incident.get_absolute_url())
    page.get_by_role("button", name="Assign to me").click()
    page.wait_for_url(f"**{incident.get_absolute_url()}")
    expect(page.locator("#toasts")).to_contain_text("assigned to you")
    expect(owner(page)).to_contain_text("ines")
    page.get_by_role("button", name="Undo").click()
    expect(owner(page)).to_contain_text("Unassigned")


def test_a_letter_in_a_field_does_nothing(as_: Open, incident: Incident, ines: User) -> None:
    page = as_(ines)
    page.goto(incident.get_absolute_url())
    page.keyboard.press("c")
    expect(page.get_by_role("dialog", name="Classify")).to_be_visible()
    page.keyboard.press("a")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Comment").click()
    page.get_by_label("Comment at Microsoft").press_sequentially("asc")
    assert page.get_by_label("Comment at Microsoft").input_value() == "asc"
    assert not Edit.objects.exists()


def test_all_that_match_are_changed_after_a_question(
    as_: Open, incident: Incident, ines: User, directory: Any, world: Any, tenant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        directory.add_story(world.now, hostile=False)
    sync.pull(tenant)
    type(tenant).objects.update(can_write=True)
    page = as_(ines)
    page.goto(incident.get_absolute_url())
    page.evaluate(
        """() => { const form = document.querySelector('[data-acts] form');
            for (const [name, value] of [['matching', '1'], ['query', '?view=all']]) {
                const field = document.createElement('input');
                Object.assign(field, {type: 'hidden', name, value}); form.append(field); } }"""
    )
    page.get_by_role("button", name="Assign to me").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Change 4 incidents or alerts?")
    assert violations(page) == []
    page.get_by_role("button", name="Yes, all 4").click()
    expect(page.locator("#toasts")).to_contain_text("4 of 4 done: assigned to you")
    assert Incident.objects.filter(assigned_to=ines.email).count() == 4
    assert chosen.MOST > 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_it_is_accessible(
    as_: Open, incident: Incident, ines: User, directory: Any, problems: list[str], scheme: Any, width: int
) -> None:
    done(ines, acts.Assign, incident, to=ines)
    done(ines, acts.SetStatus, incident, status="inProgress")
    directory.touch("1", status="resolved")
    carried()
    done(ines, acts.Comment, incident, text="Looking.")
    page = as_(ines, color_scheme=scheme, viewport={"width": width, "height": 900})
    page.goto(incident.get_absolute_url())
    assert row(incident).status == "resolved"
    # Whoever reopens the incident below has answered the conflict with it.
    conflict = Edit.objects.get(state="conflict").pk
    for name in ("Assign…", "Status", "Classify", "Comment", "Tags"):
        page.get_by_role("button", name=name).first.click()
        page.wait_for_selector(".pop--form:popover-open")
        assert violations(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Reopen").click()
    page.get_by_role("button", name="Wait…").click()
    assert violations(page) == []
    page.goto(f"/triage/edits/{conflict}")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert problems == []


def violations(page: Page) -> list[Any]:
    found = Axe().run(page, options=AXE).response["violations"]
    return [(one["id"], one["nodes"][0]["html"][:200]) for one in found]
