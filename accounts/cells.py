"""Cells of a CSV that every spreadsheet opens as text: a formula would run on the machine of whoever opens the file.

An apostrophe before what could begin a formula stops it, also after what another program takes for the end of a cell.
`plain_cell` takes the apostrophes away again, so nothing is lost.
"""

import re
from collections.abc import Iterable

# Spreadsheets read the wide, small and raised forms of a sign as the sign itself.
SIGNS = "=+-@−⁺⁼₊₌﬩﹢﹣﹦﹫＋－＝＠"
# Where a cell begins for any program: at the start, and after what some take for a separator in spite of the quotes.
BEGIN = r"(\A|[;\t\r\n\v\f])"
# What programs skip before they look for a formula: spaces, quotes, and what nobody can see.
SKIPPED = r'[\s"\x00-\x1f\x7f-\xa0\xad\u061c\u115f\u1160\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3164\ufeff]*'
# An apostrophe of the text's own counts too, or it could not be told from ours.
UNSAFE = re.compile(rf"{BEGIN}(?={SKIPPED}['{re.escape(SIGNS)}\0])|\A(?={SKIPPED}[\t\r\n])")
OURS = re.compile(f"{BEGIN}'")


def safe_cell(text: str) -> str:
    """The text as a cell that is no formula in any spreadsheet."""
    return UNSAFE.sub(lambda found: f"{found[0]}'", text)


def plain_cell(cell: str) -> str:
    """The text that `safe_cell` made the cell from."""
    return OURS.sub(lambda found: found[1], cell)


def line(values: Iterable[object]) -> str:
    """A line of CSV as RFC 4180 has it, every cell in quotes; None is empty, and our own numbers stay numbers."""
    return ",".join(quoted(value) for value in values) + "\r\n"


def quoted(value: object) -> str:
    if isinstance(value, int | float):
        return f'"{value}"'
    text = "" if value is None else safe_cell(str(value))
    return '"' + text.replace('"', '""') + '"'
