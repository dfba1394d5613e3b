from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from incidents.models.owned import Owned
from incidents.models.received import Alert, Incident


class Change(Owned):
    """That a field of an incident or alert had one value and then another; rows are added and never changed.

    Each has both clocks: `microsoft_at` is the item's lastUpdateDateTime, empty where it is unreadable, and `seen_at`
    is ours. `author` is who Microsoft says was the last to change the incident, in the version that brought the
    change; empty where it names none, of alerts and in first rows. `alert` is empty when the incident itself changed,
    `incident` when the alert belongs to none. `historic` is that of the item. Tags are a JSON list, sorted and each
    once.

    An incident begins with one row of the field "created": `microsoft_at` is its createdDateTime and `after` a JSON
    object of all followed fields as they were first seen, with `as_of`, the lastUpdateDateTime of that version.
    Microsoft tells nothing of what was before it. From there on the rows in the order of their ids give the state
    at any instant. An alert has no such row: until its first change it was as that row's `before` says.
    """

    class Field(models.TextChoices):
        CREATED = "created", _("Created")
        STATUS = "status", _("Status")
        SEVERITY = "severity", _("Severity")
        OWNER = "assigned_to", _("Owner")
        CLASSIFICATION = "classification", _("Classification")
        DETERMINATION = "determination", _("Determination")
        TAGS = "tags", _("Tags")
        REDIRECTED = "redirected_to", _("Merged into")

    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, null=True, related_name="changes", db_index=False, db_constraint=False
    )
    alert = models.ForeignKey(
        Alert, on_delete=models.PROTECT, null=True, related_name="changes", db_index=False, db_constraint=False
    )
    field = models.CharField(max_length=20, choices=Field)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    author = models.TextField(blank=True, db_default="")
    microsoft_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(db_default=Now())
    historic = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["incident", "id"], name="change_of_incident"),
            models.Index(fields=["alert", "id"], name="change_of_alert", condition=models.Q(alert__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.field}: {self.before} → {self.after}"
