from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from incidents.models.owned import Owned

EMPTY = models.Value([], output_field=ArrayField(models.TextField()))


class Received(Owned):
    """What Microsoft sent: columns to filter and show by, and beside them the item exactly as it came.

    `microsoft_id` is unique inside a tenant only. `version` is lastUpdateDateTime in nanoseconds since 1970, exact
    where a datetime is not; the newest version wins. `digest` tells whether two versions of one time differ. Enum
    columns hold Microsoft's own spelling, unknown members included. A property of the wrong kind is empty here
    and makes the row `partly_read`; `raw` still has it. `words` are those that a search finds the row by.
    `historic` is decided when the row is made and stays: what Microsoft created before the directory was connected
    counts in no time metric.
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
    historic = models.BooleanField(default=False)
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
    # Kept by merges: the end of the chain that redirected_to begins, and when the first was created of all that ended
    # here. The database holds it to the same customer and tenant (migration 0005).
    survivor = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    opened_at = models.DateTimeField(null=True)
    tags = ArrayField(models.TextField(), default=list, blank=True)
    system_tags = ArrayField(models.TextField(), default=list, blank=True)
    priority_score = models.IntegerField(null=True)
    modified_by = models.TextField(blank=True, db_default="")
    # Drawn from the incident's alerts each time one of them changes, so that a list reads one table.
    alert_count = models.IntegerField(db_default=0)
    device_count = models.IntegerField(db_default=0)
    user_count = models.IntegerField(db_default=0)
    sources = ArrayField(models.TextField(), db_default=EMPTY, blank=True)
    categories = ArrayField(models.TextField(), db_default=EMPTY, blank=True)
    search = SearchVectorField(null=True, editable=False)
    # The desk's own, which nothing from Microsoft overwrites: the kind of the open hold, '' without one; when the next
    # clock of the customer's service policy runs out, empty while none runs; which clock; from when it is at risk.
    held = models.CharField(max_length=10, db_default="", blank=True)
    due_at = models.DateTimeField(null=True)
    due_clock = models.CharField(max_length=12, db_default="", blank=True)
    risk_at = models.DateTimeField(null=True)

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
            models.Index(
                fields=["tenant", "redirected_to"], name="incident_link", condition=~models.Q(redirected_to="")
            ),
            models.Index(fields=["survivor"], name="incident_merged", condition=models.Q(survivor__isnull=False)),
            models.Index(fields=["tenant", "microsoft_created_at"], name="incident_created"),
            GinIndex(fields=["search"], name="incident_search"),
        ]

    def __str__(self) -> str:
        return self.title or self.microsoft_id

    def get_absolute_url(self) -> str:
        return reverse("incident", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status not in self.CLOSED

    @property
    def is_link(self) -> bool:
        return self.status == self.Status.REDIRECTED and bool(self.redirected_to)


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
            models.Index(fields=["tenant", "microsoft_created_at"], name="alert_created"),
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
