"""Who is reading a stream: a lease with a fencing number, kept in the database.

A lease ends when it is given back, when its time is over, or when the database session of its holder is gone: a
killed process so never holds up the next one. Time and session only decide who may claim; what keeps two readers
apart is the fence, since each claim raises it and each write is made only under the number it was claimed with.
"""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from incidents.models import SyncState
from tenants.models import Tenant

# Longer than the total deadline of one request, so that a slow page does not cost the lease.
LENGTH = timedelta(seconds=120)

SESSION = "SELECT pid || '/' || backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
FREE = """(leased_until IS NULL OR leased_until < now() OR NOT EXISTS (
    SELECT FROM pg_stat_activity WHERE pid || '/' || backend_start = lease_session))"""


class Held(Exception):
    """The stream is being read, or Microsoft has asked us to wait."""

    def __init__(self, reason: str, until: datetime) -> None:
        super().__init__(f"{reason} until {until:%Y-%m-%d %H:%M:%S} UTC")
        self.until = until


class Lost(Exception):
    """Another reader has claimed the stream since; nothing of this page was written."""


def ensure_states(tenant: Tenant) -> None:
    """A connected tenant has one state a stream; making them twice changes nothing."""
    SyncState.objects.bulk_create(
        [SyncState(customer_id=tenant.customer_id, tenant=tenant, stream=stream) for stream in SyncState.Stream.values],
        ignore_conflicts=True,
    )


@transaction.atomic
def claim(tenant: Tenant, stream: str) -> SyncState:
    """Take the stream, due or not; Held when it is parked or someone else reads it."""
    state = SyncState.objects.select_for_update().get(tenant=tenant, stream=stream)
    if state.parked_until and state.parked_until > timezone.now():
        raise Held("Microsoft has asked us to wait", state.parked_until)
    if not SyncState.objects.filter(pk=state.pk).extra(where=[FREE]).exists():
        raise Held("It is being read by another process", state.leased_until or timezone.now())
    return taken(state)


@transaction.atomic
def claim_due() -> SyncState | None:
    """Take the stream that has waited longest among those of connected tenants that are due, or None."""
    state = (
        SyncState.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(tenant__state=Tenant.State.CONNECTED, due_at__lte=timezone.now())
        .exclude(parked_until__gt=timezone.now())
        .extra(where=[FREE])
        .order_by("due_at", "pk")
        .first()
    )
    return taken(state) if state else None


def taken(state: SyncState) -> SyncState:
    with connection.cursor() as cursor:
        cursor.execute(SESSION)
        (state.lease_session,) = cursor.fetchone()
    state.fence += 1
    state.leased_until = timezone.now() + LENGTH
    # Should the reader die without a word, the stream is due again when its lease is over.
    state.due_at = state.leased_until
    state.save(update_fields=["fence", "leased_until", "lease_session", "due_at"])
    return state


def hold(state: SyncState) -> None:
    """Lock the state for the transaction and make sure that it is still ours; Lost otherwise."""
    if not SyncState.objects.select_for_update().filter(pk=state.pk, fence=state.fence).exists():
        raise Lost(f"Another process has taken over {state}.")


def give_back(state: SyncState, due_at: datetime) -> None:
    SyncState.objects.filter(pk=state.pk, fence=state.fence).update(leased_until=None, lease_session="", due_at=due_at)
