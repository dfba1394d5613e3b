"""Reading everything that changed since a time, page by page, without losing what moves meanwhile.

Graph lists by pages and skip tokens. While a window is read, incidents are updated and move:

* Oldest first, an updated incident moves to the end and pulls its neighbours one place forward, over the edge of the
  page that was just read: a skip token would pass one over. So the next page is asked for by time instead: all that
  is not older than the last item read. Nothing can slip out of that.
* Newest first, an updated incident moves to the front and pushes the others back: a skip token shows some twice and
  loses none, and what moved to the front comes with the next window. So the links are followed.

`$orderby` is not documented, so the order is looked at on every page and never believed. A refused skip token makes
the newest-first reader go by time as well: all that is not newer than the oldest item read. Pages on which all items
have one time show no order yet: to go by time from there would lose the older half of a newest-first list.

What remains: when more items share one time than a page holds, only links lead through them. One of those that is
updated just then can take a neighbour with it over a page's edge; the next change of that neighbour brings it back.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from defender import errors
from defender.graph import Graph, RawPage
from defender.shapes import Broken, Record, nanoseconds

PAGE_SIZE = 50
REPEATS = "Graph sends the same page again and again."
STUCK = "Graph refuses its own link to the next page, and the list cannot be read on by time."


By = Literal["lastUpdateDateTime", "createdDateTime"]


@dataclass(frozen=True)
class Refused:
    """What Graph cannot list: all of one time, `low` to `high` with both, in Microsoft's own texts; and why."""

    low: str
    high: str
    reason: str
    raw: bytes = b""


