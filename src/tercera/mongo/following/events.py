"""The events of a change stream: which of them matter, what of each travels, and whom it is about.

The server reads the ids and derived fields of a changed order by the same expressions as in a tally, so
nothing else of it travels. https://www.mongodb.com/docs/manual/reference/change-events/
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from tercera.fields import OrderFields
from tercera.model import CUSTOMER, SubjectId
from tercera.mongo.pipelines.expressions import Expression, either, literal, text_of, told_by, type_is
from tercera.tally.changes import Batch

Event = Mapping[str, Any]

_SIDES = {"now": "fullDocument", "was": "fullDocumentBeforeChange"}


class Events:
    """Of one collection, for rules that count for the fields `pers`."""

    def __init__(self, fields: OrderFields, pers: Collection[str]) -> None:
        self._fields = fields
        self._pers = {f"s{place}": per for place, per in enumerate(sorted(set(pers)))}
        self._owners = frozenset(fields.path_of(_field(per)) for per in pers)

    def pipeline(self) -> list[dict[str, Any]]:
        """Leaves out what no tally reads, and of the rest all that is not needed here.

        The first stage names no document, so the server asks it before it looks an order up: an update of
        other fields costs next to nothing.
        """
        told = {side: self._told(document) for side, document in _SIDES.items()}
        touched = _touches(frozenset(paths_of(self._fields)))
        may_move = either({"$eq": ["$operationType", "update"]}, _touches(self._owners), True)
        return [
            {"$match": {"$or": [{"operationType": {"$ne": "update"}}, {"$expr": touched}]}},
            {
                "$project": {
                    "operationType": True,
                    "clusterTime": True,
                    "moves": may_move,
                    "key": text_of("$documentKey._id"),
                    **told,
                }
            },
        ]

    def read(self, events: Iterable[Event], position: str, *, is_current: bool) -> Batch:
        """What they come to together."""
        subjects: dict[str, set[SubjectId]] = defaultdict(set)
        moved: set[str] = set()
        untold = 0
        for event in events:
            now, was = event.get("now"), event.get("was")
            for short, per in self._pers.items():
                subjects[per].update(side[short] for side in (now, was) if side and side.get(short))
            if was is None and event["moves"] and event["operationType"] != "insert":
                known = event.get("key") if self._fields.order_id == "_id" else (now or {}).get("o")
                if known:
                    moved.add(known)
                # Of an order that changed and is gone by now, its deletion tells.
                untold += event["operationType"] == "delete" and not known
        named = {per: frozenset(subjects[per]) for per in self._pers.values()}
        return Batch(named, frozenset(moved), untold, position, is_current)

    def _told(self, document: str) -> Expression:
        """The order's id and subjects, null where there is no such document."""
        values = {"o": self._text(document, "order_id")}
        values |= {short: self._text(document, _field(per)) for short, per in self._pers.items()}
        return either(type_is(f"${document}", "object"), values, None)

    def _text(self, document: str, name: str) -> Expression:
        value = {"$let": {"vars": {"v": f"${document}.{self._fields.path_of(name)}"}, "in": text_of("$$v")}}
        derived = self._fields.derive.get(name)
        return told_by(value, derived) if derived else value


def _touches(paths: Collection[str]) -> Expression:
    """Whether an update wrote something at these paths, above or below them."""
    parts = [path.split(".") for path in paths]
    above = sorted({".".join(part[: n + 1]) for part in parts for n in range(len(part))})
    below = "^(" + "|".join(re.escape(path) for path in sorted(paths)) + r")\."
    written = {
        "$concatArrays": [
            {
                "$map": {
                    "input": {"$objectToArray": {"$ifNull": ["$updateDescription.updatedFields", {}]}},
                    "in": "$$this.k",
                }
            },
            {"$ifNull": ["$updateDescription.removedFields", []]},
            {"$ifNull": ["$updateDescription.truncatedArrays.field", []]},
        ]
    }
    touched = {
        "$or": [
            {"$in": ["$$this", literal(above)]},
            {"$regexMatch": {"input": "$$this", "regex": literal(below)}},
        ]
    }
    return {"$anyElementTrue": [{"$map": {"input": written, "in": touched}}]}


def paths_of(fields: OrderFields) -> Iterator[str]:
    """Every path that a tally may read."""
    yield from (fields.order_id, fields.customer_id, fields.placed_at)
    yield fields.path_of("status")
    if fields.amount:
        yield fields.amount
    yield from fields.fields.values()
    yield from (derived.source for derived in fields.derive.values())


def _field(per: str) -> str:
    return "customer_id" if per == CUSTOMER else per
