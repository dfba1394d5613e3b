"""Wake-ups: a message carries no work, the database does. A lost message costs one tick, a doubled one nothing."""

import logging

from celery import shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from incidents import crew, leases, sync
from incidents.models import SyncState
from incidents.triage import claims, holds
from tenants.models import Tenant

# A directory without it was connected, or Utkik renewed, since the last tick.
NEWEST = SyncState.Stream.BACKFILL
# Beat's interval, and how many processes it wakes each time.
TICK_SECONDS = 10.0
CREWS = 2
# The message holds its process a little shorter than a tick, so that the next one is spread as well; what the process
# reads goes on meanwhile.
HELD_SECONDS, WORK_SECONDS = 8.0, 15.0

log = logging.getLogger(__name__)


@shared_task
def tick() -> None:
    """Rebuild what is due from the database alone, and wake workers for it; with nothing due, nobody."""
    leases.free_abandoned()
    leases.free_approved()
    holds.wake_due()
    for tenant in Tenant.objects.connected().exclude(pk__in=SyncState.objects.filter(stream=NEWEST).values("tenant")):
        sync.prepare(tenant)
    if leases.is_due_soon() or claims.is_due_soon():
        for _ in range(CREWS):
            wake.apply_async(expires=TICK_SECONDS)


@shared_task
def wake() -> None:
    """Have the crew of this process read what is due."""
    crew.crew().work(WORK_SECONDS, HELD_SECONDS)


def wake_for_edits_on_commit() -> None:
    transaction.on_commit(wake_for_edits)


def wake_for_edits() -> None:
    """A person has asked for a change: have a crew look; a wake-up that cannot be sent costs one tick."""
    try:
        wake.apply_async(expires=TICK_SECONDS, retry=False)
    except OperationalError:
        log.warning("No worker could be woken; the next tick finds what is due.")
