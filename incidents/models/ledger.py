from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from incidents.models.owned import Owned


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


class SyncState(Owned):
    """How far one stream of one tenant has been read, who is reading it, and how that went.

    `watermark` is the highest lastUpdateDateTime of a finished window, in Microsoft's own text. While a window is
    being read, `since` is where it began, `position` where the next page begins and `newest` the highest text so
    far. A reader holds the stream by `fence`: each claim raises it, and a writer with an older number is refused.
    """

    class Stream(models.TextChoices):
        INCIDENTS = "incidents", _("Incidents")
        ALERTS = "alerts", _("Alerts")

    stream = models.CharField(max_length=20, choices=Stream)
    watermark = models.TextField(blank=True)
    since = models.TextField(blank=True)
    position = models.TextField(blank=True)
    newest = models.TextField(blank=True)
    fence = models.BigIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    # The database session of the reader: when it is gone the lease is over, however long it had to run.
    lease_session = models.TextField(blank=True)
    due_at = models.DateTimeField(db_default=Now())
    parked_until = models.DateTimeField(null=True)
    throttled_in_a_row = models.IntegerField(default=0)
    failures_in_a_row = models.IntegerField(default=0)
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
