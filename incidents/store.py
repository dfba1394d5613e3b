"""The one way in: a page of items becomes rows by COPY into a temporary table and one upsert a table.

Storing the same page twice changes nothing; of two versions of one item the newest wins, whichever comes last.
An item that names another tenant is set aside, never stored: the token alone selects the customer at Microsoft, so
a mixed-up token would otherwise put one customer's incidents under another's name.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from defender.shapes import Broken, Record
from incidents import rows
from incidents.models import SyncState
from tenants.models import Tenant

SEARCH_CHARACTERS = 100_000  # a tsvector holds at most 1 MB


@dataclass
class Counts:
    """What became of the items of one or more pages; `bad` counts the alerts expanded in incidents too."""

    fetched: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    bad: int = 0

    def add(self, other: "Counts") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass(frozen=True)
class Strange:
    """An item to set aside, and why."""

    microsoft_id: str
    raw: bytes
    reason: str


@dataclass(frozen=True)
class Written:
    """The incidents or alerts that an upsert made or changed."""

    created: frozenset[str] = frozenset()
    updated: frozenset[str] = frozenset()

    @property
    def microsoft_ids(self) -> list[str]:
        return sorted(self.created | self.updated)


def store(tenant: Tenant, stream: str, items: Sequence[Record[Any]], broken: Sequence[Broken] = ()) -> Counts:
    """Store one page of incidents (with the alerts expanded in them) or of alerts, in one transaction."""
    own, strange = sorted_out(tenant, items)
    strange += [Strange("", item.raw, item.reason) for item in broken]
    bad = len(strange)
    with transaction.atomic():
        lock_out_other_writers(tenant)
        if stream == str(SyncState.Stream.INCIDENTS):
            written = upsert(tenant, "incident", rows.INCIDENT, [rows.incident(item) for item in own])
            touched = incidents_of(tenant, written.microsoft_ids) | link_waiting_alerts(tenant, written.created)
            found, others = expanded_alerts(tenant, own)
            strange += others
            touched |= store_alerts(tenant, found)[1]
        else:
            written, touched = store_alerts(tenant, [(item, None) for item in own])
        refresh(touched)
        set_aside(tenant, stream, strange)
    fetched, created, updated = len(items) + len(broken), len(written.created), len(written.updated)
    return Counts(fetched, created, updated, fetched - created - updated - bad, len(strange))


def sorted_out(tenant: Tenant, items: Iterable[Record[Any]]) -> tuple[list[Record[Any]], list[Strange]]:
    """The tenant's own items and those that name another one; an empty tenantId is the tenant that was asked."""
    own, strange = [], []
    for item in items:
        named = (item.value.tenant_id or "").strip()
        if named and named.lower() != str(tenant.entra_id):
            strange.append(Strange(rows.text(item.id), item.raw, f"The item belongs to another tenant: {named[:64]}"))
        else:
            own.append(item)
    return own, strange


def lock_out_other_writers(tenant: Tenant) -> None:
    """Both streams of a tenant touch the same incidents: one page at a time, so that they cannot deadlock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [0x55544B, tenant.pk])


def expanded_alerts(
    tenant: Tenant, incidents: Sequence[Record[Any]]
) -> tuple[list[tuple[Record[Any], str | None]], list[Strange]]:
    """The alerts found inside incidents, each with the id of its incident, and those that are another tenant's."""
    found: list[tuple[Record[Any], str | None]] = []
    strange: list[Strange] = []
    for incident in incidents:
        own, others = sorted_out(tenant, incident.alerts)
        found += [(alert, incident.id) for alert in own]
        strange += others
    return found, strange


def store_alerts(tenant: Tenant, items: Sequence[tuple[Record[Any], str | None]]) -> tuple[Written, set[UUID]]:
    """Store alerts, each with the id of the incident it was found in, or None to believe the alert's own word.

    Returns also the incidents that lost or gained by it.
    """
    before = incidents_of_alerts(tenant, [rows.text(item.id) for item, _ in items])
    written = upsert(tenant, "alert", rows.ALERT, [rows.alert(item, found_in) for item, found_in in items])
    newest = {rows.text(item.id): item for item, _ in sorted(items, key=lambda pair: rows.version(pair[0]))}
    forget_evidence(tenant, sorted(written.updated))
    add_evidence(tenant, [newest[name] for name in written.microsoft_ids])
    if not written.microsoft_ids:
        return written, set()
    return written, before | incidents_of_alerts(tenant, written.microsoft_ids)


