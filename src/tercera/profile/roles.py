"""Which field of a sample could be what: candidates with named reasons, by their names and their values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from tercera.fields import zone_or_none
from tercera.profile import naming
from tercera.profile.formats import Formats, formats_of
from tercera.profile.guesses import Candidate, Reason, percent
from tercera.profile.naming import words_of
from tercera.profile.patterns import shape_of
from tercera.profile.statuses import is_of_a_life, verdict_of
from tercera.profile.values import NUMBERS, STORED_TIMES, Column, Kind, Sample

LEAST = 4.0
"""The score from which a field is taken for what is looked for."""

_EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[A-Za-z]{2,}")
_LANGUAGE = re.compile(r"(en|es|pt|fr|de|it|nl|pl|sv|da|ca|gl|eu)([-_][A-Za-z]{2})?", re.IGNORECASE)
_AMOUNT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_AMOUNT_WORDS = {"value": 3.0, "valor": 3.0, "price": 2.0, "precio": 2.0, "preco": 2.0}
"""Words that may be the price of one thing as well."""

_IDS = (Kind.TEXT, Kind.WHOLE, Kind.OBJECT_ID, Kind.UUID)
_MOST_STATUSES = 60

Scoring = Callable[[Column], list[Reason]]


def candidates(sample: Sample, scoring: Scoring) -> list[Candidate]:
    """Every field that has anything for it, with what speaks for and against it."""
    nameable = (each for each in sample.columns.values() if each.present and is_nameable(each.path))
    return [Candidate(each.path, tuple(reasons)) for each in nameable if (reasons := scoring(each))]


def is_nameable(path: str) -> bool:
    """Whether a configuration can name the field: `${` would be filled in from the environment."""
    return "${" not in path and path.isprintable() and path.strip() == path


def order_id(column: Column) -> list[Reason]:
    """A number or a text of its own for (nearly) every row."""
    if column.has(*_IDS) < 0.9 or _is_date(column):
        return []
    words = words_of(column.path)
    reasons = [_id_name(column.path, words, naming.ORDER)]
    distinct = len(column.texts) / len(column.present)
    if distinct >= 0.9:
        reasons.append(Reason(f"{percent(len(column.texts), len(column.present))} of its values differ", 2))
    elif distinct >= 0.3:
        reasons.append(Reason("most of its values differ", 1))
    elif distinct < 0.02:
        reasons.append(Reason("few of its values differ", -4))
    if _any(words, naming.CUSTOMER | naming.VENDOR):
        reasons.append(Reason("named like a customer", -3))
    reasons += _foreign(words) + _gaps(column)
    if column.has(Kind.TEXT) > 0.5 and not _is_compact(column):
        reasons.append(Reason("its texts are sentences", -3))
    return reasons if reasons[0].weight > 0 else []


def customer_id(column: Column) -> list[Reason]:
    """An id that comes again, named like a customer."""
    if column.has(*_IDS) < 0.5 or _is_date(column):
        return []
    words = words_of(column.path)
    reasons = []
    if _is_email(column):
        again = len(column.texts) < len(column.present)
        return [Reason("addresses that come again tell customers apart", 4)] if again else []
    if _any(words, naming.CUSTOMER):
        reasons.append(Reason("named like a customer", 3))
    elif _any(words, naming.VENDOR):
        reasons.append(Reason("named like a shop or a seller", 2))
    if _any(words, naming.ID | {"dbname"}):
        reasons.append(Reason("named like an id", 1))
    if len(column.texts) < len(column.present):
        reasons.append(Reason("its values come again", 1))
    if len(column.texts) < 3 and len(column.present) > 20:
        reasons.append(Reason("hardly any of its values differ", -4))
    elif len(column.texts) < 10 and len(column.present) > 100:
        reasons.append(Reason("few of its values differ", -1.5))
    if _any(words, naming.NAME | naming.STATUS | naming.LANGUAGE):
        reasons.append(Reason("named like something about a customer", -2))
    if column.has(Kind.TEXT) > 0.5 and shape_of(column.texts) is not None:
        reasons.append(Reason("its values are of one shape", 1))
    return reasons + _foreign(words)


def status(column: Column) -> list[Reason]:
    """A few words that come again and again, among them stations of an order's life."""
    if column.has(Kind.TEXT, Kind.WHOLE) < 0.9 or _is_date(column):
        return []
    words = words_of(column.path)
    few = len(column.texts) <= _MOST_STATUSES and len(column.texts) * 2 <= max(len(column.present), 4)
    reasons = []
    if _any(words, naming.STATUS):
        reasons.append(Reason("named like a status", 4 if _any(words, naming.SAYS_STATUS) else 3.5))
    values = "one value" if len(column.texts) == 1 else f"{len(column.texts)} different values"
    reasons.append(Reason(values, 1) if few else Reason("too many different values", -6))
    told = [text for text in list(column.texts)[:_MOST_STATUSES] if few]
    if any(verdict_of(text).counts for text in told):
        reasons.append(Reason("some of them say that an order came back or was cancelled", 3))
    elif any(verdict_of(text).could_count for text in told):
        reasons.append(Reason("some of them say that money was given back", 2))
    if sum(is_of_a_life(text) for text in told) * 2 >= max(1, len(told)):
        reasons.append(Reason("they are stations of an order", 2))
    if _any(words, naming.MONEY_STATUS):
        reasons.append(Reason("named like the status of a payment", -2.5))
    return reasons if sum(each.weight for each in reasons) > 2 else []


