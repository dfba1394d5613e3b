from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from incidents.models.ledger import SetAside
from incidents.models.owned import Owned


class Gap(Owned):
    """A range of times of which we know that the store lacks something; open until it has been read whole.

    `low` and `high` are Microsoft's texts or ours, both within the range. A range that Microsoft cannot list is of
    kind poison; where Microsoft counts `expected` and we `found` another number it is of kind count, of one `day`.
    """

    class Kind(models.TextChoices):
        POISON = "poison", _("Microsoft cannot list it")
        COUNT = "count", _("The numbers differ")

    stream = models.CharField(max_length=20)
    kind = models.CharField(max_length=20, choices=Kind)
    day = models.DateField(null=True)
    low = models.TextField(blank=True)
    high = models.TextField(blank=True)
    expected = models.IntegerField(null=True)
    found = models.IntegerField(null=True)
    reason = models.TextField(blank=True)
    raw = models.BinaryField(default=b"")
    attempts = models.IntegerField(default=0)
    opened_at = models.DateTimeField(db_default=Now())
    tried_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "stream", "kind", "low", "high"],
                condition=models.Q(closed_at=None),
                name="gap_open_once",
            )
        ]
        indexes = [models.Index(fields=["tenant", "due_at"], condition=models.Q(closed_at=None), name="gap_due")]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.stream} {self.kind} {self.low} {self.high}"


class DetailRead(Owned):
    """When the alerts of an incident are read next, and how many of the reads after its last change are done.

    The row is gone when all are done. One without `due_at` is of an incident that Microsoft has no longer: nothing is
    read until it changes again.
    """

    microsoft_id = models.TextField()
    due_at = models.DateTimeField(null=True)
    step = models.IntegerField(default=0)
    attempts = models.IntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "microsoft_id"], name="detail_read_of_incident")]
        indexes = [models.Index(fields=["tenant", "due_at"], name="detail_read_due")]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.microsoft_id} {self.step}"


class Unstored(Owned):
    """An item set aside because storing it failed; tried again when due, and gone with it once it is stored."""

    item = models.OneToOneField(SetAside, on_delete=models.CASCADE, related_name="unstored", primary_key=True)
    attempts = models.IntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["tenant", "due_at"], name="unstored_due")]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.item_id}"
