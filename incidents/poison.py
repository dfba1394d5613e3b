"""An item that cannot be stored is set aside alone; what stands on the same page is stored.

The page is tried by halves until the item is found. It is tried again later, since the fault may be one of ours that
was mended, and it leaves what was set aside once it is stored.
"""

from collections.abc import Sequence
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from defender.shapes import Broken, Record, reading
from incidents import aside, rows, store
from incidents.models import SyncState, Unstored
from incidents.retries import keep, later, wake
from tenants.models import Tenant

BAD = (DatabaseError, ValueError, RecursionError)
READ = {"incidents": reading.incident, "alerts": reading.alert}
TRIED_AT_ONCE = 10


def store_around(
    tenant: Tenant, stream: str, items: Sequence[Record[Any]], broken: Sequence[Broken] = ()
) -> store.Counts:
    """Store a page, without the items that cannot be; inside a transaction of the caller's."""
    try:
        with transaction.atomic():
            return store.store(tenant, stream, items, broken)
    except BAD as error:
        if not items or not is_of_items(error):
            raise
        if len(items) == 1:
            counts = store_around(tenant, stream, (), broken) if broken else store.Counts()
            set_aside(tenant, stream, items[0], error)
            counts.add(store.Counts(fetched=1, bad=1))
            return counts
    half = len(items) // 2
    counts = store_around(tenant, stream, items[:half], broken)
    counts.add(store_around(tenant, stream, items[half:]))
    return counts


def is_of_items(error: Exception) -> bool:
    """Whether what was to be stored is to blame, and not the way to the database."""
    if isinstance(error, OperationalError):
        # Class 54 tells of limits, as of a text that is too long for its index.
        return str(getattr(error.__cause__, "sqlstate", "") or "").startswith("54")
    return not isinstance(error, InterfaceError)


def set_aside(tenant: Tenant, stream: str, item: Record[Any], error: Exception) -> None:
    due_at = later(0)
    reason = f"It could not be stored ({type(error).__name__})."
    aside.set_aside(tenant, stream, [aside.Strange(rows.text(item.id), item.raw, reason)])
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO incidents_unstored (item_id, customer_id, tenant_id, attempts, due_at)
               SELECT id, customer_id, tenant_id, 0, %s FROM incidents_setaside
               WHERE tenant_id = %s AND stream = %s AND digest = %s
               ON CONFLICT (item_id) DO NOTHING""",
            [due_at, tenant.pk, stream, rows.digest(item.raw)],
        )
    wake(tenant, due_at)


def due(tenant: Tenant) -> QuerySet[Unstored]:
    return Unstored.objects.filter(tenant=tenant).order_by("due_at", "pk")


def retry(state: SyncState) -> None:
    """Try again to store what is due."""
    for unstored in due(state.tenant).filter(due_at__lte=timezone.now()).select_related("item")[:TRIED_AT_ONCE]:
        with transaction.atomic():
            keep(state)
            if stored(state.tenant, unstored):
                unstored.item.delete()
            else:
                unstored.attempts += 1
                unstored.due_at = later(unstored.attempts)
                unstored.save(update_fields=["attempts", "due_at"])


def stored(tenant: Tenant, unstored: Unstored) -> bool:
    item = READ[unstored.item.stream](bytes(unstored.item.raw))
    if isinstance(item, Broken):
        return False
    try:
        with transaction.atomic():
            return not store.store(tenant, unstored.item.stream, [item]).bad
    except BAD as error:
        if not is_of_items(error):
            raise
        return False
