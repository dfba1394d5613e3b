"""Which edits a worker may take: a lease with a fencing number each, as leases.py has it for streams.

The edits of one item go one after another. An edit that a killed worker may have sent is due again at once when
Microsoft's values tell what became of it; a comment only when one that was on its way must have arrived.
"""

from datetime import timedelta

from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from incidents import leases
from incidents.models import Edit

# Longer than the deadline of a request.
SETTLED = timedelta(seconds=75)
TAKE = f"""
UPDATE incidents_edit SET
    fence = fence + 1, attempts = attempts + 1, leased_until = {leases.NOW} + %(length)s,
    lease_session = (SELECT pid || '/' || backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())
WHERE id IN (
    SELECT edit.id FROM incidents_edit edit
    WHERE state = 'pending' AND due_at <= {leases.NOW}
        AND (leased_until IS NULL OR leased_until < {leases.NOW} OR {leases.GONE})
        AND (sent_at IS NULL OR NOT changes ? 'comment' OR sent_at < {leases.NOW} - %(settled)s)
        AND NOT EXISTS (
            SELECT FROM incidents_edit earlier
            WHERE earlier.state = 'pending' AND earlier.id < edit.id
                AND coalesce(earlier.alert_id, earlier.incident_id) = coalesce(edit.alert_id, edit.incident_id))
        AND NOT EXISTS (
            SELECT FROM incidents_syncstate state
            WHERE state.tenant_id = edit.tenant_id AND parked_until > {leases.NOW})
    ORDER BY due_at, id LIMIT %(most)s FOR UPDATE OF edit SKIP LOCKED
)
RETURNING id
"""


class Lost(Exception):
    """The edit was withdrawn, or another worker has it."""


def claim_due(most: int = 1) -> list[Edit]:
    """Take up to `most` edits that are due, those that have waited longest first."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"length": leases.LENGTH, "settled": SETTLED, "most": most})
        claimed = [row[0] for row in cursor.fetchall()]
    if not claimed:
        return []
    return list(Edit.objects.filter(pk__in=claimed).select_related("tenant__customer", "incident", "alert"))


def is_due_soon(seconds: float = 10.0) -> bool:
    return bool(Edit.objects.filter(state=Edit.State.PENDING, due_at__lte=Now() + timedelta(seconds=seconds)).exists())


def keep(edit: Edit) -> None:
    """Lock the edit for the transaction and make its lease last; Lost when it is not ours any more."""
    leases.lock_out_other_writers(edit.tenant_id)
    own = Edit.objects.filter(pk=edit.pk, fence=edit.fence, state=Edit.State.PENDING)
    if not own.select_for_update(of=("self",)).exists():
        raise Lost
    own.update(leased_until=Now() + leases.LENGTH)


def give_back(edit: Edit, pause: timedelta, **what: object) -> None:
    """End the lease; the edit is due again after the pause."""
    own = Edit.objects.filter(pk=edit.pk, fence=edit.fence, state=Edit.State.PENDING)
    own.update(leased_until=None, lease_session="", due_at=Now() + pause, **what)


def end(edit: Edit, state: object, **what: object) -> None:
    """The edit, which is locked, is over."""
    Edit.objects.filter(pk=edit.pk).update(
        state=state, ended_at=Now(), leased_until=None, lease_session="", fence=F("fence") + 1, **what
    )