# An alert points at the incident it names; while that one is not stored it waits.
LINK = {
    "alert": (
        ", incident_id",
        """, (SELECT incident.id FROM incidents_incident incident
              WHERE incident.tenant_id = %s AND incident.microsoft_id = incoming.incident_microsoft_id)""",
    )
}


def upsert(tenant: Tenant, table: str, columns: Sequence[str], values: Sequence[tuple[Any, ...]]) -> Written:
    """Copy the rows in and let the newest version of each win; a row that is neither newer nor different stays."""
    if not values:
        return Written()
    newest = {row[0]: row for row in sorted(values, key=lambda row: row[columns.index("version")])}
    names = ", ".join(columns)
    link, found = LINK.get(table, ("", ""))
    changed = [column for column in (*columns, link.strip(", ")) if column not in ("", "microsoft_id")]
    changes = ", ".join(f"{column} = excluded.{column}" for column in changed)
    with connection.cursor() as cursor:
        copy(cursor, f"incidents_{table}", columns, newest.values())
        cursor.execute(
            f"""INSERT INTO incidents_{table} AS stored (customer_id, tenant_id, {names}{link})
                SELECT %s, %s, {names}{found} FROM incoming_incidents_{table} incoming
                ON CONFLICT (tenant_id, microsoft_id) DO UPDATE SET {changes}
                WHERE excluded.version > stored.version
                   OR (excluded.version = stored.version AND excluded.digest <> stored.digest)
                RETURNING microsoft_id, xmax = 0""",
            [tenant.customer_id, tenant.pk, *([tenant.pk] if link else [])],
        )
        outcome = cursor.fetchall()
    return Written(
        frozenset(name for name, created in outcome if created),
        frozenset(name for name, created in outcome if not created),
    )


def copy(cursor: Any, table: str, columns: Sequence[str], values: Iterable[tuple[Any, ...]]) -> None:
    """Fill the temporary table `incoming_<table>`, made like those columns of the table, with the rows."""
    names = ", ".join(columns)
    cursor.execute(
        f"""CREATE TEMPORARY TABLE IF NOT EXISTS incoming_{table} ON COMMIT DELETE ROWS
            AS SELECT {names} FROM {table} WITH NO DATA"""
    )
    # Pages of one transaction share the table; on a fresh one this costs nothing, which TRUNCATE does not.
    cursor.execute(f"DELETE FROM incoming_{table}")
    with cursor.copy(f"COPY incoming_{table} ({names}) FROM STDIN (FORMAT BINARY)") as stream:
        stream.set_types([rows.TYPES.get(column, "text") for column in columns])
        for row in values:
            stream.write_row(row)


def incidents_of(tenant: Tenant, microsoft_ids: Sequence[str]) -> set[UUID]:
    return select_ids("SELECT id FROM incidents_incident WHERE tenant_id = %s AND microsoft_id = ANY(%s)",
                      tenant, microsoft_ids)  # fmt: skip


def incidents_of_alerts(tenant: Tenant, microsoft_ids: Sequence[str]) -> set[UUID]:
    return select_ids(
        """SELECT DISTINCT incident_id FROM incidents_alert
           WHERE tenant_id = %s AND microsoft_id = ANY(%s) AND incident_id IS NOT NULL""",
        tenant, microsoft_ids,
    )  # fmt: skip


def link_waiting_alerts(tenant: Tenant, microsoft_ids: Iterable[str]) -> set[UUID]:
    """Give new incidents the alerts that were read before them."""
    return select_ids(
        """UPDATE incidents_alert alert SET incident_id = incident.id FROM incidents_incident incident
           WHERE incident.tenant_id = %s AND incident.microsoft_id = ANY(%s) AND alert.incident_id IS NULL
             AND alert.tenant_id = incident.tenant_id AND alert.incident_microsoft_id = incident.microsoft_id
           RETURNING incident.id""",
        tenant, list(microsoft_ids),
    )  # fmt: skip


def select_ids(statement: str, tenant: Tenant, values: Sequence[str]) -> set[UUID]:
    if not values:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(statement, [tenant.pk, list(values)])
        return {row[0] for row in cursor.fetchall()}


