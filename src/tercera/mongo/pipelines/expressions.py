"""Expressions in MongoDB's aggregation language that say what `tests/oracle.py` says in Python.

An expression is what the server reads: a dict, a list, a field path (`"$a.b"`), a variable (`"$$t"`) or a
constant. Values from the configuration or from orders never stand bare in one: they go through `literal`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from bson import Decimal128, ObjectId

from tercera.fields import Derived
from tercera.model import Match
from tercera.orders import LONGEST_TEXT

Expression = Any

_SPACES = "".join(char for char in map(chr, range(0x3001)) if char.isspace())
"""What Python calls white space: the servers' own idea of it is narrower."""

_NAN = float("nan")
_NO_NUMBERS = [_NAN, math.inf, -math.inf]
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


def literal(value: Any) -> Expression:
    """A constant, whatever it looks like."""
    return {"$literal": value}


def either(condition: Expression, yes: Expression, no: Expression) -> Expression:
    """`yes` if the condition holds, else `no`."""
    return {"$cond": [condition, yes, no]}


def fits(text: Expression, pattern: str) -> Expression:
    """Whether a text contains the pattern; false for null."""
    return {"$regexMatch": {"input": text, "regex": literal(pattern)}}


def type_is(value: Expression, *types: str) -> Expression:
    """Whether a value is of one of the BSON types (`missing` counts as one)."""
    of = {"$type": value}
    return {"$eq": [of, types[0]]} if len(types) == 1 else {"$in": [of, list(types)]}


def text_of(value: Expression) -> Expression:
    """An id or a status as text; null when missing, blank, too long for one, or of no known type."""
    short = {"$lte": [{"$strLenCP": value}, LONGEST_TEXT]}
    number = {"$convert": {"input": value, "to": "long", "onError": None}}
    # A whole double is written without its point: 17850.0 is customer 17850.
    double = either({"$eq": [number, value]}, {"$toString": number}, {"$toString": value})
    branches = [
        (type_is(value, "string"), either({"$and": [short, _has_ink(value)]}, value, None)),
        (type_is(value, "int", "long", "objectId"), {"$toString": value}),
        (type_is(value, "double"), either({"$in": [value, _NO_NUMBERS]}, None, double)),
        (
            type_is(value, "decimal"),
            either({"$in": [value, _NO_NUMBERS]}, None, {"$toString": value}),
        ),
    ]
    any_type = {
        "$switch": {"branches": [{"case": case, "then": then} for case, then in branches], "default": None}
    }
    # Nearly every value is a text that begins with a printable character, which is quick to see.
    return either(
        {"$and": [*_is_plain(value), {"$lte": [{"$strLenBytes": value}, LONGEST_TEXT]}]}, value, any_type
    )


def is_missing(value: Expression) -> Expression:
    """Whether there is nothing: no field, null, blank text, or the NaN of a data frame."""
    blank = {"$and": [type_is(value, "string"), {"$not": [_has_ink(value)]}]}
    return {"$or": [type_is(value, "missing", "null", "undefined"), {"$eq": [value, _NAN]}, blank]}


def _has_ink(text: Expression) -> Expression:
    """Whether a text is more than white space."""
    return {"$or": [{"$and": _is_plain(text)}, fits(text, f"[^{re.escape(_SPACES)}]")]}


def _is_plain(value: Expression) -> list[Expression]:
    """True of texts that begin with a printable ASCII character, and of no value of another type: the server
    sorts those before or after all texts."""
    return [{"$gte": [value, "!"]}, {"$lt": [value, "\x7f"]}]


def told_by(text: Expression, derived: Derived) -> Expression:
    """What a text (of `text_of`) tells of a derived field; null when it is null."""
    branches = [
        {"case": fits("$$told", strict_pattern(pattern)), "then": literal(name)}
        for name, pattern in derived.patterns.items()
    ]
    told = {"$switch": {"branches": branches, "default": literal(derived.otherwise)}}
    return {"$let": {"vars": {"told": text}, "in": either({"$eq": ["$$told", None]}, None, told)}}


def amount_of(value: Expression) -> Expression:
    """Money as a decimal with four places at most, or null when it can't be read or is beyond 10^14."""
    trimmed = {"$trim": {"input": value, "chars": literal(_SPACES)}}
    number = either(
        type_is(value, "string"),
        {"$convert": {"input": trimmed, "to": "decimal", "onError": None, "onNull": None}},
        either(type_is(value, "int", "long", "double", "decimal"), {"$toDecimal": value}, None),
    )
    largest = Decimal128(Decimal(10**14))
    smallest = Decimal128(Decimal(-(10**14)))
    known = {"$and": [{"$gt": ["$$number", smallest]}, {"$lt": ["$$number", largest]}]}
    return {
        "$let": {
            "vars": {"number": number},
            "in": either(known, {"$round": ["$$number", 4]}, None),
        }
    }


def matches(match: Match, text: Expression) -> Expression:
    """Whether a text (of `text_of`) is one of the rule's values."""
    if match.ignore_case:
        return fits(text, "^(?:" + "|".join(_any_case(value) for value in match.values) + r")\z")
    return {"$in": [text, literal(list(match.values))]}


def _any_case(value: str) -> str:
    """A pattern for every text whose lower case is that of `value`. The server's own ignoring of case differs
    from Python's beyond ASCII."""
    return "".join(f"[{re.escape(char + ''.join(_capitals().get(char, ())))}]" for char in value.lower())


@lru_cache(maxsize=1)
def _capitals() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for char in map(chr, range(0x1E944)):  # the last letter with a case is Adlam's
        if char.lower() != char and len(char.lower()) == 1:
            found.setdefault(char.lower(), []).append(char)
    return found


def strict_pattern(pattern: str) -> str:
    r"""A pattern of the configuration (Python's language) as the server reads it: `$` at its end is the very
    end of the text, never before a last newline."""
    pattern = re.sub(r"\\(.)", lambda found: r"\z" if found[1] == "Z" else found[0], pattern, flags=re.DOTALL)
    if pattern.endswith("$") and not pattern.endswith(r"\$"):
        pattern = pattern[:-1] + r"\z"
    return pattern


def piecewise(over: Expression, first: Expression, steps: Sequence[tuple[Any, Expression]]) -> Expression:
    """`first` below the first boundary, then each step's value from its boundary on.

    A balanced decision tree: two hundred steps cost eight comparisons.
    """
    while steps and steps[0][1] == first:
        steps = steps[1:]
    if not steps:
        return first
    middle = len(steps) // 2
    boundary, value = steps[middle]
    below = piecewise(over, first, steps[:middle])
    return either({"$lt": [over, boundary]}, below, piecewise(over, value, steps[middle + 1 :]))


def stored_variants(texts: Collection[str]) -> list[Any]:
    """Every value that a database may hold for these ids: numbers compare as numbers, whatever their type."""
    variants: list[Any] = []
    for text in texts:
        variants.append(text)
        if re.fullmatch("[0-9a-f]{24}", text):
            variants.append(ObjectId(text))
        if _NUMBER.fullmatch(text) and len(text) <= 34:
            variants += [Decimal128(text), float(text)] if "." in text else [Decimal128(text)]
    return variants
