"""Where the reading of a window stands: behind a link, at a time, or in one of the ranges it was divided into."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from time import time_ns

import msgspec

from defender.shapes import nanoseconds

TICK = 100  # nanoseconds: Graph's times go no finer
DAY = 86_400 * 10**9
LAST = 253_402_300_799 * 10**9  # the end of the year 9999, in nanoseconds since 1970
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Range = tuple[str, str]  # from the first time on and before the second; '' is without an end


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a window goes on: behind a link, or by time from `low` on or from `high` back."""

    link: str = ""
    low: str = ""
    high: str = ""
    order: str = ""  # "", "rising", "falling" or "mixed", as seen so far
    edge: str = ""  # the last text read: the newest when rising, the oldest when falling
    reach: str = ""  # the first text of the page before a link: what moves pushes items back, but hardly by a page
    seen: list[str] = []  # ids at the edge, which come again when the next page is asked for by time
    begin: str = ""  # of the range that is being read, when the window was divided
    end: str = ""
    rest: list[Range] = []  # the ranges after that one
    top: int = 0  # the page size, when the usual one failed
    refused: int = 0  # how many ranges could not be read
    pages: int = 0  # how many pages were read


def restored(position: str) -> Position:
    """A position from a database; one that is unreadable begins the window anew, which loses nothing."""
    try:
        return msgspec.json.decode(position, type=Position) if position else Position()
    except msgspec.DecodeError:
        return Position()


def by_time(place: Position) -> Position | None:
    """The same place without its link; None when no time leads on from there."""
    if place.order == "falling" and place.high != place.edge:
        return msgspec.structs.replace(place, link="", high=place.edge, reach="", seen=[])
    if place.order == "rising" and place.low != place.edge:
        return msgspec.structs.replace(place, link="", low=place.edge, high="", reach="", seen=[])
    return None


def remaining(place: Position, since: str, until: str) -> Range:
    """What is still to be read of the range; all of it where the order does not show what was read."""
    low, end = place.begin or since, place.end or until
    if place.order == "falling" and place.edge:
        return low, wire(rank(place.edge) + TICK)
    return (place.low or low), end


def halves(whole: Range) -> tuple[Range, Range] | None:
    """The range in two by time; None when it is of one time only, or begins further ahead than anything can be."""
    low, end = whole
    first, now = rank(low), time_ns()
    if end:
        middle = (first + rank(end)) // 2
    elif first < now + 2 * DAY:
        middle = now if first < now - TICK else first + DAY
    else:
        return None
    middle -= middle % TICK
    return ((low, wire(middle)), (wire(middle), end)) if middle > first else None


def divided(place: Position, parts: Iterable[Range]) -> Position | None:
    """The parts, one after the other, and then what was to follow the place; None when there is nothing."""
    ranges = [*parts, *place.rest]
    if not ranges:
        return None
    begin, end = ranges[0]
    return Position(begin=begin, end=end, rest=ranges[1:], refused=place.refused, pages=place.pages)


def joined(ranges: Iterable[Range]) -> list[Range]:
    """Ranges of which one begins where the one before ends become one."""
    whole: list[Range] = []
    for low, end in ranges:
        if whole and whole[-1][1] == low:
            low = whole.pop()[0]
        whole.append((low, end))
    return whole


def around(whole: Range, holes: Iterable[Range]) -> list[Range]:
    """The range without the holes, of which each names its first and its last time."""
    low, end = whole
    parts = []
    for first, last in sorted(holes, key=lambda hole: rank(hole[0])):
        if rank(last) < rank(low) or (end and rank(first) >= rank(end)):
            continue
        if rank(first) > rank(low):
            parts.append((low, first))
        low = wire(rank(last) + TICK)
    return [*parts, (low, end)] if not end or rank(low) < rank(end) else parts


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


def wire(time: int) -> str:
    """Nanoseconds since 1970 as Graph writes them."""
    seconds, fraction = divmod(min(time, LAST), 10**9)
    return f"{EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{fraction // TICK:07d}Z"
