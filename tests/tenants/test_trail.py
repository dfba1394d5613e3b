"""The audit log as each person may read it: never a line of another customer, and a file that calculates nothing."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import audit, chain
from accounts.audit import Action, Actor, Kind, Outcome, Subject
from accounts.models import AuditEntry, User
from tenants import connecting, invitations, trail
from tenants.models import Customer, Tenant
from tests.defender.entra import OID, OTHER

pytestmark = pytest.mark.django_db
STAFF = Actor(Kind.STAFF, "Astrid Holm", "astrid-id", "10.1.2.3", "r1")
THEIRS = Actor(Kind.CUSTOMER, "Hanne", "hanne-id", "192.0.2.7", "r2")


@pytest.fixture
def mora() -> Customer:
    made = Customer.objects.create(name="Mora Clinics")
    Tenant.objects.create(customer=made, entra_id=OTHER)
    return made


@pytest.fixture
def halden() -> Customer:
    return Customer.objects.create(name="Halden Energi")


@pytest.fixture
def lines(mora: Customer, halden: Customer) -> None:
    """By staff and by a customer's person at Mora, one at Halden, one of nobody's."""
    audit.record(Action.EXPORT, Subject("incidents", "1", "mora-canary"), customer_id=mora.pk, by=STAFF)
    audit.record(Action.SIGN_IN, Subject("person", "2", "hanne"), customer_id=mora.pk, by=THEIRS)
    audit.record(Action.EXPORT, Subject("incidents", "3", "halden-canary"), customer_id=halden.pk, by=STAFF)
    audit.record(Action.GRANT, Subject("person", "4", "global-canary"), by=STAFF, outcome=Outcome.REFUSED)


@pytest.fixture
def pages(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


def labels(answer) -> list[str]:
    return [line.entry.subject_label for line in answer.context["lines"]]


def filed(answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_an_administrator_reads_all_newest_first(pages, lines):
    answer = pages.get("/audit")
    assert labels(answer) == ["global-canary", "halden-canary", "hanne", "mora-canary"]
    text = answer.content.decode()
    for word in ("10.1.2.3", "192.0.2.7", "Mora Clinics", "Granted a role", "Refused"):
        assert word in text


def test_an_analyst_reads_the_lines_of_the_assigned_customers(client, analyst, mora, lines):
    client.force_login(analyst)
    assert labels(client.get("/audit")) == []
    mora.analysts.add(analyst)
    answer = client.get("/audit")
    assert labels(answer) == ["hanne", "mora-canary"]
    text = answer.content.decode()
    assert "halden" not in text.lower() and "global-canary" not in text and "10.1.2.3" not in text


def test_a_manager_reads_the_lines_of_all_customers_and_none_of_nobodys(client, analyst, lines):
    User.objects.filter(pk=analyst.pk).update(role="manager")
    client.force_login(analyst)
    assert labels(client.get("/audit")) == ["halden-canary", "hanne", "mora-canary"]


def test_a_customers_person_reads_their_own_and_not_where_staff_work(client, mora, lines):
    hanne = User.objects.create_user("hanne", role="customer", tid=OTHER, oid=OID)
    client.force_login(hanne, "tenants.backends.CustomerBackend")
    answer = client.get("/audit")
    assert labels(answer) == ["hanne", "mora-canary"]
    assert [line.ip for line in answer.context["lines"]] == ["192.0.2.7", ""]
    text = answer.content.decode() + client.get("/audit/csv").content.decode()
    assert "10.1.2.3" not in text and "halden" not in text.lower() and "global-canary" not in text
    assert labels(client.get("/audit?q=10.1.2.3")) == labels(client.get("/audit?who=10.1.2.3")) == []


def test_no_filter_opens_what_is_closed(client, analyst, mora, halden, lines):
    mora.analysts.add(analyst)
    client.force_login(analyst)
    for query in (f"customer={halden.pk}", "q=halden-canary", "q=global", "outcome=refused", "action=grant", "after=4"):
        answer = client.get(f"/audit?{query}")
        assert {"halden-canary", "global-canary"}.isdisjoint(labels(answer)), query
        assert {row["subject"] for row in filed(client.get(f"/audit/csv?{query}"))} <= {
            "hanne",
            "mora-canary",
            "audit trail",
        }


def test_strangers_sign_in_first_and_the_deactivated_see_nothing(client, analyst, lines):
    assert client.get("/audit").status_code == 302
    assert client.get("/audit/csv").status_code == 302
    User.objects.filter(pk=analyst.pk).update(is_active=False, role="administrator")
    assert list(trail.visible_to(User.objects.get(pk=analyst.pk))) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=CANARY", ["global-canary", "halden-canary", "mora-canary"]),
        ("q=2", ["hanne"]),
        ("who=hanne", ["hanne"]),
        ("who=astrid-id", ["global-canary", "halden-canary", "mora-canary"]),
        ("action=export", ["halden-canary", "mora-canary"]),
        ("outcome=refused", ["global-canary"]),
        ("action=export&q=mora", ["mora-canary"]),
        ("to=2001-01-01", []),
        ("since=2001-01-01", ["global-canary", "halden-canary", "hanne", "mora-canary"]),
        ("after=3", ["hanne", "mora-canary"]),
    ],
)
def test_each_filter_finds_what_it_says(pages, lines, query, found):
    assert labels(pages.get(f"/audit?{query}")) == found


def test_the_period_is_of_days_where_the_person_is(pages, lines):
    today = timezone.localdate()
    assert len(labels(pages.get("/audit", {"since": today, "to": today}))) == 4
    assert labels(pages.get("/audit", {"since": today + timedelta(days=1)})) == []


@pytest.mark.parametrize(
    "query",
    ["customer=x", "customer=99999999999999999999999", "customer=²", "after=-1", "since=2026-13-40", "to=9999-12-31",
     "since=0001-01-01", "action=x", "outcome=x", "q=%00", "who=%00", "q=" + "x" * 5000, "zzz=1"],
)  # fmt: skip
def test_nonsense_in_the_address_is_left_out(pages, lines, query):
    assert pages.get(f"/audit?{query}").status_code == 200
    assert pages.get(f"/audit/csv?{query}").status_code == 200


def test_pages_follow_each_other_and_keep_the_filters(pages, lines, monkeypatch):
    monkeypatch.setattr(trail, "PAGE_SIZE", 2)
    found, query = [], "?q=a"
    while query:
        answer = pages.get(f"/audit{query}")
        found += labels(answer)
        query = answer.context["next"]
    assert found == ["global-canary", "halden-canary", "hanne", "mora-canary"]


def test_the_file_has_what_the_page_has_and_is_a_line_itself(pages, operator, mora, lines):
    answer = pages.get("/audit/csv", {"q": "canary"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert [row["subject"] for row in filed(answer)] == ["global-canary", "halden-canary", "mora-canary"]
    assert filed(answer)[2]["customer"] == "Mora Clinics"
    taken = AuditEntry.objects.first()
    assert (taken.action, taken.actor_name, taken.after) == ("audit-export", "Operator", {"q": "canary"})
    assert chain.verdict().reason == ""


def test_the_file_calculates_nothing(pages, mora):
    Customer.objects.filter(pk=mora.pk).update(name="=cmd|' /C calc'!A0")
    hostile = ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "'=1"]
    for text in hostile:
        audit.record(Action.GROUP, Subject("g", "1", text), customer_id=mora.pk, by=Actor(Kind.STAFF, text))
    for row in csv.reader(io.StringIO(pages.get("/audit/csv").content.decode())):
        assert not any(re.match(r"[=+\-@\t\r\n\0]", cell) for cell in row), row


def test_too_many_lines_for_one_file_are_said_and_none_is_given(pages, lines, monkeypatch):
    monkeypatch.setattr(trail, "MOST_EXPORTED", 3)
    answer = pages.get("/audit/csv")
    assert (answer.status_code, "shorter period" in answer.content.decode()) == (400, True)
    assert AuditEntry.objects.count() == 4


def test_no_file_without_a_line(pages, lines):
    with audit.connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_auditentry ADD CONSTRAINT full_up CHECK (id < 0) NOT VALID")
    answer = pages.get("/audit/csv")
    assert (answer.status_code, b"canary" in answer.content) == (503, False)


def test_hostile_text_is_inert_on_the_page(pages):
    evil = "<script>alert(1)</script>\u202eexe"
    audit.record(
        "<b>new</b>",
        Subject(evil, evil, evil),
        before={evil: evil},
        after={evil: "x"},
        by=Actor(Kind.STAFF, evil, ip="<i>"),
    )
    page = pages.get("/audit").content.decode()
    assert "<script>alert" not in page and "\u202e" not in page and "<b>new" not in page and "<i>" not in page
    assert "&lt;script&gt;alert" in page


def test_consent_connection_and_end_of_a_customer_are_in_its_trail(operator, mora, tenant):
    made = invitations.invite("Mora Clinics", "it@mora.example", by=operator)
    invitations.renew(made, operator)
    connecting.disconnect(tenant.entra_id)
    found = AuditEntry.objects.order_by("pk").values_list("action", "customer_id", "outcome")
    assert list(found) == [
        ("connect", tenant.customer_id, "done"), ("invite", mora.pk, "done"), ("cancel", mora.pk, "done"),
        ("invite", mora.pk, "done"), ("disconnect", tenant.customer_id, "done"),
    ]  # fmt: skip


def test_a_forged_answer_is_a_refused_line_of_nobody(client):
    assert client.get("/connect/callback", {"state": "x", "tenant": OTHER, "admin_consent": "True"}).status_code == 400
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.outcome, entry.actor_kind, entry.customer_id) == ("consent", "refused", "nobody", None)


def test_a_customers_sign_in_stands_in_the_customers_trail(mora):
    hanne = User.objects.create_user("hanne", role="customer", tid=OTHER, oid=OID)
    client = Client()
    client.force_login(hanne, "tenants.backends.CustomerBackend")
    client.post("/sign-out")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.customer_id, entry.actor_kind) == ("sign-out", mora.pk, "customer")


def test_the_export_of_incidents_is_a_line(mora, capsys):
    call_command("export", "incidents", "--customer", "mora clinics")
    call_command("export", "incidents")
    one, every = AuditEntry.objects.order_by("pk")
    assert (one.action, one.customer_id, one.actor_kind) == ("export", mora.pk, "command")
    assert (every.customer_id, every.subject_kind) == (None, "incidents")
