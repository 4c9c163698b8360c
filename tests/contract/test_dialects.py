"""What each engine does in its own way, held against plain Python on hostile texts, numbers and times.

The engines are those of `tests/contract/databases`; a new module there is tested without a new test.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pytest

from tercera.model import Period
from tercera.notation.dates import DEFAULT_FORMATS, parse_format
from tercera.orders import LONGEST_TEXT, SAMPLE_LENGTH
from tercera.relational import engines
from tercera.relational.connection import Address, Connection, Place
from tercera.relational.expressions.dialect import BLANKS, Dialect
from tercera.relational.expressions.native import compiled
from tercera.windows import window_of_day
from tests import oracle
from tests.contract import databases
from tests.contract.order_cases import CASES
from tests.hostile import HOSTILE

TEXTS = list(
    dict.fromkeys(
        [
            *(text.replace("\x00", "") for text in HOSTILE if "\ud800" not in text),
            *("", " ", "\t", "\n", "\u00a0", "\u3000", "\u2028 \u0085", BLANKS, "\u200b", "\x7f"),
            *("a", " a", "a ", "a\n", "returned", "Returned", "RETURNED ", "returned\n", "STRASSE", "straße"),
            *("Devolución", "DEVOLUCIÓN", "devolucion", "ÅNGSTRÖM", "\u212bngstr\u00f6m", "ΟΔΟΣ", "οδος"),
            *("İstanbul", "K", "\u212a", "ñandú_3", "ana_1", "ana_1\n", "9" * 24, "9" * 24 + "\n", "C1"),
            *("[", "\\", "'", '"', "%", "_", "{0}", "$1", "日本", "🧵", "é", "e\u0301", "x" * LONGEST_TEXT),
            *("x" * (LONGEST_TEXT + 1), "ñ" * LONGEST_TEXT, "🧵" * (LONGEST_TEXT + 1)),
        ]
    )
)
PATTERNS = [
    *(r"^(\w+_\d+|[0-9A-Za-z]{24})$", "x*", "[^q]*$", "^o", r"^\w+$", "^C", r"[\[\\]", r"^[^\s]+$"),
    *(r"\s$", "(?i)^RET"),
    "^(a|ñ.*|日)", r"\W", r"a.?$", "ó", r"^.$", r"^.{2,3}$", r"\{0\}", r"\$1", "'", '"',
]  # fmt: skip
NUMBERS = [
    *(
        "0",
        "1",
        "-1",
        "1.5",
        "+2.25",
        ".5",
        "5.",
        "1e3",
        "1E-3",
        " 7 ",
        "\t7\n",
        "007",
        "12,5",
        "1 2",
        "0x10",
    ),
    *("0.00005", "0.00015", "-0.00005", "0.00025", "2.00005", "1234567890.12345", "1_000", "1e", "e5", "--1"),
    *("99999999999999", "99999999999999.9999", "100000000000000", "1e14", "-1e14", "1e13", "1e400", "1e99"),
    *("NaN", "inf", "Infinity", "-Infinity", "", "free", "٣", "9" * 300),
]
FLOATS = [0.0, 1.0, -1.0, 17850.0, 1.5, 0.1, -2.25, 1e-5, 123456789.125, 1e15, 1e22, 3e300, -1e16, None]
FORMATS = [
    *DEFAULT_FORMATS,
    "%d/%m/%Y",
    "%d.%m.%Y %H:%M",
    "%Y%m%d",
    "%m-%d-%Y %H:%M:%S%z",
    "at %H:%M on %d/%m/%Y",
]
MOMENTS = [
    datetime(1900, 1, 1),
    datetime(1969, 12, 31, 23, 59, 59, 999999),
    datetime(1970, 1, 1),
    datetime(2000, 2, 29, 12),
    datetime(2020, 12, 31, 23, 59, 59, 1),
    datetime(2021, 1, 3),
    datetime(2023, 4, 1),
    datetime(2023, 6, 30, 23, 59),
    datetime(2099, 12, 31, 23, 59, 59, 123456),
]


class Engine:
    """One database, and expressions over a column of values in it."""

    def __init__(self, name: str) -> None:
        self.database = databases.load(name)
        engine = engines.load(self.database.ENGINE)
        self.dialect: Dialect = engine.DIALECT
        self._engine = engine

    def told(
        self, kind: str, values: Sequence[Any], told: Callable[[ir.Column], ir.Value | Sequence[ir.Value]]
    ) -> list[Any]:
        """What the engine says for each value; of several expressions a tuple for each."""
        self.database.fill("dialects", {"place": "integer", "value": kind}, list(enumerate(values)))
        address = Address(self.database.uri(), Path.cwd())
        connection: Connection = self._engine.connect(address)
        try:
            table = connection.relation(Place("orders", "dialects"))
            value = self.dialect.exact(table.value) if kind == "text" else table.value
            table = self.dialect.apart(table.select("place", value=value))
            answers = told(table.value)
            answers = [answers] if isinstance(answers, ir.Value) else list(answers)
            named = {f"answer_{place}": each for place, each in enumerate(answers)}
            asked = table.select("place", **named).order_by("place")
            rows = list(connection.rows(compiled(self._engine.COMPILER, asked)))
        finally:
            connection.close()
        assert [int(row[0]) for row in rows] == list(range(len(values)))
        return [row[1] if len(named) == 1 else row[1:] for row in rows]


@pytest.fixture(params=databases.each(but=["spark"]), scope="module")
def engine(request: pytest.FixtureRequest) -> Engine:
    return Engine(request.param)


def test_texts_compare_by_code_point(engine: Engine) -> None:
    """Whatever the database's own order is: neither case nor trailing blanks nor accents are overlooked."""
    for pivot in ("a", "returned", "é", "~"):
        found = engine.told("text", TEXTS, lambda text, pivot=pivot: (text == pivot, text < pivot))  # type: ignore[misc]  # mypy reads no type from a lambda's default
        assert [tuple(map(bool, each)) for each in found] == [(text == pivot, text < pivot) for text in TEXTS]


