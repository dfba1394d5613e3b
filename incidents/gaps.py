"""Ranges that the store is known to lack: opened once, tried again ever later, closed when they have been read.

What Microsoft cannot list is of kind poison and is tried here; what does not add up is of kind count and is closed by
who counts. Of a range that cannot be listed the incidents may still be had one by one: alerts name them.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from defender import incidents as microsoft
from defender.errors import Endless, MicrosoftFault, NotFound, ServerFault, TooLarge, Unreadable
from defender.graph import Graph
from defender.shapes import nanoseconds
from defender.windows import Range, Refused, next_tick
from incidents import poison
from incidents.models import Alert, Gap, SyncState
from incidents.retries import keep, later, wake
from tenants.models import Tenant

CHANGED = {"incidents": microsoft.changed_incidents, "alerts": microsoft.changed_alerts}
POISON = str(Gap.Kind.POISON)
ALONE = 3  # incidents asked for one by one, each time a range is tried


def shown(user: User) -> QuerySet[Gap]:
    """The open gaps of the customers whom the person may see, oldest first."""
    gaps = Gap.objects.visible_to(user).filter(closed_at=None).select_related("customer", "tenant")
    return gaps.defer("raw").order_by("opened_at", "pk")


def without(tenant: Tenant, stream: str) -> list[Range]:
    """The ranges of a stream that are known not to be listed; a window goes around them."""
    parked = Gap.objects.filter(tenant=tenant, stream=stream, kind=POISON, closed_at=None)
    return list(parked.values_list("low", "high"))


def park(tenant: Tenant, stream: str, refused: Iterable[Refused]) -> None:
    """Keep what a window could not read, in the transaction that moves on from it."""
    for hole in refused:
        open_gap(tenant, stream, POISON, hole.low, hole.high, reason=hole.reason, raw=hole.raw)
        wake(tenant, later(0))


def open_gap(
    tenant: Tenant, stream: str, kind: str, low: str, high: str, *, reason: str = "", raw: bytes = b"",
    day: date | None = None, expected: int | None = None, found: int | None = None,
) -> None:  # fmt: skip
    """Open the gap, or tell an open one how it stands now."""
    due_at = later(0) if kind == POISON else timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO incidents_gap AS known
                   (customer_id, tenant_id, stream, kind, low, high, day, expected, found, reason, raw, due_at,
                    attempts)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0)
               ON CONFLICT (tenant_id, stream, kind, low, high) WHERE closed_at IS NULL
               DO UPDATE SET expected = excluded.expected, found = excluded.found, reason = excluded.reason""",
            [tenant.customer_id, tenant.pk, stream, kind, low, high, day, expected, found, reason, raw, due_at],
        )


def close(gap: Gap) -> None:
    Gap.objects.filter(pk=gap.pk, closed_at=None).update(closed_at=timezone.now(), tried_at=timezone.now())


def due(tenant: Tenant) -> QuerySet[Gap]:
    return Gap.objects.filter(tenant=tenant, kind=POISON, closed_at=None).order_by("due_at", "pk")


def retry(state: SyncState, graph: Graph) -> bool:
    """Try the range that has been due longest; False when none was due."""
    gap = due(state.tenant).filter(due_at__lte=timezone.now()).first()
    if gap is None:
        return False
    try:
        whole = read_again(state, graph, gap)
    except (ServerFault, TooLarge, Unreadable, Endless):
        whole = False
    if not whole and gap.stream == "incidents":
        read_alone(state, graph, gap)
    with transaction.atomic():
        keep(state)
        if whole:
            close(gap)
        else:
            gap.attempts += 1
            gap.tried_at, gap.due_at = timezone.now(), later(gap.attempts)
            gap.save(update_fields=["attempts", "tried_at", "due_at"])
    return True


def read_again(state: SyncState, graph: Graph, gap: Gap) -> bool:
    """Store what the range gives; True when nothing of it is refused any more."""
    refused, position = False, ""
    for page in CHANGED[gap.stream](graph, gap.low, until=next_tick(gap.high)):
        store(state, gap.stream, page.items, page.broken)
        refused, position = refused or bool(page.refused), page.position
    return not refused and not position


def read_alone(state: SyncState, graph: Graph, gap: Gap) -> None:
    """Ask by itself for incidents that only their alerts have told of; the one of the gap is kept with it."""
    waiting = Alert.objects.filter(tenant=state.tenant_id, incident=None).exclude(incident_microsoft_id="")
    names = waiting.order_by("-microsoft_updated_at").values_list("incident_microsoft_id", flat=True)[: 10 * ALONE]
    for name in list(dict.fromkeys(names))[:ALONE]:
        try:
            item = microsoft.incident(graph, name)
        except (NotFound, MicrosoftFault):
            continue
        store(state, "incidents", [item], [])
        time = nanoseconds(item.value.last_update_date_time)
        if time is not None and (nanoseconds(gap.low) or 0) <= time <= (nanoseconds(gap.high) or 0):
            Gap.objects.filter(pk=gap.pk).update(raw=item.raw)


@transaction.atomic
def store(state: SyncState, stream: str, items: Any, broken: Any) -> None:
    keep(state)
    poison.store_around(state.tenant, stream, items, broken)
