"""A bounded stretch of a list, read page by page beside the live streams and stored under the lease of its work."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal

from django.db.models.functions import Now

from defender import incidents as microsoft
from defender import windows
from defender.graph import Graph
from defender.shapes import reading
from defender.windows import Page
from incidents import leases, poison, store
from incidents.models import SyncState

# Work beside the live streams comes back to its queue after so many pages.
PAGES = 10
LISTS: Mapping[str, tuple[str, Callable[..., Any]]] = {
    "incidents": (microsoft.INCIDENTS, reading.incidents),
    "alerts": (microsoft.ALERTS, reading.alerts),
}
IDS = "id,createdDateTime,lastUpdateDateTime"
By = Literal["lastUpdateDateTime", "createdDateTime"]


def pages(
    graph: Graph, stream: str, low: datetime, high: datetime, by: By, position: str, most: int = PAGES,
    without: Sequence[windows.Range] = (),
) -> Iterator[Page]:  # fmt: skip
    """At most so many pages of what has its time `by` from `low` on and before `high`."""
    path, read = LISTS[stream]
    return islice(windows.pages(graph, path, read, text(low), position, text(high), by, without), most)


def ids(graph: Graph, stream: str, low: datetime, high: datetime, position: str) -> Iterator[Page]:
    """A few pages of what was created from `low` on and before `high`, with nothing but its id and its times."""
    path, read = LISTS[stream]
    found = windows.pages(graph, path, read, text(low), position, text(high), "createdDateTime", select=IDS)
    return islice(found, PAGES)


def write(state: SyncState, stream: str, page: Page) -> store.Counts:
    """Store a page of a stream; the lease begins anew. Call it in the transaction that keeps the next position."""
    leases.hold(state)
    SyncState.objects.filter(pk=state.pk).update(leased_until=Now() + leases.LENGTH)
    return poison.store_around(state.tenant, stream, page.items, page.broken)


def text(at: datetime) -> str:
    """A time as Graph's filter wants it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
