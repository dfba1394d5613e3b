"""Hold the store against Microsoft's own count, day by day, and read again what counts less here.

Items are counted by the UTC day of their creation, which never changes: the last two days every hour, thirty days once
a day; and once a day their ids are compared (listings.py). Only what has been read is counted: up to a little before
the last complete live read, and back to where the past has been reached. A day of which Microsoft has more opens a gap
and is read again, until the numbers agree. Of a day of which Microsoft has fewer nothing is missing here: what it no
longer shows stays in the store.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from defender import counting
from defender import incidents as microsoft
from defender.errors import MicrosoftFault, NotFound, RequestRejected
from defender.graph import Graph
from defender.windows import Page
from incidents import days, leases, listings, slices
from incidents.days import DAY, NEVER, ROWS, Span, start
from incidents.models import Backfill, DayCount, Gap, SyncState
from tenants.models import Tenant

OFTEN, SELDOM = timedelta(hours=1), DAY
# What is younger may still be on its way into Microsoft's lists.
SETTLING = timedelta(minutes=5)
# With a live read older than this the difference would be lateness, not loss.
CURRENT = timedelta(minutes=15)
WAIT = timedelta(minutes=5)
COUNTS_A_TURN = 8
# So many missing items are asked for one by one.
ALONE = 8
PAUSES = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), DAY)
ONE: Mapping[str, Callable[[Graph, str], Any]] = {"incidents": microsoft.incident, "alerts": microsoft.alert}
LISTS_FEWER = "Microsoft counts more than it lists."
NOT_STORED = "Not all that Microsoft lists can be stored; see what is set aside."


def read(state: SyncState, graph: Graph) -> datetime:
    """Read a gap's day again, count a few days or list a few pages; due at once while there is more of any."""
    spans = countable(state.tenant)
    if gap := due_gap(state.tenant, spans):
        read_gap(state, graph, gap, spans[gap.stream].high)
    elif due := due_days(state.tenant, spans):
        count_due(state, graph, due, spans)
    else:
        listings.read(state, graph, spans)
    return next_due(state.tenant, spans)


def countable(tenant: Tenant) -> dict[str, Span]:
    """The span of each stream; without those that are not read up to date, or whose past has no plan."""
    now, spans = timezone.now(), {}
    pasts = {past.stream: past for past in Backfill.objects.filter(tenant=tenant)}
    read_at = dict(SyncState.objects.filter(tenant=tenant).values_list("stream", "completed_at"))
    for stream, past in pasts.items():
        at = read_at.get(stream)
        if at and at > now - CURRENT:
            low = past.from_at if past.finished_at else past.reached_at
            spans[stream] = Span(low, (min(at, now) - SETTLING).replace(microsecond=0))
    return spans


def due_gap(tenant: Tenant, spans: Mapping[str, Span]) -> Gap | None:
    return open_gaps(tenant, spans).filter(due_at__lte=timezone.now()).order_by("due_at", "pk").first()


def open_gaps(tenant: Tenant, streams: Mapping[str, Span]) -> QuerySet[Gap]:
    return Gap.objects.filter(tenant=tenant, kind=Gap.Kind.COUNT, closed_at=None, stream__in=streams)


def due_days(tenant: Tenant, spans: Mapping[str, Span]) -> dict[str, list[date]]:
    """As many days as one turn counts, by stream: those that were never counted and the newest first."""
    now = timezone.now()
    due = sorted((at, -day.toordinal(), stream) for stream, day, at in agenda(tenant, spans) if at <= now)
    chosen: dict[str, list[date]] = defaultdict(list)
    for _, ordinal, stream in due[:COUNTS_A_TURN]:
        chosen[stream].append(date.fromordinal(-ordinal))
    return chosen


def agenda(tenant: Tenant, spans: Mapping[str, Span]) -> list[tuple[str, date, datetime]]:
    """Each day of each stream with the time at which it has to be counted next."""
    counts = {(count.stream, count.day): count for count in DayCount.objects.filter(tenant=tenant)}
    found = []
    for stream, span in spans.items():
        for day in span.days:
            count, often = counts.get((stream, day)), OFTEN if span.is_recent(day) else SELDOM
            found.append((stream, day, count.asked_at + often if count else NEVER))
    return found


def next_due(tenant: Tenant, spans: Mapping[str, Span]) -> datetime:
    now = timezone.now()
    times = [at for _, _, at in agenda(tenant, spans)] + listings.times(tenant, spans)
    times += open_gaps(tenant, spans).values_list("due_at", flat=True)
    if len(spans) < len(ROWS) or Backfill.objects.filter(tenant=tenant, finished_at=None).exists():
        times.append(now + WAIT)
    return max(min(times, default=now + WAIT), now)


