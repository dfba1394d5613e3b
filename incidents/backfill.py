"""Read what was there before live reading began: 180 days, newest first, a slice after the other.

A slice is a stretch of time, as long as the list is thin: each page and the place of the next one are committed
together, and when the last page is, everything from the slice's beginning on is read. What changes meanwhile leaves
the past for the present, where live reading finds it; of two versions the store keeps the newer one.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from defender.graph import Graph
from defender.windows import Page
from incidents import gaps, slices
from incidents.models import Backfill, SyncState
from tenants.models import Tenant

PAST = timedelta(days=180)  # as far back as Microsoft keeps incidents
# Live reading begins with this much of the past, so that a new customer's newest incidents are there at once.
LIVE = timedelta(days=1)
SHORTEST, LONGEST = timedelta(hours=1), timedelta(days=30)
# A slice of more pages is halved, one of fewer items doubled.
MANY_PAGES, FEW_ITEMS = 10, 200


def begin(tenant: Tenant) -> None:
    """Plan the past of each stream; of a tenant that has its plan, nothing changes."""
    now = timezone.now().replace(microsecond=0)
    owner = {"customer_id": tenant.customer_id, "tenant": tenant, "from_at": now - PAST}
    edge = now - LIVE
    plans = [Backfill(**owner, stream=stream, until_at=edge, reached_at=edge) for stream in slices.LISTS]
    Backfill.objects.bulk_create(plans, ignore_conflicts=True)


def live_from(tenant: Tenant, stream: str) -> datetime:
    """Where the first live read of a stream begins: exactly where its past ends, however late that read comes."""
    begin(tenant)
    return Backfill.objects.get(tenant=tenant, stream=stream).until_at


def read(state: SyncState, graph: Graph) -> datetime | None:
    """Read on for a few pages; due at once while there is more, and not again by itself when all is read."""
    begin(state.tenant)
    left = slices.PAGES
    while left > 0:
        past = unfinished(state.tenant)
        if past is None:
            return None
        left -= read_slice(state, graph, past, left)
    return timezone.now()


def unfinished(tenant: Tenant) -> Backfill | None:
    """The stream that is behind the other: both come back from the present together."""
    return Backfill.objects.filter(tenant=tenant, finished_at=None).order_by("-reached_at", "stream").first()


def read_slice(state: SyncState, graph: Graph, past: Backfill, most: int) -> int:
    """Read the slice under way, or a new one, for at most so many pages; return how many there were."""
    past.low_at = past.low_at or max(past.reached_at - past.width, past.from_at)
    number, at = 0, past.position
    known = gaps.without(state.tenant, past.stream)
    span = (past.low_at, past.reached_at)
    for page in slices.pages(graph, past.stream, *span, "lastUpdateDateTime", at, most, known):
        commit(state, past, page)
        number += 1
    return number


@transaction.atomic
def commit(state: SyncState, past: Backfill, page: Page) -> None:
    """Write the rows of a page and the place of the next one together, or neither."""
    read = slices.write(state, past.stream, page).fetched
    gaps.park(state.tenant, past.stream, page.refused)
    past.position = page.position
    past.pages += 1
    past.listed += read
    past.items += read
    if not page.position:
        finish_slice(past)
    past.save()


def finish_slice(past: Backfill) -> None:
    past.reached_at, past.low_at = past.low_at or past.from_at, None
    past.width = next_width(past)
    past.slices += 1
    past.pages = past.listed = 0
    if past.reached_at <= past.from_at:
        past.finished_at = timezone.now()


def next_width(past: Backfill) -> timedelta:
    """How long the next slice is, after what the last one had in it."""
    if past.pages > MANY_PAGES:
        return max(past.width / 2, SHORTEST)
    return min(past.width * 2, LONGEST) if past.listed < FEW_ITEMS else past.width
