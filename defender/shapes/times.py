"""Microsoft's date texts: 0 to 9 fractional digits, mixed inside one object, with Z, an offset or nothing."""

import re
from datetime import UTC, datetime
from functools import lru_cache

DATE = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|z|[+-]\d\d:?\d\d)?", re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parsed(text: str | None) -> tuple[datetime, int] | None:
    """The whole second as aware UTC and the nanoseconds within it; None when the text is no date."""
    match = DATE.fullmatch(text.strip()) if text else None
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    offset = "+00:00" if zone in (None, "Z", "z") else zone
    try:
        second = datetime.fromisoformat(f"{day}T{clock}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return second, int((fraction or "").ljust(9, "0"))


@lru_cache(maxsize=4096)  # the times of one incident come again and again in its alerts
def moment(text: str | None) -> datetime | None:
    """The text as aware UTC, cut to microseconds; None when it is missing or no date. Never raises."""
    known = parsed(text)
    return known[0].replace(microsecond=known[1] // 1000) if known else None


@lru_cache(maxsize=4096)
def nanoseconds(text: str | None) -> int | None:
    """Nanoseconds since 1970, exact to nine digits; None when the text is no date or beyond 64 bits."""
    known = parsed(text)
    if known is None:
        return None
    difference = known[0] - EPOCH
    value = (difference.days * 86_400 + difference.seconds) * 1_000_000_000 + known[1]
    return value if abs(value) < 2**63 else None
