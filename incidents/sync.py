"""Bring what has changed at Microsoft into the store, tenant by tenant.

A stream is read in windows: everything changed since the watermark less an overlap, page by page. The rows of a page
and the place where the next one begins are committed together, so a killed reader goes on where it was; the
watermark, Microsoft's own text, moves with the window's last page only, so nothing between two windows is lost.
"""

import logging
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db import DatabaseError, transaction
from django.utils import timezone

from defender import incidents as microsoft
from defender.errors import DefenderError, Throttled
from defender.shapes import moment, nanoseconds
from defender.windows import Page
from incidents import leases, store
from incidents.models import SyncState
from tenants import cloud
from tenants.models import Tenant

OVERLAP = timedelta(minutes=15)
FIRST_READ = timedelta(days=180)  # as far back as Microsoft keeps incidents
INTERVAL = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=5)
# A time further ahead than this is a wrong one: as a watermark it would hide everything until then.
FUTURE = timedelta(days=1)

CHANGED = {
    SyncState.Stream.INCIDENTS: microsoft.changed_incidents,
    SyncState.Stream.ALERTS: microsoft.changed_alerts,
}

log = logging.getLogger(__name__)


@dataclass
class Outcome:
    """What one pull of a tenant brought; `alerts` beside the counts of incidents, `error` one sentence or empty."""

    counts: store.Counts = field(default_factory=store.Counts)
    alerts: store.Counts = field(default_factory=store.Counts)
    seconds: float = 0.0
    error: str = ""


def pull(tenant: Tenant) -> Outcome:
    """Read both streams of a tenant, due or not; an error of one is said and does not stop the other."""
    outcome, began = Outcome(), time.monotonic()
    leases.ensure_states(tenant)
    errors = []
    for stream, counts in ((SyncState.Stream.INCIDENTS, outcome.counts), (SyncState.Stream.ALERTS, outcome.alerts)):
        try:
            error = pull_stream(leases.claim(tenant, stream), counts)
        except leases.Held as held:
            error = str(held)
        if error and error not in errors:
            errors.append(error)
    outcome.error = " ".join(errors)
    outcome.seconds = round(time.monotonic() - began, 3)
    return outcome


def pull_stream(state: SyncState, counts: store.Counts) -> str:
    """Read a claimed stream to the end of its window and give it back; return the error as a sentence, or ''."""
    pause, error = INTERVAL, ""
    try:
        read_window(state, counts)
    except DefenderError as failure:
        pause, error = record_failure(state, failure), str(failure)
    except leases.Lost as lost:
        error = str(lost)
    except (DatabaseError, ValueError, RecursionError) as failure:
        # What one customer's page does to us must not stop the others; the trace is for us to mend it.
        log.exception("Could not store a page of %s", state)
        error = f"A page could not be stored ({type(failure).__name__})."
        pause = record_error(state, "storing", "us", error)
    finally:
        leases.give_back(state, timezone.now() + pause)
    return error


def read_window(state: SyncState, counts: store.Counts) -> None:
    if not state.position:
        state.since, state.newest = window_start(state), ""
    changed = CHANGED[SyncState.Stream(state.stream)]
    graph = cloud.graph(state.tenant)
    for page in changed(graph, state.since, position=state.position):
        counts.add(commit(state, page))


def window_start(state: SyncState) -> str:
    """The watermark less the overlap, as Graph's filter wants it; for a first read 180 days ago."""
    watermark = moment(state.watermark)
    start = watermark - OVERLAP if watermark else timezone.now() - FIRST_READ
    return f"{start.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


@transaction.atomic
def commit(state: SyncState, page: Page) -> store.Counts:
    """Write the rows of a page and the place of the next one together, or neither."""
    leases.hold(state)
    counts = store.store(state.tenant, state.stream, page.items, page.broken)
    state.newest = later(state.newest, page.newest)
    state.position = page.position
    state.leased_until = timezone.now() + leases.LENGTH
    if not page.position:
        state.watermark = later(state.watermark, state.newest)
        state.completed_at = timezone.now()
        state.error_kind = state.error_owner = state.error = ""
        state.throttled_in_a_row = state.failures_in_a_row = 0
        state.parked_until = None
    state.save(update_fields=[
        "since", "newest", "position", "leased_until", "watermark", "completed_at", "error_kind", "error_owner",
        "error", "throttled_in_a_row", "failures_in_a_row", "parked_until",
    ])  # fmt: skip
    return counts


def later(one: str, other: str) -> str:
    """The later of two texts, by their time; one that is unreadable or in the future counts for nothing."""
    known = moment(other)
    if known is None or known > datetime.now(UTC) + FUTURE:
        return one
    return other if (nanoseconds(other) or 0) > (nanoseconds(one) or 0) else one


def record_failure(state: SyncState, failure: DefenderError) -> timedelta:
    """Keep the failure where it is seen, and say how long to leave the stream alone."""
    if not isinstance(failure, Throttled):
        return record_error(state, failure.kind, failure.owner, str(failure))
    state.throttled_in_a_row += 1
    pause = (
        timedelta(seconds=failure.retry_after)
        if failure.retry_after is not None
        else backoff(timedelta(seconds=5), state.throttled_in_a_row)
    )
    # The limit is one of app and tenant: it holds for the other stream as well.
    SyncState.objects.filter(tenant_id=state.tenant_id).update(parked_until=timezone.now() + pause)
    SyncState.objects.filter(pk=state.pk).update(throttled_in_a_row=state.throttled_in_a_row)
    record_error(state, failure.kind, failure.owner, str(failure))
    return pause


def record_error(state: SyncState, kind: str, owner: str, error: str) -> timedelta:
    state.failures_in_a_row += 1
    SyncState.objects.filter(pk=state.pk, fence=state.fence).update(
        error_kind=kind, error_owner=owner, error=error, failed_at=timezone.now(),
        failures_in_a_row=state.failures_in_a_row,
    )  # fmt: skip
    return backoff(INTERVAL, state.failures_in_a_row)


def backoff(first: timedelta, times: int) -> timedelta:
    """Doubling from `first` to five minutes, with jitter so that tenants do not come back together."""
    full = min(first * 2 ** min(times - 1, 10), LONGEST_PAUSE)
    return full * random.uniform(0.75, 1.0)
