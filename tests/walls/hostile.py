"""The whole run: plant hostile text, visit every page of ours with it, and tell what happened."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.conf import settings as django_settings
from django.contrib.auth.models import AbstractBaseUser
from django.test import Client
from django.test.signals import template_rendered
from django.urls import Resolver404, get_resolver, resolve

from accounts.models import User
from accounts.visible import shown
from incidents.models import Alert, Breaker, Incident
from incidents.rows import text as stored
from simulator.world import Tenant as Directory
from simulator.world import World
from tenants import invitations
from tenants.models import Invitation, Tenant
from tests.walls import planting
from tests.walls.payloads import PAYLOADS, names, spread
from tests.walls.planting import Deal
from tests.walls.watching import Reports, Watch

# They answer with another address, a post only, or nothing that a browser shows.
NO_PAGE = {
    "sign-in-microsoft", "sign-out", "theme", "connect-continue", "tenant-invitation-renew", "tenant-invitation-cancel",
    "acknowledge-break-glass", "audit-file", "group-remove", "person-role", "person-customers", "person-reactivate",
    "triage-bulk", "triage-next", "triage-undo",
}  # fmt: skip


# Sends the first form of an incident's page for all that match.
EVERYTHING = """() => {
    const form = document.querySelector('[data-acts] form'), field = document.createElement('input');
    Object.assign(field, {type: 'hidden', name: 'matching', value: '1'});
    form.append(field);
    form.submit();
}"""


@dataclass(frozen=True)
class Size:
    """How many of each; `listed` incidents have a place in the list only, and of `typed` texts each field gets all."""

    incidents: int
    parts: int
    listed: int
    alone: int
    foreign: int
    customers: int
    panels: int
    people: int
    typed: int
    posted: int


SAMPLE = Size(
    incidents=40, parts=2, listed=0, alone=8, foreign=12, customers=40, panels=12, people=6, typed=6, posted=4
)
# In three alerts, comments and tags of each incident every payload has its turn.
THIRD = -(-len(PAYLOADS) // 3)
WHOLE = Size(
    incidents=THIRD, parts=3, listed=len(PAYLOADS) - THIRD, alone=30, foreign=190, customers=len(names()), panels=20,
    people=20, typed=12, posted=8,
)  # fmt: skip


class Run:
    """One pass over all pages with one deal of payloads."""

    def __init__(self, watch: Watch, size: Size, tenant: Tenant, directory: Directory) -> None:
        self.watch, self.size, self.tenant, self.directory = watch, size, tenant, directory
        self.deal, self.names = Deal(spread()), Deal(names())
        self.client, self.visited, self.templates = Client(), set[str](), set[str]()

    @property
    def tried(self) -> set[tuple[str, str]]:
        return self.deal.tried | self.names.tried

    def visit(self, path: str, expected: list[str] | None = None) -> Any:
        page = self.watch.visit(path, [text for text in expected or () if text.strip()])
        if len(path) < 500 and path.isascii() and "%" not in path.partition("?")[0]:
            name = match.url_name if (match := found(path)) else ""
            self.visited.add(name or "")
        return page

    def as_(self, user: AbstractBaseUser) -> None:
        self.client.force_login(user)
        self.watch.sign_in(self.client.cookies["utkik-session"].value)

    def everything(self, operator: User) -> None:
        with rendered(self.templates):
            self.strangers()
            self.as_(operator)
            self.received()
            self.triaged()
            self.tenants()
            self.public()
            self.typed()
            self.named()

    def received(self) -> None:
        """What came from Microsoft: the lists, each item's own page, and what was set aside."""
        planted = [
            planting.plant_incident(self.directory, number, self.deal, self.size.parts)
            for number in range(self.size.incidents)
        ]
        listed = [
            planting.plant_incident(self.directory, len(planted) + number, self.deal)
            for number in range(self.size.listed)
        ]
        alone = [planting.plant_alone(self.directory, self.deal) for _ in range(self.size.alone)]
        reasons = [planting.plant_foreign(self.directory, number, self.deal) for number in range(self.size.foreign)]
        planting.read(self.tenant)
        self.lists("/?view=all", [text for one in planted + listed for text in one.listed])
        self.lists("/alerts", [text for one in alone for text in one.listed])
        for path, one in [*planting.rows_of(planted, Incident).items(), *planting.rows_of(alone, Alert).items()]:
            page = self.visit(path, one.detailed)
            self.links(page)
            if json.loads(page.text_content("pre.raw code")) != one.item:
                self.watch.seen.missing.append(f"the raw JSON on {path}")
        self.watch.narrow()
        self.visit(path, one.detailed)
        self.visit("/?view=all")
        self.watch.wide()
        error = self.deal("outage.error").replace("\0", "")
        Breaker.objects.update_or_create(id=1, defaults={"opened_at": self.tenant.connected_at, "error": error})
        self.visit("/sync", [*reasons, shown(error), *planting.plant_gaps(self.tenant, self.deal, self.size.alone)])

    def triaged(self) -> None:
        """What people ask to be changed, what Microsoft has instead, and what an incident waits for."""
        # What was merged away is not worked on.
        ours = Incident.objects.filter(alerts__isnull=False).exclude(status=Incident.Status.REDIRECTED)
        for incident in ours.distinct().order_by("pk")[: self.size.posted]:
            edit, hold = planting.plant_edit(incident, self.deal), planting.plant_hold(incident, self.deal)
            texts = [edit.by, edit.problem, edit.changed_by, *edit.changes["customTags"], *edit.theirs["customTags"]]
            self.visit(f"/triage/edits/{edit.pk}", [shown(text) for text in texts])
            self.visit(f"/triage/marks/{incident.pk}")
            page = self.visit(incident.get_absolute_url(), [shown(hold.by), shown(hold.reason)])
            with page.expect_response(lambda answer: answer.url.endswith("/triage")):
                page.locator("[data-key=a]").click()
            page.wait_for_selector(".toast")
            self.watch.look("/triage (toast)", [shown(incident.microsoft_id)[:40]])
        page.evaluate(EVERYTHING)
        page.get_by_role("button", name="Yes, ").wait_for()
        self.watch.look("/triage (confirmation)")

    def lists(self, path: str, expected: list[str]) -> None:
        """All pages of a list; what is expected may stand on any of them."""
        shown_texts, address = [], path
        while address:
            page = self.visit(address)
            shown_texts.append(" ".join(page.evaluate("() => document.documentElement.textContent").split()))
            after = page.locator("a[rel=next]")
            address = after.get_attribute("href") if after.count() else ""
            address = path.partition("?")[0] + address if address.startswith("?") else address
        text = "\n".join(shown_texts)
        self.watch.seen.texts += len(expected)
        self.watch.seen.missing += [f"{one[:80]!a} on {path}" for one in expected if " ".join(one.split()) not in text]

    def links(self, page: Any) -> None:
        """Every link of a page leads to us or to Microsoft's own portal."""
        found = page.evaluate("() => [...document.querySelectorAll('[href]')].map(e => e.href)")
        good = (self.watch.address, "https://security.microsoft.com/", "https://security.microsoft.us/")
        self.watch.seen.foreign += [one for one in found if isinstance(one, str) and not one.startswith(good)]

    def tenants(self) -> None:
        asked = planting.plant_customers(self.client, self.size.customers, self.names)
        assert len(asked) == self.size.customers, "A form has refused a customer."
        expected = [shown(one.customer.name) for one in asked]
        planting.plant_journeys(asked, self.deal)
        self.lists("/tenants", expected)
        self.lists("/", [])
        for one in asked[: self.size.panels]:
            one.refresh_from_db()
            log = [shown(event.detail) for event in one.events.all()] + [
                shown(event.code) for event in one.events.all()
            ]
            path = f"/tenants/{one.tenant_id}" if one.tenant_id else f"/tenants/invitations/{one.pk}"
            self.visit(path, [shown(one.customer.name), *log])
            if one.tenant_id:
                self.visit(f"{path}/disconnect", [shown(one.customer.name), shown(one.tenant.domain)])
            self.visit(f"/connect/{invitations.token(one)}", [shown(one.customer.name)])
        self.visit("/sync", expected[3::4])
        self.polled(asked[1])

    def polled(self, proving: Invitation) -> None:
        """The page that asks again by itself, and puts the answer in its own place."""
        with self.watch.page.expect_response(lambda answer: "hx-request" in answer.request.headers):
            self.visit(
                f"/connect/{invitations.token(proving)}", [shown(proving.customer.name), shown(proving.approver)]
            )
        self.watch.look("/connect (polled)", [shown(proving.customer.name), shown(proving.approver)])

    def public(self) -> None:
        for _ in range(self.size.posted):
            self.visit(f"/connect/callback?error={quote(self.deal('callback.error'))}")
            self.visit(f"/sign-in/callback?error={quote(self.deal('sign_in.error'))}")
            self.visit(f"/connect/identity?error={quote(self.deal('identity.error'))}")
            self.visit(f"/connect/{quote(self.deal('path')[:300], safe='')}")
            self.visit(f"/{quote(self.deal('path')[:300], safe='')}")

    def typed(self) -> None:
        """What a person types, or finds in a link that somebody has sent."""
        for _ in range(self.size.typed):
            for path, key in (("/", "q"), ("/tenants", "q"), ("/tenants/invite", "name")):
                text = self.deal(f"{path}?{key}").strip()[:200]
                page = self.visit(f"{path}?{key}={quote(text)}")
                self.holds(page, f"[name={key}]", text)
            odd = self.deal("address")[:40]
            self.visit(f"/?{quote(odd)}=1&view={quote(odd)}&severity={quote(odd)}&after={quote(odd)}")
        for _ in range(self.size.posted):
            self.swapped(self.deal("search")[:100])
            page = self.visit("/settings")
            page.fill("#id_time_zone", self.deal("time_zone")[:60])
            page.get_by_role("button", name="Save").click()
            page.wait_for_load_state()
            self.watch.look("/settings")
            page = self.visit("/tenants/invite")
            page.fill("#id_name", f"\u200b{self.deal('refused.name')}"[:150])
            page.fill("#id_email", self.deal("refused.email")[:150] or "x")
            page.get_by_role("button", name="Make the link").click()
            page.wait_for_load_state()
            self.watch.look("/tenants/invite")

    def swapped(self, text: str) -> None:
        """Type into the search of the list: htmx puts the answer into the page."""
        page = self.visit("/")
        with page.expect_response(lambda answer: "q=" in answer.url):
            page.fill("#q", text or "x")
        page.wait_for_function("() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")
        self.watch.look("/?q (swapped)")

    def holds(self, page: Any, field: str, text: str) -> None:
        value = page.input_value(field)
        typed = text.replace("\r", "").replace("\n", "").replace("\0", "\ufffd")
        if value != typed and value.strip() != typed.strip():
            self.watch.seen.missing.append(f"{typed[:80]!a} in {field}, which holds {value[:80]!a}")

    def named(self) -> None:
        """People whose directory gave them a hostile name, on whichever page they are."""
        people = planting.plant_people(self.deal, self.size.people)
        for user in people:
            self.as_(user)
            self.visit("/settings", [shown(user.name)])
        self.administered(people)

    def administered(self, people: list[User]) -> None:
        """What administrators read of people, groups, credentials and of who did what."""
        alarm, problem, lines = planting.plant_records(self.deal, self.size.people)
        self.visit("/people", [alarm, *(shown(user.name) for user in people)])
        self.visit("/people/grant")
        for user in people:
            self.visit(f"/people/{user.pk}", [shown(user.name)])
        # The one who is signed in may not be sent away.
        self.visit(f"/people/{people[0].pk}/deactivate", [shown(people[0].name)])
        groups = planting.plant_groups(self.deal, self.size.people)
        self.visit("/people/groups", [shown(group.name) for group in groups])
        self.visit("/people/groups/new")
        for group in groups:
            self.visit(f"/people/groups/{group.pk}", [])
        self.lists("/audit", lines)
        self.visit("/sync", [problem])

    def strangers(self) -> None:
        listed = [{key: stored(self.deal(f"person.{key}")) for key in ("name", "username", "title", "role")}
                  for _ in range(self.size.incidents)]  # fmt: skip
        write_people(listed)
        self.visit("/sign-in", [shown(text) for person in listed for key, text in person.items() if key != "role"])
        for _ in range(self.size.posted):
            page = self.visit(f"/sign-in?next={quote(self.deal('next'))}")
            page.locator("details.fold").evaluate("fold => { fold.open = true }")
            page.fill("#id_username", self.deal("username")[:150] or "x")
            page.fill("#id_password", "wrong")
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_load_state()
            self.watch.look("/sign-in")
        self.visit("/signed-out")


