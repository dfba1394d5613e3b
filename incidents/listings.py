"""Hold the ids that Microsoft lists against those in the store: equal numbers do not prove equal sets.

Each day is listed once a day, all that are due of a stream in one window, and as often as it would be counted where
Microsoft refuses to count. Only ids and times are asked for, a few pages a turn; each page's ids and the place of the
next page are committed together. What is listed and not stored is missing. What is stored and not listed, Microsoft
has deleted: that is said, and stays in the store. While the list was read, an item that changed may have moved within
it: of such a one nothing is said.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from defender.errors import MicrosoftFault, RequestRejected
from defender.graph import Graph
from defender.shapes import moment
from defender.windows import Page
from incidents import days, rows, slices
from incidents.days import DAY, NEVER, ROWS, Span, start
from incidents.models import DayCount, ListedItem, Listing, SyncState
from incidents.retries import keep, later
from tenants.models import Tenant


def read(state: SyncState, graph: Graph, spans: Mapping[str, Span]) -> None:
    """List on for a few pages, in the list under way that has waited longest, or in a new one."""
    listing = due(state.tenant, spans) or begun(state, spans)
    if listing is None:
        return
    span = (listing.low_at, listing.high_at)
    try:
        for page in slices.ids(graph, listing.stream, *span, listing.position):
            commit(state, listing, page)
    except (MicrosoftFault, RequestRejected):
        postpone(state, listing)
        raise


def due(tenant: Tenant, spans: Iterable[str]) -> Listing | None:
    under_way = Listing.objects.filter(tenant=tenant, stream__in=spans, due_at__lte=timezone.now())
    return under_way.order_by("due_at", "pk").first()


def begun(state: SyncState, spans: Mapping[str, Span]) -> Listing | None:
    """A new list of the days that are due of a stream; None when no day is."""
    now = timezone.now()
    wanted = [(at, stream, day) for stream, day, at in agenda(state.tenant, spans) if at <= now]
    if not wanted:
        return None
    stream = min(wanted)[1]
    newest, oldest = run(day for _, named, day in wanted if named == stream)
    high = min(start(newest + DAY), spans[stream].high)
    owner = {"customer_id": state.customer_id, "tenant": state.tenant}
    with transaction.atomic():
        keep(state)
        return Listing.objects.create(**owner, stream=stream, low_at=start(oldest), high_at=high, began_at=now)


def run(wanted: Iterable[date]) -> tuple[date, date]:
    """The newest of the days, and the oldest to which they go back without a break."""
    newest, *older = sorted(wanted, reverse=True)
    oldest = newest
    for day in older:
        if day == oldest - DAY:
            oldest = day
    return newest, oldest


def agenda(tenant: Tenant, spans: Mapping[str, Span]) -> list[tuple[str, date, datetime]]:
    """Each day of each stream of which no list is under way, with the time at which it has to be listed next."""
    busy = set(Listing.objects.filter(tenant=tenant).values_list("stream", flat=True))
    counts = {(count.stream, count.day): count for count in DayCount.objects.filter(tenant=tenant)}
    streams = {stream: span for stream, span in spans.items() if stream not in busy}
    return [(stream, day, due_at(counts.get((stream, day)))) for stream, span in streams.items() for day in span.days]


def due_at(count: DayCount | None) -> datetime:
    if count is None or count.listed_at is None or count.is_refused:
        return NEVER
    return count.listed_at + DAY


def times(tenant: Tenant, spans: Mapping[str, Span]) -> list[datetime]:
    """When there is something to list."""
    under_way = Listing.objects.filter(tenant=tenant, stream__in=spans).values_list("due_at", flat=True)
    return [at for _, _, at in agenda(tenant, spans)] + list(under_way)


@transaction.atomic
def commit(state: SyncState, listing: Listing, page: Page) -> None:
    """Write the ids of a page and the place of the next one together, or neither; after the last one compare."""
    keep(state)
    note(listing, page)
    listing.position, listing.attempts = page.position, 0
    listing.unsure = sorted({*listing.unsure, *unsure_days(page)})
    if page.position:
        listing.save(update_fields=["position", "attempts", "unsure"])
    else:
        compare(listing)
        listing.delete()


def note(listing: Listing, page: Page) -> None:
    """Keep the ids of a page, each once however often it is listed."""
    made = {rows.text(item.id): moment(item.value.created_date_time) for item in page.items}
    listed = {name: at.astimezone(UTC).date() for name, at in made.items() if at}
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO incidents_listeditem (customer_id, tenant_id, stream, day, microsoft_id, listed_at)
               SELECT %s, %s, %s, day, name, %s FROM unnest(%s::date[], %s::text[]) AS listed (day, name)
               ON CONFLICT (tenant_id, stream, microsoft_id)
               DO UPDATE SET day = excluded.day, listed_at = excluded.listed_at""",
            [listing.customer_id, listing.tenant_id, listing.stream, listing.began_at, list(listed.values()),
             list(listed)],
        )  # fmt: skip


