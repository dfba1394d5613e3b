"""Bring what has changed at Microsoft into the store, stream by stream, each under a lease of its own.

A live stream is read in windows: everything changed since the watermark less an overlap, page by page. The rows of a
page and the place where the next one begins are committed together, so a killed reader goes on where it was; the
watermark, Microsoft's own text, moves with the window's last page only, so nothing between two windows is lost.
What is older than the connection and what lists do not show is read beside it, by streams of the same ledger.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from defender import incidents as microsoft
from defender.errors import DefenderError
from defender.graph import Graph
from defender.shapes import moment, nanoseconds
from defender.windows import Page
from incidents import backfill, breaker, budget, completeness, details, failures, gaps, leases, poison, slices, store
from incidents.models import Backfill, SyncState
from tenants import cloud
from tenants.models import Tenant

OVERLAP = timedelta(minutes=15)
# How much later than its own time an item may become visible, after a window that took as long as it may.
LATENESS = timedelta(minutes=10)
# A storm is read in batches of so many pages, between which other tenants have their turn.
PAGES_A_TURN = 20
# After so many reads in a row without news the interval doubles.
QUIET_READS = 10
# A time further ahead than this is a wrong one: as a watermark it would hide everything until then.
FUTURE = timedelta(days=1)

CHANGED = {
    SyncState.Stream.INCIDENTS: microsoft.changed_incidents,
    SyncState.Stream.ALERTS: microsoft.changed_alerts,
}
WORK = {
    SyncState.Stream.DETAILS: details.read,
    SyncState.Stream.COMPLETENESS: completeness.read,
    SyncState.Stream.BACKFILL: backfill.read,
}
# A stream in which nothing is wrong.
WELL: dict[str, Any] = {
    "error_kind": "", "error_owner": "", "error": "", "failures_in_a_row": 0, "throttled_in_a_row": 0,
    "parked_until": None,
}  # fmt: skip

log = logging.getLogger(__name__)


@dataclass
class Outcome:
    """What one pull of a tenant brought: counts of incidents and of alerts, and items of the past beside them.

    `error` is one sentence or empty.
    """

    counts: store.Counts = field(default_factory=store.Counts)
    alerts: store.Counts = field(default_factory=store.Counts)
    history: int = 0
    seconds: float = 0.0
    error: str = ""


@dataclass(frozen=True)
class Turn:
    """How one turn at a stream ended, not yet given back: due again after `pause`, or not by itself with None.

    A `quiet` one has learnt from one answer that nothing has changed, and has not touched the database.
    """

    state: SyncState
    requests: int
    pause: timedelta | None
    error: str = ""
    quiet: bool = False
    recovered: bool = False


def pull(tenant: Tenant) -> Outcome:
    """Read both live streams of a tenant, due or not, and what is left of its past; one's error stops no other."""
    outcome, began = Outcome(), time.monotonic()
    prepare(tenant)
    before = read_of_past(tenant)
    errors = [pull_stream(tenant, SyncState.Stream.INCIDENTS, outcome.counts)]
    errors.append(pull_stream(tenant, SyncState.Stream.ALERTS, outcome.alerts))
    if not any(errors) and backfill.unfinished(tenant):
        errors.append(pull_stream(tenant, SyncState.Stream.BACKFILL, store.Counts()))
    outcome.history = read_of_past(tenant) - before
    outcome.error = " ".join(dict.fromkeys(error for error in errors if error))
    outcome.seconds = round(time.monotonic() - began, 3)
    return outcome


def read_of_past(tenant: Tenant) -> int:
    return sum(Backfill.objects.filter(tenant=tenant).values_list("items", flat=True))


def prepare(tenant: Tenant) -> None:
    """Give a connected tenant its rows of the ledger; doing it twice changes nothing."""
    leases.ensure_states(tenant)
    backfill.begin(tenant)
    for plan in Backfill.objects.filter(tenant=tenant):
        # The first live read begins exactly where the past ends, however late it comes.
        fresh = SyncState.objects.filter(tenant=tenant, stream=plan.stream, watermark="", since="")
        fresh.update(since=slices.text(plan.until_at))


def pull_stream(tenant: Tenant, stream: Any, counts: store.Counts) -> str:
    """Take turns at a stream until there is nothing more to read of it; return the error as a sentence, or ''."""
    while True:
        try:
            turn = read(leases.claim(tenant, str(stream)), counts)
        except leases.Held as held:
            return str(held)
        finish([turn])
        if turn.error or turn.pause != timedelta():
            return turn.error


def read(state: SyncState, counts: store.Counts | None = None) -> Turn:
    """Take one turn at a claimed stream; what fails is recorded. `finish` has to give it back."""
    graph, failed_before = cloud.graph(state.tenant), state.failures_in_a_row > 0
    try:
        if state.is_live:
            quiet = read_window(state, graph, counts or store.Counts())
            return Turn(state, graph.requests, pause_of(state), quiet=quiet, recovered=failed_before)
        pause = work(state, graph)
        return Turn(state, graph.requests, pause, recovered=failed_before)
    except DefenderError as failure:
        breaker.record(failure, state.tenant)
        return Turn(state, graph.requests, failures.record(state, failure), str(failure))
    except leases.Lost as lost:
        return Turn(state, graph.requests, timedelta(), str(lost))
    except (DatabaseError, ValueError, RecursionError) as failure:
        # What one customer's page does to us must not stop the others; the trace is for us to mend it.
        log.exception("Could not store a page of %s", state)
        error = f"A page could not be stored ({type(failure).__name__})."
        return Turn(state, graph.requests, failures.note(state, "storing", "us", error), error)


