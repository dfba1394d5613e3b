"""The time zones of the world, by their IANA names."""

from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

# Names that the database has for machines, not for places.
NO_PLACES = {"Factory", "localtime", "posixrules"}


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    return tuple(sorted(available_timezones() - NO_PLACES))


def zone(name: str) -> ZoneInfo | None:
    """The zone of that name; None when there is none: the name may come from a browser."""
    return ZoneInfo(name) if name in names() else None
