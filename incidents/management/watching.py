"""The engine in a terminal: one line a directory, drawn anew every second."""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TextIO

from django.utils import timezone

from defender.sign_in import printable
from incidents import health
from tenants.models import Tenant

PERIOD_SECONDS = 1.0
CLEAR = "\x1b[H\x1b[2J"
HEADINGS = ("Customer", "State", "Read", "Next", "Budget", "Aside", "What is wrong")
WIDTHS = (24, 8, 8, 8, 6, 5, 60)
STATES = {"ok": "well", "run": "first", "warn": "waits", "err": "failing", "": "off"}


def watch(tenants: Sequence[Tenant], out: TextIO, *, once: bool) -> None:
    """Draw until Ctrl-C, or once; in a file or pipe one table follows the other."""
    try:
        while True:
            out.write((CLEAR if out.isatty() else "") + "\n".join(table(tenants)))
            out.flush()
            if once:
                return
            time.sleep(PERIOD_SECONDS)
    except KeyboardInterrupt:
        return


def table(tenants: Sequence[Tenant]) -> Iterator[str]:
    now = timezone.now()
    rows = health.rows_of(tenants)
    outage = health.outage()
    late = [(now - row.read_at).total_seconds() for row in rows if row.read_at]
    oldest = f", the oldest read {span(max(late))} ago" if late else ""
    yield f"{now:%H:%M:%S} UTC  {len(rows)} directories{oldest}"
    if outage:
        yield f"Nothing is read: {printable(outage.error)}"
    yield line(HEADINGS)
    yield from (line(cells(row, now)) for row in rows)
    yield ""


def cells(row: health.Row, now: datetime) -> tuple[str, ...]:
    read = span((now - row.read_at).total_seconds()) if row.read_at else "never"
    due = row.next_at
    soon = "reading" if due is None else f"in {span(max(0.0, (due - now).total_seconds()))}"
    wrong = f"{row.failing.error} {row.must_act}" if row.failing else ""
    name = printable(row.tenant.customer.name)
    return name, STATES[row.level], read, soon, str(row.remaining), str(row.set_aside or ""), printable(wrong)


def line(texts: Sequence[str]) -> str:
    return "  ".join(text[:width].ljust(width) for text, width in zip(texts, WIDTHS, strict=True)).rstrip()


def span(seconds: float) -> str:
    """A length of time in one unit: 45 s, 12 min, 3 h, 5 d."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
