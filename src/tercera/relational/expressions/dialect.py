"""What every engine does in its own way. All else of a tally is the same expression everywhere.

The meaning is always that of `tests/oracle.py`, and each function is held against plain Python on hostile
texts by `tests/contract/test_dialects.py`. None of them may make a query fail, whatever stands in a row.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, cast

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from tercera.model import Period
from tercera.notation.dates import DateFormat
from tercera.relational.expressions.shifts import Step

BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
"""Everything that Python calls white space."""


_MONEY = Decimal("0.0001")
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Dialect(ABC):
    """How one engine is told. A `clock` is a wall clock in whatever type the engine compares and adds best
    (`clock_type`): a timestamp without a zone, or microseconds since 1970."""

    clock_type: ClassVar[dt.DataType] = dt.Timestamp()

    reads_first: ClassVar[bool] = False
    """Whether reading a text as a time costs less than telling by a pattern whether it can be read. If so,
    `fits` is given what `moment` read; if not, `moment` is used of texts that fit."""

    avoids_sorting: ClassVar[bool] = False
    """Whether the engine sorts all rows to find the least text of each group, or to put an answer in order,
    and both cost more than reading them. If so, `few` of the samples are kept."""

    # steps

    def apart(self, table: ir.Table) -> ir.Table:
        """A step whose columns the engine works out once, where it would otherwise copy them to wherever
        they are used: see `native.apart`."""
        return table

    # filters

    def since(self, column: ir.Column, bound: ir.Value) -> ir.BooleanValue:
        """Whether what is stored is not less than a bound, in a question for some subjects alone. An engine
        may keep the bound from its own planner, when that goes by statistics: they know least of what is
        newest, and where nothing seems to be all of it is read, instead of what the subjects have."""
        return cast("ir.BooleanValue", column >= bound)

    def until(self, column: ir.Column, bound: ir.Value) -> ir.BooleanValue:
        """Whether what is stored is less than a bound: see `since`."""
        return cast("ir.BooleanValue", column < bound)

    # texts

    @abstractmethod
    def exact(self, text: ir.StringValue) -> ir.StringValue:
        """The text (of a column that Ibis calls a string: also an enumeration, or of fixed length), compared
        and sorted by code point from here on."""

    @abstractmethod
    def is_blank(self, text: ir.StringValue) -> ir.BooleanValue:
        """Whether nothing but BLANKS stands there; null is blank."""

    @abstractmethod
    def without_long(self, text: ir.StringValue) -> ir.StringValue:
        """The text, or null when it has more than LONGEST_TEXT characters."""

    @abstractmethod
    def is_plain(self, text: ir.StringValue) -> ir.BooleanValue:
        """A glance that is true of most texts that are neither blank nor too long, and of no others. May be
        null of null."""

    @abstractmethod
    def contains(self, text: ir.StringValue, pattern: str) -> ir.BooleanValue:
        """Whether a regular expression of Python's, read for ASCII, fits somewhere; its `$` is the very end.

        Most engines have patterns of their own: see `patterns.portable`, which raises `SourceError` for what
        they can't do."""

    def plainly_contains(self, text: ir.StringValue, pattern: str) -> ir.BooleanValue:
        """A glance that is true of most texts that `contains` is true of, and of no others."""
        return self.contains(text, pattern)

    @abstractmethod
    def is_in_any_case(self, text: ir.StringValue, values: Sequence[str]) -> ir.BooleanValue:
        """Whether the text in small letters (all of Unicode's) is one of the values in small letters. Null
        of null. See `patterns.in_any_case`."""

    @abstractmethod
    def shown(self, value: ir.Value) -> ir.StringValue:
        """A value of any type as text to show, cut to SAMPLE_LENGTH characters; null of null."""

    @abstractmethod
    def packed(self, texts: Sequence[ir.StringValue]) -> ir.StringValue:
        """Texts, some of them null, as a JSON array."""

    @abstractmethod
    def slot(self, text: ir.StringValue) -> ir.IntegerValue:
        """A number from 0 to 1023 that differs for most texts that differ."""

    def few(self, sample: ir.StringValue, reason: ir.IntegerValue) -> ir.StringValue:
        """The sample of a few rejects of each reason (a place in REASONS), null of the rest; maybe of fewer
        than there are to be shown. Only an engine with `avoids_sorting` is asked."""
        raise NotImplementedError

    # numbers

    @abstractmethod
    def number_text(self, number: ir.FloatingValue) -> ir.StringValue:
        """A floating number as text: as short as possible, a whole one without `.0`; null when it is no
        number, or infinite."""

    @abstractmethod
    def money(self, written: ir.Value) -> ir.NumericValue:
        """What is written (in text, or as an exact number), to four decimals, a tie to the even one; null
        when it is no number or reaches 10^14. `amounts.rounded` does so where the engine has TRY_CAST."""

    def total(self, money: ir.NumericValue) -> ir.NumericValue:
        """The sum of amounts, null where there is none."""
        return money.sum()

    # times

    @abstractmethod
    def fits(self, text: ir.StringValue, form: DateFormat, moment: ir.Value | None = None) -> ir.BooleanValue:
        """Whether the text fits the format: `DateFormat.strict_pattern`. False or null if not. `moment` is
        what was read, with `reads_first`."""

    @abstractmethod
    def moment(self, text: ir.StringValue, form: DateFormat) -> ir.Value:
        """The clock that is written, in UTC when it has an offset. It means nothing where the text does not
        fit, and fails of no text."""

    @abstractmethod
    def stored(self, value: ir.Value) -> ir.Value:
        """The clock of a column of dates or times, in UTC when it is one of instants."""

    @abstractmethod
    def at(self, clock: datetime) -> ir.Value:
        """A clock that is known beforehand."""

    @abstractmethod
    def later(self, clock: ir.Value, seconds: int) -> ir.Value:
        """The clock so many seconds later."""

    def shifted(self, clock: ir.Value, choices: Sequence[Step]) -> ir.Value:
        """What another clock shows, by the last of the steps that this one has reached: a search tree, a few
        comparisons for each row, however many steps there are."""
        if len(choices) == 1:
            seconds = int(choices[0].ahead.total_seconds())
            return self.later(clock, seconds) if seconds else clock
        middle = len(choices) // 2
        return ibis.ifelse(
            clock < self.at(choices[middle].since),
            self.shifted(clock, choices[:middle]),
            self.shifted(clock, choices[middle:]),
        )

    @abstractmethod
    def midnight(self, clock: ir.Value) -> ir.Value:
        """The beginning of its day."""

    @abstractmethod
    def opens(self, clock: ir.Value, within: Period) -> ir.Value:
        """The first day of its window (weeks begin on Monday)."""

    @abstractmethod
    def microseconds(self, clock: ir.Value) -> ir.IntegerValue:
        """Since the beginning of 1970."""

    def clock(self, microseconds: ir.IntegerValue) -> ir.Value:
        """What `microseconds` was given. Only an engine with `reads_first` is asked."""
        raise NotImplementedError

    # what is stored

    def stored_ids(self, kind: dt.DataType, text: str) -> list[Any]:
        """What a column of a type may hold where an id reads like this; nothing when that can't be told.

        A filter by these on the stored column, which an index serves, comes before the exact one.
        """
        if kind.is_string():
            return [text]
        if kind.is_integer():
            return [int(text)] if re.fullmatch("-?[0-9]{1,18}", text, re.ASCII) else []
        if kind.is_floating() or kind.is_decimal():
            return [Decimal(text)] if re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,9})?", text, re.ASCII) else []
        return [text] if kind.is_uuid() and _UUID.fullmatch(text) else []

    # what comes back

    def told_day(self, value: Any) -> date:
        """What the engine answers for `opens`."""
        if isinstance(value, datetime):
            return value.date()
        return value if isinstance(value, date) else date.fromisoformat(str(value))

    def told_money(self, value: Any) -> Decimal | None:
        """What the engine answers for `money` and `total`, to four decimals however many it writes: what is
        equal is written the same."""
        if value is None:
            return None
        return (value if isinstance(value, Decimal) else Decimal(str(value))).quantize(_MONEY)
