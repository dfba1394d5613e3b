"""What a tenant may be asked: Microsoft counts our requests by application and tenant, so the budget is the tenant's.

Half of GRAPH_REQUESTS_PER_MINUTE may be spent at once and comes back within a minute: no minute sees more than the
whole, no hour more than thirty times it. What is spent is written down when a stream is given back; a slice of work is
small, so that two processes do not overdraw by much. Work beside the live streams leaves half of it to them.
"""

from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from incidents.models import Budget, SyncState

SPEND = """
UPDATE incidents_budget budget SET
    remaining = least(%(most)s, remaining + extract(epoch FROM statement_timestamp() - counted_at) * %(rate)s) - spent,
    counted_at = statement_timestamp()
FROM unnest(%(tenants)s::bigint[], %(spent)s::int[]) AS requests (tenant_id, spent)
WHERE budget.tenant_id = requests.tenant_id
RETURNING budget.tenant_id, budget.remaining
"""


def most() -> float:
    return settings.GRAPH_REQUESTS_PER_MINUTE / 2


def rate() -> float:
    """Requests a second that come back."""
    return most() / 60


def spend(requests: Mapping[int, int]) -> dict[int, float]:
    """Write down requests by the key of their tenant; return what each has left, below nothing when overdrawn."""
    values = {"most": most(), "rate": rate(), "tenants": list(requests), "spent": list(requests.values())}
    with connection.cursor() as cursor:
        cursor.execute(SPEND, values)
        return dict(cursor.fetchall())


def now_remaining(budget: Budget) -> float:
    """What is left at this moment, with what has come back since it was counted."""
    return min(most(), budget.remaining + (timezone.now() - budget.counted_at).total_seconds() * rate())


def wait(state: SyncState, left: float) -> timedelta:
    """How long the stream has to wait until it may be read again."""
    needed = 1.0 if state.is_live else most() / 2
    return timedelta(seconds=max(0.0, (needed - left) / rate()))