def placed_at(column: Column) -> list[Reason]:
    """When an order was made, rather than changed, sent or paid."""
    if not _is_date(column):
        return []
    words = words_of(column.path)
    stored = column.has(*STORED_TIMES)
    reasons = [Reason("stored as a date or time" if stored > 0.5 else "texts that are dates", 1.5)]
    if _any(words, naming.DATE | naming.PLACED):
        reasons.append(Reason("named like a date", 2))
    if _any(words, naming.PLACED):
        reasons.append(Reason("named like when an order is made", 2))
    elif all(word in naming.DATE for word in words):
        reasons.append(Reason("named like nothing but a date", 1))
    if _any(words, naming.ORDER):
        reasons.append(Reason("named after the order", 1))
    if _any(words, naming.LATER):
        reasons.append(Reason("named like something later", -3))
    if _any(words, naming.CUSTOMER | naming.VENDOR):
        reasons.append(Reason("named after the customer", -2))
    readable = stored or formats_of_column(column).share
    if readable < 0.9:
        reasons.append(Reason("many of its values can't be read", -2))
    return reasons + _gaps(column)


def amount(column: Column) -> list[Reason]:
    """What an order is worth: only by its name, since any number could be one."""
    words = words_of(column.path)
    named = [word for word in words if word in naming.AMOUNT]
    if not named or _is_date(column) or _any(words, naming.CUSTOMER):
        return []
    if column.has(*NUMBERS) < 0.9 and not _is_numeric(column):
        return []
    reasons = [Reason("its values are numbers", 1)]
    reasons.insert(0, Reason("named like an amount", max(_AMOUNT_WORDS.get(word, 4.0) for word in named)))
    if _any(words, naming.PART_OF_AMOUNT):
        reasons.append(Reason("named like a part of it, or a number of things", -4))
    if {"grand", "total"} <= set(words) or len(words) == 1:
        reasons.append(Reason("of the whole order", 0.5))
    return reasons + _foreign(words) + _gaps(column)


def currency(column: Column) -> list[Reason]:
    """One ISO 4217 code for all."""
    if not _any(words_of(column.path), naming.CURRENCY) or len(column.texts) != 1:
        return []
    (code,) = column.texts
    return [Reason("one code for all", LEAST)] if re.fullmatch("[A-Z]{3}", code) else []


def email(column: Column) -> list[Reason]:
    """Addresses."""
    if not _is_email(column):
        return []
    words = words_of(column.path)
    fitting = sum(rows for text, rows in column.texts.items() if _EMAIL.fullmatch(text))
    reasons = [Reason(f"{percent(fitting, len(column.present))} of its values are addresses", 4)]
    if _any(words, naming.EMAIL):
        reasons.append(Reason("named like it", 2))
    if _any(words, naming.VENDOR | naming.OTHER_THINGS):
        reasons.append(Reason("named like somebody else's", -1.5))
    return reasons