def test_blanks_are_those_of_python(engine: Engine) -> None:
    """And null is blank."""
    found = engine.told("text", [*TEXTS, None], engine.dialect.is_blank)
    assert [bool(each) for each in found] == [not (text or "").strip() for text in [*TEXTS, None]]


def test_a_long_text_is_none(engine: Engine) -> None:
    """Counted in characters."""
    found = engine.told("text", [*TEXTS, None], engine.dialect.without_long)
    assert found == [text if text and len(text) <= LONGEST_TEXT else text and None for text in [*TEXTS, None]]


def test_a_glance_is_never_wrong(engine: Engine) -> None:
    """It is true of most good texts, and of no blank or long one."""
    found = engine.told("text", [*TEXTS, None], engine.dialect.is_plain)
    for text, plain in zip([*TEXTS, None], found, strict=True):
        assert not plain or (text and text.strip() and len(text) <= LONGEST_TEXT)
    assert found[TEXTS.index("returned")]


def test_patterns_mean_what_they_mean_in_python(engine: Engine) -> None:
    """For ASCII, with `$` as the very end; a glance at one is never wrong."""
    dialect = engine.dialect
    found = engine.told(
        "text",
        TEXTS,
        lambda text: [
            each
            for one in PATTERNS
            for each in (dialect.contains(text, one), dialect.plainly_contains(text, one))
        ],
    )
    for text, answers in zip(TEXTS, found, strict=True):
        fitting = [bool(re.search(_strict_end(one), text, re.ASCII)) for one in PATTERNS]
        assert [bool(each) for each in answers[::2]] == fitting, text
        assert all(fits or not plain for fits, plain in zip(fitting, answers[1::2], strict=True))


@pytest.mark.parametrize(
    "values", [("returned", "cancelled"), ("DEVOLUCIÓN",), ("k", "Ångström"), ("it's", "[", "日本", "%")]
)
def test_case_is_overlooked_as_python_does(engine: Engine, values: tuple[str, ...]) -> None:
    """In all of Unicode's letters."""
    found = engine.told("text", TEXTS, lambda text: engine.dialect.is_in_any_case(text, values))
    small = {value.lower() for value in values}
    assert [bool(each) for each in found] == [text.lower() in small for text in TEXTS]


def test_what_is_shown_is_cut_and_packed(engine: Engine) -> None:
    """As JSON, nothing of it lost; and equal texts share a slot."""
    dialect = engine.dialect
    found = engine.told(
        "text",
        [*TEXTS, *TEXTS, None],
        lambda text: (dialect.packed([dialect.shown(text), dialect.shown(text)]), dialect.slot(text)),
    )
    cut = [text and text[:SAMPLE_LENGTH] for text in [*TEXTS, *TEXTS, None]]
    assert [json.loads(packed) for packed, _ in found] == [[text, text] for text in cut]
    slots = [slot for _, slot in found[:-1]]
    assert slots[: len(TEXTS)] == slots[len(TEXTS) :]
    assert len(set(slots)) > len(TEXTS) // 2
    assert all(0 <= slot < 1024 for slot in slots)


def test_a_number_is_read_from_any_text(engine: Engine) -> None:
    """To four decimals, a tie to the even one; what is no number is none, and fails nothing."""
    found = engine.told("text", [*NUMBERS, *TEXTS, None], engine.dialect.money)
    told = [engine.dialect.told_money(each) for each in found]
    assert told == [oracle._amount(text) for text in [*NUMBERS, *TEXTS, None]]


