from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from incidents.models.owned import Owned
from incidents.models.received import Incident


class Hold(Owned):
    """A time in which an incident waits: for its customer, which stops its clocks, or snoozed by one of us.

    Open until `ended_at`; an incident has one open hold at most, and says so in its own column `held`. `until` is when
    it ends by itself, empty for one that only a person or an event ends. Names are copies, so that the row outlives
    the person.
    """

    class Kind(models.TextChoices):
        WAITING = "waiting", _("Waiting for customer")
        SNOOZED = "snoozed", _("Snoozed")

    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="holds", db_index=False, db_constraint=False
    )
    kind = models.CharField(max_length=10, choices=Kind)
    reason = models.TextField(blank=True)
    by = models.CharField(max_length=200)
    began_at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField(null=True)
    # A change of the incident, or a new alert of it, ends it before its time.
    wakes_on_change = models.BooleanField(default=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=200, blank=True)
    why_ended = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident"], condition=models.Q(ended_at=None), name="hold_open_once")
        ]
        indexes = [
            models.Index(fields=["incident", "began_at"], name="hold_of_incident"),
            models.Index(fields=["until"], condition=models.Q(ended_at=None), name="hold_due"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind}"
