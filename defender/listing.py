"""One list of Graph's, page by page: each page from its place, and after it the place of the next."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from defender import errors, places
from defender.graph import Graph, RawPage
from defender.places import Position, rank
from defender.shapes import Broken, Record, nanoseconds

# Graph's own limits are 50 incidents and 1,000 alerts: as many alerts as these incidents usually have.
PAGE_SIZES = {"/security/incidents": 50, "/security/alerts_v2": 250}
MOST_PAGES = 50_000
MOST_IDLE = 50  # pages on end that bring nothing new
REPEATS = "Graph sends the same page again and again."
ENDLESS = "Graph's list does not end."
STUCK = "Graph refuses its own link to the next page, and the list cannot be read on by time."
By = Literal["lastUpdateDateTime", "createdDateTime"]


@dataclass(frozen=True)
class Refused:
    """What Graph cannot list: all of one time, `low` to `high` with both, as Graph writes times; and why."""

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


TIMES: dict[By, Callable[[Any], str]] = {
    "lastUpdateDateTime": lambda item: item.value.last_update_date_time or "",
    "createdDateTime": lambda item: item.value.created_date_time or "",
}
Read = Callable[[Iterable[bytes]], tuple[list[Any], list[Broken]]]


@dataclass(frozen=True)
class Asked:
    """What is read: a collection, by which time, since when and until when ('' has no end), and which properties."""

    path: str
    read: Read
    since: str
    until: str = ""
    by: By = "lastUpdateDateTime"
    select: str = ""  # '' is all


class Window:
    """The pages of a list, one after another; a page that fails or leads astray raises, and the place stays."""

    def __init__(self, graph: Graph, asked: Asked, *, resumed: bool) -> None:
        self.graph = graph
        self.path, self.read, self.since, self.until, self.by = (
            asked.path, asked.read, asked.since, asked.until, asked.by,
        )  # fmt: skip
        self.time = TIMES[asked.by]
        self.resumed = resumed
        self.top = graph.page_sizes.get(self.path) or PAGE_SIZES[self.path]
        order, select = {"orderby": f"{self.by} asc"}, {"select": asked.select}
        # Neither is documented: what Graph refuses is wished for no more.
        self.wishes: list[dict[str, str]] = [order | select, order, select, {}] if asked.select else [order, {}]
        self.forget()

    def forget(self) -> None:
        """What was read may come again: the reading goes another way."""
        self.links: set[str] = set()
        self.contents: set[int] = set()
        self.versions: set[int] = set()
        self.idle = 0

    def page(self, place: Position) -> tuple[Page, Position | None]:
        """The page at the place, or at another one that leads on where a link does not; and the place after it."""
        try:
            return self.page_at(place)
        except errors.SkipTokenRefused:
            following = places.by_time(place) or self.anew(place) or self.parts(place)
            if following is None:
                raise errors.MicrosoftFault(STUCK) from None
        except errors.Endless:
            following = places.by_time(place)
            if following is None:
                raise
        self.forget()
        return self.page_at(following)

    def page_at(self, place: Position) -> tuple[Page, Position | None]:
        raw = self.fetch(place)
        self.resumed = False
        items, broken = self.read(raw.entries)
        self.refuse_circles(place, raw, items)
        dated = [text for item in items if nanoseconds(text := self.time(item)) is not None]
        following = self.following(place, raw, items, dated)
        # What stood at the edge comes again when asked by time; it is stored already.
        new = tuple(item for item in items if not place.seen or key(item) not in place.seen)
        return Page(new, tuple(broken), max(dated, key=rank, default=""), encoded(following)), following

    def anew(self, place: Position) -> Position | None:
        """The beginning of the range, where a place of an earlier process leads nowhere any more."""
        if not self.resumed:
            return None
        self.resumed = False
        return places.divided(place, [(place.begin, place.end)]) if place.begin else Position()

    def parts(self, place: Position) -> Position | None:
        """The rest of the range in two; None when it is of one time."""
        parts = places.halves(places.remaining(place, self.since, self.until))
        return places.divided(place, parts) if parts else None

    def refuse_circles(self, place: Position, raw: RawPage, items: list[Any]) -> None:
        """A link must lead to what was not there before; by time the same page may rightly come twice."""
        versions = {hash(key(item)) for item in items}
        # To look at every byte takes a tenth of the time of reading a page.
        content = hash(frozenset(versions) if len(versions) == len(raw.entries) else raw.entries)
        if raw.next_link and (raw.next_link == place.link or (place.link and raw.entries and content in self.contents)):
            raise errors.Endless(REPEATS)
        self.idle = 0 if versions - self.versions else self.idle + 1
        if raw.next_link and (self.idle >= MOST_IDLE or place.pages >= MOST_PAGES):
            raise errors.Endless(ENDLESS)
        self.contents.add(content)
        self.links.add(place.link)
        self.versions |= versions

    def fetch(self, place: Position) -> RawPage:
        if place.link:
            if place.link in self.links:
                raise errors.Endless(REPEATS)
            return self.linked(place.link)
        condition = self.within(place.low or place.begin or self.since, place.end or self.until)
        if place.high:
            condition += f" and {self.by} le {place.high}"
        return self.asked(condition, place.top)

    def linked(self, link: str) -> RawPage:
        """The page behind a link of Graph's own making, of which nothing else can be wrong than its token."""
        try:
            return self.graph.linked_page(link)
        except (errors.RequestRejected, errors.NotFound) as refused:
            raise errors.SkipTokenRefused(str(refused), code=refused.code, request_id=refused.request_id) from refused

    def within(self, low: str, end: str) -> str:
        return f"{self.by} ge {low}" + (f" and {self.by} lt {end}" if end else "")

    def asked(self, condition: str, top: int = 0, skip: int = 0) -> RawPage:
        """Ask with the wishes and page size that Graph accepts; both are learnt from its refusals."""
        wishes: dict[str, object] = {**self.wishes[0], **({"skip": skip} if skip else {})}
        try:
            return self.graph.page(self.path, filter=condition, top=min(top or self.top, self.top), **wishes)
        except errors.PageSizeRefused as refused:
            if not 0 < refused.limit < self.top:
                raise
            self.top = self.graph.page_sizes[self.path] = refused.limit
        except errors.SkipTokenRefused:
            raise
        except errors.RequestRejected:
            if len(self.wishes) == 1:
                raise
            self.wishes = self.wishes[1:]
        return self.asked(condition, top, skip)

    def following(self, place: Position, raw: RawPage, items: list[Any], dated: list[str]) -> Position | None:
        if not raw.next_link:
            return places.divided(place, [])
        place = msgspec.structs.replace(place, pages=place.pages + 1)
        order = places.combined(place, dated)
        if order != "rising" or not dated:
            edge, reach = (min(dated, key=rank), dated[0]) if dated else (place.edge, place.reach)
            return msgspec.structs.replace(place, link=raw.next_link, order=order, edge=edge, reach=reach, seen=[])
        edge = dated[-1]
        if rank(edge) == rank(place.edge or ""):
            # More items share one time than a page holds: only the link leads past them.
            return msgspec.structs.replace(place, link=raw.next_link, order=order, edge=edge, seen=[])
        seen = [key(item) for item in items if rank(self.time(item)) == rank(edge)]
        return msgspec.structs.replace(
            place, link="", low=edge, high="", order=order, edge=edge, reach="", seen=seen
        )  # fmt: skip


def encoded(place: Position | None) -> str:
    return msgspec.json.encode(place).decode() if place else ""


def key(item: Any) -> str:
    """One version of an item; by whatever time the window goes, one that changed meanwhile is another."""
    return f"{item.id} {item.value.last_update_date_time}"
