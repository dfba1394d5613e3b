"""The bench's customers: connected directories, none of whom has asked for a person's consent."""

from collections.abc import Sequence
from uuid import UUID

from incidents import sync
from incidents.models import Alert, Evidence, Incident, SyncState
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