def name(column: Column) -> list[Reason]:
    """What a customer is called."""
    words = words_of(column.path)
    if column.has(Kind.TEXT) < 0.9 or not _any(words, naming.NAME) or _is_email(column) or _is_date(column):
        return []
    reasons = [Reason("named like a name", 4)]
    if _any(words, naming.PART_OF_NAME):
        reasons.append(Reason("only a part of it, or of something else", -1.5))
    elif _any(words, {"full", "fullname"}) or len(words) == 1:
        reasons.append(Reason("the whole of it", 1))
    return reasons + _foreign(words)


def name_beside_an_order(column: Column) -> list[Reason]:
    """What a customer is called, in a row of orders: these have names of their own."""
    is_theirs = _any(words_of(column.path), naming.CUSTOMER | naming.BILLED)
    return name(column) if is_theirs else []


def language(column: Column) -> list[Reason]:
    """In which language a customer is written to."""
    if not _any(words_of(column.path), naming.LANGUAGE) or column.has(Kind.TEXT) < 0.9:
        return []
    fitting = sum(rows for text, rows in column.texts.items() if _LANGUAGE.fullmatch(text))
    share = percent(fitting, len(column.present))
    return [Reason(f"{share} of its values are language codes", LEAST + 1)] * (
        fitting * 2 > len(column.present)
    )


def timezone(column: Column) -> list[Reason]:
    """Where a customer's clock is."""
    if not _any(words_of(column.path), naming.TIMEZONE) or column.has(Kind.TEXT) < 0.9:
        return []
    fitting = sum(rows for text, rows in column.texts.items() if "/" in text and zone_or_none(text))
    share = percent(fitting, len(column.present))
    return [Reason(f"{share} of its values are IANA zones", LEAST + 1)] * (fitting * 2 > len(column.present))


def key(column: Column) -> list[Reason]:
    """A customer's own id in the directory."""
    if column.has(*_IDS) < 0.9 or _is_date(column):
        return []
    words = words_of(column.path)
    reasons = [_id_name(column.path, words, naming.CUSTOMER)]
    if len(column.texts) >= 0.95 * len(column.present):
        reasons.append(Reason("its values differ", 1.5))
    if _is_email(column):
        reasons.append(Reason("its values are e-mail addresses", -1))
    return [*(each for each in reasons if each.weight), *_foreign(words), *_gaps(column)]


@lru_cache(maxsize=256)
def formats_of_column(column: Column) -> Formats:
    """The formats of a field's texts; worked out once for each sampled column."""
    return formats_of(column.texts)


def is_date_name(path: str) -> bool:
    """Whether a field is named like when an order is made."""
    words = words_of(path)
    return _any(words, naming.DATE | naming.PLACED) and not _any(words, naming.LATER)


def _is_date(column: Column) -> bool:
    if column.has(*STORED_TIMES) >= 0.5:
        return True
    return column.has(Kind.TEXT) >= 0.5 and formats_of_column(column).share >= 0.5


def _is_email(column: Column) -> bool:
    fitting = sum(rows for text, rows in column.texts.items() if _EMAIL.fullmatch(text))
    return fitting * 2 > len(column.present)


def _is_numeric(column: Column) -> bool:
    fitting = sum(rows for text, rows in column.texts.items() if _AMOUNT.fullmatch(text.strip()))
    return fitting >= 0.9 * len(column.present)


def _is_compact(column: Column) -> bool:
    spaced = sum(rows for text, rows in column.texts.items() if text.count(" ") > 1)
    return spaced * 5 < len(column.present)


def _id_name(path: str, words: tuple[str, ...], about: frozenset[str]) -> Reason:
    if path in ("_id", "id", "ID", "Id"):
        return Reason("named like the id", 2.5)
    owns, is_id = _any(words, about), _any(words, naming.ID)
    if owns and is_id:
        return Reason("named like the id of one", 4)
    if is_id:
        return Reason("named like an id", 1.5)
    return Reason("named like one", 2) if owns else Reason("", 0)


def _foreign(words: tuple[str, ...]) -> list[Reason]:
    return [Reason("named like something else's", -2)] if _any(words, naming.OTHER_THINGS) else []


def _gaps(column: Column) -> list[Reason]:
    if column.share >= 0.9:
        return []
    missing = len(column.cells) - len(column.present)
    return [Reason(f"missing in {percent(missing, len(column.cells))}", -4 if column.share < 0.5 else -1)]


def _any(words: Iterable[str], known: Iterable[str]) -> bool:
    return not frozenset(known).isdisjoint(words)
