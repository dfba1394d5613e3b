"""The wall in the database, without any page before it: what each role has, and for how long."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from accounts.models import User
from incidents.models import Alert, Change, Evidence, Incident
from portal.embedded import postgres
from portal.embedded.postgresql import refusals
from tenants import middleware, scope, walls
from tenants.models import Customer, Tenant
from tenants.roles import OWNER, WEB, WORKER
from tests.walls.canaries import Planted

pytestmark = pytest.mark.django_db
# Ours without a customer: people, who may have none; what each installation has once.
WITHOUT_CUSTOMER = {
    "accounts_allowance", "accounts_audithead", "accounts_breakglass", "accounts_breakglassuse", "accounts_user",
    "incidents_breaker", "tenants_cloud", "tenants_credentialstatus", "tenants_customergroup",
    "tenants_customergroup_analysts",
}  # fmt: skip
# Unique beyond one customer, and why no answer to that tells of another.
UNIQUE_EVERYWHERE = {
    # A directory has one customer; only workers write it.
    ("tenants_tenant", "entra_id"),
    # Only who sees all customers makes one.
    ("tenants_customer", "lower((name)::text)"),
    # Of chance, 256 bits of it.
    ("tenants_invitation", "nonce"),
    ("tenants_consentstate", "state_hash"),
}
# These tell the customer: by a foreign key or trigger that carries it, no row can have another's.
OF_ONE_CUSTOMER = {"customer_id", "tenant_id", "incident_id", "alert_id", "invitation_id", "item_id"}
# Guards with a function of their own, by table (incidents 0005), and the parents they look at.
GUARDED = {
    "incidents_change": ("require_items", {"incident_id", "alert_id", "tenant_id"}),
    "incidents_incident": ("require_survivor", {"survivor_id"}),
}


@pytest.fixture
def web() -> Iterator[None]:
    """The rest of the test is the web."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {WEB}")
    yield
    connection.connection.rollback()
    connection.connection.execute("RESET ROLE")


