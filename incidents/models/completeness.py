from datetime import timedelta

from django.db import models
from django.db.models.functions import Now

from incidents.models.owned import Owned


class DayCount(Owned):
    """How many items of one UTC day Microsoft has, by their creation, and how many of them the store has.

    `expected` is empty when Microsoft gives no number. Both were counted up to one instant. While a day is being read
    again, `position` is where the next page begins and `listed` how many items the pages before it had.
    """

    stream = models.CharField(max_length=20)
    day = models.DateField()
    expected = models.IntegerField(null=True)
    found = models.IntegerField()
    counted_at = models.DateTimeField()
    position = models.TextField(blank=True)
    listed = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "stream", "day"], name="count_of_day")]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.stream} {self.day}: {self.found} of {self.expected}"


class Backfill(Owned):
    """How far back one stream has been read: from `until_at`, where live reading began, down to `from_at`.

    Everything changed since `reached_at` is read. Of the slice under way, which ends there, `low_at` is the beginning,
    `position` the next page, `pages` and `listed` what it has had so far; `width` is how long the next one will be.
    """

    stream = models.CharField(max_length=20)
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()
    reached_at = models.DateTimeField()
    width = models.DurationField(default=timedelta(days=1))
    low_at = models.DateTimeField(null=True)
    position = models.TextField(blank=True)
    pages = models.IntegerField(default=0)
    listed = models.IntegerField(default=0)
    slices = models.IntegerField(default=0)
    items = models.IntegerField(default=0)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "stream"], name="backfill_of_stream")]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.stream} back to {self.reached_at:%Y-%m-%d}"
