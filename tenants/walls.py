"""The walls in the database: row-level security on every table that has a customer, and what each role may do at all.

The second of two layers that know nothing of each other. `visible_to(user)` chooses rows in Python; here PostgreSQL
computes from the person's own row which customers' rows this transaction has (`tenants/scope.py` asks it to). Said
nothing, it has none. They are built anew after each migration, so that no table can be forgotten; until then nobody
but the owner may read a new one.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models, transaction

from accounts.models import AuditEntry
from tenants.models import Customer
from tenants.roles import WEB, WORKER

# Read once a statement, for they stand in sub-selects: called for each row, a count would take ten times as long.
MINE = "(SELECT utkik_has_all()) OR {column} = ANY ((SELECT utkik_customers())::bigint[])"
TRAIL = AuditEntry._meta.db_table
FUNCTIONS = Path(__file__).with_name("walls.sql")

# What may be done with a table, by the web and by workers; a table that is not named is read by the one and written
# by the other. Beside them stand the walls: these are rights to a table, not to a row.
READ, ADD, CHANGE = "SELECT", "SELECT, INSERT", "SELECT, INSERT, UPDATE"
ALL = "SELECT, INSERT, UPDATE, DELETE"
# The end of the audit trail's chain is moved by a trigger, which runs as the owner.
RIGHTS = {
    "accounts_allowance": (ALL, ALL),
    "accounts_auditentry": (ADD, ADD),
    "accounts_audithead": ("", READ),
    "accounts_breakglass": ("SELECT, UPDATE", ALL),
    "accounts_breakglassuse": (CHANGE, READ),
    "accounts_user": (CHANGE, CHANGE),
    "django_session": (ALL, ALL),
    "incidents_alert": ("SELECT, UPDATE (status, assigned_to, classification, determination)", ALL),
    "incidents_edit": (CHANGE, CHANGE),
    "incidents_hold": (CHANGE, CHANGE),
    "incidents_incident": ("SELECT, UPDATE", ALL),
    "django_migrations": (READ, READ),
    "tenants_cloud": (READ, READ),
    "tenants_consentstate": (ALL, ALL),
    "tenants_customer": (CHANGE, ALL),
    "tenants_customer_analysts": ("SELECT, INSERT, DELETE", ALL),
    "tenants_customergroup": (ALL, ALL),
    "tenants_customergroup_analysts": ("SELECT, INSERT, DELETE", ALL),
    "tenants_customergroup_customers": ("SELECT, INSERT, DELETE", ALL),
    "tenants_invitation": (CHANGE, ALL),
    "tenants_invitationevent": (ADD, ADD),
    "tenants_tenant": ("SELECT, UPDATE", ALL),
}


def build() -> None:
    """Put them up around every table that there is, in place of those that stand; each table is locked by itself."""
    with connection.cursor() as cursor:
        refuse_missing_roles(cursor)
        existing = set(connection.introspection.table_names(cursor))
    columns = {table: column for table, column in walled().items() if table in existing}
    if Customer._meta.db_table not in columns:
        return
    run([FUNCTIONS.read_text(encoding="utf-8")])
    for table, column in columns.items():
        run([*rights(table), *wall(table, column)])
    for table in sorted((tables() | set(RIGHTS)) & existing - set(columns)):
        run(rights(table))


def refuse_missing_roles(cursor: Any) -> None:
    cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [[WEB, WORKER]])
    if missing := {WEB, WORKER} - {name for (name,) in cursor.fetchall()}:
        raise ImproperlyConfigured(
            f"The database server has no role {min(missing)}: docs/operations.md says how to make its roles."
        )


@transaction.atomic
def run(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def rights(table: str) -> Iterator[str]:
    web, worker = RIGHTS.get(table, (READ, ALL))
    yield f'REVOKE ALL ON "{table}" FROM PUBLIC, {WEB}, {WORKER}'
    if web:
        yield f'GRANT {web} ON "{table}" TO {WEB}'
    yield f'GRANT {worker} ON "{table}" TO {WORKER}'


def wall(table: str, column: str) -> Iterator[str]:
    """One policy for each role: the web has its customers' rows, the others all; any other role has none."""
    yield f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY'
    mine = MINE.format(column=column)
    for name, role, rows in (("web", WEB, mine), ("worker", WORKER, "true"), ("owner", "CURRENT_USER", "true")):
        # A line of the audit trail may be of anybody, also of nobody: who adds it need not be one who may read it.
        added = "true" if table == TRAIL else rows
        yield f'DROP POLICY IF EXISTS {name} ON "{table}"'
        yield f'CREATE POLICY {name} ON "{table}" TO {role} USING ({rows}) WITH CHECK ({added})'


STANDING = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity AND relforcerowsecurity
    AND ARRAY(SELECT polname::text FROM pg_policy WHERE polrelid = pg_class.oid ORDER BY polname) = %s
"""
# Who is a superuser, may pass the walls, or owns a table and may take its wall down.
UNBOUND = """
SELECT rolname FROM pg_roles WHERE rolname = ANY (%s) AND (rolsuper OR rolbypassrls OR EXISTS (
    SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        AND pg_has_role(pg_roles.oid, relowner, 'USAGE')))
"""


def gaps() -> list[str]:
    """The tables that have a customer and no wall."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING, [sorted(("web", "worker", "owner"))])
        return sorted(set(walled()) - {table for (table,) in cursor.fetchall()})


def unbound() -> list[str]:
    """Those of the roles behind the walls that could go around them."""
    with connection.cursor() as cursor:
        cursor.execute(UNBOUND, [[WEB, WORKER]])
        return [name for (name,) in cursor.fetchall()]


def search_is_indexed() -> bool:
    """Whether the match of a text search may look at an index before the wall has chosen the rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT proleakproof FROM pg_proc WHERE oid = 'ts_match_vq(tsvector, tsquery)'::regprocedure")
        return bool(cursor.fetchone()[0])


def walled() -> dict[str, str]:
    """The tables that have a customer, each with the column that says which."""
    columns = {model._meta.db_table: column_of(model) for model in ours()}
    return {table: column for table, column in columns.items() if column}


def tables() -> set[str]:
    return {model._meta.db_table for model in ours()}


def ours() -> Iterator[type[models.Model]]:
    """Every model of our own apps, with the tables that many-to-many fields make."""
    for model in apps.get_models(include_auto_created=True):
        if Path(apps.get_app_config(model._meta.app_label).path).parent == settings.BASE_DIR:
            yield model


def column_of(model: type[models.Model]) -> str:
    if model is Customer:
        return "id"
    if model is AuditEntry:
        return "customer_id"
    keys = (field for field in model._meta.concrete_fields if field.related_model is Customer)
    return next((str(field.column) for field in keys), "")
