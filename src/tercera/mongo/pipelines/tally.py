"""The aggregation behind a tally, and how its answer is read.

1. `$match` on the raw date: an index range (see `ranges`).
2. Each row is judged (see `judging`).
3. Rows of one (subject, window) come together: how many they are, which orders, which of them match.
4. Pairs below `at_least` melt into one document, so that the survey knows of them and nothing else travels.
5. The earliest matching orders become the evidence.

Step 3 gathers the orders of a pair in a set, which is quick and takes memory. When the server refuses a set
that has grown too large, `in_orders` asks the same by first grouping the rows of each order, which the server
can do on its disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tercera.model import Evidence, Tally
from tercera.mongo.pipelines.expressions import Expression, either, type_is
from tercera.mongo.pipelines.judging import Stage, judged
from tercera.mongo.pipelines.money import money, total
from tercera.mongo.pipelines.question import Question, When
from tercera.mongo.pipelines.ranges import undatable
from tercera.orders import SAMPLES, Scope

MOST_UNDATABLE = 1000
"""Of rows that no date can be read from, a bounded sweep looks at no more than these."""

TOO_LARGE = {146, 10334, 17419, 17280}
"""What the server calls a set, or a document, that has grown too large."""

Answer = Mapping[str, Any]

_SAMPLES: Stage = {"$minN": {"n": SAMPLES, "input": "$e"}}
_ROWS: Stage = {"$sum": 1}
_IS_REJECT = type_is("$_id", "object")


def in_sets(question: Question) -> list[Stage]:
    """The quick pipeline."""
    gathered: Stage = {
        "_id": "$k",
        "n": _ROWS,
        "o": {"$addToSet": "$o"},
        "v": {"$addToSet": "$v"},
        "e": _SAMPLES,
    }
    kept = {"$or": [{"$gte": [{"$size": "$v"}, _at_least(question)]}, _IS_REJECT]}
    melted: Stage = {
        "_id": either(kept, "$_id", None),
        "p": _ROWS,
        "n": {"$sum": "$n"},
        "k": {"$sum": {"$size": "$o"}},
        "v": {"$first": either(kept, "$v", None)},
        "e": {"$first": "$e"},
    }
    distinct = {"$eq": [{"$size": {"$setUnion": ["$v.o"]}}, {"$size": "$v"}]}
    whole = {"m": {"$size": "$v"}, "f": {"$min": "$v.d"}, "l": {"$max": "$v.d"}, "v": _earliest(question)}
    if question.fields.amount:
        whole |= {"a": {"$sum": "$v.a"}, "h": {"$max": "$v.a"}}
    told: Stage = {
        "p": True,
        "n": True,
        "k": True,
        "e": True,
        # Where an order matches in several ways, all of them are told: see `_merged`.
        "t": either({"$isArray": "$v"}, either(distinct, whole, {"v": "$v"}), None),
    }
    return [*_rows(question), {"$group": gathered}, *_asked(question), {"$group": melted}, {"$project": told}]


def in_orders(question: Question) -> list[Stage]:
    """The pipeline that works with any amount of data."""
    orders: Stage = {
        "_id": {"k": "$k", "o": "$o"},
        "n": _ROWS,
        "d": {"$min": "$v.d"},
        "t": {"$min": "$v.t"},
        "a": {"$max": "$v.a"},
        "e": _SAMPLES,
    }
    matched = {"$gt": ["$d", None]}
    pairs: Stage = {
        "_id": "$_id.k",
        "n": {"$sum": "$n"},
        "k": {"$sum": either(type_is("$_id.k", "string"), 1, 0)},
        "m": {"$sum": either(matched, 1, 0)},
        "f": {"$min": "$d"},
        "l": {"$max": "$d"},
        "a": {"$sum": "$a"},
        "h": {"$max": "$a"},
        "e": {"$first": "$e"},
    }
    if cap := question.counting.evidence:
        one = {"d": "$d", "o": "$_id.o", "t": "$t", "a": "$a"}
        pairs["v"] = {"$minN": {"n": cap, "input": either(matched, one, None)}}
    kept = {"$or": [{"$gte": ["$m", _at_least(question)]}, _IS_REJECT]}
    melted: Stage = {
        "_id": either(kept, "$_id", None),
        "p": _ROWS,
        "n": {"$sum": "$n"},
        "k": {"$sum": "$k"},
        "t": {"$first": either(kept, "$$ROOT", None)},
        "e": {"$first": "$e"},
    }
    return [
        *_rows(question),
        {"$group": orders},
        {"$group": pairs},
        *_asked(question),
        {"$group": melted},
    ]


def undatable_rejects(question: Question, several: Sequence[When] = ()) -> list[Stage]:
    """The rejects that a bounded sweep does not come across: a bounded number of them. For the `when` of
    several rules at once see `judged`."""
    found = undatable(question.fields.placed_at, question.fields, question.filter())
    whole = Question(question.fields, question.counting, Scope())
    return [
        {"$match": found},
        {"$limit": MOST_UNDATABLE},
        judged(whole, several),
        {"$match": {"k.r": {"$exists": True}}},
        {"$group": {"_id": "$k", "n": _ROWS, "e": _SAMPLES}},
    ]


def _rows(question: Question) -> list[Stage]:
    rows = question.filter()
    return [*([{"$match": rows}] if rows else []), judged(question)]


def _asked(question: Question) -> list[Stage]:
    """Leaves out what is dated outside of the scope, and pairs that were not asked for."""
    if question.scope.pairs is None:
        return [{"$match": {"_id": {"$ne": None}}}]
    keys = [question.key(subject, window) for subject, window in question.scope.pairs]
    return [{"$match": {"$or": [{"_id": {"$type": "object"}}, {"_id": {"$in": keys}}]}}]


def _at_least(question: Question) -> int:
    return 0 if question.scope.pairs is not None else question.scope.at_least


def _earliest(question: Question) -> Expression:
    cap = question.counting.evidence
    return {"$slice": [{"$sortArray": {"input": "$v", "sortBy": 1}}, cap]} if cap else []


def read_tally(question: Question, answer: Answer) -> Tally | None:
    """The tally of an answered pair; None when it has fewer matching orders than were asked for."""
    told = answer["t"]
    if "m" not in told:
        told = _merged(told["v"], question.counting.evidence)
    if told["m"] < _at_least(question):
        return None
    zone = question.counting.zone
    subject, window = question.pair(answer["_id"])
    known = told.get("h") is not None
    return Tally(
        subject,
        window,
        matched=told["m"],
        orders=answer["k"],
        amount=money(told["a"]) if known else None,
        first_at=question.moment.read(told["f"], zone) if told["m"] else None,
        last_at=question.moment.read(told["l"], zone) if told["m"] else None,
        evidence=tuple(
            Evidence(one["o"], question.moment.read(one["d"], zone), one["t"], money(one.get("a")))
            for one in told.get("v", ())
        ),
    )


def _merged(rows: Iterable[Answer], cap: int) -> dict[str, Any]:
    """The distinct orders of a pair whose rows say different things of them: of each the earliest moment, the
    smallest status, the largest amount."""
    orders: dict[str, dict[str, Any]] = {}
    for row in rows:
        order = orders.setdefault(row["o"], dict(row))
        order["d"] = min(order["d"], row["d"], key=_moment)
        order["t"] = min(order["t"], row["t"])
        order["a"] = total([order.get("a"), row.get("a")])["h"]
    found = sorted(orders.values(), key=lambda order: (_moment(order["d"]), order["o"]))
    return {
        "m": len(found),
        "f": found[0]["d"] if found else None,
        "l": found[-1]["d"] if found else None,
        **total(order["a"] for order in found),
        "v": found[:cap],
    }


def _moment(stored: Any) -> tuple[Any, int]:
    """Sorts as the server does: by the wall clock, then by the code."""
    return (stored["w"], stored["c"]) if isinstance(stored, Mapping) else (stored, 0)
