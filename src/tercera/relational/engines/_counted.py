"""What engines share whose clocks are counted: microseconds since 1970 as a whole number, which all compare
and add alike, whatever types of time they have and whatever zone a session is in.

An engine says in templates how it takes a text apart and how it counts days; `{0}`, `{1}` … are arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, cast

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from tercera.model import Period
from tercera.notation.dates import DateFormat
from tercera.orders import LONGEST_TEXT, SAMPLE_LENGTH
from tercera.relational.expressions.dialect import BLANKS, Dialect
from tercera.relational.expressions.native import native
from tercera.relational.expressions.patterns import PERL, Flavour, lower_cases, portable
from tercera.relational.expressions.pieces import Piece, pieces
from tercera.relational.expressions.shifts import Step, tree

DAY = 86_400_000_000
"""Microseconds."""

MONEY = dt.Decimal(18, 4)
NUMBER = r"[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?"
"""A number as text, without anything around it."""

NOTHING_ELSE = f"^[{BLANKS}]*{NUMBER}[{BLANKS}]*$"
"""A number, and maybe blanks around it."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock


class CountedDialect(Dialect):
    """`dialect.Dialect` in the templates of an engine."""

    clock_type = dt.int64
    flavour: ClassVar[Flavour] = PERL

    matches: ClassVar[str]
    """Whether the pattern {1} is found in the text {0}."""
    extracted: ClassVar[str]
    """What the one group of the pattern {1} holds in the text {0}."""
    characters: ClassVar[str] = "LENGTH({0})"
    octets: ClassVar[str]
    lower: ClassVar[str] = "LOWER({0})"
    as_text: ClassVar[str]
    """A value of any type as text."""
    part: ClassVar[str] = "SUBSTR({0}, {1}, {2})"
    """From a place (1 is the first) so many characters."""
    padded: ClassVar[str] = "RPAD({0}, 6, '0')"
    whole: ClassVar[str]
    """Digits as a number of 64 bits; null, not a failure, of anything else."""
    days: ClassVar[str]
    """The days since 1970 of a date that is written as 2023-06-01; null of anything else."""
    joined: ClassVar[str] = "CONCAT({0}, '-', {1}, '-', {2})"
    remainder: ClassVar[str] = f"MOD(MOD({{0}}, {DAY}) + {DAY}, {DAY})"
    """Of a day, also before 1970."""
    quotient: ClassVar[str]
    """The number of a day from that of its midnight."""
    firsts: ClassVar[Mapping[Period, str]]
    """The first day of a window, as a date, from the number of a day."""

    def exact(self, text: ir.StringValue) -> ir.StringValue:
        """Texts compare by code point."""
        return self._text(self.as_text, text)

    def is_blank(self, text: ir.StringValue) -> ir.BooleanValue:
        """Most texts begin with a visible ASCII letter, which a comparison tells faster than a search."""
        found = self._truth(self.matches, text, rf"^[{BLANKS}]*$")
        return ibis.cases(((text >= "!") & (text < "\x7f"), False), else_=found.fill_null(True))

    def without_long(self, text: ir.StringValue) -> ir.StringValue:
        """By characters."""
        return self._text(f"CASE WHEN {self.characters} <= {LONGEST_TEXT} THEN {{0}} END", text)

    def is_plain(self, text: ir.StringValue) -> ir.BooleanValue:
        """It begins with a visible ASCII letter and has few bytes."""
        return (text >= "!") & (text < "\x7f") & (self._number(self.octets, text) <= LONGEST_TEXT)

    def contains(self, text: ir.StringValue, pattern: str) -> ir.BooleanValue:
        """By the engine's own patterns."""
        return self._truth(self.matches, text, portable(pattern, self.flavour))

    def is_in_any_case(self, text: ir.StringValue, values: Sequence[str]) -> ir.BooleanValue:
        """By the engine's own small letters, which are those of Unicode."""
        lower = sorted({each for value in values for each in lower_cases(value)})
        return self._text(self.lower, text).isin(lower)

    def shown(self, value: ir.Value) -> ir.StringValue:
        """Cut by characters."""
        return self._text(self.part, self._text(self.as_text, value), 1, SAMPLE_LENGTH)

    def fits(self, text: ir.StringValue, form: DateFormat, moment: ir.Value | None = None) -> ir.BooleanValue:
        """By a pattern that knows the length of every month."""
        return self.contains(text, f"^({form.strict_pattern})$")

    def moment(self, text: ir.StringValue, form: DateFormat) -> ir.Value:
        """Put together from its parts."""
        parts = {letter: self._piece(text, piece) for letter, piece in pieces(form).items()}
        day = self._number(self.days, self._text(self.joined, parts["Y"], parts["m"], parts["d"]))
        moment: Any = day * DAY
        for letter, each in (("H", 3_600_000_000), ("M", 60_000_000), ("S", 1_000_000)):
            if letter in parts:
                moment += self._number(self.whole, parts[letter]) * each
        if "f" in parts:
            moment += self._number(self.whole, self._text(self.padded, parts["f"]))
        return moment - self._ahead(parts["z"]) * 60_000_000 if "z" in parts else moment

    def at(self, clock: datetime) -> ir.Value:
        """A number."""
        return ibis.literal((clock - _EPOCH) // timedelta(microseconds=1), dt.int64)

    def later(self, clock: ir.Value, seconds: int) -> ir.Value:
        """By as many microseconds."""
        return cast("ir.IntegerValue", clock) + seconds * 1_000_000

    def shifted(self, clock: ir.Value, choices: Sequence[Step]) -> ir.Value:
        """See `dialect.Dialect`."""
        text = tree(
            choices,
            lambda since: f"{{0}} < {(since - _EPOCH) // timedelta(microseconds=1)}",
            lambda seconds: f"{{0}} + ({seconds * 1_000_000})",
        )
        return self._number(text, clock)

    def midnight(self, clock: ir.Value) -> ir.Value:
        """Also before 1970."""
        return cast("ir.IntegerValue", clock) - self._number(self.remainder, clock)

    def opens(self, clock: ir.Value, within: Period) -> ir.Value:
        """By the number of the day."""
        number = self._number(self.quotient, self.midnight(clock))
        return native(self.firsts[within], number, kind=dt.date)

    def microseconds(self, clock: ir.Value) -> ir.IntegerValue:
        """It is one already."""
        return cast("ir.IntegerValue", clock)

    def clock(self, microseconds: ir.IntegerValue) -> ir.Value:
        """And stays one."""
        return microseconds

    def _piece(self, text: ir.StringValue, piece: Piece) -> ir.StringValue:
        if piece.start is not None:
            return self._text(self.part, text, piece.start + 1, piece.length)
        return self._text(self.extracted, text, piece.pattern)

    def _ahead(self, offset: ir.StringValue) -> ir.IntegerValue:
        """Minutes; none of a Z."""
        hours = self._number(self.whole, self._text(self.part, offset, 2, 2))
        last = self._text(self.extracted, offset, "([0-9][0-9])$")
        minutes = hours * 60 + self._number(self.whole, last)
        is_behind = self._text(self.part, offset, 1, 1) == "-"
        return ibis.cases((offset == "Z", 0), (is_behind, -minutes), else_=minutes)

    def _text(self, template: str, *arguments: Any) -> ir.StringValue:
        return cast("ir.StringValue", native(template, *arguments, kind=dt.string))

    def _number(self, template: str, *arguments: Any) -> ir.IntegerValue:
        return cast("ir.IntegerValue", native(template, *arguments, kind=dt.int64))

    def _truth(self, template: str, *arguments: Any) -> ir.BooleanValue:
        return cast("ir.BooleanValue", native(template, *arguments, kind=dt.boolean))
