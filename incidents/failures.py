"""What follows from a failed read: where it is seen, who must act, and how long the tenant is left alone."""

import random
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from defender.errors import CustomerFault, DefenderError, RoleMissing, Throttled
from incidents.models import SyncState

FIRST_WAIT = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)
# Whoever took back the approval knows; asking every few minutes would only fill the customer's sign-in log.
LONGEST_FOR_CUSTOMER = timedelta(minutes=15)


def record(state: SyncState, failure: DefenderError) -> timedelta:
    """Keep the failure with its owner; return how long to leave the stream alone."""
    if isinstance(failure, Throttled):
        return park(state, failure)
    longest = LONGEST_FOR_CUSTOMER if isinstance(failure, CustomerFault) else LONGEST_PAUSE
    pause = note(state, failure.kind, failure.owner, str(failure), longest)
    if isinstance(failure, CustomerFault) and not isinstance(failure, RoleMissing):
        # The whole directory is closed to us: this stream alone tries whether it opens again.
        others = SyncState.objects.filter(tenant=state.tenant_id, leased_until=None, due_at__isnull=False)
        others.exclude(pk=state.pk).update(due_at=Now() + pause * 1.5)
    return pause


def park(state: SyncState, failure: Throttled) -> timedelta:
    """Leave the tenant alone as long as Microsoft wants, and longer each time if it does not help."""
    state.throttled_in_a_row += 1
    asked = timedelta(seconds=failure.retry_after or 0)
    ours = timedelta() if failure.retry_after is not None and state.throttled_in_a_row == 1 else FIRST_WAIT
    pause = max(asked, backoff(ours, state.throttled_in_a_row, LONGEST_PAUSE))
    # The limit is one of application and tenant: it holds for every stream.
    SyncState.objects.filter(tenant=state.tenant_id).update(parked_until=Now() + pause)
    SyncState.objects.filter(pk=state.pk).update(throttled_in_a_row=state.throttled_in_a_row)
    note(state, failure.kind, failure.owner, str(failure), LONGEST_PAUSE)
    return pause


def note(state: SyncState, kind: str, owner: str, error: str, longest: timedelta = LONGEST_PAUSE) -> timedelta:
    state.failures_in_a_row += 1
    SyncState.objects.filter(pk=state.pk, fence=state.fence).update(
        error_kind=kind, error_owner=owner, error=error, failed_at=Now(), failures_in_a_row=state.failures_in_a_row,
        quiet_in_a_row=0,
    )  # fmt: skip
    return backoff(timedelta(seconds=settings.SYNC_INTERVAL_SECONDS), state.failures_in_a_row, longest)


def backoff(first: timedelta, times: int, longest: timedelta) -> timedelta:
    """Doubling from `first` to the longest, with jitter so that tenants do not come back together."""
    return min(first * 2 ** min(times - 1, 10), longest) * random.uniform(0.75, 1.0)


def release(state: SyncState) -> None:
    """The directory answers again: what was held back with this stream is due now."""
    others = SyncState.objects.filter(tenant=state.tenant_id, leased_until=None, due_at__gt=Now())
    others.update(due_at=Now())
