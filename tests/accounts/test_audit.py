"""The audit trail: nothing without a line, no line without its place in the chain, and no line ever changed."""

import csv
import io
import threading
from io import StringIO
from uuid import UUID

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.utils import ProgrammingError
from hypothesis import given
from hypothesis import strategies as st

from accounts import audit, chain, grants, sheets
from accounts.audit import Action, Kind, Outcome, Subject
from accounts.models import AuditEntry, AuditHead, User
from portal.embedded import postgres
from tenants.roles import WEB
from tests.defender.entra import OID, OTHER, TID

pytestmark = pytest.mark.django_db


def line(**wanted):
    """The one line that says so."""
    return AuditEntry.objects.get(**wanted)


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def tamper(statement: str) -> None:
    """As somebody does who owns the database."""
    sql("ALTER TABLE accounts_auditentry DISABLE TRIGGER USER")
    sql(statement)
    sql("ALTER TABLE accounts_auditentry ENABLE TRIGGER USER")


@pytest.fixture
def broken():
    """The audit trail takes no more lines."""
    sql("ALTER TABLE accounts_auditentry ADD CONSTRAINT full_up CHECK (id < 0) NOT VALID")


def three() -> list[AuditEntry]:
    for number in range(3):
        audit.record(Action.GROUP, Subject("group", str(number), "Nordic"), after={"b": number, "a": "ä€𝄞"})
    return list(AuditEntry.objects.order_by("pk"))


def test_lines_are_numbered_timed_and_chained_by_the_database(now):
    lines = three()
    assert [entry.pk for entry in lines] == [1, 2, 3]
    assert [entry.previous_hash for entry in lines] == ["", lines[0].hash, lines[1].hash]
    assert now <= lines[0].at < lines[2].at
    assert (AuditHead.objects.get().number, AuditHead.objects.get().hash) == (3, lines[2].hash)
    assert chain.verdict() == chain.Verdict(3)


def test_whoever_inserts_a_line_has_no_say_in_its_number_time_or_hash():
    sql(
        "INSERT INTO accounts_auditentry (id, at, hash, previous_hash, actor_kind, actor_name, actor_id, actor_ip,"
        " action, subject_kind, subject_id, subject_label, outcome, request_id)"
        " VALUES (77, '2001-01-01Z', 'mine', 'mine', 'staff', '', '', '', 'grant', '', '', '', 'done', '')"
    )
    entry = AuditEntry.objects.get()
    assert (entry.pk, entry.previous_hash, entry.at.year > 2001) == (1, "", True)
    assert chain.verdict() == chain.Verdict(1)


def test_an_empty_trail_is_in_order():
    assert chain.verdict() == chain.Verdict(0)


@pytest.mark.parametrize(
    "statement", ["UPDATE accounts_auditentry SET action = 'x'", "DELETE FROM accounts_auditentry"]
)
def test_no_line_is_changed_or_deleted(statement):
    three()
    with pytest.raises(ProgrammingError, match="only added to"), transaction.atomic():
        sql(statement)
    assert chain.verdict() == chain.Verdict(3)


@pytest.fixture
def superuser(settings):
    """A connection that is nobody's but the test's, and leaves nothing behind."""
    place = {"host": str(postgres.socket_folder(settings.STATE_DIR)), "dbname": connection.settings_dict["NAME"]}
    with psycopg.connect(**place, user="postgres") as opened:
        yield opened
        opened.rollback()


def test_who_may_add_lines_can_do_nothing_else(superuser):
    superuser.execute(f"SET LOCAL ROLE {WEB}")
    values = ["staff", "", "", "", None, "export", "", "", "", None, None, "done", ""]
    superuser.execute(audit.INSERT, values)
    for statement in (
        "UPDATE accounts_auditentry SET action = 'x'", "DELETE FROM accounts_auditentry", "TRUNCATE accounts_auditentry",
        "SELECT hash FROM accounts_audithead", "UPDATE accounts_audithead SET number = 0",
        "ALTER TABLE accounts_auditentry DISABLE TRIGGER keep",
    ):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege), superuser.transaction():
            superuser.execute(statement)
    assert superuser.execute("SELECT count(*) FROM accounts_auditentry").fetchone() == (0,)
    superuser.execute("RESET ROLE")
    assert superuser.execute("SELECT count(*) FROM accounts_auditentry").fetchone() == (1,)


