"""Wake-ups: a message carries no work, the database does. A lost message costs one tick, a doubled one nothing."""

from celery import shared_task
from django.utils import timezone

from incidents import leases, store, sync
from incidents.models import SyncState
from tenants.models import Tenant

# One wake-up reads this many streams at most, so that a worker comes back to its queue.
STREAMS_A_WAKE = 20
WAKES_A_TICK = 20


@shared_task
def tick() -> None:
    """Wake workers for what is due; with nothing due, nobody."""
    for tenant in Tenant.objects.connected().exclude(pk__in=SyncState.objects.values("tenant")):
        leases.ensure_states(tenant)
    due = SyncState.objects.filter(tenant__state=Tenant.State.CONNECTED, due_at__lte=timezone.now())
    for _ in range(min(due.exclude(parked_until__gt=timezone.now()).count(), WAKES_A_TICK)):
        wake.apply_async(expires=10)


@shared_task
def wake() -> None:
    """Read the streams that have waited longest, one after another, each under its own lease."""
    for _ in range(STREAMS_A_WAKE):
        state = leases.claim_due()
        if state is None:
            return
        sync.pull_stream(state, store.Counts())
