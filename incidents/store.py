"""The one way in: a page of items becomes rows by COPY, new ones into their table and changed ones beside it.

Storing the same page twice changes nothing; of two versions of one item the newest wins, whichever comes last. What
is stored already costs one look, since most of what is read again is the overlap of two windows.
An item that names another tenant is set aside, never stored: the token alone selects the customer at Microsoft, so
a mixed-up token would otherwise put one customer's incidents under another's name.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from defender.shapes import Broken, Record
from incidents import history, leases, merges, rows
from incidents.aside import Strange, set_aside
from incidents.copying import copy
from incidents.models import SyncState
from incidents.triage import holds, overlay
from tenants.models import Tenant

Created = tuple[tuple[str, ...], dict[UUID, tuple[Any, ...]]]  # columns, and the values of each new row


@dataclass
class Counts:
    """What became of the items of one or more pages; `bad` counts the alerts expanded in incidents too.

    `news` are the ids at Microsoft of the incidents that were new or had changed.
    """

    fetched: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    bad: int = 0
    news: list[str] = field(default_factory=list)

    def add(self, other: "Counts") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass(frozen=True)
class News:
    """What the store does not have: new items and newer versions, each under the id of its row."""

    created: dict[UUID, Record[Any]]
    changed: dict[UUID, Record[Any]]

    @property
    def all(self) -> dict[UUID, Record[Any]]:
        return self.created | self.changed


def store(tenant: Tenant, stream: str, items: Sequence[Record[Any]], broken: Sequence[Broken] = ()) -> Counts:
    """Store one page of incidents (with the alerts expanded in them) or of alerts, in one transaction."""
    own, strange = sorted_out(tenant, items)
    strange += [Strange("", item.raw, item.reason) for item in broken]
    bad = len(strange)
    news: list[str] = []
    with transaction.atomic():
        leases.lock_out_other_writers(tenant.pk)
        if stream == str(SyncState.Stream.INCIDENTS):
            found, others = expanded_alerts(tenant, own)
            strange += others
            fresh, touched = store_incidents(tenant, own)
            touched |= store_alerts(tenant, found)[1]
            news = [rows.text(item.id) for item in fresh.all.values()]
        else:
            fresh, touched = store_alerts(tenant, [(item, None) for item in own])
        refresh(touched)
        set_aside(tenant, stream, strange)
    fetched, created, updated = len(items) + len(broken), len(fresh.created), len(fresh.changed)
    return Counts(fetched, created, updated, fetched - created - updated - bad, len(strange), news)


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


def store_incidents(tenant: Tenant, items: Sequence[Record[Any]]) -> tuple[News, set[UUID]]:
    """Store incidents; beside what was new, the ids of those to be drawn anew."""
    fresh = news(tenant, "incident", items)
    columns, created = write(tenant, "incident", rows.INCIDENT, fresh, rows.incident)
    history.begin(tenant, columns, created)
    linked = link_waiting_alerts(tenant, [rows.text(item.id) for item in fresh.created.values()])
    moved = merges.follow(tenant, set(fresh.all), [rows.text(item.id) for item in fresh.all.values()])
    # A new one without alerts has nothing to show of them, and its own words came with it.
    return fresh, moved | linked | set(fresh.changed)


def store_alerts(tenant: Tenant, items: Sequence[tuple[Record[Any], str | None]]) -> tuple[News, set[UUID]]:
    """Store alerts, each with the id of the incident it was found in, or None to believe the alert's own word.

    Beside what was new, the ids of the incidents that lost or gained by it.
    """
    named = {id(item): rows.text(item.value.incident_id if found is None else found) for item, found in items}
    fresh = news(tenant, "alert", [item for item, _ in items])
    before = incidents_of_alerts(list(fresh.changed))
    known = incident_ids(tenant, {named[id(item)] for item in fresh.all.values()})

    def row(item: Record[Any]) -> tuple[Any, ...]:
        # An alert points at the incident it names; while that one is not stored it waits.
        return (*rows.alert(item), named[id(item)], known.get(named[id(item)]))

    write(tenant, "alert", (*rows.ALERT, "incident_microsoft_id", "incident_id"), fresh, row)
    replace_evidence(tenant, fresh)
    holds.alerted({key for item in fresh.created.values() if (key := known.get(named[id(item)]))})
    return fresh, before | {known[named[id(item)]] for item in fresh.all.values() if named[id(item)] in known}


def news(tenant: Tenant, table: str, items: Sequence[Record[Any]]) -> News:
    """The newest of each item, without those of which the store has this version or a newer one."""
    newest = {rows.text(item.id): item for item in sorted(items, key=rows.version)}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT microsoft_id, id, version, digest FROM incidents_{table}
                WHERE tenant_id = %s AND microsoft_id = ANY(%s)""",
            [tenant.pk, list(newest)],
        )
        known = {name: stored for name, *stored in cursor.fetchall()}
    return News(
        {rows.new_id(): item for name, item in newest.items() if name not in known},
        {known[name][0]: item for name, item in newest.items() if name in known and is_newer(item, *known[name][1:])},
    )


def is_newer(item: Record[Any], version: int, digest: bytes) -> bool:
    return rows.version(item) > version or (rows.version(item) == version and rows.digest(item.raw) != digest)


