from typing import Any

from django.db import models
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from incidents.models.owned import Owned
from incidents.models.received import Alert, Incident

PENDING = models.Q(state="pending")


class Edit(Owned):
    """One change of one item that a person asked for, on its way to Microsoft.

    It is of the alert where one is named, else of the incident; an alert's names its incident too, when it has one.
    `changes` are what Microsoft is sent, by its own names of the fields, '' for nothing; an edit is a comment or
    fields, never both. `seen` are the same fields as the person saw them. Of a conflict `theirs` are Microsoft's
    values and `changed_by` who wrote them. Edits that were asked for together have one `batch`.

    A worker holds it as a reader holds a stream (see leases.py). From `sent_at` on Microsoft may have it, though no
    answer is known; `said` is how often the same comment stood there before.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        CARRIED = "carried", _("Confirmed by Microsoft")
        CONFLICT = "conflict", _("Conflict")
        REFUSED = "refused", _("Refused")
        UNDONE = "undone", _("Withdrawn")

    class Owner(models.TextChoices):
        US = "us", _("us")
        CUSTOMER = "customer", _("the customer")
        MICROSOFT = "microsoft", _("Microsoft")

    # Those that wait for a person.
    STUCK = (State.CONFLICT, State.REFUSED)

    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, null=True, related_name="edits", db_index=False, db_constraint=False
    )
    alert = models.ForeignKey(
        Alert, on_delete=models.PROTECT, null=True, related_name="edits", db_index=False, db_constraint=False
    )
    batch = models.UUIDField()
    changes = models.JSONField(default=dict)
    seen = models.JSONField(default=dict)
    seen_text = models.TextField(blank=True)
    by = models.CharField(max_length=200)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts = models.IntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    said = models.IntegerField(default=0)
    fence = models.BigIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    lease_session = models.TextField(blank=True)
    problem = models.TextField(blank=True)
    must_act = models.CharField(max_length=10, choices=Owner, blank=True)
    theirs = models.JSONField(null=True)
    changed_by = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["incident", "id"], name="edit_of_incident"),
            models.Index(fields=["alert", "id"], name="edit_of_alert", condition=models.Q(alert__isnull=False)),
            models.Index(fields=["batch"], name="edit_of_batch"),
            models.Index(fields=["due_at", "id"], name="edit_due", condition=PENDING),
            models.Index(Coalesce("alert", "incident"), "id", name="edit_in_order", condition=PENDING),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.state}"

    @property
    def item(self) -> Any:
        return self.alert if self.alert_id else self.incident

    @property
    def item_id(self) -> Any:
        return self.alert_id or self.incident_id

    @property
    def is_comment(self) -> bool:
        return "comment" in self.changes