def test_floating_numbers_have_the_shortest_text(engine: Engine) -> None:
    """A whole one has no decimals."""
    if "float" not in engine.database.TYPES:
        return
    found = engine.told("float", FLOATS, lambda number: engine.dialect.number_text(number.cast("float64")))
    assert [each and Decimal(each) for each in found] == [
        each if each is None else Decimal(str(each)) for each in FLOATS
    ]
    assert found[3] == "17850"
    assert found[4:6] == ["1.5", "0.1"]


@pytest.mark.parametrize("text", FORMATS)
def test_a_time_is_read_strictly(engine: Engine, text: str) -> None:
    """What fits is read to the microsecond, what does not fit fails nothing."""
    form, dialect = parse_format(text), engine.dialect
    given = [*_written(text), *(row["placed_at"] for case in CASES for row in case.rows), "", "x" * 3000]
    values = list(dict.fromkeys(value for value in given if isinstance(value, str)))

    def told(value: ir.Column) -> Sequence[ir.Value]:
        read = dialect.moment(value, form)
        fits = dialect.fits(value, form, read) if dialect.reads_first else dialect.fits(value, form)
        return fits, dialect.microseconds(read if dialect.reads_first else fits.ifelse(read, None))

    for value, (fits, number) in zip(values, engine.told("text", values, told), strict=True):
        expected = form.read(value)
        assert bool(fits) == (expected is not None), value
        if expected is not None:
            assert int(number) == _microseconds(expected), value


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz", "date"])
def test_stored_times_are_clocks(engine: Engine, kind: str) -> None:
    """Their microseconds, midnight, windows, and what a clock ahead or behind shows."""
    if kind not in engine.database.TYPES:
        return
    stored: list[Any] = [*MOMENTS, None]
    if kind == "date":
        stored = [each and each.date() for each in stored]
    elif kind == "timestamptz":
        stored = [each and each.replace(tzinfo=UTC) for each in stored]
    dialect = engine.dialect

    def told(value: ir.Column) -> Sequence[ir.Value]:
        clock = dialect.stored(value)
        later = [dialect.microseconds(dialect.later(clock, seconds)) for seconds in (-18000, 1, 7 * 86400)]
        numbers = [dialect.microseconds(clock), dialect.microseconds(dialect.midnight(clock)), *later]
        bounds = [clock < dialect.at(MOMENTS[3]), clock >= dialect.at(MOMENTS[1])]
        return [*numbers, *bounds, *(dialect.opens(clock, within) for within in Period)]

    found = engine.told(kind, stored, told)
    assert set(found.pop()) == {None}
    for moment, answers in zip(MOMENTS, found, strict=True):
        if kind == "date":
            moment = datetime.combine(moment.date(), datetime.min.time())
        later = [moment + timedelta(seconds=seconds) for seconds in (-18000, 1, 7 * 86400)]
        expected = [moment, datetime.combine(moment.date(), datetime.min.time()), *later]
        assert [int(each) for each in answers[:5]] == [_microseconds(each) for each in expected]
        assert [bool(each) for each in answers[5:7]] == [moment < MOMENTS[3], moment >= MOMENTS[1]]
        opened = [dialect.told_day(each) for each in answers[7:]]
        assert opened == [window_of_day(moment.date(), within).start for within in Period]


def _strict_end(pattern: str) -> str:
    return pattern[:-1] + r"\Z" if pattern.endswith("$") and not pattern.endswith(r"\$") else pattern


def _microseconds(moment: date | datetime) -> int:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    naive = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return (naive - datetime(1970, 1, 1)) // timedelta(microseconds=1)


def _written(form: str) -> Iterator[str]:
    """Times in a format, and the same with something wrong."""
    for moment in MOMENTS:
        for offset in ("Z", "+00:00", "-0530", "+23:59", "-23:59") if "%z" in form else ("",):
            for micro in ("%f", "5", "50", "1234567") if "%f" in form else ("",):
                text = moment.strftime(form.replace("%z", offset).replace("%f", micro))
                yield from (text, f" {text}", f"{text} ", f"{text}\n", text[:-1], text.replace("0", "٠", 1))
    for day in (
        "2023-02-29",
        "2024-02-29",
        "1900-02-29",
        "2000-02-29",
        "2023-04-31",
        "2023-13-01",
        "2023-00-10",
        "294248-01-01",
        "5881580-07-11",
    ):
        year, month, number = day.split("-")
        yield (
            form.replace("%Y", year).replace("%m", month).replace("%d", number).replace("%H", "10")
            .replace("%M", "30").replace("%S", "59").replace("%f", "1").replace("%z", "Z")
        )  # fmt: skip