@pytest.mark.parametrize(
    ("change", "number", "reason"),
    [
        ("UPDATE accounts_auditentry SET outcome = 'refused' WHERE id = 2", 2, "its content was changed"),
        ("UPDATE accounts_auditentry SET after = '{\"a\": 1}' WHERE id = 1", 1, "its content was changed"),
        ("UPDATE accounts_auditentry SET before = '{}' WHERE id = 3", 3, "its content was changed"),
        ("UPDATE accounts_auditentry SET at = at + interval '1 microsecond' WHERE id = 3", 3, "content was changed"),
        ("UPDATE accounts_auditentry SET customer_id = 1 WHERE id = 2", 2, "its content was changed"),
        ("UPDATE accounts_auditentry SET subject_id = '12', subject_label = 'Nordi' WHERE id = 2", 2, "its content"),
        ("UPDATE accounts_auditentry SET previous_hash = hash WHERE id = 2", 2, "does not follow"),
        ("UPDATE accounts_auditentry SET hash = previous_hash WHERE id = 2", 2, "its content was changed"),
        ("DELETE FROM accounts_auditentry WHERE id = 1", 1, "missing"),
        ("DELETE FROM accounts_auditentry WHERE id = 2", 2, "missing"),
        ("DELETE FROM accounts_auditentry WHERE id = 3", 3, "missing"),
        ("DELETE FROM accounts_auditentry", 1, "missing"),
        ("UPDATE accounts_audithead SET hash = 'x'", 3, "not the end"),
    ],
)
def test_verify_names_the_first_bad_line(change, number, reason):
    three()
    tamper(change)
    with pytest.raises(CommandError, match=rf"^Line {number} of the audit trail is bad: .*{reason}.*\.$"):
        call_command("audit", "verify")


def test_verify_counts_the_lines_that_are_in_order():
    three()
    output = StringIO()
    call_command("audit", "verify", stdout=output)
    assert output.getvalue() == "The audit trail is in order: 3 lines.\n"


@pytest.mark.django_db(transaction=True)
def test_writers_at_one_moment_make_one_chain():
    problems = []

    def write(number: int) -> None:
        try:
            for turn in range(10):
                with transaction.atomic():
                    audit.record(Action.ASSIGN, Subject("person", f"{number}.{turn}"))
        except (audit.Unrecorded, DatabaseError) as error:
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert AuditEntry.objects.values("subject_id").distinct().count() == 60
    assert chain.verdict() == chain.Verdict(60)


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_leaves_no_line_and_no_gap():
    three()
    with pytest.raises(ValueError, match="stop"), transaction.atomic():
        audit.record(Action.GROUP)
        raise ValueError("stop")
    audit.record(Action.EXPORT)
    assert list(AuditEntry.objects.order_by("pk").values_list("pk", "action"))[-1] == (4, "export")
    assert chain.verdict() == chain.Verdict(4)


@given(st.text(), st.text(), st.dictionaries(st.text(max_size=5), st.text() | st.integers() | st.none(), max_size=3))
def test_any_text_can_be_recorded_and_verified(name, label, change):
    with transaction.atomic():
        audit.record(Action.GROUP, Subject("group", "1", label), after=change, by=audit.Actor(Kind.STAFF, name))
        assert chain.verdict().reason == ""
        transaction.set_rollback(True)


def test_secrets_are_not_kept_in_the_open():
    secret = "s3cret-canary"
    audit.record(Action.PASSWORD, before={"password": secret}, after={"inner": {"Client_Secret": secret, "n": 1}})
    entry = line(action="password")
    assert secret not in f"{entry.before}{entry.after}"
    assert entry.before["password"] == entry.after["inner"]["Client_Secret"]
    assert (entry.before["password"][:5], entry.after["inner"]["n"]) == ("hmac:", 1)


