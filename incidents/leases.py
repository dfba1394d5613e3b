"""Who is reading a stream: a lease with a fencing number, kept in the database.

A lease ends when it is given back, when its time is over, or when the database session of its holder is gone: a
killed process so never holds up the next one. Time and session only decide who may claim; what keeps two readers
apart is the fence, since each claim raises it and each write is made only under the number it was claimed with.
All times are the database's, so that no clock of ours can jump over them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Now
from django.utils import timezone

from incidents import budget
from incidents.models import Budget, Gap, SyncState
from tenants.models import Tenant

# Longer than the total deadline of one request, so that a slow page does not cost the lease.
LENGTH = timedelta(seconds=settings.SYNC_LEASE_SECONDS)

# Not now(), which stands still in a transaction.
NOW = "statement_timestamp()"
GONE = "NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid || '/' || backend_start = lease_session)"
PARKED = f"parked_until IS NOT NULL AND parked_until > {NOW}"
# Should the reader die without a word, the stream is due again when its lease is over.
TAKE = f"""
UPDATE incidents_syncstate SET
    fence = fence + 1, claimed_at = {NOW}, leased_until = {NOW} + %(length)s, due_at = {NOW} + %(length)s,
    lease_session = (SELECT pid || '/' || backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())
WHERE id IN (
    SELECT state.id FROM incidents_syncstate state JOIN tenants_tenant tenant ON tenant.id = state.tenant_id
    WHERE {{wanted}} AND stream = ANY(%(streams)s) AND NOT ({PARKED})
        AND (leased_until IS NULL OR leased_until < {NOW} OR {GONE})
    ORDER BY due_at, state.id LIMIT %(most)s FOR UPDATE OF state SKIP LOCKED
)
RETURNING id
"""
DUE = TAKE.format(wanted=f"tenant.state = 'connected' AND due_at <= {NOW}")
ONE = TAKE.format(wanted="state.tenant_id = %(tenant)s")
ABANDONED = f"""
UPDATE incidents_syncstate SET due_at = {NOW}
WHERE leased_until > {NOW} AND due_at > {NOW} AND {GONE}
"""
QUIET = f"""
UPDATE incidents_syncstate state SET
    leased_until = NULL, lease_session = '', position = '', newest = '', due_at = {NOW} + pause,
    completed_at = {NOW}, quiet_in_a_row = quiet_in_a_row + 1, parked_until = NULL, throttled_in_a_row = 0,
    failures_in_a_row = 0, error_kind = '', error_owner = '', error = ''
FROM unnest(%s::bigint[], %s::bigint[], %s::interval[]) AS quiet (id, fence, pause)
WHERE state.id = quiet.id AND state.fence = quiet.fence
"""


class Held(Exception):
    """The stream is being read, or Microsoft has asked us to wait."""

    def __init__(self, reason: str, until: datetime) -> None:
        super().__init__(f"{reason} until {until:%Y-%m-%d %H:%M:%S} UTC")
        self.until = until


class Lost(Exception):
    """Another reader has claimed the stream since; nothing of this page was written."""


def ensure_states(tenant: Tenant) -> None:
    """A connected tenant has one state a stream and one budget; making them twice changes nothing."""
    owner = {"customer_id": tenant.customer_id, "tenant": tenant}
    # Details are due when some are planned.
    states = [
        SyncState(**owner, stream=stream, due_at=None if stream == SyncState.Stream.DETAILS else Now())
        for stream in SyncState.Stream.values
    ]
    SyncState.objects.bulk_create(states, ignore_conflicts=True)
    Budget.objects.bulk_create([Budget(**owner, remaining=budget.most())], ignore_conflicts=True)


def claim(tenant: Tenant, stream: str) -> SyncState:
    """Take the stream, due or not; Held when it is parked or someone else reads it."""
    if claimed := taken(ONE, [stream], tenant=tenant.pk):
        return claimed[0]
    state = SyncState.objects.get(tenant=tenant, stream=stream)
    if state.parked_until and state.parked_until > timezone.now():
        raise Held("Microsoft has asked us to wait", state.parked_until)
    raise Held("It is being read by another process", state.leased_until or timezone.now())


def claim_due(most: int = 1, streams: Sequence[str] = SyncState.Stream.values) -> list[SyncState]:
    """Take up to `most` streams of connected tenants that are due, those that have waited longest first."""
    return taken(DUE, streams, most)


def taken(statement: str, streams: Sequence[str], most: int = 1, tenant: int = 0) -> list[SyncState]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"length": LENGTH, "streams": list(streams), "most": most, "tenant": tenant})
        claimed = [row[0] for row in cursor.fetchall()]
    if not claimed:
        return []
    gaps = Gap.objects.filter(tenant=OuterRef("tenant"), stream=OuterRef("stream"), kind="poison", closed_at=None)
    return list(SyncState.objects.filter(pk__in=claimed).select_related("tenant").annotate(has_gaps=Exists(gaps)))


def is_due_soon(seconds: float = 10.0) -> bool:
    """Whether a stream of a connected tenant is due within so many seconds, or being read."""
    due = SyncState.objects.filter(tenant__state=Tenant.State.CONNECTED, due_at__lte=Now() + timedelta(seconds=seconds))
    return due.exclude(parked_until__gt=Now() + timedelta(seconds=seconds)).exists()


def free_abandoned() -> None:
    """Make due at once what a process has claimed that is gone."""
    with connection.cursor() as cursor:
        cursor.execute(ABANDONED)


def free_approved() -> None:
    """Make due at once what its customer had closed to us before the last approval."""
    closed = SyncState.objects.filter(error_owner="customer", failed_at__lt=F("tenant__approved_at"), due_at__gt=Now())
    closed.update(due_at=Now(), failures_in_a_row=0)


def lock_out_other_writers(tenant: int) -> None:
    """One writer of a tenant at a time: all streams touch the same incidents, and what is new must stay new."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [0x55544B, tenant])


def hold(state: SyncState) -> None:
    """Lock the state for the transaction and make sure that it is still ours; Lost otherwise."""
    # Before any row: who waited for it with a row in hand could wait for somebody who wants that row.
    lock_out_other_writers(state.tenant_id)
    if not SyncState.objects.select_for_update().filter(pk=state.pk, fence=state.fence).exists():
        raise Lost(f"Another process has taken over {state}.")


def give_back(state: SyncState, pause: timedelta | None) -> None:
    """End the lease; the stream is due again after the pause, or with None when somebody says so."""
    due_at = None if pause is None else Now() + pause
    SyncState.objects.filter(pk=state.pk, fence=state.fence).update(leased_until=None, lease_session="", due_at=due_at)


def give_back_quiet(quiet: Sequence[tuple[SyncState, timedelta]]) -> None:
    """Finish windows in which nothing has changed, all in one statement; their watermarks stay where they are."""
    states, pauses = [state for state, _ in quiet], [pause for _, pause in quiet]
    with connection.cursor() as cursor:
        cursor.execute(QUIET, [[state.pk for state in states], [state.fence for state in states], pauses])
