"""Reading everything that changed since a time, page by page, without losing what moves meanwhile.

Graph lists by pages and skip tokens. While a window is read, incidents are updated and move:

* Oldest first, an updated incident moves to the end and pulls its neighbours one place forward, over the edge of the
  page that was just read: a skip token would pass one over. So the next page is asked for by time instead: all that
  is not older than the last item read. Nothing can slip out of that.
* Newest first, an updated incident moves to the front and pushes the others back: a skip token shows some twice and
  loses none, and what moved to the front comes with the next window. So the links are followed.

`$orderby` is not documented, so the order is looked at on every page and never believed. A link that is refused, fails
or leads round in circles makes the newest-first reader go by time as well: all that is not newer than the oldest item
read. Pages on which all items have one time show no order yet: to go by time from there would lose the older half of
a newest-first list. Where no time leads on, the window is divided into ranges of time, each read by itself.

One incident can make Graph fail on every page that would hold it. A page that fails twice is asked for smaller, then
the rest of the window is halved by time until the failing range is of one time only: that one is refused, and all
around it is read. None of it is done for a directory in which nothing answers.

What remains: when more items share one time than a page holds, only links lead through them. One of those that is
updated just then can take a neighbour with it over a page's edge; the next change of that neighbour brings it back.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from defender import errors, places
from defender.graph import Graph
from defender.listing import MOST_IDLE, MOST_PAGES, REPEATS, Asked, By, Page, Read, Refused, Window, encoded
from defender.places import TICK, Position, Range, rank, wire
from defender.shapes import Broken

__all__ = ["MOST_IDLE", "MOST_PAGES", "REPEATS", "By", "Page", "Range", "Refused", "next_tick", "pages"]

LEAST_TELLING = 12
MOST_FAILURES = 8  # of a hunt in one call; each costs another request, for what lies beside it
MOST_BESIDE = 10  # items of one time with what is refused
MOST_REFUSED = 25  # of a window: more than that is no matter of single incidents
FAILING = (errors.ServerFault, errors.TooLarge, errors.Unreadable)


def pages(
    graph: Graph, path: str, read: Read, since: str, position: str = "", until: str = "",
    by: By = "lastUpdateDateTime", without: Sequence[Range] = (), select: str = "",
) -> Iterator[Page]:  # fmt: skip
    """Every item whose time `by` is `since` or later and before `until`, at least once; raises what errors.py draws.

    Of each item all properties are asked for, or those of `select`, of which its id and both times have to be some.
    The ranges `without`, each of a first and a last time, are left out. When a hunt for what Graph cannot list has
    cost enough, the pages end before the window does: the last one has a position, from which the next call goes on.
    """
    asked = Asked(path, read, since, until, by, select)
    place: Position | None = places.restored(position)
    window = Window(graph, asked, resumed=place != Position())
    if without and place == Position():
        place = places.divided(Position(), places.around((since, until), without))
        if place is None:
            yield Page((), (), "", "")
    hunt = Hunt(window)
    while place is not None and hunt.failures < MOST_FAILURES:
        page, place = hunt.page(place)
        yield page


def next_tick(text: str) -> str:
    """The first time after this one."""
    return wire(rank(text) + TICK)


class Hunt:
    """A window in which the pages that fail are made smaller until what fails stands alone."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.failures = 0
        self.failed: Position | None = None
        self.answers = False

    def page(self, place: Position) -> tuple[Page, Position | None]:
        """The page at the place; when it cannot be had an empty one, with the place to go on from."""
        try:
            return self.window.page(place)
        except FAILING as failure:
            if failure.retry_after is not None:
                raise
            following = self.smaller(place)
            if self.failed != place and (following is None or not (place.begin or place.top)):
                self.failed = place  # once may be chance
                return self.page(place)
            if not self.something_answers(place):
                raise
            self.failures += 1
            if following is None:
                return self.refused(place, failure)
            self.window.forget()
            return Page((), (), "", encoded(following)), following

    def something_answers(self, place: Position) -> bool:
        """Whether the directory answers at all: one item from here, or what lies before or behind."""
        low, end = places.remaining(place, self.window.since, self.window.until)
        behind = end or wire(rank(low) + TICK)
        conditions = (self.window.within(low, end), f"{self.window.by} lt {low}", self.window.within(behind, ""))
        self.answers = self.answers or any(self.answered(condition) for condition in conditions)
        return self.answers

    def answered(self, condition: str) -> bool:
        try:
            self.window.asked(condition, top=1)
        except FAILING:
            return False
        return True

    def smaller(self, place: Position) -> Position | None:
        """Where to try next: by time, with fewer items, or in half of the range; None when nothing is left to try."""
        if place.link and (nearby := places.by_time(place)):
            return nearby
        parts = self.window.parts(place)
        top = min(place.top or self.window.top, self.window.top)
        # In a list of which no order is known a few items show one by chance only.
        least = 1 if parts is None or place.order in ("rising", "falling") else LEAST_TELLING
        fewer = max(top // (2 if parts else 4), 1)
        if least <= fewer < top and (parts is None or not (place.link or place.begin)):
            return msgspec.structs.replace(place, link="", top=fewer)
        return parts

    def refused(self, place: Position, failure: errors.MicrosoftFault) -> tuple[Page, Position | None]:
        low, end = places.remaining(place, self.window.since, self.window.until)
        if not end or place.refused >= MOST_REFUSED:
            raise failure
        # What was divided to find this one is read at a stretch again.
        rest = places.joined(place.rest)
        following = places.divided(msgspec.structs.replace(place, refused=place.refused + 1, rest=rest), [])
        refused = Refused(low, wire(max(rank(end) - TICK, rank(low))), str(failure))
        items, broken = self.beside(self.window.within(low, end))
        newest = max(map(self.window.time, items), key=rank, default="")
        return Page(tuple(items), tuple(broken), newest, encoded(following), (refused,)), following

    def beside(self, condition: str) -> tuple[list[Any], list[Broken]]:
        """What has the very time of the item that cannot be listed, each asked for by its place."""
        items: list[Any] = []
        broken: list[Broken] = []
        for place in range(MOST_BESIDE):
            try:
                raw = self.window.asked(condition, top=1, skip=place)
            except FAILING:
                continue
            except errors.RequestRejected:
                break
            good, bad = self.window.read(raw.entries)
            items, broken = items + good, broken + bad
            if not raw.entries or not raw.next_link:
                break
        return items, broken