def forget_evidence(tenant: Tenant, alert_ids: Sequence[str]) -> None:
    """Drop the evidence of changed alerts: their new one is the whole of it."""
    if not alert_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM incidents_evidence USING incidents_alert alert
               WHERE alert_id = alert.id AND alert.tenant_id = %s AND alert.microsoft_id = ANY(%s)""",
            [tenant.pk, alert_ids],
        )


def add_evidence(tenant: Tenant, items: Sequence[Record[Any]]) -> None:
    if not items:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE TEMPORARY TABLE IF NOT EXISTS incoming_evidence ON COMMIT DELETE ROWS
               AS SELECT ''::text AS alert_microsoft_id, position, kind, name, detail, verdict, remediation_status,
                         roles
               FROM incidents_evidence WITH NO DATA"""
        )
        cursor.execute("DELETE FROM incoming_evidence")
        with cursor.copy(f"COPY incoming_evidence ({', '.join(rows.EVIDENCE)}) FROM STDIN (FORMAT BINARY)") as stream:
            stream.set_types([rows.TYPES.get(column, "text") for column in rows.EVIDENCE])
            for item in items:
                for row in rows.evidence(item):
                    stream.write_row(row)
        cursor.execute(
            """INSERT INTO incidents_evidence (customer_id, tenant_id, alert_id, position, kind, name, detail, verdict,
                                               remediation_status, roles)
               SELECT alert.customer_id, alert.tenant_id, alert.id, position, kind, name, detail, verdict,
                      remediation_status, roles
               FROM incoming_evidence incoming JOIN incidents_alert alert
                 ON alert.tenant_id = %s AND alert.microsoft_id = incoming.alert_microsoft_id""",
            [tenant.pk],
        )


def refresh(incident_ids: set[UUID]) -> None:
    """Draw anew what an incident shows of its alerts, and the words it is found by.

    Words are split at ASCII punctuation, by the query too, so that a part of a host name or address finds it.
    """
    if not incident_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(REFRESH, [list(incident_ids), SEARCH_CHARACTERS])


REFRESH = r"""
WITH touched AS (
    SELECT id, title, microsoft_id, assigned_to, tags FROM incidents_incident WHERE id = ANY(%s)
), alerts AS (
    SELECT incident_id, count(*) AS number, string_agg(title, ' ') AS titles,
           array_agg(DISTINCT service_source) FILTER (WHERE service_source <> '') AS sources,
           array_agg(DISTINCT category) FILTER (WHERE category <> '') AS categories
    FROM incidents_alert WHERE incident_id IN (SELECT id FROM touched) GROUP BY incident_id
), things AS (
    SELECT alert.incident_id, string_agg(DISTINCT evidence.name, ' ') AS names,
           count(DISTINCT evidence.name) FILTER (WHERE kind = 'device') AS devices,
           count(DISTINCT evidence.name) FILTER (WHERE kind IN ('user', 'mailbox')) AS users
    FROM incidents_evidence evidence JOIN incidents_alert alert ON alert.id = evidence.alert_id
    WHERE alert.incident_id IN (SELECT id FROM touched) AND evidence.name <> '' GROUP BY alert.incident_id
)
UPDATE incidents_incident incident SET
    alert_count = coalesce(alerts.number, 0), device_count = coalesce(things.devices, 0),
    user_count = coalesce(things.users, 0), sources = coalesce(alerts.sources, '{}'),
    categories = coalesce(alerts.categories, '{}'),
    search = to_tsvector('simple', regexp_replace(left(concat_ws(' ', touched.microsoft_id, touched.title,
        touched.assigned_to, array_to_string(touched.tags, ' '), alerts.titles, things.names), %s),
        '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+', ' ', 'g'))
FROM touched LEFT JOIN alerts ON alerts.incident_id = touched.id LEFT JOIN things ON things.incident_id = touched.id
WHERE incident.id = touched.id
"""


def set_aside(tenant: Tenant, stream: str, items: Sequence[Strange]) -> None:
    if not items:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO incidents_setaside (customer_id, tenant_id, stream, microsoft_id, reason, raw, digest)
               VALUES (%s, %s, %s, %s, %s, %s, %s)
               ON CONFLICT (tenant_id, stream, digest) DO UPDATE SET last_seen_at = now()""",
            [
                (tenant.customer_id, tenant.pk, stream, i.microsoft_id, rows.text(i.reason), i.raw, rows.digest(i.raw))
                for i in items
            ],
        )
