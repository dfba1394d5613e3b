"""Merged incidents: which one goes on in the place of which, along chains to their end.

At Microsoft a merged incident is a shell with status redirected that names the incident it went into: a link, not
an incident. Here each link knows the end of its chain, its survivor, in the transaction that stores either of them,
whichever is read first. A link whose target has not been read waits for it, and links in a circle have no end.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from incidents.aside import Strange, set_aside, take_back
from incidents.models import Incident
from tenants.models import Tenant

ASIDE = "merges"  # the stream under which circles are set aside
CIRCLE = "This incident was merged in a circle: Microsoft names none that goes on in its place."


@dataclass(frozen=True)
class Member:
    """An incident of a family; `target` is the id at Microsoft of the one it was merged into, '' for none."""

    id: UUID
    microsoft_id: str
    target: str
    created_at: datetime | None


def merged_from(incident: Incident) -> QuerySet[Incident]:
    """The incidents that went into this one, along chains too, oldest first."""
    return (
        Incident.objects.filter(survivor=incident, tenant=incident.tenant_id)
        .defer("raw", "description", "search")
        .order_by("microsoft_created_at", "pk")
    )


def follow(tenant: Tenant, stored: Collection[UUID], names: Collection[str]) -> set[UUID]:
    """Link the incidents just stored, given by their ids here and at Microsoft, and all that lead to or from them.

    The survivor keeps the clock of its family: it was opened when the first of them was. Alerts that still name a
    link go to its survivor, and back when it is no link any more. Return the incidents that lost or gained by it.
    """
    begin = concerned(tenant, stored, names)
    if not begin:
        return set()
    members = family(tenant, begin)
    ends, circles = resolved(members)
    link(tenant, members, ends)
    moved = move_alerts(tenant, members)
    take_back(tenant, ASIDE, [member.microsoft_id for member in members if member.id not in circles])
    set_aside(tenant, ASIDE, strange(circles))
    return moved


def concerned(tenant: Tenant, stored: Collection[UUID], names: Collection[str]) -> list[UUID]:
    """Where to begin: links and what was one, with their survivors of before, and links to what was stored."""
    if not stored:
        return []
    with connection.cursor() as cursor:
        cursor.execute(CONCERNED, {"tenant": tenant.pk, "stored": list(stored), "names": list(names), "aside": ASIDE})
        return [row[0] for row in cursor.fetchall()]


def family(tenant: Tenant, begin: Iterable[UUID]) -> list[Member]:
    """All incidents that are tied to these by links, in either direction."""
    with connection.cursor() as cursor:
        cursor.execute(FAMILY, [list(begin), tenant.pk, tenant.pk])
        return [Member(*row) for row in cursor.fetchall()]


def resolved(members: Collection[Member]) -> tuple[dict[UUID, UUID | None], set[UUID]]:
    """The end of each member's chain, None while it is not known or there is none; and those that form a circle."""
    named = {member.microsoft_id: member for member in members}
    ends: dict[UUID, UUID | None] = {member.id: member.id for member in members if not member.target}
    circles: set[UUID] = set()
    for member in members:
        path: list[UUID] = []
        passed: set[UUID] = set()
        at: Member | None = member
        while at and at.id not in ends and at.id not in passed:
            path.append(at.id)
            passed.add(at.id)
            at = named.get(at.target)
        if at and at.id in passed:
            circles.update(path[path.index(at.id) :])
        ends |= dict.fromkeys(path, ends.get(at.id) if at else None)
    return ends, circles


def link(tenant: Tenant, members: Collection[Member], ends: dict[UUID, UUID | None]) -> None:
    """Write the survivor and the clock of each, where they are not so already."""
    opened: dict[UUID, datetime | None] = {member.id: member.created_at for member in members}
    for member in members:
        end = ends[member.id]
        if end and member.created_at:
            opened[end] = min(opened[end] or member.created_at, member.created_at)
    survivors = [None if ends[member.id] == member.id else ends[member.id] for member in members]
    ids = [member.id for member in members]
    with connection.cursor() as cursor:
        cursor.execute(LINK, [ids, survivors, [opened[key] for key in ids], tenant.pk])


def move_alerts(tenant: Tenant, members: Collection[Member]) -> set[UUID]:
    """Alerts that name a member belong to its survivor, or to itself; return the incidents they left and reached."""
    ids = [member.id for member in members]
    with connection.cursor() as cursor:
        cursor.execute(MOVE, [tenant.pk, ids, ids])
        return {incident for row in cursor.fetchall() for incident in row}


def strange(circles: Collection[UUID]) -> list[Strange]:
    rows = Incident.objects.filter(pk__in=circles).values_list("microsoft_id", "raw") if circles else []
    return [Strange(microsoft_id, bytes(raw), CIRCLE) for microsoft_id, raw in rows]


CONCERNED = """
WITH found AS (
    SELECT id, survivor_id FROM incidents_incident
        WHERE id = ANY(%(stored)s) AND (survivor_id IS NOT NULL OR (status = 'redirected' AND redirected_to <> ''))
    UNION ALL
    SELECT id, survivor_id FROM incidents_incident
        WHERE tenant_id = %(tenant)s AND status = 'redirected' AND redirected_to <> ''
          AND redirected_to = ANY(%(names)s)
    UNION ALL
    SELECT incident.id, incident.survivor_id FROM incidents_setaside aside
        JOIN incidents_incident incident USING (tenant_id, microsoft_id)
        WHERE aside.tenant_id = %(tenant)s AND aside.stream = %(aside)s AND aside.microsoft_id = ANY(%(names)s)
)
SELECT id FROM found UNION SELECT survivor_id FROM found WHERE survivor_id IS NOT NULL
"""
# UNION takes each row once, which ends the walk in a circle too. LATERAL keeps the planner to the two indexes.
FAMILY = """
WITH RECURSIVE family AS (
    SELECT id, microsoft_id, CASE status WHEN 'redirected' THEN redirected_to ELSE '' END AS target,
           microsoft_created_at
    FROM incidents_incident WHERE id = ANY(%s)
    UNION
    SELECT tied.* FROM family CROSS JOIN LATERAL (
        SELECT id, microsoft_id, CASE status WHEN 'redirected' THEN redirected_to ELSE '' END, microsoft_created_at
        FROM incidents_incident WHERE tenant_id = %s AND microsoft_id = family.target AND family.target <> ''
        UNION ALL
        SELECT id, microsoft_id, redirected_to, microsoft_created_at
        FROM incidents_incident
        WHERE tenant_id = %s AND redirected_to = family.microsoft_id AND redirected_to <> '' AND status = 'redirected'
    ) tied
)
SELECT id, microsoft_id, target, microsoft_created_at FROM family
"""
LINK = """
UPDATE incidents_incident incident SET survivor_id = told.survivor, opened_at = told.opened
FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS told (id, survivor, opened)
WHERE incident.id = told.id AND incident.tenant_id = %s
  AND (incident.survivor_id, incident.opened_at) IS DISTINCT FROM (told.survivor, told.opened)
"""
MOVE = """
WITH moved AS (
    SELECT alert.id, alert.incident_id AS was, coalesce(named.survivor_id, named.id) AS becomes
    FROM incidents_alert alert JOIN incidents_incident named
        ON named.tenant_id = %s AND named.microsoft_id = alert.incident_microsoft_id AND named.id = ANY(%s)
    WHERE alert.incident_id = ANY(%s) AND alert.incident_id <> coalesce(named.survivor_id, named.id)
)
UPDATE incidents_alert alert SET incident_id = moved.becomes FROM moved WHERE alert.id = moved.id
RETURNING moved.was, moved.becomes
"""
