"""What is known of each UTC day of a stream: Microsoft's number, ours, and a gap exactly while something is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from incidents import slices
from incidents.models import Alert, DayCount, Gap, Incident, ListedItem
from tenants.models import Tenant

DAYS = 30
DAY = timedelta(days=1)
RECENT_DAYS = 2
NEVER = datetime.min.replace(tzinfo=UTC)
ROWS: Mapping[str, type[Incident] | type[Alert]] = {"incidents": Incident, "alerts": Alert}


@dataclass(frozen=True)
class Span:
    """What of a stream has been read, and so can be counted: from `low` on and before `high`, in whole seconds."""

    low: datetime
    high: datetime

    @property
    def days(self) -> list[date]:
        """Those whose beginning has been read, newest first."""
        today = self.high.date()
        found = (today - DAY * age for age in range(DAYS))
        return [day for day in found if self.low <= start(day) < self.high]

    def is_recent(self, day: date) -> bool:
        return day >= self.high.date() - DAY * RECENT_DAYS


def start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def lacking(tenant: Tenant, stream: str) -> QuerySet[ListedItem]:
    """What Microsoft has listed and the store has not."""
    stored = ROWS[stream].objects.filter(tenant=tenant, microsoft_id=OuterRef("microsoft_id"))
    return ListedItem.objects.filter(~Exists(stored), tenant=tenant, stream=stream)


def record(tenant: Tenant, stream: str, day: date, expected: int, found: int) -> DayCount:
    """Keep both numbers of a day, and settle its gap."""
    missing = lacking(tenant, stream).filter(day=day).count()
    numbers = {"expected": expected, "found": found, "missing": missing, "counted_at": timezone.now()}
    count, _ = DayCount.objects.update_or_create(**of_day(tenant, stream, day), defaults=numbers)
    settle(count)
    return count


def refused(tenant: Tenant, stream: str, day: date, found: int) -> None:
    """Note that Microsoft gives no number of the day; the numbers that there are stay until it has been listed."""
    now = timezone.now()
    DayCount.objects.update_or_create(
        **of_day(tenant, stream, day),
        defaults={"refused_at": now},
        create_defaults={"found": found, "counted_at": now, "refused_at": now},
    )


def settle(count: DayCount) -> None:
    """A gap of the day is open exactly while Microsoft's number is known and not all of it is here."""
    if count.expected is None:
        return
    numbers = {"expected": count.expected, "found": count.here}
    of_count = of_day(count.tenant, count.stream, count.day) | {"kind": Gap.Kind.COUNT}
    gaps = Gap.objects.filter(**of_count, closed_at=None)
    if count.here == count.expected:
        gaps.update(**numbers, closed_at=timezone.now())
    elif not gaps.update(**numbers):
        span = {"low": slices.text(start(count.day)), "high": slices.text(start(count.day + DAY))}
        Gap.objects.create(**of_count, **numbers, **span, due_at=timezone.now())


def of_day(tenant: Tenant, stream: str, day: date) -> dict[str, object]:
    return {"customer_id": tenant.customer_id, "tenant": tenant, "stream": stream, "day": day}