def broken_off(state: SyncState, error: BaseException) -> Turn:
    """A turn that ended by a mistake of ours which nobody foresaw: it is seen, and tried again ever later."""
    told = f"Reading ended by a mistake of ours ({type(error).__name__})."
    return Turn(state, 0, failures.note(state, "storing", "us", told), told)


def finish(turns: Sequence[Turn]) -> None:
    """Give back what was read: each is due again when its pause is over and the tenant's budget allows."""
    remaining = budget.spend(turns_requests(turns))
    quiet = []
    for turn in turns:
        wait = budget.wait(turn.state, remaining.get(turn.state.tenant_id, budget.most()))
        pause = None if turn.pause is None else max(turn.pause, wait)
        if turn.quiet and pause is not None:
            quiet.append((turn.state, pause))
        else:
            leases.give_back(turn.state, pause)
        if turn.recovered and not turn.error:
            failures.release(turn.state)
    if quiet:
        leases.give_back_quiet(quiet)
    if any(turn.requests and not turn.error for turn in turns):
        breaker.close()


def turns_requests(turns: Sequence[Turn]) -> dict[int, int]:
    requests: dict[int, int] = defaultdict(int)
    for turn in turns:
        requests[turn.state.tenant_id] += turn.requests
    return requests


def read_window(state: SyncState, graph: Graph, counts: store.Counts) -> bool:
    """Read on for one turn; True when one answer told that nothing has changed, and nothing was written."""
    begins = not state.position
    if begins:
        state.since, state.newest, state.began_at = window_start(state), "", timezone.now()
    changed = CHANGED[SyncState.Stream(state.stream)]
    known = gaps.without(state.tenant, state.stream) if state.has_gaps else ()
    for number, page in enumerate(changed(graph, state.since, position=state.position, without=known), 1):
        if begins and number == 1 and not (page.items or page.broken or page.position or page.refused):
            return True
        counts.add(commit(state, page))
        if number == PAGES_A_TURN:
            break
    return False


def pause_of(state: SyncState) -> timedelta:
    """Nothing while the window goes on; else the interval, longer the longer the stream has been quiet."""
    if state.position:
        return timedelta()
    doubled = settings.SYNC_INTERVAL_SECONDS * 2 ** min(state.quiet_in_a_row // QUIET_READS, 10)
    return timedelta(seconds=min(doubled, max(settings.SYNC_QUIET_SECONDS, settings.SYNC_INTERVAL_SECONDS)))


def work(state: SyncState, graph: Graph) -> timedelta | None:
    """One slice of the work beside the live streams."""
    due_at = WORK[SyncState.Stream(state.stream)](state, graph)
    SyncState.objects.filter(pk=state.pk, fence=state.fence).update(completed_at=Now(), **WELL)
    return None if due_at is None else max(due_at - timezone.now(), timedelta())  # nothing when it is due at once


def window_start(state: SyncState) -> str:
    """The watermark less the overlap, as Graph's filter wants it; for a first read where the past ends."""
    watermark = moment(state.watermark)
    if watermark is None and state.since:
        return state.since
    return slices.text(watermark - OVERLAP if watermark else backfill.live_from(state.tenant, state.stream))


@transaction.atomic
def commit(state: SyncState, page: Page) -> store.Counts:
    """Write the rows of a page and the place of the next one together, or neither."""
    leases.hold(state)
    counts = poison.store_around(state.tenant, state.stream, page.items, page.broken)
    gaps.park(state.tenant, state.stream, page.refused)
    plan_details(state, page, counts)
    state.newest = later(state.newest, page.newest)
    state.position = page.position
    state.leased_until = Now() + leases.LENGTH
    if counts.created or counts.updated:
        state.quiet_in_a_row = -1
    if not page.position:
        state.watermark = later(state.watermark, reached(state))
        state.completed_at = Now()
        state.quiet_in_a_row += 1
        for name, value in WELL.items():
            setattr(state, name, value)
    state.save(update_fields=[
        "since", "newest", "began_at", "position", "leased_until", "watermark", "completed_at", "quiet_in_a_row",
        *WELL,
    ])  # fmt: skip
    return counts


def reached(state: SyncState) -> str:
    """The highest time up to which a finished window has certainly read everything.

    What became visible while it was being read, with a time that its pages had passed already, is left to the next
    window. After a long interruption that one has to begin earlier: by as much as the window has taken.
    """
    newest, taken = moment(state.newest), timezone.now() - (state.began_at or timezone.now())
    if newest is None or taken < OVERLAP - LATENESS:
        return state.newest
    return slices.text(newest - taken)


def plan_details(state: SyncState, page: Page, counts: store.Counts) -> None:
    """Have the alerts read of what is new or has changed, at once of an incident that others were merged into."""
    if state.stream != SyncState.Stream.INCIDENTS:
        return
    news = set(counts.news)
    merged = [item.value for item in page.items if item.id in news and item.value.status == "redirected"]
    details.plan(state.tenant, counts.news)
    survivors = [item.redirect_incident_id for item in merged if item.redirect_incident_id]
    details.plan(state.tenant, survivors, at_once=True)


def later(one: str, other: str) -> str:
    """The later of two texts, by their time; one that is unreadable or in the future counts for nothing."""
    known = moment(other)
    if known is None or known > datetime.now(UTC) + FUTURE:
        return one
    return other if (nanoseconds(other) or 0) > (nanoseconds(one) or 0) else one
