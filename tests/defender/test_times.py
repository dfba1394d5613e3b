"""Microsoft's date texts: any number of digits, exactly to the nanosecond, and never an exception."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defender.shapes import moment, nanoseconds

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.1Z", 100_000_000),
        ("1970-01-01T00:00:00.0000001Z", 100),
        ("1970-01-01T00:00:00.123456789Z", 123_456_789),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1970-01-01T00:00:01", 1_000_000_000),
        ("1969-12-31T23:59:59.9999999Z", -100),
    ],
)
def test_texts_are_read_to_the_nanosecond(text, nanos):
    assert nanoseconds(text) == nanos
    assert moment(text) == EPOCH + timedelta(microseconds=nanos // 1000)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "yesterday",
        "2024-02-30T00:00:00Z",
        "2024-01-01",
        "2024-01-01T25:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "\u0662024-01-01T00:00:00Z",
    ],
)
def test_what_is_no_date_is_none(text):
    assert moment(text) is None and nanoseconds(text) is None


@given(st.text(alphabet="0123456789-:.TZ+ ", max_size=40) | st.text(max_size=40))
def test_no_text_raises(text):
    found, nanos = moment(text), nanoseconds(text)
    assert found is None or found.utcoffset() == timedelta(0)
    assert nanos is None or found is not None


@given(
    st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)).map(lambda value: value.replace(microsecond=0)),
    st.text(alphabet="0123456789", min_size=1, max_size=9),
    st.integers(-14 * 60, 14 * 60),
)
def test_every_date_comes_back_exactly(second, fraction, minutes):
    at = second.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    text = f"{second.isoformat()}.{fraction}{at.isoformat()[19:]}"
    whole = (at - EPOCH) // MICROSECOND * 1000
    assert nanoseconds(text) == whole + int(fraction.ljust(9, "0"))
    assert moment(text) == at + timedelta(microseconds=int(fraction.ljust(9, "0")) // 1000)
