from collections.abc import Sequence
from typing import Any, Self

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from incidents.models.owned import Owned, OwnedQuerySet


class SetAside(Owned):
    """An item that was not stored as an incident or alert: another tenant's, or one that cannot be read at all.

    Administrators see it, no customer ever does, and no export has it.
    """

    stream = models.CharField(max_length=20)
    microsoft_id = models.TextField(blank=True)
    reason = models.TextField()
    raw = models.BinaryField()
    digest = models.BinaryField()
    seen_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "stream", "digest"], name="set_aside_once")]

    def __str__(self) -> str:
        return self.reason


class SyncStateQuerySet(OwnedQuerySet):
    def live(self) -> Self:
        """Those that bring what changes now; not the work beside them."""
        return self.filter(stream__in=SyncState.LIVE)


class SyncState(Owned):
    """The ledger: how far one stream of one tenant has been read, who is reading it, when again, and how that went.

    The live streams are read by time: `watermark` is the highest lastUpdateDateTime of a finished window, in
    Microsoft's own text. While a window is being read, which was begun at `began_at`, `since` is where it begins,
    `position` where the next page begins and `newest` the highest text so far. The other streams are work beside
    them and keep their place in tables of their own. A reader holds the stream by `fence`: each claim raises it, and
    a writer with an older number is refused. `due_at` is empty when there is nothing to do until somebody says so.
    """

    class Stream(models.TextChoices):
        INCIDENTS = "incidents", _("Incidents")
        ALERTS = "alerts", _("Alerts")
        DETAILS = "details", _("Details")
        COMPLETENESS = "completeness", _("Completeness")
        BACKFILL = "backfill", _("History")

    LIVE: Sequence[Any] = (Stream.INCIDENTS, Stream.ALERTS)

    objects = SyncStateQuerySet.as_manager()

    # Whether ranges of the stream are known not to be listed; leases tells when the stream is claimed.
    has_gaps = True

    stream = models.CharField(max_length=20, choices=Stream)
    watermark = models.TextField(blank=True)
    since = models.TextField(blank=True)
    position = models.TextField(blank=True)
    newest = models.TextField(blank=True)
    began_at = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    # The database session of the reader: when it is gone the lease is over, however long it had to run.
    lease_session = models.TextField(blank=True)
    due_at = models.DateTimeField(db_default=Now(), null=True)
    parked_until = models.DateTimeField(null=True)
    throttled_in_a_row = models.IntegerField(default=0)
    failures_in_a_row = models.IntegerField(default=0)
    # How often in a row nothing had changed, by which a quiet tenant is asked less often.
    quiet_in_a_row = models.IntegerField(default=0)
    error_kind = models.CharField(max_length=64, blank=True)
    error_owner = models.CharField(max_length=20, blank=True)
    error = models.TextField(blank=True)
    failed_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "stream"], name="sync_state_of_stream")]
        indexes = [models.Index(fields=["due_at"], name="sync_state_due")]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.stream}"

    @property
    def is_live(self) -> bool:
        return self.stream in self.LIVE


class Budget(Owned):
    """How many more requests one tenant may be sent at this moment; see `incidents.budget`."""

    remaining = models.FloatField()
    counted_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="budget_of_tenant")]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.remaining:.0f}"


class Breaker(models.Model):
    """Whether Microsoft refuses our own credential: one row, open while `opened_at` is set.

    While it is open nobody is read but one tenant at each `probe_at`, since every request would be refused.
    """

    opened_at = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True)
    failures = models.IntegerField(default=0)
    # The directories that a refusal was seen in since the last success.
    tenants = models.JSONField(default=list)
    error_kind = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="breaker_single_row")]

    def __str__(self) -> str:
        return self.error or "closed"
