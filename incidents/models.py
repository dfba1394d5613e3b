from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from tenants.models import Customer, Tenant

EMPTY = models.Value([], output_field=ArrayField(models.TextField()))


class OwnedQuerySet(models.QuerySet[models.Model]):
    def visible_to(self, user: User) -> Self:
        """The rows of the customers whom the person may see."""
        return self.filter(customer__in=Customer.objects.visible_to(user))


class Owned(models.Model):
    """What belongs to one directory of one customer; the customer stands in every row, as the key of isolation.

    In the database customer, tenant and parent are held together (migration 0002), so that no row can name the
    directory, incident or alert of another customer.
    """

    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        abstract = True


class Received(Owned):
    """What Microsoft sent: columns to filter and show by, and beside them the item exactly as it came.

    `microsoft_id` is unique inside a tenant only. `version` is lastUpdateDateTime in nanoseconds since 1970, exact
    where a datetime is not; the newest version wins. `digest` tells whether two versions of one time differ. Enum
    columns hold Microsoft's own spelling, unknown members included. A property of the wrong kind is empty here
    and makes the row `partly_read`; `raw` still has it. `words` are those that a search finds the row by.
    """

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    microsoft_id = models.TextField()
    title = models.TextField(blank=True)
    description = models.TextField(blank=True)
    status = models.CharField(max_length=64, blank=True)
    severity = models.CharField(max_length=64, blank=True)
    classification = models.CharField(max_length=64, blank=True)
    determination = models.CharField(max_length=64, blank=True)
    assigned_to = models.TextField(blank=True)
    web_url = models.TextField(blank=True)
    microsoft_created_at = models.DateTimeField(null=True)
    microsoft_updated_at = models.DateTimeField(null=True)
    microsoft_updated_text = models.TextField(blank=True)
    version = models.BigIntegerField(default=0)
    partly_read = models.BooleanField(default=False)
    raw = models.BinaryField()
    digest = models.BinaryField()
    words = models.TextField(blank=True)
    first_seen_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True


class Incident(Received):
    class Status(models.TextChoices):
        ACTIVE = "active", _("New")
        IN_PROGRESS = "inProgress", _("In progress")
        AWAITING_ACTION = "awaitingAction", _("Awaiting action")
        RESOLVED = "resolved", _("Resolved")
        REDIRECTED = "redirected", _("Merged")

    class Severity(models.TextChoices):
        HIGH = "high", _("High")
        MEDIUM = "medium", _("Medium")
        LOW = "low", _("Low")
        INFORMATIONAL = "informational", _("Info")

    CLOSED = (Status.RESOLVED, Status.REDIRECTED)

    redirected_to = models.TextField(blank=True)
    tags = ArrayField(models.TextField(), default=list, blank=True)
    system_tags = ArrayField(models.TextField(), default=list, blank=True)
    priority_score = models.IntegerField(null=True)
    # Drawn from the incident's alerts each time one of them changes, so that a list reads one table.
    alert_count = models.IntegerField(db_default=0)
    device_count = models.IntegerField(db_default=0)
    user_count = models.IntegerField(db_default=0)
    sources = ArrayField(models.TextField(), db_default=EMPTY, blank=True)
    categories = ArrayField(models.TextField(), db_default=EMPTY, blank=True)
    search = SearchVectorField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "microsoft_id"], name="incident_of_tenant"),
        ]
        indexes = [
            models.Index(fields=["-microsoft_updated_at", "-id"], name="incident_newest"),
            models.Index(fields=["customer", "-microsoft_updated_at", "-id"], name="incident_customer_newest"),
            models.Index(
                fields=["-microsoft_updated_at", "-id"],
                name="incident_open_newest",
                condition=~models.Q(status__in=["resolved", "redirected"]),
            ),
            GinIndex(fields=["search"], name="incident_search"),
        ]

    def __str__(self) -> str:
        return self.title or self.microsoft_id

    def get_absolute_url(self) -> str:
        return reverse("incident", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status not in self.CLOSED


class Alert(Received):
    """One alert; `incident` stays empty while Microsoft names none, or names one that has not been read yet."""

    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, null=True, related_name="alerts", db_constraint=False
    )
    incident_microsoft_id = models.TextField(blank=True)
    category = models.TextField(blank=True)
    service_source = models.CharField(max_length=64, blank=True)
    detection_source = models.CharField(max_length=64, blank=True)
    mitre_techniques = ArrayField(models.TextField(), default=list, blank=True)
    first_activity_at = models.DateTimeField(null=True)
    last_activity_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    # The names among its evidence that an incident counts, each once.
    devices = ArrayField(models.TextField(), default=list, blank=True)
    users = ArrayField(models.TextField(), default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "microsoft_id"], name="alert_of_tenant"),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "incident_microsoft_id"],
                name="alert_waiting",
                condition=models.Q(incident__isnull=True),
            ),
            models.Index(
                fields=["-microsoft_updated_at", "-id"],
                name="alert_alone_newest",
                condition=models.Q(incident__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.microsoft_id

    def get_absolute_url(self) -> str:
        return self.incident.get_absolute_url() if self.incident else reverse("alert", args=[self.pk])


class Evidence(Owned):
    """One evidence item of an alert, as far as lists and search need it; the whole item is in the alert's raw JSON."""

    pk = models.CompositePrimaryKey("alert_id", "position")
    alert = models.ForeignKey(
        Alert, on_delete=models.CASCADE, related_name="evidence", db_index=False, db_constraint=False
    )
    position = models.IntegerField()
    kind = models.CharField(max_length=100)
    name = models.TextField(blank=True)
    detail = models.TextField(blank=True)
    verdict = models.CharField(max_length=64, blank=True)
    remediation_status = models.CharField(max_length=64, blank=True)
    roles = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "evidence"

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


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
