"""Staff see how each tenant stands, worst first; administrators act on it, and nobody sees another's customers."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from playwright.sync_api import Browser

from accounts.models import User
from incidents import sync, tenant_list, tenant_views
from incidents import tenant_conditions as conditions
from incidents.models import SyncState
from simulator.world import Tenant as Directory
from tenants import invitations, proving, stops
from tenants.models import Customer, Invitation, InvitationEvent, Tenant
from tests.test_line import AXE, signed_in
from tests.walls.web import in_earnest

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def ago(age: timedelta) -> Any:
    return timezone.now() - age


def connected(name: str, *, age: timedelta = 10 * DAY, read: timedelta | None = MINUTE, **error: Any) -> Tenant:
    """A directory that was read so long ago; `error` is what its incidents say."""
    customer, _ = Customer.objects.get_or_create(name=name)
    domain = f"{name.lower().replace(' ', '')}.example"
    tenant = Tenant.objects.create(
        customer=customer, entra_id=uuid4(), domain=domain, connected_at=ago(age), approved_at=ago(age)
    )
    for stream in SyncState.Stream.values:
        SyncState.objects.create(
            customer=customer, tenant=tenant, stream=stream, completed_at=read and ago(read),
            **(error if stream == "incidents" else {}),
        )  # fmt: skip
    return tenant


def invited(name: str, by: User | None = None, *, age: timedelta = HOUR, **fields: Any) -> Invitation:
    made = invitations.invite(name, f"it@{name.lower().replace(' ', '')}.example", by=by)
    Invitation.objects.filter(pk=made.pk).update(**({"created_at": ago(age)} | fields))
    made.events.update(at=ago(age))
    made.refresh_from_db()
    return made


def approved(tenant: Tenant, **fields: Any) -> Invitation:
    made = invited(tenant.customer.name, used_at=tenant.connected_at, tenant=tenant, entra_id=tenant.entra_id, **fields)
    invitations.note(made, InvitationEvent.Kind.CONSENTED, made.approver)
    return made


def fault(kind: str, owner: str = "customer", sentence: str = "It went wrong.") -> dict[str, Any]:
    return {"error_kind": kind, "error_owner": owner, "error": sentence, "failed_at": ago(3 * HOUR)}


def keys(user: User) -> dict[str, str]:
    """The condition of each row that the person sees, in order."""
    return {row.customer.name: row.condition.key for row in tenant_list.listing(user)}


@pytest.fixture
def everyone(operator: User) -> None:
    """One tenant of every condition."""
    approved(connected("Brightwater Foods"), approver="t.nilsson@brightwater.example")
    connected("Kestrel Logistics", read=20 * MINUTE)
    connected("Stellan Manufacturing", read=2 * MINUTE, **fault("throttled", "microsoft", "Too many requests."))
    connected("Arbor Dental Group", age=MINUTE, read=None)
    revoked = connected(
        "Mora Clinics", read=3 * HOUR, **fault("app_disabled", sentence="The application is disabled in the directory.")
    )
    approved(revoked, approver="admin@mora.example", created_by=operator)
    connected("Orchard & Pine LLP", read=DAY, **fault("licence_missing", sentence="The directory has no licence."))
    connected(
        "Tideline Shipping",
        read=None,
        age=DAY,
        **fault("role_missing", sentence="The consent lacks the application role SecurityAlert.Read.All."),
    )
    connected(
        "Quayside Legal", age=DAY, read=None, **fault("licence_missing", sentence="The directory has no licence.")
    )
    Tenant.objects.filter(pk=connected("Old Mill").pk).update(state="disconnected", disconnected_at=ago(DAY))
    visited = invited("Vesper Hotels", operator, age=2 * DAY)
    invitations.note_visit(visited, InvitationEvent.Kind.OPENED, "Edg/140")
    invitations.note_visit(visited, InvitationEvent.Kind.OPENED, "Firefox/140")
    stopped = invited(
        "Harbour Pilots",
        operator,
        error_kind="not_administrator",
        error="An administrator has to approve",
        error_code="AADSTS90094",
    )
    invitations.note(stopped, InvitationEvent.Kind.NOT_ADMINISTRATOR, code="AADSTS90094")
    invited("Nordal Press", operator, error_kind="declined", error="You have not approved", error_code="AADSTS65004")
    invited("Fjordline Marine", operator, age=15 * DAY, expires_at=ago(DAY))
    began = {"proof_began_at": ago(MINUTE), "entra_id": uuid4(), "approver": "boss@somewhere.example"}
    invited("Sund Ferries", operator, proof_due_at=ago(MINUTE), **began)
    invited(
        "Ekeby Steel",
        operator,
        proof_due_at=ago(MINUTE),
        error_kind="ours",
        error="Our credential has expired.",
        **began,
    )
    invited(
        "Lagoon Spa",
        operator,
        error_kind="role_missing",
        error="The consent lacks the application role SecurityAlert.Read.All.",
        **began | {"entra_id": uuid4()},
    )
    invitations.cancel(invited("Lindqvist Bygg", operator), operator)
    Customer.objects.create(name="Unasked")


EXPECTED = {
    "Mora Clinics": "revoked", "Tideline Shipping": "revoked", "Orchard & Pine LLP": "stopped",
    "Quayside Legal": "import_stopped", "Lagoon Spa": "failed", "Ekeby Steel": "held_up",
    "Harbour Pilots": "not_approved", "Nordal Press": "declined", "Fjordline Marine": "expired",
    "Vesper Hotels": "waiting", "Sund Ferries": "proving", "Arbor Dental Group": "importing",
    "Brightwater Foods": "live", "Kestrel Logistics": "live", "Stellan Manufacturing": "live", "Unasked": "uninvited",
    "Lindqvist Bygg": "cancelled", "Old Mill": "disconnected",
}  # fmt: skip


@pytest.fixture
def pages(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


def names(answer: Any) -> list[str]:
    return [row.customer.name for row in answer.context["rows"]]


def test_each_tenant_has_its_condition_and_the_worst_stands_first(everyone: None, operator: User) -> None:
    found = keys(operator)
    assert found == EXPECTED
    assert list(found) == list(EXPECTED)


def test_the_tabs_count_what_they_show(everyone: None, pages: Client) -> None:
    answer = pages.get("/tenants")
    assert answer.context["counts"] == {"all": 18, "attention": 9, "onboarding": 9, "live": 6}
    for view, count in answer.context["counts"].items():
        assert len(names(pages.get("/tenants", {"view": view}))) == count
    assert names(pages.get("/tenants?view=attention")) == list(EXPECTED)[:9]
    assert names(pages.get("/tenants?view=nonsense")) == list(EXPECTED)


def test_the_number_in_the_sidebar_is_the_tabs(everyone: None, pages: Client, operator: User) -> None:
    assert tenant_list.attention(operator) == 9
    page = pages.get("/").content.decode()
    assert '<span class="n n--warn">9<span class="vh"> need attention</span></span>' in page


@pytest.mark.parametrize(
    ("text", "found"),
    [("MORA", ["Mora Clinics"]), ("it@vesper", ["Vesper Hotels"]), ("oldmill.example", ["Old Mill"]), ("zzz", [])],
)
def test_search_finds_name_domain_and_address(everyone: None, pages: Client, text: str, found: list[str]) -> None:
    answer = pages.get("/tenants", {"q": text})
    assert names(answer) == found
    assert ("No tenant matches" in answer.content.decode()) is not found


def test_search_finds_a_directory_by_its_id(pages: Client) -> None:
    tenant = connected("Mora Clinics")
    connected("Old Mill")
    assert names(pages.get("/tenants", {"q": str(tenant.entra_id).upper()[:13]})) == ["Mora Clinics"]


@pytest.mark.parametrize(
    ("error", "read", "expected"),
    [
        (fault("consent_missing"), 3 * HOUR, ("revoked", "err")),
        (fault("app_disabled"), None, ("revoked", "err")),
        (fault("role_missing"), MINUTE, ("revoked", "err")),
        (fault("credential_expired", "us"), MINUTE, ("stopped", "err")),
        (fault("blocked_by_policy"), None, ("import_stopped", "err")),
        (fault("throttled", "microsoft"), 59 * MINUTE, ("live", "warn")),
        (fault("throttled", "microsoft"), 61 * MINUTE, ("stopped", "err")),
        (fault("unreachable", "microsoft"), None, ("importing", "warn")),
        ({}, 4 * MINUTE, ("live", "ok")),
        ({}, 6 * MINUTE, ("live", "warn")),
        ({}, None, ("importing", "run")),
    ],
)
def test_a_connected_directory_stands_as_its_streams_say(
    operator: User, error: dict[str, Any], read: timedelta | None, expected: tuple[str, str]
) -> None:
    connected("Mora Clinics", read=read, **error)
    (row,) = tenant_list.listing(operator)
    assert (row.condition.key, row.data.level) == expected


def test_a_directory_is_live_when_both_streams_are_complete(operator: User) -> None:
    tenant = connected("Mora Clinics", read=HOUR)
    SyncState.objects.filter(tenant=tenant, stream="alerts").update(completed_at=timezone.now())
    (row,) = tenant_list.listing(operator)
    assert row.data.read_at is not None and row.data.read_at < ago(59 * MINUTE)
    SyncState.objects.filter(tenant=tenant, stream="alerts").update(completed_at=None)
    assert keys(operator) == {"Mora Clinics": "importing"}


def test_a_fault_that_somebody_must_mend_goes_before_one_that_passes(operator: User) -> None:
    tenant = connected("Mora Clinics", **fault("throttled", "microsoft"))
    SyncState.objects.filter(tenant=tenant, stream="alerts").update(
        **fault("role_missing", sentence="A role is missing.")
    )
    (row,) = tenant_list.listing(operator)
    assert (row.condition.key, row.note) == ("revoked", "A role is missing.")


def test_every_condition_that_needs_attention_says_what_is_wrong_and_what_to_do(everyone: None, operator: User) -> None:
    for row in tenant_list.listing(operator):
        assert bool(row.note) is row.condition.attention, row.condition
        assert bool(row.advice) is (row.condition.attention and row.condition.key != "expired"), row.condition


def test_every_stop_on_the_way_to_microsoft_has_words_for_the_staff() -> None:
    only_at_the_proof = {"consent_missing", "role_missing", "app_disabled"}
    # An answer that cannot be used is kept with no invitation.
    kept = set(stops.STOPS) - {"stale"}
    assert kept - only_at_the_proof <= set(conditions.STOPS)
    assert kept <= set(conditions.ADVICE)


def test_each_row_offers_one_next_step(everyone: None, operator: User) -> None:
    offered = {row.customer.name: row.action for row in tenant_list.listing(operator)}
    assert {name for name, action in offered.items() if action == "copy"} == {
        "Vesper Hotels", "Harbour Pilots", "Nordal Press", "Lagoon Spa",
    }  # fmt: skip
    assert {name for name, action in offered.items() if action == "renew"} == {
        "Mora Clinics", "Fjordline Marine", "Lindqvist Bygg",
    }  # fmt: skip
    # Connected from the command line, or never asked: nobody knows whom to ask.
    assert {name for name, action in offered.items() if action == "invite"} == {
        "Tideline Shipping",
        "Old Mill",
        "Unasked",
    }


def test_while_an_approval_is_checked_its_link_is_not_offered(everyone: None, pages: Client) -> None:
    held_up = Invitation.objects.get(customer__name="Ekeby Steel")
    page = pages.get(f"/tenants/invitations/{held_up.pk}").content.decode()
    assert "Being checked, boss@somewhere.example" in page
    assert invitations.link(held_up) not in page
    assert "Cancel link" in page


def test_asking_again_stands_in_the_row_of_the_revoked_directory(pages: Client, operator: User) -> None:
    tenant = connected("Mora Clinics", **fault("consent_missing"))
    first = approved(tenant)
    again = pages.post(f"/tenants/invitations/{first.pk}/renew", follow=True)
    assert again.redirect_chain[-1][0] == f"/tenants/{tenant.pk}"
    (row,) = tenant_list.listing(operator)
    assert row.condition.key == "revoked"
    assert row.invitation is not None and row.invitation.pk != first.pk
    assert row.action == "copy"
    assert row.link in again.content.decode()


def test_an_approval_that_is_taken_back_and_given_again_is_seen(
    tenant: Tenant, directory: Directory, pages: Client, operator: User
) -> None:
    def states() -> list[str]:
        return list(keys(operator).values())

    assert states() == ["importing"]
    sync.pull(tenant)
    assert states() == ["live"]
    directory.revoke()
    sync.cloud.door.cache_clear()
    sync.pull(tenant)
    assert states() == ["revoked"]

    pages.post("/tenants/invite", {"name": directory.name, "email": "it@halden.example"})
    assert states() == ["revoked"]
    directory.grant()
    asked = Invitation.objects.get()
    asked.entra_id, asked.proof_began_at, asked.proof_due_at = tenant.entra_id, timezone.now(), timezone.now()
    asked.save()
    claimed = proving.claim_due()
    assert claimed == asked
    proving.attempt(claimed)
    assert states() == ["live"]
    sync.pull(tenant)
    (row,) = tenant_list.listing(operator)
    assert (row.condition.key, row.data.level, row.approval, row.invitation) == ("live", "ok", asked, None)


def test_a_second_directory_of_a_customer_is_a_row_of_its_own(operator: User) -> None:
    connected("Mora Clinics")
    invited("Mora Clinics")
    connected("Mora Clinics", **fault("app_disabled"))
    assert [row.condition.key for row in tenant_list.listing(operator)] == ["revoked", "live"]
    invited("Mora Clinics", entra_id=UUID(int=5))
    assert [row.condition.key for row in tenant_list.listing(operator)] == ["revoked", "waiting", "live"]


def test_who_was_asked_beside_the_one_who_approved_is_not_asked_for_again(operator: User) -> None:
    invited("Mora Clinics", age=20 * DAY, expires_at=ago(6 * DAY))
    assert keys(operator) == {"Mora Clinics": "expired"}
    connected("Mora Clinics", age=10 * DAY)
    assert keys(operator) == {"Mora Clinics": "live"}


def test_an_administrator_invites_and_gets_the_link(pages: Client) -> None:
    answer = pages.post("/tenants/invite", {"name": "Vesper Hotels", "email": "it@vesper.example"}, follow=True)
    made = Invitation.objects.get()
    assert answer.redirect_chain == [(f"/tenants/invitations/{made.pk}", 302)]
    assert (made.customer.name, made.email, str(made.created_by)) == ("Vesper Hotels", "it@vesper.example", "Operator")
    page = answer.content.decode()
    assert f'value="{invitations.link(made)}"' in page
    assert "Vesper Hotels: the link is made." in page
    assert answer["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"


@pytest.mark.parametrize(
    ("name", "email", "said"),
    [
        ("Vesper Hotels", "nonsense", "not an e-mail address"),
        ("Ves\u202eper", "it@vesper.example", "characters that nobody can see"),
        ("", "it@vesper.example", "required"),
        ("x" * 201, "it@vesper.example", "at most 200"),
    ],
)
def test_what_cannot_be_used_is_said_and_nothing_typed_is_lost(pages: Client, name: str, email: str, said: str) -> None:
    answer = pages.post("/tenants/invite", {"name": name, "email": email})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert said in page
    assert f'value="{name}"' in page and f'value="{email}"' in page
    assert not Customer.objects.exists()


def test_a_link_is_renewed_and_cancelled(pages: Client) -> None:
    first = invited("Vesper Hotels")
    pages.post(f"/tenants/invitations/{first.pk}/renew")
    first.refresh_from_db()
    fresh = Invitation.objects.exclude(pk=first.pk).get()
    assert (first.state, fresh.state) == ("cancelled", "waiting")
    page = pages.post(f"/tenants/invitations/{fresh.pk}/cancel", follow=True).content.decode()
    assert "Vesper Hotels: the link is cancelled." in page
    assert invitations.link(fresh) not in page
    again = pages.post(f"/tenants/invitations/{fresh.pk}/cancel", follow=True).content.decode()
    assert "the link had ended already" in again


def test_an_old_invitation_leads_to_the_row_that_stands_for_it(pages: Client) -> None:
    tenant = connected("Mora Clinics")
    used = approved(tenant)
    assert pages.get(f"/tenants/invitations/{used.pk}?q=mora").url == f"/tenants/{tenant.pk}?q=mora"
    old = invited("Vesper Hotels")
    fresh = invitations.renew(old)
    assert pages.get(f"/tenants/invitations/{old.pk}").url == f"/tenants/invitations/{fresh.pk}"


def test_disconnecting_asks_first_and_keeps_what_was_read(pages: Client) -> None:
    tenant = connected("Mora Clinics")
    assert "Disconnect Mora Clinics?" in pages.get(f"/tenants/{tenant.pk}/disconnect").content.decode()
    tenant.refresh_from_db()
    assert tenant.state == "connected"
    answer = pages.post(f"/tenants/{tenant.pk}/disconnect", follow=True)
    tenant.refresh_from_db()
    assert tenant.state == "disconnected"
    assert "Mora Clinics: disconnected." in answer.content.decode()
    assert SyncState.objects.filter(tenant=tenant).live().count() == 2


@pytest.fixture
def mora() -> Tenant:
    """A connected directory whose customer is asked for a second one."""
    tenant = connected("Mora Clinics")
    invited("Mora Clinics")
    return tenant


def shown_of(tenant: Tenant) -> list[str]:
    return [f"/tenants/{tenant.pk}", f"/tenants/invitations/{tenant.customer.invitations.get().pk}"]


def changing(tenant: Tenant) -> list[str]:
    one, asked = shown_of(tenant)
    return ["/tenants/invite", f"{one}/disconnect", f"{asked}/renew", f"{asked}/cancel"]


def refused(client: Client, tenant: Tenant) -> bool:
    """Whether nothing can be changed, nor a page be seen from which it could."""
    answers = [getattr(client, method)(address) for address in changing(tenant) for method in ("get", "post")]
    tenant.refresh_from_db()
    untouched = tenant.state == "connected" and tenant.customer.invitations.get().is_open
    return untouched and {answer.status_code for answer in answers} <= {404, 405}


def test_strangers_and_customers_find_nothing(client: Client, stranger: User, mora: Tenant) -> None:
    assert client.get("/tenants").status_code == 302
    for tid in (stranger.tid, mora.entra_id):
        User.objects.filter(pk=stranger.pk).update(tid=tid)
        client.force_login(stranger, "tenants.backends.CustomerBackend" if tid == mora.entra_id else None)
        assert {client.get(address).status_code for address in ("/tenants", *shown_of(mora))} == {404}
        assert refused(client, mora)
        assert "/tenants" not in client.get("/").content.decode()


def test_an_analyst_sees_the_assigned_and_a_manager_all(client: Client, analyst: User, mora: Tenant) -> None:
    other = connected("Old Mill")
    client.force_login(analyst)
    assert names(client.get("/tenants")) == []
    assert {client.get(address).status_code for address in shown_of(mora)} == {404}
    mora.customer.analysts.add(analyst)
    assert set(names(client.get("/tenants"))) == {"Mora Clinics"}
    assert {client.get(address).status_code for address in shown_of(mora)} == {200}
    assert client.get(f"/tenants/{other.pk}").status_code == 404
    User.objects.filter(pk=analyst.pk).update(role=User.Role.MANAGER)
    assert set(names(client.get("/tenants"))) == {"Mora Clinics", "Old Mill"}


@pytest.mark.parametrize("role", ["analyst", "manager"])
def test_only_an_administrator_gets_a_link_or_changes_anything(
    client: Client, analyst: User, mora: Tenant, role: str
) -> None:
    User.objects.filter(pk=analyst.pk).update(role=role)
    mora.customer.analysts.add(analyst)
    client.force_login(analyst)
    assert refused(client, mora)
    for address in ("/tenants", *shown_of(mora)):
        page = client.get(address).content.decode()
        assert "/connect/" not in page and 'method="post" action="/tenants' not in page and "Onboard tenant" not in page


def test_the_list_costs_the_same_queries_for_one_row_and_for_many(pages: Client, mora: Tenant) -> None:
    def cost(address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert pages.get(address).status_code == 200
        return len(in_earnest(queries))

    addresses = ("/tenants", f"/tenants/{mora.pk}", "/")
    pages.get("/tenants")  # the first one also writes the session
    few = [cost(address) for address in addresses]
    for number in range(20):
        approved(connected(f"Customer {number}", **fault("app_disabled")))
        invitations.note_visit(invited(f"Asked {number}"), InvitationEvent.Kind.OPENED, "Edg/140")
    assert [cost(address) for address in addresses] == few
    assert max(few) <= 18


def test_pages_of_the_list_follow_each_other(pages: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenant_views, "PAGE_SIZE", 2)
    for number in range(5):
        invited(f"Asked {number}")
    found, address = [], "?q=asked"
    while address:
        answer = pages.get(f"/tenants{address}")
        found += names(answer)
        address = answer.context["next"]
    assert found == [f"Asked {number}" for number in range(5)]
    assert answer.context["previous"] == "?q=asked&page=2"
    assert names(pages.get("/tenants?page=2")) == ["Asked 2", "Asked 3"]
    assert pages.get("/tenants?page=2").context["previous"] == "?"
    for nonsense in ("0", "-1", "x", "99999999", "²"):
        assert names(pages.get("/tenants", {"page": nonsense})) == ["Asked 0", "Asked 1"]


def test_hostile_text_is_inert(pages: Client) -> None:
    evil = "<script>alert(1)</script>\u202eexe"
    tenant = connected("Mora Clinics", **fault("licence_missing", sentence=evil))
    used = approved(tenant, approver=evil)
    stopped = invited("Vesper Hotels", error_kind="new_kind", error=evil, error_code="<b>")
    invitations.note(stopped, InvitationEvent.Kind.FAILED, evil, "<b>")
    for address in (f"/tenants/{tenant.pk}", f"/tenants/invitations/{stopped.pk}"):
        page = pages.get(address).content.decode()
        assert "<script>alert" not in page and "\u202e" not in page and "<b>)" not in page
        assert "&lt;script&gt;alert" in page
    assert used.approver == evil


def test_a_first_run_says_what_to_do(client: Client, operator: User, analyst: User) -> None:
    for person, link in ((operator, True), (analyst, False)):
        client.force_login(person)
        page = client.get("/tenants").content.decode()
        assert "No tenant yet" in page
        assert ('href="/tenants/invite"' in page) is link


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.django_db(transaction=True)
def test_the_pages_are_accessible(
    live_server: Any, browser: Browser, code: Callable[[], str], everyone: None, scheme: Any, width: int
) -> None:
    page, problems = signed_in(
        browser, live_server.url, code(), color_scheme=scheme, viewport={"width": width, "height": 900}
    )
    revoked = Tenant.objects.get(customer__name="Mora Clinics").pk
    waiting = Invitation.objects.get(customer__name="Harbour Pilots").pk
    paths = ["/tenants", "/tenants?q=zzz", f"/tenants/{revoked}", f"/tenants/invitations/{waiting}", "/tenants/invite"]
    for path in (*paths, f"/tenants/{revoked}/disconnect"):
        page.goto(live_server.url + path)
        violations = Axe().run(page, options=AXE).response["violations"]
        assert [(found["id"], found["nodes"][0]["html"][:150]) for found in violations] == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} scrolls sideways"
    assert problems == []


@pytest.mark.django_db(transaction=True)
def test_a_link_is_copied_with_one_click(
    live_server: Any, browser: Browser, code: Callable[[], str], operator: User
) -> None:
    made = invited("Vesper Hotels", operator)
    page, problems = signed_in(browser, live_server.url, code(), permissions=["clipboard-read", "clipboard-write"])
    for path, button in (("/tenants", "Copy link"), (f"/tenants/invitations/{made.pk}", "Copy")):
        page.goto(live_server.url + path)
        page.evaluate("navigator.clipboard.writeText('')")
        place = page.locator("aside" if "invitations" in path else "td.c-act")
        place.get_by_text(button, exact=True).click()
        place.get_by_text("Copied", exact=True).wait_for()
        assert page.locator("#said").inner_text() == "Copied"
        assert page.evaluate("navigator.clipboard.readText()") == invitations.link(made)
        assert page.url == live_server.url + path
    assert problems == []


@pytest.mark.django_db(transaction=True)
def test_where_the_clipboard_is_shut_the_link_is_selected(
    live_server: Any, browser: Browser, code: Callable[[], str], operator: User
) -> None:
    made = invited("Vesper Hotels", operator)
    page, problems = signed_in(browser, live_server.url, code())
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto(f"{live_server.url}/tenants")
    page.get_by_text("Copy link").click()
    page.wait_for_url(f"**/tenants/invitations/{made.pk}#i{made.pk}")
    page.locator("aside").get_by_text("Copy", exact=True).click()
    assert page.evaluate("getSelection().toString()") == invitations.link(made)
    assert problems == []


@pytest.mark.django_db(transaction=True)
def test_a_customer_is_invited_without_javascript(
    live_server: Any, browser: Browser, code: Callable[[], str], operator: User
) -> None:
    page, _ = signed_in(browser, live_server.url, code(), java_script_enabled=False)
    page.goto(f"{live_server.url}/tenants")
    page.get_by_role("link", name="Onboard tenant").first.click()
    page.fill("#id_name", "Vesper Hotels")
    page.fill("#id_email", "it@vesper.example")
    page.get_by_role("button", name="Make the link").click()
    made = Invitation.objects.get()
    assert page.url.endswith(f"/tenants/invitations/{made.pk}")
    assert page.locator("#link").input_value() == invitations.link(made)
    assert page.get_by_role("button", name="Copy").count() == 0
    page.get_by_role("button", name="Cancel link").click()
    assert "the link is cancelled" in page.locator(".notice--ok").inner_text()
    page.goto(f"{live_server.url}/tenants?q=nothing")
    assert page.locator("#results h2").inner_text() == "No tenant matches"


@pytest.mark.django_db(transaction=True)
def test_keys_move_through_the_list_and_search_keeps_the_address(
    live_server: Any, browser: Browser, code: Callable[[], str], operator: User
) -> None:
    first, second = connected("Mora Clinics"), connected("Old Mill")
    page, problems = signed_in(browser, live_server.url, code())
    page.goto(f"{live_server.url}/tenants")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector("aside")
    assert page.url == f"{live_server.url}/tenants/{second.pk}#t{second.pk}"
    assert page.locator("tr[aria-current]").get_attribute("id") == f"t{second.pk}"
    page.keyboard.press("/")
    page.keyboard.type("mora")
    page.locator("tr[data-row]", has_text="Old Mill").wait_for(state="detached")
    assert page.url == f"{live_server.url}/tenants/{second.pk}?q=mora"
    page.locator("tr[data-row]").click()
    page.wait_for_url(f"**/tenants/{first.pk}?q=mora#t{first.pk}")
    page.get_by_role("link", name="Close").click()
    page.wait_for_url("**/tenants?q=mora")
    assert problems == []
