"""Date formats: strict, and the same for every engine."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tercera.notation.dates import DEFAULT_FORMATS, parse_format, read_date

FORMATS = ["%Y-%m-%d", "%d/%m/%Y", "%Y%m%d", "%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S", "%m/%d/%Y %H:%M:%S"]
moments = st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31))


@given(moments, st.sampled_from(FORMATS))
def test_what_strftime_writes_is_read_back(moment: datetime, text: str) -> None:
    """A value in the format is the moment that it names, to the format's precision."""
    read = parse_format(text).read(moment.strftime(text))
    assert read is not None
    assert read.strftime(text) == moment.strftime(text)


@given(st.text(max_size=30))
def test_junk_is_not_a_date(text: str) -> None:
    """Whatever is read is something that the format writes exactly so."""
    read = parse_format("%Y-%m-%d").read(text)
    assert read is None or read.isoformat() == text


ALMOST = [
    "2023-6-1",
    "2023-02-30",
    " 2023-06-01",
    "2023-06-01 ",
    "2023-06-01\n",
    "0000-00-00",
    "2023-13-01",
    "2199-01-01",
    "٢٠٢٣-٠٦-٠١",
    "",
    "2023-06-01T10:00",
]


@pytest.mark.parametrize("value", ALMOST)
def test_nearly_a_date_is_not_one(value: str) -> None:
    """Every number has all its digits, and the day exists."""
    assert parse_format("%Y-%m-%d").read(value) is None


def test_iso_is_read_without_being_asked_for() -> None:
    """Date, local time, and times with an offset; the offset decides the instant."""
    formats = tuple(parse_format(text) for text in DEFAULT_FORMATS)
    assert read_date("2023-06-01", formats) == date(2023, 6, 1)
    assert read_date("2010-12-01 08:26:00", formats) == datetime(2010, 12, 1, 8, 26)
    assert read_date("2023-06-01T10:00:00+02:00", formats) == datetime(2023, 6, 1, 8, tzinfo=UTC)
    assert read_date("2023-06-01T10:00:00.25Z", formats) == datetime(
        2023, 6, 1, 10, 0, 0, 250_000, tzinfo=UTC
    )
    assert read_date("-0500", formats) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("%Y-%m", "%d is missing"),
        ("%Y-%m-%d %b", "%b"),
        ("%Y-%m-%d %Y", "twice"),
        ("%Y-%m-%d %M", "without %H"),
        ("yyyy-mm-dd", "no whole date"),
    ],
)
def test_a_wrong_format_is_refused_with_the_reason(text: str, words: str) -> None:
    """The message names what is wrong with it."""
    with pytest.raises(ValueError, match=words):
        parse_format(text)


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_a_day_prefix_begins_each_value_of_its_day(day: date) -> None:
    """So that a range of text, or a list of prefixes, finds the rows of a day in an index."""
    for text in FORMATS:
        prefix = parse_format(text).day_prefix(day)
        assert prefix is not None
        noon = datetime.combine(day, datetime.min.time()) + timedelta(hours=12)
        assert noon.strftime(text).startswith(prefix)
    assert parse_format("%H:%M %d/%m/%Y").day_prefix(day) is None
    assert parse_format("%Y-%m-%d").sorts_by_day
    assert not parse_format("%d/%m/%Y").sorts_by_day
