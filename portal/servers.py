"""What the doctor looks at in PostgreSQL and Redis; errors of the servers pass through."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from portal.celery import app
from portal.findings import Finding, ok, problem, warning
from tenants import walls
from tenants.models import MicrosoftCloud

OLDEST_POSTGRESQL = 15


def database() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        version = connection.connection.info.server_version
        cursor.execute("SELECT current_user")
        (name,) = cursor.fetchone()
    place = "at DATABASE_URL" if settings.DATABASE_URL else "embedded"
    text = f"PostgreSQL {version // 10000}.{version % 10000}, {place}, as the role {name}."
    yield ok(text) if version // 10000 >= OLDEST_POSTGRESQL else problem(f"{text} Utkik needs {OLDEST_POSTGRESQL}.")
    yield from migrations()
    yield from roles()


def migrations() -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    left = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if left:
        yield problem(f"Migrations not applied: {len(left)}, first {left[0][0]}. Run manage.py migrate.")
        return
    yield ok(f"Every migration is applied; the database was made for {MicrosoftCloud.objects.get()}.")


def roles() -> Iterator[Finding]:
    """Whether the database keeps one customer's rows from another's people, whatever the web asks it for."""
    if gone := walls.gaps():
        yield problem(f"Without row-level security: {', '.join(gone)}. Run manage.py migrate.")
    elif free := walls.unbound():
        yield problem(
            f"{' and '.join(free)} can go around row-level security: docs/operations.md says how to make the roles."
        )
    elif not walls.search_is_indexed():
        yield warning("A search reads every incident: docs/operations.md says what lets its index be used.")
    else:
        yield ok("Row-level security stands around every table of customers, and binds the web.")


def redis() -> Iterator[Finding]:
    """What INFO tells: CONFIG is forbidden on many servers that others run."""
    with app.connection_for_read(settings.REDIS_URL or None) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0)
        told: dict[str, Any] = broker.default_channel.client.info()
    kind, place = ("Valkey", "valkey_version") if "valkey_version" in told else ("Redis", "redis_version")
    yield ok(f"{kind} {told.get(place)}, {'at REDIS_URL' if settings.REDIS_URL else 'embedded'}.")
    policy = told.get("maxmemory_policy", "unknown")
    if policy != "noeviction":
        yield problem(f"maxmemory-policy is {policy}: set it to noeviction, or wake-ups are thrown away unseen.")
    if not told.get("aof_enabled"):
        yield warning("appendonly is off: a restart forgets who was to be woken, and the next tick finds it again.")
