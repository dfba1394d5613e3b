"""Tables for spreadsheets: a cell is what it says, and never a formula that somebody's name has brought along."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

# What a spreadsheet takes for a formula, or skips before one; the apostrophe, so that ours can be told from theirs.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "'", "＝", "＋", "－", "＠")


def cell(value: object) -> str:
    """The value as text that no spreadsheet calculates; without the first apostrophe it is the value again."""
    text = plain(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def plain(value: object) -> str:
    """A time in ISO 8601 and UTC, something with parts as JSON, nothing as an empty text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return "" if value is None else str(value)


def lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Each row as a line of CSV (RFC 4180)."""
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow(cell(value) for value in row)
        yield line.getvalue()