def asked(statement: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def incidents() -> set[Any]:
    return {key for (key,) in asked("SELECT customer_id FROM incidents_incident")}


@pytest.mark.parametrize("model", list(walls.ours()), ids=lambda model: model._meta.db_table)
def test_every_table_has_a_customer_and_a_wall(model: type[models.Model]) -> None:
    table, column = model._meta.db_table, walls.column_of(model)
    assert bool(column) is (table not in WITHOUT_CUSTOMER)
    secured = asked("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", table)
    assert secured == [(bool(column), bool(column))]
    policies = asked(
        "SELECT policyname::text, roles::text, qual, with_check FROM pg_policies WHERE tablename = %s", table
    )
    named = {name: (roles, qual, check) for name, roles, qual, check in policies}
    if column:
        nullable = asked(
            "SELECT attnotnull FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s", table, column
        )
        # A line of the audit trail may be of no customer; then those alone have it who see all.
        assert nullable == [(table != walls.TRAIL,)]
        assert named.pop("owner") == (f"{{{OWNER}}}", "true", "true")
        assert named.pop("worker") == (f"{{{WORKER}}}", "true", "true")
        roles, qual, check = named.pop("web")
        assert (roles, check) == (f"{{{WEB}}}", "true" if table == walls.TRAIL else qual)
        assert "SELECT utkik_customers()" in qual and f"({column} = ANY" in qual
    assert not named


@pytest.mark.parametrize("model", list(walls.ours()), ids=lambda model: model._meta.db_table)
def test_a_unique_key_tells_nothing_of_another_customer(model: type[models.Model]) -> None:
    if not walls.column_of(model) or model is Customer:
        return
    keys = asked(
        """SELECT ARRAY(SELECT pg_get_indexdef(indexrelid, n, true) FROM generate_series(1, indnkeyatts) n)
           FROM pg_index WHERE indrelid = %s::regclass AND indisunique""",
        model._meta.db_table,
    )
    for (columns,) in keys:
        alone = (model._meta.db_table, ", ".join(columns))
        assert OF_ONE_CUSTOMER & set(columns) or columns == ["id"] or alone in UNIQUE_EVERYWHERE


@pytest.mark.parametrize("model", list(walls.ours()), ids=lambda model: model._meta.db_table)
def test_a_parent_is_of_the_same_customer(model: type[models.Model]) -> None:
    """By a foreign key that carries the customer, or by the triggers of incidents 0002."""
    table = model._meta.db_table
    parents = {
        field.column
        for field in model._meta.concrete_fields
        if field.related_model and field.related_model is not Customer and walls.column_of(field.related_model)
    }
    keys = asked(
        """SELECT ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey))
           FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'""",
        table,
    )
    carried = {column for (columns,) in keys if "customer_id" in columns for column in columns}
    triggers = asked(
        "SELECT tgargs FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE 'require_parent%%'", table
    )
    carried |= {bytes(found).split(b"\0")[0].decode() for (found,) in triggers}
    # The trigger of a parent compares the directory too.
    carried |= {"tenant_id"} if triggers else set()
    guard, guarded = GUARDED.get(table, ("", set()))
    if asked("SELECT 1 FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = %s", table, guard):
        carried |= guarded
    assert parents <= carried


def test_the_database_knows_itself_who_sees_whom(people: dict[str, Any], one: Planted, other: Planted) -> None:
    every = {one.rows["Customer"].pk, other.rows["Customer"].pk}
    other.rows["person"].is_active = True
    for user in filter(None, people.values()):
        ((told,),) = asked("SELECT utkik_customers_of(%s)", user.pk)
        known = every if told == "all" else {int(key) for key in told.strip("{}").split(",") if key}
        assert known == set(Customer.objects.visible_to(user).values_list("pk", flat=True)), user
    User.objects.update(is_active=False)
    Tenant.objects.update(state=Tenant.State.DISCONNECTED)
    assert {asked("SELECT utkik_customers_of(%s)", user.pk)[0][0] for user in people.values() if user} == {"{}"}
    assert asked("SELECT utkik_customers_of(%s)", 2**40) == [("{}",)]
    assert asked("SELECT utkik_customers_of(NULL)") == [("{}",)]


def test_without_a_scope_there_is_nothing(one: Planted, other: Planted, people: dict[str, Any], web: None) -> None:
    assert incidents() == set()
    assert not Incident.objects.exists() and not Incident.objects.exclude(title="").distinct().exists()
    for nothing in ("", "{}", "*", "ALL", "null"):
        with transaction.atomic():
            asked("SELECT set_config('utkik.customers', %s, true)", nothing)
            assert incidents() == set()


def test_a_scope_has_the_person_s_customers_in_every_way_of_asking(
    one: Planted, other: Planted, people: dict[str, Any], web: None
) -> None:
    theirs = other.rows["Incident"]
    with scope.person(people["analyst of a"]):
        assert incidents() == {one.rows["Customer"].pk}
        assert Incident.objects.count() == 1 and not Incident.objects.in_bulk([theirs.pk])
        assert asked("SELECT count(*) FROM incidents_evidence")[0][0] == 2
        assert not Alert._base_manager.filter(incident=theirs).select_related("incident").exists()
        assert list(Customer.objects.prefetch_related("tenants")) == [one.rows["Customer"]]
        with pytest.raises(Incident.DoesNotExist):
            theirs.refresh_from_db()
        with pytest.raises(Customer.DoesNotExist):
            _ = Tenant.objects.get().__class__(customer_id=other.rows["Customer"].pk).customer
    with scope.person(people["administrator"]):
        assert incidents() == {one.rows["Customer"].pk, other.rows["Customer"].pk}


def test_a_scope_ends_with_its_block_and_an_inner_one_gives_the_outer_back(
    one: Planted, other: Planted, people: dict[str, Any], web: None
) -> None:
    with scope.person(people["analyst of a"]):
        with scope.visitor(begun=other.rows["Invitation"].pk):
            assert incidents() == {other.rows["Customer"].pk}
        assert incidents() == {one.rows["Customer"].pk}
        with pytest.raises(ValueError), scope.everybody():
            raise ValueError
        assert incidents() == {one.rows["Customer"].pk}
    assert incidents() == set()


@pytest.mark.django_db(transaction=True)
def test_a_request_that_fails_leaves_its_connection_without_a_scope() -> None:
    """On the connection that the next request is given: no scope, and nothing that the failed one wrote."""
    user = User.objects.create_user("a", role=User.Role.ADMINISTRATOR)
    customer = Customer.objects.create(name="A")
    Tenant.objects.create(customer=customer, entra_id="00000000-0000-4000-8000-00000000000a")
    connection.connection.execute(f"SET ROLE {WEB}")
    try:
        for answer in (failing, raising):
            request = RequestFactory().get("/")
            request.user = user
            try:
                middleware.Walls(answer)(request)
            except RuntimeError:
                pass
            assert asked("SELECT current_setting('utkik.customers', true)") == [("",)]
            assert not Tenant.objects.exists() and not connection.in_atomic_block
    finally:
        connection.connection.execute("RESET ROLE")
    assert Customer.objects.get() == customer
    assert customer.name == "A"


def failing(request: HttpRequest) -> HttpResponse:
    assert Customer.objects.update(name="changed") == 1
    return HttpResponse(status=503)


def raising(request: HttpRequest) -> HttpResponse:
    assert Customer.objects.update(name="changed") == 1
    raise RuntimeError


def test_what_is_streamed_has_the_scope_of_its_person(
    one: Planted, other: Planted, people: dict[str, Any], web: None
) -> None:
    request = RequestFactory().get("/")
    request.user = people["analyst of a"]
    made = lambda _: StreamingHttpResponse(str(row.customer_id) for row in Incident.objects.iterator())  # noqa: E731
    answer = middleware.Walls(made)(request)
    assert b"".join(answer) == str(one.rows["Customer"].pk).encode()
    assert incidents() == set()


def test_the_web_cannot_write_another_customer_s_rows(
    one: Planted, other: Planted, people: dict[str, Any], web: None
) -> None:
    event = one.rows["InvitationEvent"]
    with scope.person(people["analyst of a"]):
        assert Tenant.objects.filter(pk=other.rows["Tenant"].pk).update(domain="taken") == 0
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            type(event).objects.create(
                customer=other.rows["Customer"], invitation=other.rows["Invitation"], kind="opened"
            )
        for statement in ("DELETE FROM incidents_incident", "UPDATE tenants_invitationevent SET detail = ''"):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                asked(statement)


def test_no_row_names_a_parent_of_another_customer(one: Planted, other: Planted) -> None:
    mine = {"customer": one.rows["Customer"], "tenant": one.rows["Tenant"]}
    strange = [
        lambda: Alert.objects.create(**mine, microsoft_id="x", incident=other.rows["Incident"], raw=b"", digest=b""),
        lambda: Evidence.objects.create(**mine, alert=other.rows["Alert"], position=7, kind="ip"),
        lambda: type(one.rows["InvitationEvent"]).objects.create(
            customer=mine["customer"], invitation=other.rows["Invitation"], kind="opened"
        ),
        lambda: type(one.rows["Invitation"]).objects.update(tenant=other.rows["Tenant"]),
        lambda: type(one.rows["Unstored"]).objects.update(item=other.rows["SetAside"]),
        lambda: Change.objects.create(**mine, incident=other.rows["Incident"], field="status"),
        lambda: Incident.objects.filter(pk=one.rows["Incident"].pk).update(survivor=other.rows["Incident"]),
    ]
    for make in strange:
        with pytest.raises(IntegrityError), transaction.atomic():
            make()
            asked("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_door_tells_whose_it_is_only_to_who_has_the_secret(one: Planted, other: Planted, web: None) -> None:
    nonce = one.rows["Invitation"].nonce
    assert asked("SELECT utkik_customers_of_visitor(%s, NULL, '', '')", nonce) == [(f"{{{one.rows['Customer'].pk}}}",)]
    assert asked("SELECT utkik_customers_of_visitor('', NULL, '', '')") == [("{}",)]
    journey = other.rows["ConsentState"]
    half = asked("SELECT utkik_customers_of_visitor('', NULL, %s, '')", journey.state_hash)
    whole = asked("SELECT utkik_customers_of_visitor('', NULL, %s, %s)", journey.state_hash, journey.browser_hash)
    assert (half, whole) == ([("{}",)], [(f"{{{other.rows['Customer'].pk}}}",)])
    assert scope.directory(one.rows["Tenant"].entra_id) == (one.rows["Customer"].pk, True)
    assert scope.directory(None) == (None, False)


@pytest.mark.parametrize("role", ["web", "worker"])
def test_only_the_role_of_its_own_may_do_a_process_s_work(role: str) -> None:
    for other, words in (("postgres", "superuser"), (OWNER, "owns tables"), (WORKER, "works as"), (WEB, "works as")):
        with connected(other) as session:
            wrong = refusals.problem(session, role)
        assert (words in wrong) is (other != {"web": WEB, "worker": WORKER}[role])


def connected(role: str) -> Any:
    told = connection.connection.info
    return psycopg.connect(postgres.dsn(settings.STATE_DIR, role, told.dbname))


def test_a_table_that_is_new_is_closed_until_it_has_a_wall() -> None:
    asked("CREATE TABLE incidents_fresh (customer_id bigint)")
    asked(f"SET ROLE {WEB}")
    with pytest.raises(DatabaseError, match="permission denied"):
        asked("SELECT * FROM incidents_fresh")
