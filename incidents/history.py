"""What has changed, kept for good: beside the new state of an item stands each step that led to it.

It is written in the transaction that stores the item, and by the database from what it held and what came in, so
that history and state cannot differ. A version that is stored already or older than that writes nothing; a newer
one that has skipped states is one step.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from incidents.copying import copy
from tenants.models import Tenant

ALERT = ("status", "severity", "assigned_to", "classification", "determination")
INCIDENT = (*ALERT, "tags", "redirected_to")
CREATED = ("customer_id", "tenant_id", "incident_id", "field", "before", "after", "microsoft_at", "historic")


def begin(tenant: Tenant, columns: Sequence[str], incidents: Mapping[UUID, Sequence[Any]]) -> None:
    """Write the first row of each new incident; `incidents` are their values in the order of `columns`."""
    if not incidents:
        return
    owner = (tenant.customer_id, tenant.pk)

    def row(incident: UUID, values: Sequence[Any]) -> tuple[Any, ...]:
        seen = dict(zip(columns, values, strict=True))
        state = {field: seen[field] for field in INCIDENT}
        state |= {"tags": sorted(set(seen["tags"])), "as_of": seen["microsoft_updated_text"]}
        after = msgspec.json.encode(state).decode()
        return (*owner, incident, "created", "", after, seen["microsoft_created_at"], seen["historic"])

    with connection.cursor() as cursor:
        copy(cursor, "incidents_change", CREATED, (row(*one) for one in incidents.items()))


def record(table: str) -> None:
    """Write the differences between the rows of incoming_`table` and those that they are about to replace."""
    with connection.cursor() as cursor:
        cursor.execute(RECORD[table])


def told(row: str, field: str) -> str:
    """The SQL of the field as history tells it; the order of tags is no news, in bytes it is that of Python."""
    if field != "tags":
        return f"{row}.{field}"
    return f"""(SELECT coalesce(json_agg(DISTINCT tag COLLATE "C" ORDER BY tag COLLATE "C"), '[]')::text
                FROM unnest({row}.tags) AS listed (tag))"""


def differences(table: str, fields: Sequence[str], incident: str, alert: str, author: str) -> str:
    pairs = ", ".join(f"('{field}', {told('stored', field)}, {told('incoming', field)})" for field in fields)
    return f"""
        INSERT INTO incidents_change
            (customer_id, tenant_id, incident_id, alert_id, field, before, after, author, microsoft_at, historic)
        SELECT stored.customer_id, stored.tenant_id, {incident}, {alert}, pair.field, pair.before, pair.after,
               {author}, incoming.microsoft_updated_at, stored.historic
        FROM incoming_{table} incoming JOIN incidents_{table} stored ON stored.id = incoming.id
            CROSS JOIN LATERAL (VALUES {pairs}) AS pair (field, before, after)
        WHERE pair.before <> pair.after"""


RECORD = {
    "incident": differences("incident", INCIDENT, "stored.id", "NULL::uuid", "incoming.modified_by"),
    "alert": differences("alert", ALERT, "incoming.incident_id", "stored.id", "''"),
}