def test_a_sign_in_and_a_sign_out_leave_one_line_each(client, operator, code):
    answer = client.post("/sign-in", {"username": "operator", "password": "correct horse", "code": code()})
    came = line(action="sign-in")
    assert (came.actor_kind, came.actor_name, came.actor_id, came.actor_ip) == (
        "local",
        "Operator",
        "operator",
        "127.0.0.1",
    )
    assert (came.outcome, came.subject_label, came.after) == ("done", "Operator", {"role": "administrator"})
    assert came.request_id == answer.headers["X-Request-ID"]
    client.post("/sign-out")
    went = line(action="sign-out")
    assert (went.actor_name, went.outcome) == ("Operator", "done")
    assert went.request_id != came.request_id
    client.post("/sign-out")
    assert AuditEntry.objects.count() == 2


def test_a_refused_password_is_recorded_and_what_was_typed_is_not(client, operator):
    client.post("/sign-in", {"username": "operator", "password": "hunter2"})
    client.post("/sign-in", {"username": "hunter2", "password": "x"})
    known, unknown = AuditEntry.objects.order_by("pk")
    assert (known.actor_kind, known.subject_id, known.outcome) == ("nobody", "operator", "refused")
    assert (unknown.subject_id, unknown.outcome) == ("", "refused")
    assert "hunter2" not in str(list(AuditEntry.objects.values()))


def test_who_is_not_admitted_and_what_microsoft_refuses_is_recorded(come_in, client, leave):
    come_in()
    denied = line(action="sign-in")
    assert (denied.subject_id, denied.subject_label) == (f"{OID}@{TID}", "astrid@northwatch.example")
    assert (denied.outcome, denied.after["reason"]) == ("refused", "You have no role in Utkik yet.")
    answer = leave()
    client.get("/sign-in/callback", {"state": answer["state"], "error": "access_denied"})
    assert AuditEntry.objects.first().outcome == "refused"
    assert AuditEntry.objects.count() == 2


def test_an_answer_that_belongs_to_no_sign_in_fills_no_table(client, entra):
    client.get("/sign-in/callback", {"state": "x", "code": "y"})
    assert not AuditEntry.objects.exists()


def test_a_granted_role_a_changed_one_and_a_revoked_one_are_recorded(settings):
    settings.ENTRA_HOME_TENANT_ID = TID
    for arguments in ((OID, "analyst"), (OID, "analyst"), (OID, "manager"), (OID, "--revoke")):
        call_command("grant", *arguments, stdout=StringIO())
    first, second, third = AuditEntry.objects.order_by("pk")
    assert (first.action, first.before, first.after) == ("grant", None, {"role": "analyst", "active": True})
    assert (second.before["role"], second.after["role"]) == ("analyst", "manager")
    assert (third.action, third.before["active"], third.after["active"]) == ("deactivate", True, False)
    assert {entry.actor_kind for entry in (first, second, third)} == {"command"}
    assert first.actor_name and first.subject_id == f"{OID}@{TID}"


def test_the_operators_new_password_is_recorded_and_stays_unknown():
    output = StringIO()
    call_command("operator", stdout=output)
    entry = line(action="password")
    assert (entry.subject_id, entry.actor_kind) == ("operator", "command")
    assert output.getvalue().strip() not in str(AuditEntry.objects.values())


def test_without_a_line_nobody_signs_in(client, operator, code, broken):
    answer = client.post("/sign-in", {"username": "operator", "password": "correct horse", "code": code()})
    assert answer.status_code == 503
    assert "could not be recorded" in answer.content.decode()
    assert client.get("/settings").status_code == 302
    operator.refresh_from_db()
    assert operator.last_login is None


def test_without_a_line_no_role_is_granted_or_taken(settings, broken):
    settings.ENTRA_HOME_TENANT_ID = TID
    User.objects.create_user("known", role="analyst", tid=TID, oid=OTHER)
    for arguments in ((OID, "analyst"), (OTHER, "manager"), (OTHER, "--revoke")):
        with pytest.raises(CommandError, match="could not be recorded"), transaction.atomic():
            call_command("grant", *arguments)
    assert list(User.objects.values_list("role", "is_active")) == [("analyst", True)]


