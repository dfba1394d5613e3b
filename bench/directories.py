"""The bench's customers: connected directories, none of whom has asked for a person's consent."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from incidents import completeness, days, sync
from incidents.models import Alert, Backfill, DayCount, Evidence, Incident, SyncState
from incidents.store import Counts
from tenants.models import Customer, Tenant

LIVE = (SyncState.Stream.INCIDENTS, SyncState.Stream.ALERTS)


def connected(prefix: str, number: int) -> list[Tenant]:
    """So many new customers, each with one directory."""
    first = Tenant.objects.count() + 1
    customers = Customer.objects.bulk_create([Customer(name=f"{prefix} {first + place}") for place in range(number)])
    return Tenant.objects.bulk_create(
        [Tenant(customer=customer, entra_id=UUID(int=0xBE << 64 | first + place, version=4))
         for place, customer in enumerate(customers)]
    )  # fmt: skip


def settle(tenants: Sequence[Tenant]) -> None:
    """They are as they would be after a day: their past is read, and every day of it was counted, spread over time."""
    for tenant in tenants:
        sync.prepare(tenant)
    now = timezone.now()
    past = Backfill.objects.filter(tenant__in=tenants)
    past.update(reached_at=F("from_at"), finished_at=now)
    SyncState.objects.filter(tenant__in=tenants, stream=SyncState.Stream.BACKFILL).update(due_at=None)
    DayCount.objects.bulk_create(
        DayCount(customer_id=tenant.customer_id, tenant=tenant, stream=stream, day=now.date() - timedelta(days=age),
                 found=0, expected=0, counted_at=now - place / len(tenants) * often(age))
        for place, tenant in enumerate(tenants) for stream in LIVE for age in range(days.DAYS)
    )  # fmt: skip


def often(age: int) -> timedelta:
    return completeness.OFTEN if age <= days.RECENT_DAYS else completeness.SELDOM


def leave_alone() -> None:
    """From now on nobody is read but those who are connected after this."""
    Tenant.objects.update(state=Tenant.State.DISCONNECTED)


def read_all(tenant: Tenant) -> None:
    """Read both live streams to their end; RuntimeError when Microsoft's answers, or we ourselves, went wrong."""
    sync.prepare(tenant)
    for stream in LIVE:
        if error := sync.pull_stream(tenant, stream, Counts()):
            raise RuntimeError(error)


def forget_places(tenant: Tenant) -> None:
    """The next read begins where the first one did, and finds everything stored."""
    SyncState.objects.filter(tenant=tenant).update(
        watermark="", since="", position="", newest="", completed_at=None, parked_until=None
    )


def stored(tenants: Sequence[Tenant]) -> tuple[int, int, int]:
    """How many incidents, alerts and evidence items there are of these."""
    models = (Incident, Alert, Evidence)
    incidents, alerts, evidence = (model.objects.filter(tenant__in=tenants).count() for model in models)
    return incidents, alerts, evidence
