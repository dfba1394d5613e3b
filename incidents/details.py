"""The alerts of incidents, read apart from the lists and more than once, since evidence comes late.

After each change of an incident its alerts are read 5, 15 and 60 minutes later. A change while reads are planned
begins them anew but puts none off, else an incident that never rests would never be read. With this work goes what
failed before: ranges that could not be listed and items that could not be stored.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from defender import incidents as microsoft
from defender.errors import MicrosoftFault, NotFound, RequestRejected, Unreachable
from defender.graph import Graph
from incidents import gaps, poison, rows
from incidents.models import DetailRead, Incident, SyncState
from incidents.retries import keep, later, wake
from tenants.models import Tenant

# Before the first read, and between one and the next: 5, 15 and 60 minutes after the change.
WAITS = (timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=45))
READS_A_TURN = 8
# A turn that ends while something is planned may overlook it: it comes back to see.
LONGEST_SLEEP = timedelta(minutes=15)
GONE = "Microsoft has this incident no longer."


def plan(tenant: Tenant, microsoft_ids: Collection[str], *, at_once: bool = False) -> None:
    """Plan the reads of incidents that have changed; with `at_once` one more now."""
    if not microsoft_ids:
        return
    due_at = timezone.now() + (timedelta() if at_once else WAITS[0])
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO incidents_detailread AS planned
                   (customer_id, tenant_id, microsoft_id, due_at, step, attempts, error)
               SELECT %s, %s, name, %s, %s, 0, '' FROM unnest(%s::text[]) AS name
               ON CONFLICT (tenant_id, microsoft_id) DO UPDATE SET
                   due_at = least(planned.due_at, excluded.due_at), step = excluded.step, attempts = 0, error = ''""",
            [
                tenant.customer_id,
                tenant.pk,
                due_at,
                -1 if at_once else 0,
                sorted({rows.text(i) for i in microsoft_ids}),
            ],
        )
    wake(tenant, due_at)


def arriving_until(incident: Incident) -> datetime | None:
    """When the last read planned for the incident will be, if none of them fails; None when no more is planned."""
    planned = DetailRead.objects.filter(
        tenant=incident.tenant_id, microsoft_id=incident.microsoft_id, due_at__isnull=False
    ).first()
    if planned is None or planned.due_at is None or incident.is_link:
        return None
    return max(planned.due_at, timezone.now()) + sum(WAITS[planned.step + 1 :], timedelta())


def read(state: SyncState, graph: Graph) -> datetime:
    """Read what is due of a tenant, a few incidents a turn; return when the next is due."""
    planned = list(due(state.tenant).filter(due_at__lte=timezone.now())[:READS_A_TURN])
    answered = False
    for number, incident in enumerate(planned, 1):
        try:
            read_incident(state, graph, incident)
            answered = True
        except Unreachable:
            raise
        except (MicrosoftFault, RequestRejected) as failure:
            postpone(state, incident, str(failure))
            if number == 2 and not answered:
                raise  # two of two: the fault is hardly theirs
    poison.retry(state)
    if len(planned) < READS_A_TURN:
        gaps.retry(state, graph)
    return next_due(state.tenant)


def due(tenant: Tenant) -> QuerySet[DetailRead]:
    return DetailRead.objects.filter(tenant=tenant, due_at__isnull=False).order_by("due_at", "pk")


def read_incident(state: SyncState, graph: Graph, planned: DetailRead) -> None:
    """Store the alerts of one incident, and plan the next read or none."""
    try:
        alerts, broken = microsoft.alerts_of(graph, planned.microsoft_id)
    except NotFound:
        with transaction.atomic():
            keep(state)
            unchanged(planned).update(due_at=None, error=GONE)
        return
    with transaction.atomic():
        keep(state)
        poison.store_around(state.tenant, "alerts", alerts, broken)
        step = planned.step + 1
        if step == len(WAITS):
            unchanged(planned).delete()
        else:
            unchanged(planned).update(step=step, due_at=timezone.now() + WAITS[step], attempts=0, error="")


def postpone(state: SyncState, planned: DetailRead, error: str) -> None:
    with transaction.atomic():
        keep(state)
        attempts = planned.attempts + 1
        unchanged(planned).update(due_at=later(planned.attempts), attempts=attempts, error=error)


def unchanged(planned: DetailRead) -> QuerySet[DetailRead]:
    """The row as it was read: one that was planned anew meanwhile is left as it stands."""
    return DetailRead.objects.filter(pk=planned.pk, step=planned.step, due_at=planned.due_at)


def next_due(tenant: Tenant) -> datetime:
    times = [timezone.now() + LONGEST_SLEEP]
    for waiting in (due(tenant), gaps.due(tenant), poison.due(tenant)):
        times += waiting.values_list("due_at", flat=True)[:1]
    return max(min(times), timezone.now())
