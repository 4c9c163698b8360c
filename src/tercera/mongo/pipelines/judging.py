"""One row of orders, judged in the server: an order of a (subject, window), or a reject with its reason.

A row becomes one of
- {k: the pair's name, o: order id, v: {d, o, t, a} if it matches}, with d its moment, t its
  status, a its amount: in this order, so that such values sort by time and order id;
- {k: {r: reason, m: whether it matches}, e: a sample};
- {k: null} when it is dated outside of the scope.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tercera.model import CUSTOMER, RejectReason
from tercera.mongo.pipelines.expressions import (
    Expression,
    amount_of,
    either,
    fits,
    is_missing,
    literal,
    matches,
    strict_pattern,
    text_of,
    told_by,
    type_is,
)
from tercera.mongo.pipelines.question import Question, When
from tercera.orders import SAMPLE_LENGTH

Stage = dict[str, Any]
Texts = Mapping[str, str]
"""The variables that hold a row's values as text, by the fields' names."""

_REQUIRED = ("order_id", "customer_id", "status")


def judged(question: Question, several: Sequence[When] = ()) -> Stage:
    """The stage. Every value is read once, into a variable. For the `when` of several rules, a reject's `m`
    says of each whether it is met; good rows mean nothing then."""
    names = [name for name in question.paths if name != "placed_at"]
    texts = {name: f"$$text{place}" for place, name in enumerate(names)}
    read = {texts[name].removeprefix("$$"): _text(question, name) for name in names}
    read["placed"] = question.moment.value
    known: Stage = {"matching": {"$and": _conditions(question.counting.when, texts)}}
    if several:
        known = {"matching": [{"$and": _conditions(when, texts)} for when in several]}
    wall = question.moment.wall("$$placed")
    if question.only_window:
        inside: Expression = question.inside(wall)
        key: Expression = texts[question.subject]
    else:
        known["window"] = question.window(wall)
        inside = {"$ne": ["$$window", None]}
        key = {"$concat": ["$$window", texts[question.subject]]}
    outside = {"$and": [{"$ne": ["$$placed", None]}, {"$not": [inside]}]}
    row = either(
        {"$and": [inside, *_validity(question, texts)]},
        _good(question, texts, key),
        either({"$or": [outside, *_foreign(question)]}, {"k": None}, _reject(question, texts)),
    )
    return {"$replaceWith": {"$let": {"vars": read, "in": {"$let": {"vars": known, "in": row}}}}}


def doubted(question: Question) -> Stage:
    """The stage for rejects alone: {s: subject, o: order id or null, r: reason} of each that matches and is
    dated in the scope or not at all, {} of any other row."""
    names = [name for name in question.paths if name != "placed_at"]
    texts = {name: f"$$text{place}" for place, name in enumerate(names)}
    read = {texts[name].removeprefix("$$"): _text(question, name) for name in names}
    read["placed"] = question.moment.value
    wall = question.moment.wall("$$placed")
    inside = question.inside(wall) if question.only_window else {"$ne": [question.window(wall), None]}
    dated = {"$ne": ["$$placed", None]}
    outside = {"$and": [dated, {"$not": [inside]}]}
    good = {"$and": [dated, *_validity(question, texts)]}
    wanted = {"$and": [{"$not": [{"$or": [outside, good]}]}, *_conditions(question.counting.when, texts)]}
    told = {"s": texts[question.subject], "o": texts["order_id"], "r": _reason(question, texts)}
    return {"$replaceWith": {"$let": {"vars": read, "in": either(wanted, told, {})}}}


def _foreign(question: Question) -> list[Expression]:
    """Whether a text without a date is a matter of another part of the question."""
    value, (low, high) = f"${question.fields.placed_at}", question.texts
    beyond = [*([{"$lt": [value, low]}] if low else []), *([{"$gte": [value, high]}] if high else [])]
    if not beyond:
        return []
    return [{"$and": [{"$eq": ["$$placed", None]}, type_is(value, "string"), {"$or": beyond}]}]


def _text(question: Question, name: str) -> Expression:
    text = text_of(f"${question.paths[name]}")
    derived = question.fields.derive.get(name)
    return told_by(text, derived) if derived else text


def _conditions(when: When, texts: Texts) -> list[Expression]:
    return [
        matches(match, texts["customer_id" if match.field == CUSTOMER else match.field]) for match in when
    ]


def _good(question: Question, texts: Texts, key: Expression) -> Expression:
    matching: Stage = {"d": "$$placed", "o": texts["order_id"], "t": texts["status"]}
    if question.fields.amount:
        matching["a"] = amount_of(f"${question.fields.amount}")
    return {
        "k": key,
        "o": texts["order_id"],
        "v": either("$$matching", matching, "$$REMOVE"),
    }


def _validity(question: Question, texts: Texts) -> list[Expression]:
    conditions = [_is_valid(question, name, texts[name]) for name in _REQUIRED]
    if question.subject not in _REQUIRED:
        conditions.append({"$ne": [texts[question.subject], None]})
    return conditions


def _is_valid(question: Question, name: str, text: str) -> Expression:
    pattern = question.fields.pattern_of(name)
    return fits(text, strict_pattern(pattern)) if pattern else {"$ne": [text, None]}


def _reject(question: Question, texts: Texts) -> Expression:
    return {"k": {"r": _reason(question, texts), "m": "$$matching"}, "e": _sample(question)}


def _reason(question: Question, texts: Texts) -> Expression:
    """The first that holds, in the order of `RejectReason`."""
    branches: list[tuple[Expression, RejectReason]] = []
    for name, missing, invalid in (
        ("order_id", RejectReason.NO_ORDER_ID, RejectReason.INVALID_ORDER_ID),
        ("customer_id", RejectReason.NO_CUSTOMER, RejectReason.INVALID_CUSTOMER_ID),
        ("placed_at", RejectReason.NO_DATE, RejectReason.UNREADABLE_DATE),
        ("status", RejectReason.NO_STATUS, RejectReason.INVALID_STATUS),
    ):
        read = {"$ne": ["$$placed", None]} if name == "placed_at" else _is_valid(question, name, texts[name])
        raw = texts[name] if name in question.fields.derive else f"${question.paths[name]}"
        branches += [
            ({"$and": [{"$not": [read]}, is_missing(raw)]}, missing),
            ({"$not": [read]}, invalid),
        ]
    return {
        "$switch": {
            "branches": [{"case": case, "then": str(reason)} for case, reason in branches],
            "default": str(RejectReason.NO_SUBJECT),
        }
    }


def _sample(question: Question) -> Expression:
    """The row's own values as text, cut; by path, so that whoever looks for the row finds it."""
    amount = [question.fields.amount] if question.fields.amount else []
    paths = dict.fromkeys([*question.paths.values(), *amount])
    return [{"p": literal(path), "v": _shown(f"${path}")} for path in paths]


def _shown(value: Expression) -> Expression:
    """A value as text, cut to a bounded length; null when missing, its type's name when it has no text."""
    as_text = {"$convert": {"input": value, "to": "string", "onError": {"$type": value}, "onNull": None}}
    return either(type_is(value, "string"), {"$substrCP": [value, 0, SAMPLE_LENGTH]}, as_text)
