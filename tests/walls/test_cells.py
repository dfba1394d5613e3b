"""No cell of a CSV of ours begins a formula, however a program cuts the file, and every text comes back as it was."""

import csv
import io
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.cells import SIGNS, line, plain_cell, safe_cell

ODD = st.sampled_from(list(SIGNS + "'\";,|\t\r\n\0\v\f \u00a0\u200b\u202e\ufeff\u3164abc1"))
TEXT = st.text(ODD, max_size=12) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
FORMULA = re.compile(f"[{re.escape(SIGNS)}\t\r\n\0]")


def is_formula(cell: str) -> bool:
    """As the most generous program decides it: after all that is no sign and cannot be seen."""
    trimmed = cell.strip('" \u00a0\u200b\u202e\ufeff\u3164\v\f')
    return bool(FORMULA.match(cell) or FORMULA.match(trimmed))


@given(TEXT)
def test_a_text_comes_back_as_it_was(text: str) -> None:
    assert plain_cell(safe_cell(text)) == text


@given(TEXT)
def test_no_cell_begins_a_formula(text: str) -> None:
    assert not is_formula(safe_cell(text))


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_no_cell_begins_a_formula_when_the_file_is_cut_at_semicolons_tabs_and_lines(texts: list[str]) -> None:
    """As with a spreadsheet of another language: quotes count at the start of a cell only, and ours start few."""
    for cell in re.split(r"[;\t\r\n]", line(texts)):
        assert not is_formula(cell)


@given(st.lists(st.lists(TEXT, min_size=2, max_size=4), min_size=1, max_size=4))
def test_a_file_of_lines_is_read_back_as_it_was_written(rows: list[list[str]]) -> None:
    written = "".join(line(row) for row in rows)
    read = list(csv.reader(io.StringIO(written, newline=""), strict=True))
    assert [[plain_cell(cell) for cell in row] for row in read] == rows


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(1)", "'@SUM(1)"), ("\t=1", "'\t'=1"), ("\r=1", "'\r'=1"),
        ("\n=1", "'\n'=1"), ("\0=1", "'\0=1"), ("＝1", "'＝1"), ("＋1", "'＋1"), ("－1", "'－1"), ("＠x", "'＠x"), (" =1", "' =1"),
        ("\u200b=1", "'\u200b=1"), ('"=1', "'\"=1"), ("a;=1", "a;'=1"), ("a\n=1", "a\n'=1"), ("'quoted'", "''quoted'"),
        ("a=1", "a=1"), ("it's", "it's"), ("well-known; fine", "well-known; fine"), ("", ""),
    ],
)  # fmt: skip
def test_an_apostrophe_stands_where_it_is_needed_and_nowhere_else(text: str, cell: str) -> None:
    assert safe_cell(text) == cell


def test_every_form_of_a_sign_is_known() -> None:
    forms = {chr(code) for code in range(0x20000) if unicodedata.normalize("NFKC", chr(code)) in ("=", "+", "-", "@")}
    assert forms <= set(SIGNS)


def test_numbers_stay_numbers_and_nothing_stays_empty() -> None:
    assert line([-5, 1.5, None, "-5"]) == '"-5","1.5","","\'-5"\r\n'