def unsure_days(page: Page) -> Iterable[str]:
    """The days of which Microsoft could not list a part: about them the list tells nothing that it does not hold."""
    for hole in page.refused:
        first, last = moment(hole.low), moment(hole.high)
        if first and last:
            yield from (str(first.date() + DAY * age) for age in range((last.date() - first.date()).days + 1))


def compare(listing: Listing) -> None:
    """Write down what the list has told of each day, and keep of it what the store lacks now."""
    listed = ListedItem.objects.filter(tenant=listing.tenant, stream=listing.stream)
    listed.filter(day__in=listing.days, listed_at__lt=listing.began_at).delete()
    lacking = days.lacking(listing.tenant, listing.stream)
    there, missing = by_day(listed.filter(listed_at=listing.began_at), F("day")), by_day(lacking, F("day"))
    gone = by_day(unlisted_rows(listing), TruncDate("microsoft_created_at", tzinfo=UTC))
    for day in listing.days:
        count, _ = DayCount.objects.get_or_create(
            **days.of_day(listing.tenant, listing.stream, day), defaults={"found": 0, "counted_at": timezone.now()}
        )
        count.missing = missing.get(day, 0)
        if str(day) not in listing.unsure:
            tell(count, there.get(day, 0), gone.get(day, 0))
        count.listed_at = timezone.now()
        count.save(update_fields=["missing", "gone", "expected", "found", "counted_at", "listed_at"])
        days.settle(count)
    listed.exclude(pk__in=lacking.values("pk")).delete()


def tell(count: DayCount, listed: int, gone: int) -> None:
    """What a whole list says of a day; of the numbers only where no count says as much."""
    count.gone = gone
    if count.expected is None or count.is_refused or count.expected < listed:
        count.expected, count.found, count.counted_at = listed, listed - count.missing + gone, timezone.now()


def unlisted_rows(listing: Listing) -> QuerySet[Any]:
    """What was stored before the list was begun, has not changed since, and is not on it."""
    listed = ListedItem.objects.filter(
        tenant=listing.tenant, stream=listing.stream, microsoft_id=OuterRef("microsoft_id"), listed_at=listing.began_at
    )
    stored = ROWS[listing.stream].objects.filter(
        ~Exists(listed), tenant=listing.tenant, first_seen_at__lt=listing.began_at,
        microsoft_created_at__gte=listing.low_at, microsoft_created_at__lt=listing.high_at,
    )  # fmt: skip
    return stored.exclude(microsoft_updated_at__gte=listing.began_at)


def by_day(items: QuerySet[Any], day: Any) -> dict[date, int]:
    return dict(items.order_by().values_list(day).annotate(Count("pk")))


@transaction.atomic
def postpone(state: SyncState, listing: Listing) -> None:
    """A list at which Microsoft fails waits, ever longer; what else is to be done goes on."""
    keep(state)
    listing.due_at = later(listing.attempts)
    listing.attempts += 1
    listing.save(update_fields=["due_at", "attempts"])
