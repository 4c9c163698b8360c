"""One language: its phrases (`phrases/<language>.toml`) and, through Babel, its plurals, dates and money.

A phrase is a line with `{values}`, or a table of plural forms in CLDR's names (`one`, `other`). A language is
one more file with the same keys.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_skeleton
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision

from tercera.model import Period, Placed
from tercera.windows import Window

Phrases = Mapping[str, str | Mapping[str, str]]
_EXACT = 4  # decimals of an amount whose currency nobody told


def languages() -> tuple[str, ...]:
    """The languages that have phrases, by their ISO 639 codes."""
    names = (entry.name for entry in files("tercera.rendering").joinpath("phrases").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


@lru_cache(maxsize=64)
def words_for(tag: str) -> Words | None:
    """The words of a language tag (`es`, `es-CO`, `en_GB`); None when its language has no phrases."""
    base = tag.replace("-", "_").partition("_")[0].lower()
    if base not in languages():
        return None
    try:
        locale = Locale.parse(tag.replace("-", "_"))
    except (ValueError, UnknownLocaleError):  # an unknown region: the language alone
        locale = Locale.parse(base)
    source = files("tercera.rendering").joinpath("phrases", f"{base}.toml").read_text("utf-8")
    return Words(locale, flat(tomllib.loads(source)))


def flat(tables: Mapping[str, Any], prefix: str = "") -> Phrases:
    """`{"a": {"b": "text"}}` → `{"a.b": "text"}`; tables of plural forms stay tables."""
    found: dict[str, str | Mapping[str, str]] = {}
    for key, value in tables.items():
        if isinstance(value, str) or "other" in value:
            found[prefix + key] = value
        else:
            found |= flat(value, f"{prefix}{key}.")
    return found


@dataclass(frozen=True, eq=False)
class Words:
    """Says things in one language. `eq=False`: there is one per tag, which lives as long as the
    process, and it keys the caches below."""

    locale: Locale
    phrases: Phrases

    @property
    def language(self) -> str:
        """The language alone, as HTML's `lang` wants it."""
        return str(self.locale.language)

    def say(self, key: str, count: int | None = None, **values: object) -> str:
        """The phrase of `key` with its values; with a count, in its plural form. KeyError: no such phrase."""
        return self.phrase(key, count).format_map({"count": self.counted(count), **values})

    def phrase(self, key: str, count: int | None = None) -> str:
        """Without its values, in the plural form of the count. KeyError: no such phrase."""
        phrase = self.phrases[key]
        return phrase if isinstance(phrase, str) else phrase.get(self._form(count or 0), phrase["other"])

    def counted(self, count: int | None) -> str:
        """A count as a phrase holds it; "" without one."""
        return self.number(count) if count is not None else ""

    @lru_cache(maxsize=4096)  # noqa: B019 - see the class
    def _form(self, count: int) -> str:
        return str(self.locale.plural_form(count))

    def known(self, key: str) -> bool:
        """Whether there is such a phrase."""
        return key in self.phrases

    def number(self, number: int) -> str:
        """`1,234`."""
        return str(number) if -1000 < number < 1000 else str(format_decimal(number, locale=self.locale))

    @lru_cache(maxsize=4096)  # noqa: B019 - see the class
    def share(self, part: int, whole: int) -> str:
        """`42 %`."""
        return str(format_percent(Decimal(part) / whole, locale=self.locale))

    def any_of(self, items: Iterable[str]) -> str:
        """`a, b or c`."""
        return format_list(list(items), style="or", locale=self.locale)

    def all_of(self, items: Iterable[str]) -> str:
        """`a, b and c`."""
        return format_list(list(items), style="standard", locale=self.locale)

    def placed(self, placed: Placed) -> str:
        """A calendar day stays one; a moment shows the clock of the zone that it carries."""
        # The zone is part of what is remembered: moments in two zones are equal, and read differently.
        return self._placed(placed, placed.tzinfo if isinstance(placed, datetime) else None)

    def clock(self, moment: datetime) -> str:
        """The time of a day, by the clock of the zone that the moment carries."""
        pattern = self.locale.time_formats["short"]
        return str(format_datetime(moment, pattern, tzinfo=moment.tzinfo, locale=self.locale))

    @lru_cache(maxsize=8192)  # noqa: B019 - see the class
    def _placed(self, placed: Placed, zone: tzinfo | None) -> str:
        if isinstance(placed, datetime):
            day = format_date(placed.date(), "medium", self.locale)
            clock = self.locale.time_formats["short"]
            return f"{day}, {format_datetime(placed, clock, tzinfo=zone, locale=self.locale)}"
        return str(format_date(placed, "medium", self.locale))

    @lru_cache(maxsize=8192)  # noqa: B019 - see the class
    def amount(self, amount: Decimal, currency: str | None) -> str:
        """Money in its currency; a plain number when nobody said which."""
        if currency is None:
            return str(format_decimal(amount, "#,##0.00##", self.locale))
        exact = max(-int(amount.normalize().as_tuple().exponent), 0)
        if exact > get_currency_precision(currency):  # never hide a fraction that the order has
            amount = amount.quantize(Decimal(1).scaleb(-min(exact, _EXACT)))
            return str(format_currency(amount, currency, locale=self.locale, decimal_quantization=False))
        return str(format_currency(amount, currency, locale=self.locale))

    @lru_cache(maxsize=1024)  # noqa: B019 - see the class
    def window(self, window: Window, form: str = "bare") -> str:
        """A window in words; `form` is `bare`, `in`, `of` or `the`, as a sentence needs it."""
        match window.period:
            case Period.DAY:
                name = self._day(window.start)
            case Period.WEEK:
                last = date.fromordinal(window.end.toordinal() - 1)
                same = window.start.year == last.year
                first = format_skeleton("MMMMd", window.start, locale=self.locale)
                first = str(first) if same else self._day(window.start)
                name = self.say("window.week.name", first=first, last=self._day(last))
            case Period.MONTH:
                name = str(format_skeleton("yMMMM", window.start, locale=self.locale))
            case Period.QUARTER:
                quarter = (window.start.month + 2) // 3
                name = self.say("window.quarter.name", quarter=quarter, year=window.start.year)
            case _:
                name = str(window.start.year)
        return name if form == "bare" else self.say(f"window.{window.period}.{form}", window=name)

    @lru_cache(maxsize=1024)  # noqa: B019 - see the class
    def short_day(self, day: date, period: Period) -> str:
        """A mark below a picture of a window: `5 jun`, or `jun` where the window has many months."""
        skeleton = "MMMd" if period in (Period.WEEK, Period.MONTH) else "MMM"
        return str(format_skeleton(skeleton, day, locale=self.locale))

    def _day(self, day: date) -> str:
        return str(format_date(day, "long", self.locale))
