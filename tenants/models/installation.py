from datetime import timedelta

from django.db import models
from django.utils import timezone


class MicrosoftCloud(models.Model):
    """The cloud that this database was made for: one row, written when the database is made.

    An empty `url` is Microsoft itself, anything else a simulated cloud. Every connection of every process is held
    against it, so that simulated and real incidents can never stand in one database.
    """

    url = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "tenants_cloud"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="cloud_single_row")]

    def __str__(self) -> str:
        return self.url or "Microsoft"


class CredentialStatus(models.Model):
    """What a worker has seen of a setting that holds a monitor credential; the web has none and reads it here.

    The end of a client secret is known to Entra only. The fingerprint is the end of a certificate's thumbprint.
    """

    SOON, LAST = timedelta(days=30), timedelta(days=7)

    setting = models.CharField(primary_key=True, max_length=40)
    expires_at = models.DateTimeField(null=True, blank=True)
    fingerprint = models.CharField(max_length=8, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    seen_at = models.DateTimeField(default=timezone.now)

    @property
    def is_certificate(self) -> bool:
        return "CERTIFICATE" in self.setting

    @property
    def days_left(self) -> int | None:
        return (self.expires_at - timezone.now()).days if self.expires_at else None

    @property
    def level(self) -> str:
        """`err` when it cannot be used or ends within a week, `warn` within thirty days, else nothing."""
        left = self.expires_at - timezone.now() if self.expires_at else None
        if self.problem or (left is not None and left < self.LAST):
            return "err"
        return "warn" if left is not None and left < self.SOON else ""