@dataclass(frozen=True)
class Page:
    """One page of a window.

    `newest` is the highest time on it that the window goes by, in Microsoft's own text, '' if none. `position` is an
    opaque text from which the same window goes on after this page, in a later process too; '' after the last page.
    """

    items: tuple[Record[Any], ...]
    broken: tuple[Broken, ...]
    newest: str
    position: str
    refused: tuple[Refused, ...] = ()


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a window goes on: behind a link, or by time from `low` on or from `high` back."""

    link: str = ""
    low: str = ""
    high: str = ""
    order: str = ""  # "", "rising", "falling" or "mixed", as seen so far
    edge: str = ""  # the last text read: the newest when rising, the oldest when falling
    reach: str = ""  # the first text of the page before a link: what moves pushes items back, but hardly by a page
    seen: list[str] = []  # ids at the edge, which come again when the next page is asked for by time


TIMES: dict[By, Callable[[Any], str]] = {
    "lastUpdateDateTime": lambda item: item.value.last_update_date_time or "",
    "createdDateTime": lambda item: item.value.created_date_time or "",
}
Read = Callable[[Iterable[bytes]], tuple[list[Any], list[Broken]]]


def pages(
    graph: Graph, path: str, read: Read, since: str, position: str = "", until: str = "", by: By = "lastUpdateDateTime"
) -> Iterator[Page]:
    """Every item whose time `by` is `since` or later and before `until`, at least once; raises what errors.py draws."""
    place: Position | None = restored(position)
    window = Window(graph, path, read, since, until, by, resumed=place != Position())
    while place is not None:
        page, place = window.page(place)
        yield page


def restored(position: str) -> Position:
    """A position from a database; one that is unreadable begins the window anew, which loses nothing."""
    try:
        return msgspec.json.decode(position, type=Position) if position else Position()
    except msgspec.DecodeError:
        return Position()


class Window:
    def __init__(self, graph: Graph, path: str, read: Read, since: str, until: str, by: By, *, resumed: bool) -> None:
        self.graph, self.path, self.read = graph, path, read
        self.since, self.until, self.by = since, until, by
        self.time = TIMES[by]
        self.resumed = resumed
        self.top = PAGE_SIZE
        self.ordered = True
        self.links: set[str] = set()
        self.contents: set[int] = set()

    def page(self, place: Position) -> tuple[Page, Position | None]:
        try:
            raw = self.fetch(place)
        except errors.SkipTokenRefused:
            place = by_time(place) or self.anew()
            raw = self.fetch(place)
        self.resumed = False
        self.refuse_repetition(place, raw)
        items, broken = self.read(raw.entries)
        dated = [text for item in items if nanoseconds(text := self.time(item)) is not None]
        following = self.following(place, raw, items, dated)
        # What stood at the edge comes again when asked by time; it is stored already.
        new = tuple(item for item in items if not place.seen or key(item) not in place.seen)
        newest = max(dated, key=rank, default="")
        encoded = msgspec.json.encode(following).decode() if following else ""
        return Page(new, tuple(broken), newest, encoded), following

    def anew(self) -> Position:
        """The beginning of the window, where a place of an earlier process leads nowhere any more."""
        if not self.resumed:
            raise errors.MicrosoftFault(STUCK)
        self.resumed = False
        self.links.clear()
        return Position()

    def refuse_repetition(self, place: Position, raw: RawPage) -> None:
        """A link must lead to what was not there before; by time the same page may rightly come twice."""
        content = hash(raw.entries)
        if raw.next_link and (raw.next_link == place.link or (place.link and raw.entries and content in self.contents)):
            raise errors.MicrosoftFault(REPEATS)
        self.contents.add(content)

    def fetch(self, place: Position) -> RawPage:
        if place.link:
            if place.link in self.links:
                raise errors.MicrosoftFault(REPEATS)
            self.links.add(place.link)
            return self.graph.linked_page(place.link)
        condition = f"{self.by} ge {place.low or self.since}"
        if self.until:
            condition += f" and {self.by} lt {self.until}"
        if place.high:
            condition += f" and {self.by} le {place.high}"
        return self.asked(condition)

    def asked(self, condition: str) -> RawPage:
        """Ask with the order and page size that Graph accepts; both limits are learnt from its refusals."""
        order = {"orderby": f"{self.by} asc"} if self.ordered else {}
        try:
            return self.graph.page(self.path, filter=condition, top=self.top, **order)
        except errors.PageSizeRefused as refused:
            if not 0 < refused.limit < self.top:
                raise
            self.top = refused.limit
        except errors.SkipTokenRefused:
            raise
        except errors.RequestRejected:
            if not self.ordered:
                raise
            self.ordered = False
        return self.asked(condition)

    def following(self, place: Position, raw: RawPage, items: list[Any], dated: list[str]) -> Position | None:
        if not raw.next_link:
            return None
        order = combined(place, dated)
        if order != "rising" or not dated:
            edge, reach = (min(dated, key=rank), dated[0]) if dated else (place.edge, place.reach)
            return msgspec.structs.replace(place, link=raw.next_link, order=order, edge=edge, reach=reach, seen=[])
        edge = dated[-1]
        if rank(edge) == rank(place.edge or ""):
            # More items share one time than a page holds: only the link leads past them.
            return msgspec.structs.replace(place, link=raw.next_link, order=order, edge=edge, seen=[])
        seen = [key(item) for item in items if rank(self.time(item)) == rank(edge)]
        return Position(low=edge, order=order, edge=edge, seen=seen)


def by_time(place: Position) -> Position | None:
    """The same place without its refused link; None when no time leads on from there."""
    if place.order == "falling" and place.high != place.edge:
        return Position(high=place.edge, low=place.low, order=place.order, edge=place.edge)
    if place.order == "rising" and place.low != place.edge:
        return Position(low=place.edge, order=place.order, edge=place.edge)
    return None


def combined(place: Position, dated: list[str]) -> str:
    """The order of what was read so far; a page that begins on the wrong side of what was before breaks it."""
    before = place.reach if place.order == "falling" else place.edge
    times = [rank(text) for text in ([before] if before else []) + dated]
    rising = all(one <= other for one, other in zip(times, times[1:], strict=False))
    falling = all(one >= other for one, other in zip(times, times[1:], strict=False))
    if rising and falling:
        return place.order
    seen = "rising" if rising else "falling" if falling else "mixed"
    return seen if place.order in ("", seen) else "mixed"


def rank(text: str) -> int:
    return nanoseconds(text) or 0


def key(item: Any) -> str:
    """One version of an item; by whatever time the window goes, one that changed meanwhile is another."""
    return f"{item.id} {item.value.last_update_date_time}"