def test_who_wants_to_leave_may_even_when_nothing_can_be_recorded(client, operator, broken):
    client.force_login(operator)
    assert client.post("/sign-out").status_code == 302
    assert client.get("/settings").status_code == 302


def test_a_closed_page_is_noted_once_with_who_asked(client, analyst):
    client.force_login(analyst)
    answer = client.get("/sync")
    denied = line(action="access")
    assert (answer.status_code, denied.outcome, denied.actor_id) == (404, "denied", "analyst")
    assert (denied.subject_kind, denied.subject_id, denied.subject_label) == ("page", "/sync", "GET /sync")
    assert denied.request_id == answer.headers["X-Request-ID"]
    client.get("/no-such-page")
    assert AuditEntry.objects.count() == 1


def test_a_closed_page_stays_closed_when_nothing_can_be_recorded(client, analyst, broken):
    client.force_login(analyst)
    assert client.get("/sync").status_code == 404


def test_the_export_of_the_trail_is_a_line_of_it_and_holds_no_formula():
    audit.record(Action.GROUP, Subject("group", "1", "=HYPERLINK(1)"), after={"a": 1})
    output = StringIO()
    call_command("audit", "export", "--csv", stdout=output)
    heading, first, second = csv.reader(io.StringIO(output.getvalue()))
    row = dict(zip(heading, first, strict=True))
    assert (row["id"], row["subject_label"], row["after"]) == ("1", "'=HYPERLINK(1)", '{"a": 1}')
    assert row["at"].endswith("+00:00") and row["hash"] == AuditEntry.objects.get(pk=1).hash
    assert dict(zip(heading, second, strict=True))["action"] == "audit-export"


@given(st.text())
def test_a_cell_never_begins_a_formula_and_says_the_same(text):
    written = "".join(sheets.lines([[text]]))
    if "\r" not in text and "\n" not in text:
        assert next(csv.reader(io.StringIO(written, newline="")), [""]) == [sheets.cell(text)]
    shown = sheets.cell(text)
    assert not shown.startswith(tuple("=+-@\t\r\n\0"))
    assert (shown[1:] if shown.startswith("'") else shown) == text


def test_an_app_role_of_the_home_directory_is_granted_refreshed_and_taken(client, come_in, entra):
    entra.claims = {"roles": ["Utkik.Manager", "Utkik.Analyst", "Other"]}
    assert come_in().url == "/"
    user = User.objects.get()
    assert (user.role, user.from_entra) == ("analyst", True)
    assert line(action="grant").after == {"role": "analyst", "active": True, "from": "entra"}
    come_in()
    assert AuditEntry.objects.filter(action="grant").count() == 1
    entra.claims = {"roles": ["Utkik.Administrator"]}
    come_in()
    user.refresh_from_db()
    assert user.role == "administrator"
    entra.claims = {}
    assert come_in().status_code == 403
    assert client.get("/settings").status_code == 302


def test_an_explicit_grant_outlives_a_token_without_roles(client, come_in, entra):
    grants.grant(UUID(TID), UUID(OID), User.Role.MANAGER)
    entra.claims = {"roles": ["Utkik.Manager"]}
    come_in()
    entra.claims = {}
    assert come_in().url == "/"


def test_no_app_role_lets_somebody_in_who_was_deactivated(come_in, entra):
    grants.grant(UUID(TID), UUID(OID), User.Role.ANALYST)
    grants.revoke(UUID(TID), UUID(OID))
    entra.claims = {"roles": ["Utkik.Administrator"]}
    assert come_in().status_code == 403
    assert (User.objects.get().role, User.objects.get().is_active) == ("analyst", False)


@pytest.mark.parametrize(
    "claimed", ["Utkik.Administrator", {"a": 1}, [["Utkik.Administrator"]], ["utkik.administrator"]]
)
def test_what_is_no_list_of_our_roles_grants_nothing(come_in, entra, claimed):
    entra.claims = {"roles": claimed}
    assert come_in().status_code == 403
    assert not User.objects.exists()


def test_the_outcomes_are_the_four_that_are_agreed():
    assert set(Outcome.values) == {"done", "asked", "refused", "denied"}
