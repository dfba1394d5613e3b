"""Our own credential is every tenant's: when Microsoft refuses it, nobody is read and no customer is to blame.

Three refusals in two directories open it (in one, when there is only one). While it is open one tenant is read at a
time, to see whether the credential is good again; the first answer closes it and makes all that failed by it due.
"""

from datetime import timedelta

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from defender.errors import DefenderError
from incidents.models import Breaker, SyncState
from tenants.models import Tenant

KINDS = ("credential_rejected", "credential_expired", "clock_skew")
FAILURES, DIRECTORIES = 3, 2
PROBES = (timedelta(seconds=30), timedelta(seconds=60), timedelta(minutes=2), timedelta(minutes=5))

ADMIT = """
UPDATE incidents_breaker SET probe_at = statement_timestamp() + %s
WHERE id = 1 AND opened_at IS NOT NULL AND probe_at <= statement_timestamp() RETURNING id
"""


def is_open() -> bool:
    return Breaker.objects.filter(opened_at__isnull=False).exists()


def admitted(most: int) -> int:
    """How many streams may be claimed: all while it is closed, one when a probe is due, else none."""
    found = Breaker.objects.filter(opened_at__isnull=False).first()
    if found is None:
        return most
    with connection.cursor() as cursor:
        cursor.execute(ADMIT, [PROBES[min(found.failures - FAILURES, len(PROBES) - 1)]])
        return len(cursor.fetchall())


@transaction.atomic
def record(failure: DefenderError, tenant: Tenant) -> None:
    """Count a refusal of our credential; any other failure says nothing about it."""
    if failure.kind not in KINDS:
        return
    Breaker.objects.bulk_create([Breaker(pk=1)], ignore_conflicts=True)
    found = Breaker.objects.select_for_update().get()
    found.failures += 1
    found.tenants = sorted({*found.tenants, tenant.pk})[:DIRECTORIES]
    found.error_kind, found.error = failure.kind, str(failure)
    directories = min(DIRECTORIES, Tenant.objects.connected()[:DIRECTORIES].count())
    if not found.opened_at and found.failures >= FAILURES and len(found.tenants) >= directories:
        found.opened_at = timezone.now()
        found.probe_at = timezone.now() + PROBES[0]
    found.save()


def close() -> None:
    """The credential was taken: forget the refusals, and read at once what failed by them."""
    if Breaker.objects.filter(failures__gt=0).update(
        opened_at=None, probe_at=None, failures=0, tenants=[], error_kind="", error=""
    ):
        SyncState.objects.filter(error_kind__in=KINDS, due_at__gt=Now()).update(due_at=Now(), failures_in_a_row=0)
