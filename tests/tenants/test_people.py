"""Administrators say who may come in and whom an analyst looks after; it counts at once, and the trail has it."""

from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, User
from tenants import assigning
from tenants.models import Customer, CustomerGroup, Tenant
from tests.defender.entra import OID, OTHER, TID

pytestmark = pytest.mark.django_db
ADDRESSES = ("/people", "/people/grant", "/people/groups", "/people/groups/new")


@pytest.fixture
def mora() -> Tenant:
    return Tenant.objects.create(customer=Customer.objects.create(name="Mora Clinics"), entra_id=OTHER)


@pytest.fixture
def halden() -> Customer:
    return Customer.objects.create(name="Halden Energi")


@pytest.fixture
def astrid(settings) -> User:
    settings.ENTRA_HOME_TENANT_ID = TID
    return User.objects.create_user("astrid", name="Astrid Holm", role="analyst", tid=TID, oid=OID)


@pytest.fixture
def pages(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def names(user: User) -> list[str]:
    return [customer.name for customer in Customer.objects.visible_to(user)]


def test_the_list_says_role_last_sign_in_and_customers(pages, astrid, mora, halden):
    User.objects.create_user("hanne", name="Hanne", role="customer", tid=OTHER, oid=OID)
    assigning.assign(astrid, [mora.customer])
    staff = pages.get("/people").content.decode()
    assert "Astrid Holm" in staff and "Assigned to 1" in staff and "All customers" in staff and "Hanne" not in staff
    theirs = pages.get("/people?view=customers").content.decode()
    assert "Hanne" in theirs and "Mora Clinics" in theirs and "Astrid" not in theirs
    assert "Nobody matches" in pages.get("/people?q=zzz").content.decode()
    assert "Astrid Holm" in pages.get("/people?q=hOLM").content.decode()
    assert "Everybody who was let in" in pages.get("/people?view=inactive").content.decode()
    for nonsense in ("?page=x", "?page=0", "?view=%00", "?q=%00"):
        assert pages.get(f"/people{nonsense}").status_code == 200


def test_the_list_costs_the_same_queries_for_few_and_for_many(pages, astrid, mora):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert pages.get("/people").status_code == 200
        return len(queries)

    pages.get("/people")
    few = cost()
    for number in range(15):
        assigning.assign(User.objects.create_user(f"a{number}", role="analyst"), [mora.customer])
    assert cost() == few


def test_a_role_is_granted_by_object_id(pages, settings):
    settings.ENTRA_HOME_TENANT_ID = TID
    answer = pages.post("/people/grant", {"object_id": OID, "name": " Astrid ", "role": "analyst"})
    made = User.objects.get(oid=OID)
    assert (answer.url, made.name, made.role, made.tid) == (f"/people/{made.pk}", "Astrid", "analyst", UUID(TID))
    entry = AuditEntry.objects.get(action="grant")
    assert (entry.actor_name, entry.subject_label, entry.after["role"]) == ("Operator", "Astrid", "analyst")


@pytest.mark.parametrize(
    "typed", [{"object_id": "x"}, {"role": "customer"}, {"role": "root"}, {"name": "x" * 201}, {"object_id": ""}]
)
def test_what_cannot_be_granted_is_said_and_changes_nothing(pages, settings, typed):
    settings.ENTRA_HOME_TENANT_ID = TID
    answer = pages.post("/people/grant", {"object_id": OID, "name": "", "role": "analyst"} | typed)
    assert 'role="alert"' in answer.content.decode()
    assert not User.objects.filter(tid__isnull=False).exists()
    assert actions() == []


def test_without_a_home_directory_the_page_says_so(pages, settings):
    settings.ENTRA_HOME_TENANT_ID = ""
    assert "ENTRA_HOME_TENANT_ID" in pages.get("/people/grant").content.decode()
    pages.post("/people/grant", {"object_id": OID, "role": "analyst"})
    assert User.objects.count() == 1


def test_another_role_ends_open_sessions_and_counts_at_once(pages, astrid, mora):
    theirs = Client()
    theirs.force_login(astrid)
    assert theirs.get("/settings").status_code == 200
    pages.post(f"/people/{astrid.pk}/role", {"role": "manager"})
    assert theirs.get("/settings").status_code == 302
    astrid.refresh_from_db()
    assert (astrid.role, names(astrid)) == ("manager", ["Mora Clinics"])
    assert (AuditEntry.objects.first().before["role"], AuditEntry.objects.first().after["role"]) == (
        "analyst",
        "manager",
    )


def test_who_is_deactivated_is_out_at_once_and_can_be_let_in_again(pages, astrid):
    theirs = Client()
    theirs.force_login(astrid)
    assert "Deactivate Astrid Holm?" in pages.get(f"/people/{astrid.pk}/deactivate").content.decode()
    assert theirs.get("/settings").status_code == 200
    pages.post(f"/people/{astrid.pk}/deactivate")
    assert theirs.get("/settings").status_code == 302
    pages.post(f"/people/{astrid.pk}/reactivate")
    astrid.refresh_from_db()
    assert astrid.is_active
    assert theirs.get("/settings").status_code == 302
    assert actions() == ["deactivate", "reactivate"]


def test_a_customers_person_who_is_deactivated_stands_in_the_customers_trail(pages, mora):
    hanne = User.objects.create_user("hanne", name="Hanne", role="customer", tid=OTHER, oid=OID)
    theirs = Client()
    theirs.force_login(hanne, "tenants.backends.CustomerBackend")
    assert theirs.get("/settings").status_code == 200
    pages.post(f"/people/{hanne.pk}/deactivate")
    assert theirs.get("/settings").status_code == 302
    assert AuditEntry.objects.get().customer_id == mora.customer_id
    assert pages.post(f"/people/{hanne.pk}/role", {"role": "administrator"}).status_code == 400
    hanne.refresh_from_db()
    assert hanne.role == "customer"


def test_nobody_changes_their_own_role_or_locks_themselves_out(pages, operator, settings):
    settings.ENTRA_HOME_TENANT_ID = TID
    User.objects.filter(pk=operator.pk).update(tid=TID, oid=OID)
    for path, sent in (("role", {"role": "manager"}), ("deactivate", {})):
        answer = pages.post(f"/people/{operator.pk}/{path}", sent)
        assert (answer.status_code, b"Nobody" in answer.content) == (400, True)
    assert b"Nobody changes" in pages.post("/people/grant", {"object_id": OID, "role": "manager"}).content
    operator.refresh_from_db()
    assert (operator.role, operator.is_active, actions()) == ("administrator", True, [])


def test_customers_are_assigned_and_taken_and_each_is_a_line(pages, astrid, mora, halden):
    pages.post(f"/people/{astrid.pk}/customers", {"customers": [mora.customer_id, halden.pk]})
    assert names(astrid) == ["Halden Energi", "Mora Clinics"]
    pages.post(f"/people/{astrid.pk}/customers", {"customers": [halden.pk]})
    assert names(astrid) == ["Halden Energi"]
    lines = AuditEntry.objects.order_by("pk")
    assert [(line.action, line.customer_id) for line in lines] == [
        ("assign", mora.customer_id), ("assign", halden.pk), ("unassign", mora.customer_id),
    ]  # fmt: skip
    assert {line.subject_label for line in lines} == {"Astrid Holm"}


def test_only_analysts_and_only_known_customers_can_be_assigned(pages, astrid, operator, mora):
    assert pages.post(f"/people/{operator.pk}/customers", {"customers": [mora.customer_id]}).status_code == 400
    assert pages.post(f"/people/{astrid.pk}/customers", {"customers": [mora.customer_id, 999]}).status_code == 400
    assert pages.post(f"/people/{astrid.pk}/customers", {"customers": ["x"]}).status_code == 400
    assert (names(astrid), actions()) == ([], [])


def test_a_taken_assignment_counts_at_the_next_request(client, astrid, mora):
    """I12: the page is open, the assignment goes, and the next request finds nothing."""
    assigning.assign(astrid, [mora.customer])
    client.force_login(astrid)
    address = f"/tenants/{mora.pk}"
    assert client.get(address).status_code == 200
    assigning.assign(astrid, [])
    poll = client.get(address, headers={"HX-Request": "true", "HX-Target": "results"})
    assert poll.status_code == 404
    denied = AuditEntry.objects.first()
    assert (denied.outcome, denied.subject_id, denied.actor_name) == ("denied", str(mora.pk), "Astrid Holm")


def test_a_group_gives_all_its_customers_and_takes_them_at_once(pages, astrid, mora, halden):
    sent = {"name": "Nordic", "customers": [mora.customer_id, halden.pk], "analysts": [astrid.pk]}
    assert pages.post("/people/groups/new", sent).status_code == 302
    group = CustomerGroup.objects.get()
    theirs = Client()
    theirs.force_login(astrid)
    assert names(astrid) == ["Halden Energi", "Mora Clinics"]
    assert theirs.get(f"/tenants/{mora.pk}").status_code == 200
    assert "Assigned to 2" in pages.get("/people").content.decode()
    pages.post(f"/people/groups/{group.pk}", sent | {"customers": [halden.pk]})
    assert theirs.get(f"/tenants/{mora.pk}").status_code == 404
    assert pages.post(f"/people/groups/{group.pk}/remove").url == "/people/groups"
    assert names(astrid) == []
    made, changed, removed = AuditEntry.objects.filter(action="group").order_by("pk")
    assert (made.before, made.after["customers"]) == (None, ["Halden Energi", "Mora Clinics"])
    assert (changed.before["customers"], changed.after["customers"]) == (made.after["customers"], ["Halden Energi"])
    assert (removed.before["analysts"], removed.after) == (["Astrid Holm"], None)


def test_a_customer_that_is_assigned_twice_is_one_customer(astrid, mora):
    assigning.assign(astrid, [mora.customer])
    for name in ("North", "South"):
        assigning.keep_group(CustomerGroup(), name, [mora.customer], [astrid])
    assert names(astrid) == ["Mora Clinics"]
    assigning.assign(astrid, [])
    assert names(astrid) == ["Mora Clinics"]


def test_a_group_gives_nothing_to_a_role_that_sees_by_other_rules(astrid, mora, stranger):
    assigning.keep_group(CustomerGroup(), "North", [mora.customer], [astrid, stranger])
    assert names(stranger) == []


@pytest.mark.parametrize("name", ["", "   ", "nordic", "x" * 101, "a\u202eb"])
def test_a_group_needs_a_name_of_its_own(pages, halden, name):
    assigning.keep_group(CustomerGroup(), "Nordic", [], [])
    answer = pages.post("/people/groups/new", {"name": name, "customers": [halden.pk]})
    assert (answer.status_code, 'id="name-err"' in answer.content.decode()) == (200, True)
    assert CustomerGroup.objects.count() == 1


def test_saving_a_group_as_it_is_leaves_no_line(pages, halden):
    group = assigning.keep_group(CustomerGroup(), "Nordic", [halden], [])
    pages.post(f"/people/groups/{group.pk}", {"name": "Nordic", "customers": [halden.pk]})
    assert actions() == ["group"]


def test_nothing_is_changed_when_it_cannot_be_recorded(pages, astrid, mora):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_auditentry ADD CONSTRAINT full_up CHECK (id < 0) NOT VALID")
    one = f"/people/{astrid.pk}"
    for path, sent in (
        (f"{one}/role", {"role": "manager"}), (f"{one}/deactivate", {}), ("/people/grant", {"object_id": OTHER, "role": "analyst"}),
        (f"{one}/customers", {"customers": [mora.customer_id]}), (f"/tenants/{mora.pk}/disconnect", {}),
        ("/people/groups/new", {"name": "N", "customers": [mora.customer_id], "analysts": [astrid.pk]}),
        ("/tenants/invite", {"name": "Vesper Hotels", "email": "it@vesper.example"}),
    ):  # fmt: skip
        answer = pages.post(path, sent)
        assert (answer.status_code, b"could not be recorded" in answer.content) == (503, True), path
    astrid.refresh_from_db()
    assert (astrid.role, astrid.is_active, names(astrid)) == ("analyst", True, [])
    assert (User.objects.count(), Customer.objects.count(), CustomerGroup.objects.count()) == (2, 1, 0)
    assert Tenant.objects.get().state == "connected"


@pytest.mark.parametrize("role", ["analyst", "manager", "customer"])
def test_only_administrators_find_these_pages(client, stranger, mora, role):
    person = User.objects.create_user("p", role=role, tid=OTHER, oid=OTHER)
    group = assigning.keep_group(CustomerGroup(), "Nordic", [], [])
    backend = "tenants.backends.CustomerBackend" if role == "customer" else "accounts.backends.StaffBackend"
    client.force_login(person, backend)
    one = f"/people/{stranger.pk}"
    gets = (*ADDRESSES, one, f"{one}/deactivate", f"/people/groups/{group.pk}")
    posts = (
        f"{one}/role",
        f"{one}/customers",
        f"{one}/deactivate",
        f"{one}/reactivate",
        f"/people/groups/{group.pk}/remove",
    )
    assert {client.get(address).status_code for address in gets} == {404}
    assert {client.post(address, {"role": "administrator"}).status_code for address in posts} == {404}
    assert CustomerGroup.objects.exists() and 'href="/people"' not in client.get("/").content.decode()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.django_db(transaction=True)
def test_the_pages_are_for_everybody(live_server, browser, operator, astrid, mora, scheme, width):
    group = assigning.keep_group(CustomerGroup(), "Nordic", [mora.customer], [astrid])
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    client = Client()
    client.force_login(operator)
    cookie = client.cookies[django_settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    one = f"/people/{astrid.pk}"
    found = ("/people?q=zzz", one, f"{one}/deactivate", f"/people/groups/{group.pk}", "/audit", "/audit?q=zzz")
    for path in (*ADDRESSES, *found):
        page.goto(live_server.url + path)
        report = Axe().run(page)
        assert report.violations_count == 0, f"{path}\n{report.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    context.close()
    assert complaints == []


@pytest.mark.django_db(transaction=True)
def test_an_analyst_is_assigned_without_javascript(live_server, browser, operator, astrid, mora):
    context = browser.new_context(java_script_enabled=False)
    client = Client()
    client.force_login(operator)
    cookie = client.cookies[django_settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/people")
    page.get_by_role("link", name="Astrid Holm").click()
    page.get_by_label("Mora Clinics").check()
    page.get_by_role("button", name="Save customers").click()
    assert "the customers are saved" in page.locator(".notice").inner_text()
    assert page.get_by_label("Mora Clinics").is_checked()
    context.close()
    assert names(astrid) == ["Mora Clinics"]
