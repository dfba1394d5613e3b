"""Every address, asked by everybody: nobody is ever told a word of a customer who is not theirs.

The walk is made three times: as we are, with the pages' choice of rows switched off, and with the database's. Each of
the two layers has to hold alone. A new address without a row in ADDRESSES fails, and so does a canary that nobody sees.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver

from incidents.models import Alert, Change, Edit, Evidence, Hold, Incident, SetAside, SyncState
from tenants import invitations, walls
from tenants.models import Customer
from tests.walls.canaries import COMMON, Planted
from tests.walls.conftest import browser_of

Rows = dict[str, Any]
Ask = tuple[str, str]  # method and address

WORDS = (COMMON, "onlyahasit", "onlybhasit")
LISTS = ("", "?view=all", *(f"?view=all&q={word}" for word in WORDS), "?severity=high&view=all", "?view=resolved")


def gets(name: str, *key: str) -> Callable[[Rows], list[Ask]]:
    """The page of the row that each customer has of this kind."""
    return lambda rows: [("get", reverse(name, args=[rows[each].pk for each in key]))]


def posts(name: str, *key: str) -> Callable[[Rows], list[Ask]]:
    return lambda rows: [("post", reverse(name, args=[rows[each].pk for each in key]))]


def listed(name: str, *searches: str) -> Callable[[Rows], list[Ask]]:
    return lambda rows: [("get", reverse(name) + search) for search in searches or ("",)]


def of_customer(rows: Rows) -> list[Ask]:
    chosen = rows["Customer"].pk
    return [*listed("queue", *LISTS)(rows), *listed("queue", f"?view=all&tenant={chosen}", "?after=_")(rows)]


def tenants(rows: Rows) -> list[Ask]:
    return listed("tenants", *LISTS, "?view=attention", "?view=onboarding", "?view=live", "?page=2")(rows)


def disconnecting(rows: Rows) -> list[Ask]:
    address = reverse("tenant-disconnect", args=[rows["Tenant"].pk])
    return [("get", address), ("post", address)]


def inviting(rows: Rows) -> list[Ask]:
    address = reverse("tenants-invite")
    return [("get", address), ("get", f"{address}?name=x"), ("post", address)]


def triaged(rows: Rows) -> list[Ask]:
    address = reverse("triage-edit", args=[rows["Edit"].pk])
    return [("get", address), ("post", address)]


def marked(rows: Rows) -> list[Ask]:
    names = (("Incident", ""), ("Alert", "?kind=alerts"), ("alone", "?kind=alerts"))
    return [("get", reverse("triage-marks", args=[rows[name].pk]) + kind) for name, kind in names]


def unknown_link(name: str) -> Callable[[Rows], list[Ask]]:
    return lambda rows: [("get", reverse(name, args=[token])) for token in ("x", "x.y")]


ADDRESSES: dict[str, Callable[[Rows], list[Ask]]] = {
    "queue": of_customer,
    "incident": gets("incident", "Incident"),
    "alerts": listed("alerts", "", f"?q={COMMON}"),
    "alert": lambda rows: [("get", reverse("alert", args=[rows[each].pk])) for each in ("Alert", "alone")],
    "sync": listed("sync"),
    "triage-bulk": posts("triage-bulk"),
    "triage-next": posts("triage-next"),
    "triage-undo": lambda rows: [("post", reverse("triage-undo", args=[rows["Edit"].batch]))],
    "triage-edit": triaged,
    "triage-marks": marked,
    "tenants": tenants,
    "tenants-invite": inviting,
    "tenant": gets("tenant", "Tenant"),
    "tenant-disconnect": disconnecting,
    "tenant-invitation": gets("tenant-invitation", "Invitation"),
    "tenant-invitation-renew": posts("tenant-invitation-renew", "Invitation"),
    "tenant-invitation-cancel": posts("tenant-invitation-cancel", "Invitation"),
    "connect-identity": listed("connect-identity", "", "?code=x&state=x"),
    "connect-callback": listed("connect-callback", "", "?admin_consent=True&state=x&tenant=x"),
    "connect": unknown_link("connect"),
    "connect-continue": unknown_link("connect-continue"),
    "sign-in": listed("sign-in", "", "?next=/sync"),
    "sign-in-microsoft": listed("sign-in-microsoft"),
    "sign-in-callback": listed("sign-in-callback", "", "?code=x&state=x"),
    "signed-out": listed("signed-out"),
    "preferences": listed("preferences"),
    "audit": listed("audit", "", f"?q={COMMON}", "?outcome=done"),
    "audit-file": listed("audit-file", "", "?outcome=done"),
    "people": listed("people"),
    "people-grant": posts("people-grant"),
    "person": gets("person", "person"),
    "person-role": posts("person-role", "person"),
    "person-customers": posts("person-customers", "person"),
    "person-deactivate": posts("person-deactivate", "person"),
    "person-reactivate": posts("person-reactivate", "person"),
    "groups": listed("groups"),
    "group-new": posts("group-new"),
    "group": gets("group", "CustomerGroup"),
    "group-remove": posts("group-remove", "CustomerGroup"),
    "acknowledge-break-glass": posts("acknowledge-break-glass"),
    "theme": posts("theme"),
    # The last: nobody has a session after it.
    "sign-out": posts("sign-out"),
}
WITHOUT_A_NAME = ("/healthz", "/healthz/web", "/nothing")

SEES = {
    "nobody": "", "administrator": "ab", "manager": "ab", "analyst of a": "a", "analyst of none": "",
    "customer a": "a", "customer b": "b", "stranger": "",
}  # fmt: skip
# What a customer is never shown of itself either, and what only administrators are.
PROVIDERS = {
    "incidents_edit",
    "incidents_hold",
    "tenants_invitation",
    "tenants_invitationevent",
    "tenants_consentstate",
    "incidents_setaside",
}
ADMINISTRATORS = {"incidents_setaside"}
# What no page shows: kept to work with, or shown as a word of ours when it is one of Microsoft's. Another column that
# nobody sees fails the walk: either a page lacks it, or it stands here with those that need not be seen.
HIDDEN = {
    "accounts_auditentry": {"hash", "previous_hash"},
    "accounts_user": {"email"},
    "incidents_alert": {
        "category", "classification", "detection_source", "determination", "devices", "digest", "incident_microsoft_id",
        "microsoft_updated_text", "service_source", "severity", "status", "users", "words",
    },
    "incidents_backfill": {"position", "stream"},
    "incidents_daycount": {"position", "stream"},
    "incidents_detailread": {"error", "microsoft_id"},
    "incidents_edit": {"lease_session", "seen_text"},
    "incidents_evidence": {"kind", "remediation_status", "roles", "verdict"},
    # Times that are none are not shown.
    "incidents_gap": {"high", "low", "raw"},
    "incidents_hold": {"ended_by", "why_ended"},
    "incidents_listeditem": {"microsoft_id", "stream"},
    "incidents_listing": {"position", "stream"},
    # Where it was merged into stands on the page of a link, which this one is not.
    "incidents_incident": {
        "categories", "classification", "determination", "digest", "due_clock", "held",
        "microsoft_updated_text", "modified_by", "redirected_to",
        "severity", "sources", "status", "words",
    },
    "incidents_setaside": {"digest", "microsoft_id", "stream"},
    "incidents_syncstate": {"error_kind", "error_owner", "lease_session", "newest", "position", "since"},
    "tenants_consentstate": {"browser_hash", "state_hash", "username"},
    "tenants_invitation": {"error_kind"},
}  # fmt: skip


def test_every_address_is_walked() -> None:
    assert set(names(get_resolver().url_patterns)) == set(ADDRESSES)


def names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns)
        else:
            yield str(pattern.name)


@pytest.fixture(params=["both layers", "the database alone", "the pages alone"])
def layers(request: Any, monkeypatch: pytest.MonkeyPatch, settings: Any) -> str:
    """Which of the two layers are there."""
    if request.param == "the database alone":
        for queryset in choosing():
            monkeypatch.setattr(queryset, "visible_to", lambda rows, user: rows.all())
    if request.param == "the pages alone":
        # The owner, whom the walls do not bind.
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.endswith("AsWeb")]
    return str(request.param)


def choosing() -> set[type]:
    """Every class that has a visible_to of its own."""
    managers = [type(model._default_manager.all()) for model in walls.ours()]
    return {each for manager in managers for each in manager.__mro__ if "visible_to" in vars(each)}


def test_nobody_is_told_of_another_customer(
    layers: str, people: dict[str, Any], one: Planted, other: Planted, caplog: Any, figures: dict[str, str]
) -> None:
    places = one.canaries | other.canaries
    seen: dict[str, set[str]] = {}
    asked = 0
    for name, user in people.items():
        asked, found = walk(browser_of(name, user), [one.rows, other.rows], asked)
        seen[name] = {word for word in places if word in found}
    leaked = {
        (name, word, places[word]) for name, words in seen.items() for word in words if not allowed(name, word, places)
    }
    assert leaked == set()
    unseen = {places[word] for word in places if not any(word in words for words in seen.values())}
    assert unseen - {f"{table}.{column}" for table, columns in HIDDEN.items() for column in columns} == set()
    assert not [word for word in places if word in caplog.text]
    number = len(set.union(*seen.values()))
    figures[f"crawled, {layers}"] = (
        f"{len(ADDRESSES)} URL patterns, {asked} requests, {number} canaries seen, {len(leaked)} leaked"
    )


def allowed(name: str, word: str, places: dict[str, str]) -> bool:
    table = places[word].partition(".")[0]
    if word[2] not in SEES[name] or (table in ADMINISTRATORS and name != "administrator"):
        return False
    return table not in PROVIDERS or not name.startswith("customer")


def walk(client: Client, customers: list[Rows], asked: int) -> tuple[int, str]:
    """Ask for everything, whole and in part; how often was asked by now, and all that was answered."""
    answers = []
    asks = [ask for make in ADDRESSES.values() for rows in customers for ask in make(rows)]
    asks += [("get", address) for address in WITHOUT_A_NAME]
    # What changes something comes last; signing out is the last of it.
    for method, address in sorted(dict.fromkeys(asks), key=lambda ask: ask[0] == "post"):
        for headers in ({}, {"HX-Request": "true", "HX-Target": "results"}):
            answer = getattr(client, method)(address, headers=headers)
            answers.append(str(answer.headers) + answer.getvalue().decode(errors="replace"))
            asked += 1
    return asked, "\n".join(answers)


def test_a_link_opens_its_own_customer_and_no_other(layers: str, one: Planted, other: Planted) -> None:
    """Whoever holds it is nobody we know."""
    link = invitations.token(one.rows["Invitation"])
    client = browser_of("holder", None)
    pages = [client.get(reverse(name, args=[link]), follow=True) for name in ("connect", "connect-continue")]
    pages += [client.get(reverse(name), follow=True) for name in ("connect-identity", "connect-callback", "queue")]
    told = "".join(page.content.decode() for page in pages).replace(link, "")
    assert {one.canaries[word] for word in one.canaries if word in told} == {"tenants_customer.name"}
    assert not [word for word in other.canaries if word in told]


@pytest.mark.parametrize("name", [name for name in SEES if name not in ("nobody", "administrator", "manager")])
def test_what_is_not_theirs_is_as_unknown_as_what_is_not_there(
    layers: str, people: dict[str, Any], other: Planted, one: Planted, name: str
) -> None:
    """The same status and the same body, once the address that was asked for is taken out of it."""
    client = browser_of(name, people[name])
    theirs = one if name == "customer b" else other
    hidden = {"incident": [theirs.rows["Incident"].pk], "alert": [theirs.rows[each].pk for each in ("Alert", "alone")]}
    hidden |= {page: [theirs.rows["Tenant"].pk] for page in ("tenant", "tenant-disconnect")}
    hidden |= {page: [theirs.rows["Invitation"].pk] for page in INVITATION_PAGES}
    for page, keys in hidden.items():
        for key in keys:
            nothing = uuid4() if page in ("incident", "alert") else 2**40 + key
            method = "post" if page in INVITATION_PAGES[1:] else "get"
            addresses = [reverse(page, args=[each]) for each in (key, nothing)]
            told, known = [(getattr(client, method)(address), address) for address in addresses]
            assert (told[0].status_code, known[0].status_code) == (404, 404), page
            assert cleaned(*told) == cleaned(*known), page


INVITATION_PAGES = ("tenant-invitation", "tenant-invitation-renew", "tenant-invitation-cancel")


def cleaned(answer: Any, address: str) -> str:
    """Without what differs at each request."""
    text = answer.content.decode().replace(address, "…")
    return re.sub(r'csrfmiddlewaretoken" value="\w+|X-CSRFToken&quot;: &quot;\w+', "", text)


@pytest.mark.parametrize("name", ["analyst of a", "customer a"])
def test_numbers_are_of_what_a_person_may_see(
    layers: str, people: dict[str, Any], one: Planted, other: Planted, name: str
) -> None:
    """Counts, filters and pages are the same, to the letter, whether or not another customer is there at all."""
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1), tick=False):
        client = browser_of(name, people[name])
        pages = [address for each in ("queue", "alerts", "tenants") for _, address in ADDRESSES[each](one.rows)]
        before = {address: cleaned(client.get(address), address) for address in pages}
        Customer.objects.filter(pk=other.rows["Customer"].pk).update(name="gone")
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE incidents_change DISABLE TRIGGER keep_history")
        for model in (Edit, Hold, Change, Evidence, Alert, Incident, SyncState, SetAside):
            model.objects.filter(tenant=other.rows["Tenant"]).delete()
        changed = [address for address in pages if cleaned(client.get(address), address) != before[address]]
    assert changed == []


@pytest.mark.parametrize("name", [name for name in SEES if name != "administrator"])
def test_what_is_asked_of_another_customer_changes_nothing(
    layers: str, people: dict[str, Any], one: Planted, other: Planted, name: str
) -> None:
    theirs = one if name == "customer b" else other
    before = stored(theirs)
    client = browser_of(name, people[name])
    for address in [
        address for make in ADDRESSES.values() for method, address in make(theirs.rows) if method == "post"
    ]:
        client.post(address, {"name": theirs.rows["Customer"].name, "email": "x@x.example"})
    assert stored(theirs) == before


def stored(planted: Planted) -> list[Any]:
    return [list(type(row).objects.filter(pk=row.pk).values()) for row in planted.rows.values()]


def test_the_walk_finds_what_neither_layer_hides(
    people: dict[str, Any], one: Planted, other: Planted, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """Without it nobody would know that the walk can see anything at all."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.endswith("AsWeb")]
    for queryset in choosing():
        monkeypatch.setattr(queryset, "visible_to", lambda rows, user: rows.all())
    told = walk(browser_of("customer a", people["customer a"]), [one.rows, other.rows], 0)[1]
    leaked = {other.canaries[word] for word in other.canaries if word in told}
    assert {"incidents_incident.title", "incidents_alert.raw", "incidents_evidence.name"} <= leaked


def test_an_export_of_one_customer_has_no_other(one: Planted, other: Planted, capsys: Any) -> None:
    call_command("export", "incidents", "--customer", one.rows["Customer"].name)
    told = capsys.readouterr().out
    assert {"incidents_incident.raw", "incidents_alert.raw"} <= {
        one.canaries[word] for word in one.canaries if word in told
    }
    assert not [word for word in other.canaries if word in told]
