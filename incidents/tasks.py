"""Wake-ups: a message carries no work, the database does. A lost message costs one tick, a doubled one nothing."""

from celery import shared_task

from incidents import crew, leases, sync
from incidents.models import SyncState
from tenants.models import Tenant

# A directory without it was connected, or Utkik renewed, since the last tick.
NEWEST = SyncState.Stream.BACKFILL
# Beat's interval, and how many processes it wakes each time.
TICK_SECONDS = 10.0
CREWS = 2
# The message holds its process a little shorter than a tick, so that the next one is spread as well; what the process
# reads goes on meanwhile.
HELD_SECONDS, WORK_SECONDS = 8.0, 15.0


@shared_task
def tick() -> None:
    """Rebuild what is due from the database alone, and wake workers for it; with nothing due, nobody."""
    leases.free_abandoned()
    leases.free_approved()
    for tenant in Tenant.objects.connected().exclude(pk__in=SyncState.objects.filter(stream=NEWEST).values("tenant")):
        sync.prepare(tenant)
    if leases.is_due_soon():
        for _ in range(CREWS):
            wake.apply_async(expires=TICK_SECONDS)


@shared_task
def wake() -> None:
    """Have the crew of this process read what is due."""
    crew.crew().work(WORK_SECONDS, HELD_SECONDS)
