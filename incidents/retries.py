"""When what failed is tried again, who is woken for it, and the lease that it is done under."""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from incidents import leases
from incidents.models import SyncState
from tenants.models import Tenant

WAITS = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(days=1))
DETAILS = "details"  # the work with which these are tried


def later(attempts: int) -> datetime:
    """When to try again after so many attempts: at first soon, in the end once a day."""
    return timezone.now() + WAITS[min(attempts, len(WAITS) - 1)]


def wake(tenant: Tenant, due_at: datetime) -> None:
    """Make the tenant's detail work due by then."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE {SyncState._meta.db_table} SET due_at = least(due_at, %s)
                WHERE tenant_id = %s AND stream = %s AND (due_at IS NULL OR due_at > %s)""",
            [due_at, tenant.pk, DETAILS, due_at],
        )


def keep(state: SyncState) -> None:
    """Hold the lease for the transaction, and make it last as long again: a turn has many requests."""
    leases.hold(state)
    SyncState.objects.filter(pk=state.pk).update(leased_until=Now() + leases.LENGTH)