def count_due(state: SyncState, graph: Graph, due: Mapping[str, Sequence[date]], spans: Mapping[str, Span]) -> None:
    """Count what is due; where Microsoft fails at one stream the other is counted, and listed, all the same."""
    failure: MicrosoftFault | None = None
    for stream, of_stream in due.items():
        try:
            count(state, graph, stream, of_stream, spans[stream].high)
        except MicrosoftFault as fault:
            failure = fault
    if failure:
        listings.read(state, graph, spans)
        raise failure


def count(state: SyncState, graph: Graph, stream: str, due: Sequence[date], high: datetime) -> None:
    """Ask Microsoft for its number of each day up to `high`, and write down how many of them are here."""
    before = stored(state.tenant, stream, due, high)
    expected = {day: counted(graph, stream, day, high) for day in due}
    after = stored(state.tenant, stream, due, high)
    with transaction.atomic():
        leases.hold(state)
        for day, number in expected.items():
            # What arrived between the two looks may be in Microsoft's number or not.
            low, found = before.get(day, 0), after.get(day, 0)
            if number is None:
                days.refused(state.tenant, stream, day, found)
            else:
                days.record(state.tenant, stream, day, number, max(low, min(number, found)))


def counted(graph: Graph, stream: str, day: date, high: datetime) -> int | None:
    path, _ = slices.LISTS[stream]
    return counting.created(graph, path, slices.text(start(day)), slices.text(min(start(day + DAY), high)))


def stored(tenant: Tenant, stream: str, due: Sequence[date], high: datetime) -> dict[date, int]:
    """How many items the store has of each of these days up to `high`, merged ones among them as at Microsoft."""
    rows = ROWS[stream].objects.filter(
        tenant=tenant, microsoft_created_at__gte=start(min(due)), microsoft_created_at__lt=high
    )
    by_day = rows.order_by().values_list(TruncDate("microsoft_created_at", tzinfo=UTC))
    return dict(by_day.annotate(Count("pk")))


def read_gap(state: SyncState, graph: Graph, gap: Gap, high: datetime) -> None:
    """Read what is missing of the gap's day; then count it anew, and leave it for later if it is still open.

    A day at which Microsoft fails is left for later too: the others are counted meanwhile.
    """
    assert gap.day is not None
    try:
        listed = read_missing(state, graph, gap, gap.day)
        if listed is None:
            return
        count(state, graph, gap.stream, [gap.day], high)
    except MicrosoftFault as failure:
        postpone(state, gap, str(failure))
        raise
    gap.refresh_from_db()
    postpone(state, gap, LISTS_FEWER if listed < (gap.expected or 0) else NOT_STORED)


def read_missing(state: SyncState, graph: Graph, gap: Gap, day: date) -> int | None:
    """Read the missing items if they are known and few, else the day; how many Microsoft lists of it, None for more."""
    names = list(days.lacking(state.tenant, gap.stream).filter(day=day).values_list("microsoft_id", flat=True))
    if not (gap.expected or 0) - (gap.found or 0) <= len(names) <= ALONE:
        return read_day(state, graph, gap.stream, day)
    for name in names:
        read_alone(state, graph, gap.stream, name)
    return gap.expected


def read_alone(state: SyncState, graph: Graph, stream: str, name: str) -> None:
    """Ask for one item that was listed; one that Microsoft has no more by now is missing no more."""
    try:
        item = ONE[stream](graph, name)
    except NotFound:
        days.lacking(state.tenant, stream).filter(microsoft_id=name).delete()
        return
    except RequestRejected:
        return
    with transaction.atomic():
        slices.write(state, stream, Page((item,), (), "", ""))


def read_day(state: SyncState, graph: Graph, stream: str, day: date) -> int | None:
    """Read on in the list of a day's items; how many it has in all, None while there is more."""
    place = DayCount.objects.get(tenant=state.tenant_id, stream=stream, day=day)
    if not place.position:
        place.listed = 0
    for page in slices.pages(graph, stream, start(day), start(day + DAY), "createdDateTime", place.position):
        keep(state, place, page)
    return None if place.position else place.listed


@transaction.atomic
def keep(state: SyncState, place: DayCount, page: Page) -> None:
    """Write the rows of a page and the place of the next one together, or neither."""
    place.listed += slices.write(state, place.stream, page).fetched
    place.position = page.position
    place.save(update_fields=["position", "listed"])


@transaction.atomic
def postpone(state: SyncState, gap: Gap, reason: str) -> None:
    """Note that the gap was tried; one that is still open is tried again later, and later each time."""
    leases.hold(state)
    gap.attempts += 1
    gap.tried_at = timezone.now()
    gap.due_at = gap.tried_at + PAUSES[min(gap.attempts, len(PAUSES)) - 1]
    gap.reason = "" if gap.closed_at else reason
    gap.save(update_fields=["attempts", "tried_at", "due_at", "reason"])