def found(path: str) -> Any:
    try:
        return resolve(path.partition("?")[0])
    except Resolver404:
        return None


def install(settings: Any, address: str, world: World, reports: Reports | None) -> None:
    """Utkik at this address, with a sign-in and with the real policy; without `reports` with none at all."""
    settings.PUBLIC_URL = address
    settings.SIGN_IN_CLIENT_ID, settings.SIGN_IN_CLIENT_SECRET = world.signin_client_id, world.signin_client_secret
    settings.ENTRA_HOME_TENANT_ID = world.home.id
    settings.CONTENT_SECURITY_POLICY = reports.policy() if reports else None


def write_people(listed: list[dict[str, str]]) -> None:
    (django_settings.STATE_DIR / "people.json").write_text(json.dumps(listed))


def pages() -> set[str]:
    """The names of all addresses that show a page."""
    return {name for name in get_resolver().reverse_dict if isinstance(name, str)} - NO_PAGE


@contextmanager
def rendered(into: set[str]) -> Iterator[None]:
    """Gather the names of all templates that are rendered, the included ones too."""

    def note(sender: Any, template: Any, **_: Any) -> None:
        if template.name:
            into.add(template.name)

    template_rendered.connect(note, weak=False)
    try:
        yield
    finally:
        template_rendered.disconnect(note)


def told(run: Run, reports: Reports) -> dict[str, str]:
    seen = run.watch.seen
    fields, texts = {where for where, _ in run.tried}, {text for _, text in run.tried}
    return {
        "hostile text": f"{len(texts)} payloads in {len(fields)} fields, {len(run.tried)} pairs, {seen.pages} pages, "
        f"{sum(many == len(PAYLOADS) for many in Counter(where for where, _ in run.tried).values())} fields with all of them, "
        f"{seen.texts} texts found literally, {len(seen.executions)} executions, {len(reports.caused)} reports"
    }
