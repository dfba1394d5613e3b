"""$filter against the same question asked in plain Python."""

import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import odata

ALLOWED = {"severity", "status", "assignedTo", "createdDateTime"}
WORDS = ["high", "low", "o'brien", "", "naïve ☃"]
ROWS: list[dict[str, Any]] = [
    {"severity": severity, "status": status, "assignedTo": owner, "createdDateTime": at}
    for severity in ("high", "low")
    for status in ("o'brien", "naïve ☃")
    for owner in (None, "")
    for at in ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.1234567Z", "2026-01-01T00:00:00.1234568Z")
]
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}  # fmt: skip
Asked = tuple[str, Callable[[dict[str, Any]], bool]]


def padded(text: str) -> str:
    """A date with all seven digits, which compares as text."""
    return (text[:-1] + "." if "." not in text else text[:-1]).ljust(27, "0")


@st.composite
def comparisons(draw: st.DrawFn) -> Asked:
    name, sign = draw(st.sampled_from(sorted(ALLOWED))), draw(st.sampled_from(list(OPERATORS)))
    if name == "createdDateTime":
        bound = draw(st.sampled_from([row["createdDateTime"] for row in ROWS[:3]]))
        return f"{name} {sign} {bound}", lambda row: OPERATORS[sign](padded(row[name]), padded(bound))
    if name == "assignedTo":
        sign = draw(st.sampled_from(["eq", "ne"]))
        return f"{name} {sign} null", lambda row: OPERATORS[sign](row[name], None)
    word = draw(st.sampled_from(WORDS))
    quoted = word.replace("'", "''")
    return f"{name} {sign} '{quoted}'", lambda row: OPERATORS[sign](row[name], word)


def joined(inner: st.SearchStrategy[Asked]) -> st.SearchStrategy[Asked]:
    def both(pair: tuple[Asked, Asked]) -> Asked:
        (one, first), (other, second) = pair
        return f"({one} and {other})", lambda row: first(row) and second(row)

    def either(pair: tuple[Asked, Asked]) -> Asked:
        (one, first), (other, second) = pair
        return f"({one} or {other})", lambda row: first(row) or second(row)

    def neither(asked: Asked) -> Asked:
        return f"not ({asked[0]})", lambda row: not asked[1](row)

    pairs = st.tuples(inner, inner)
    return pairs.map(both) | pairs.map(either) | inner.map(neither)


@given(st.recursive(comparisons(), joined, max_leaves=8))
def test_a_filter_says_what_python_says(asked: Asked) -> None:
    text, oracle = asked
    test = odata.parsed(text, ALLOWED)
    assert [test(row) for row in ROWS] == [oracle(row) for row in ROWS]


def test_and_binds_stronger_than_or() -> None:
    test = odata.parsed("severity eq 'high' or severity eq 'low' and status eq 'x'", ALLOWED)
    assert test({"severity": "high", "status": "y"})


@pytest.mark.parametrize(
    "text",
    [
        "", "severity", "severity eq", "severity eq high", "severity eq 'high", "severity eq 'high' and", "severity is 'high'",
        "(severity eq 'high'", "severity eq 'high')", "severity eq 'high' status eq 'x'", "eq severity 'high'",
        "title eq 'x'", "createdDateTime eq 'x'", "createdDateTime eq 2026-13-01T00:00:00Z", "severity eq 2026-01-01T00:00:00Z",
        "contains(severity,'h')", "not severity", "((((", "(" * 200 + "severity eq 'high'" + ")" * 200, "severity eq 'a\x00",
    ],
)  # fmt: skip
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(odata.BadFilter):
        odata.parsed(text, ALLOWED)


@given(st.text(max_size=60))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    try:
        odata.parsed(text, ALLOWED)
    except odata.BadFilter as refused:
        assert str(refused)
