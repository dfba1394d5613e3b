from datetime import date, datetime, time, timedelta

from django.db import models
from django.db.models.functions import Now

from incidents.models.owned import Owned


class DayCount(Owned):
    """How many items of one UTC day Microsoft has, by their creation, and how many of them the store has.

    `expected` is empty while Microsoft has given no number; it refused to count the day at `refused_at`. Both were
    counted up to one instant. By the last list of ids, of `listed_at`, the store lacks `missing`, and Microsoft no
    longer has `gone`. While a day is being read again, `position` is where the next page begins and `listed` how many
    items the pages before it had.
    """

    stream = models.CharField(max_length=20)
    day = models.DateField()
    expected = models.IntegerField(null=True)
    found = models.IntegerField()
    counted_at = models.DateTimeField()
    refused_at = models.DateTimeField(null=True)
    listed_at = models.DateTimeField(null=True)
    missing = models.IntegerField(default=0)
    gone = models.IntegerField(default=0)
    position = models.TextField(blank=True)
    listed = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "stream", "day"], name="count_of_day")]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.stream} {self.day}: {self.found} of {self.expected}"

    @property
    def here(self) -> int:
        """How many of the expected are here, by their number and by their ids."""
        return max(min(self.found, (self.expected or 0) - self.missing), 0)

    @property
    def asked_at(self) -> datetime:
        """When Microsoft was last asked for its number."""
        return max(self.counted_at, self.refused_at or self.counted_at)

    @property
    def is_refused(self) -> bool:
        """Whether the number has to come from a list of the day."""
        return self.refused_at is not None and (self.listed_at is None or self.listed_at < self.refused_at)


class Listing(Owned):
    """A list of ids under way: what Microsoft has of a stream, created from `low_at` on and before `high_at`.

    `position` is where the next page begins. `unsure` are the days of which Microsoft could not list a part.
    """

    stream = models.CharField(max_length=20)
    low_at = models.DateTimeField()
    high_at = models.DateTimeField()
    began_at = models.DateTimeField()
    position = models.TextField(blank=True)
    unsure = models.JSONField(default=list)
    attempts = models.IntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "stream"], name="listing_of_stream")]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.stream} {self.low_at:%Y-%m-%d} – {self.high_at:%Y-%m-%d}"

    @property
    def days(self) -> list[date]:
        number = (self.high_at - self.low_at) // timedelta(days=1) + 1
        found = (self.low_at.date() + timedelta(days=age) for age in range(number))
        return [day for day in found if day < self.high_at.date() or self.high_at.time() != time()]


class ListedItem(Owned):
    """An id that Microsoft lists: every one while the list is under way, afterwards those that the store lacked."""

    stream = models.CharField(max_length=20)
    day = models.DateField()
    microsoft_id = models.TextField()
    listed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "stream", "microsoft_id"], name="listed_once")]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.stream} {self.microsoft_id}"


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
