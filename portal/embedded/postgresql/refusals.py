"""What ends a connection before it is used: a database of another cloud, or a role that its walls do not bind."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from tenants.roles import ROLES

# Whether the role can go through every wall, owns a table, and which of our roles it can act as.
RIGHTS = """
SELECT me.rolsuper OR me.rolbypassrls,
       EXISTS (SELECT FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
               AND pg_has_role(me.oid, relowner, 'USAGE')),
       ARRAY(SELECT rolname::text FROM pg_roles WHERE rolname = ANY(%s) AND pg_has_role(me.oid, oid, 'USAGE'))
FROM pg_roles me WHERE rolname = current_user
"""
HOW = "docs/operations.md says how to make the roles of the database."
# The rights of a role do not change while a process runs.
found_sound: set[tuple[str, str, str]] = set()


def of_another_cloud(connection: Any) -> None:
    """A database made for one cloud is never used with another: their incidents would mix."""
    made_for = cloud_of(connection)
    if made_for is not None and place(made_for) != place(settings.MICROSOFT_CLOUD_URL):
        connection.close()
        raise ImproperlyConfigured(
            f"This database was made for {made_for or 'the real Microsoft cloud'} and is refused with "
            f"{settings.MICROSOFT_CLOUD_URL or 'the real one'}: choose another STATE_DIR or DATABASE_URL."
        )


def cloud_of(connection: Any) -> str | None:
    """The cloud that the database was made for; None while it is empty, or nothing in it is open to this role."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(to_regclass('public.tenants_cloud'), 'SELECT')")
        row = cursor.fetchone()
        if row[0]:
            cursor.execute("SELECT url FROM public.tenants_cloud")
            row = cursor.fetchone() or (None,)
        else:
            row = None
    connection.rollback()
    return None if row is None or row[0] is None else str(row[0])


def place(url: str) -> tuple[str, str | None]:
    """Scheme and host; the port of a simulated cloud may change from one start to the next."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname


def of_another_role(connection: Any, role: str) -> None:
    """A process that works behind the walls must not be able to climb over them; only the owner may."""
    known = (role, connection.info.dsn, settings.DATABASE_URL)
    if role == "owner" or known in found_sound:
        return
    if wrong := problem(connection, role):
        connection.close()
        raise ImproperlyConfigured(wrong)
    found_sound.add(known)


def problem(connection: Any, role: str) -> str:
    """One sentence about a role that may do too much, or another's work; '' when all is well."""
    with connection.cursor() as cursor:
        cursor.execute(RIGHTS, [list(ROLES.values())])
        bypasses, owns, able = cursor.fetchone()
    connection.rollback()
    name, wanted = connection.info.user, ROLES[role]
    if bypasses:
        return f"The role {name} is a superuser or has BYPASSRLS, so row-level security does not bind it. {HOW}"
    if owns:
        return f"The role {name} owns tables, so it could take their walls down. {HOW}"
    if able != [wanted]:
        return f"This process works as {wanted}, and the role {name} is {' and '.join(able) or 'none of ours'}. {HOW}"
    return ""