def write(
    tenant: Tenant, table: str, columns: Sequence[str], fresh: News, row: Callable[[Any], tuple[Any, ...]]
) -> Created:
    """Write what is new, and what has changed with its history; return the values of the new rows."""
    created = {key: row(item) for key, item in fresh.created.items()}
    first = {key: (*values, rows.historic(values, tenant.connected_at)) for key, values in created.items()}
    add(tenant, f"incidents_{table}", (*columns, "historic"), first)
    if fresh.changed:
        over, woken = overlay.lift(table, fresh.changed), holds.reasons(table, fresh.changed)
        replace(tenant, table, columns, {key: row(item) for key, item in fresh.changed.items()})
        overlay.lay(table, over)
        holds.wake(woken)
    return (*columns, "historic"), first


def add(tenant: Tenant, table: str, columns: Sequence[str], values: Mapping[UUID, tuple[Any, ...]]) -> None:
    """COPY rows into the table, each under its id."""
    if not values:
        return
    with connection.cursor() as cursor:
        named = ((key, tenant.customer_id, tenant.pk, *row) for key, row in values.items())
        copy(cursor, table, ("id", "customer_id", "tenant_id", *columns), named)


def replace(tenant: Tenant, table: str, columns: Sequence[str], values: Mapping[UUID, tuple[Any, ...]]) -> None:
    """Rows are copied beside the table, the difference becomes history, and they take the place of what is stored."""
    names = ", ".join(("id", "customer_id", "tenant_id", *columns))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""CREATE TEMPORARY TABLE IF NOT EXISTS incoming_{table} ON COMMIT DELETE ROWS
                AS SELECT {names} FROM incidents_{table} WITH NO DATA"""
        )
        cursor.execute(f"DELETE FROM incoming_{table}")
        add(tenant, f"incoming_{table}", columns, values)
        history.record(table)
        changes = ", ".join(f"{column} = incoming.{column}" for column in columns)
        cursor.execute(
            f"""UPDATE incidents_{table} stored SET {changes} FROM incoming_{table} incoming
                WHERE stored.id = incoming.id"""
        )


def incident_ids(tenant: Tenant, microsoft_ids: Set[str]) -> dict[str, UUID]:
    """The rows that these ids at Microsoft lead to: an incident's own, or that of its survivor."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT microsoft_id, coalesce(survivor_id, id) FROM incidents_incident
               WHERE tenant_id = %s AND microsoft_id = ANY(%s)""",
            [tenant.pk, list(microsoft_ids)],
        )
        return dict(cursor.fetchall())


def incidents_of_alerts(alert_ids: Sequence[UUID]) -> set[UUID]:
    if not alert_ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT incident_id FROM incidents_alert WHERE id = ANY(%s)", [alert_ids])
        return {row[0] for row in cursor.fetchall() if row[0]}


def link_waiting_alerts(tenant: Tenant, microsoft_ids: Sequence[str]) -> set[UUID]:
    """Give new incidents the alerts that were read before them; return those that got some."""
    if not microsoft_ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE incidents_alert alert SET incident_id = incident.id FROM incidents_incident incident
               WHERE incident.tenant_id = %s AND incident.microsoft_id = ANY(%s) AND alert.incident_id IS NULL
                 AND alert.tenant_id = incident.tenant_id AND alert.incident_microsoft_id = incident.microsoft_id
               RETURNING incident.id""",
            [tenant.pk, microsoft_ids],
        )
        return {row[0] for row in cursor.fetchall()}


def replace_evidence(tenant: Tenant, fresh: News) -> None:
    """The evidence of a changed alert is the whole of it: the old goes, and nothing of the new is stored yet."""
    owner = (tenant.customer_id, tenant.pk)
    with connection.cursor() as cursor:
        if fresh.changed:
            cursor.execute("DELETE FROM incidents_evidence WHERE alert_id = ANY(%s)", [list(fresh.changed)])
        if fresh.all:
            values = ((*owner, key, *row) for key, item in fresh.all.items() for row in rows.evidence(item))
            copy(cursor, "incidents_evidence", ("customer_id", "tenant_id", "alert_id", *rows.EVIDENCE), values)


def refresh(incident_ids: Set[UUID]) -> None:
    """Draw anew what an incident shows of its alerts, and the words it is found by."""
    if not incident_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(REFRESH, [rows.SEARCH_CHARACTERS, list(incident_ids)])


# Each incident's alerts are looked up by themselves: of many incidents at once the planner would read every alert.
REFRESH = """
UPDATE incidents_incident incident SET
    alert_count = alerts.number, device_count = things.devices, user_count = things.users,
    sources = alerts.sources, categories = alerts.categories,
    search = to_tsvector('simple', left(concat_ws(' ', incident.words, alerts.words), %s))
FROM unnest(%s::uuid[]) AS touched (id)
    CROSS JOIN LATERAL (
        SELECT count(*) AS number, string_agg(words, ' ') AS words,
               coalesce(array_agg(DISTINCT service_source) FILTER (WHERE service_source <> ''), '{}') AS sources,
               coalesce(array_agg(DISTINCT category) FILTER (WHERE category <> ''), '{}') AS categories
        FROM incidents_alert WHERE incident_id = touched.id
    ) alerts
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT device) AS devices, count(DISTINCT person) AS users
        FROM incidents_alert, unnest(devices, users) AS thing (device, person) WHERE incident_id = touched.id
    ) things
WHERE incident.id = touched.id
"""
