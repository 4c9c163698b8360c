"""Rejects that could count for some subjects: the same judgement as in `judging`, by whom they name.

Read is what a sweep of the windows comes across: their index range, and the few places of the index where
values gather that no date can be read from.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from tercera.model import RejectReason, SubjectId
from tercera.mongo.pipelines.expressions import either, stored_variants
from tercera.mongo.pipelines.judging import Stage, doubted
from tercera.mongo.pipelines.question import Question
from tercera.mongo.pipelines.ranges import undatable
from tercera.orders import DOUBTFUL

Doubts = dict[SubjectId, dict[RejectReason, int]]


def doubtful_rows(question: Question, subjects: Collection[str]) -> list[Stage]:
    """One document for each subject and reason, with `n` orders."""
    placed = question.filter()
    path = question.fields.placed_at
    where: list[Stage] = (
        [] if placed is None else [{"$or": [placed, undatable(path, question.fields, placed)]}]
    )
    if question.counting.per not in question.fields.derive:
        variants = stored_variants(sorted(subjects))
        where.append({question.fields.path_of(question.counting.per): {"$in": variants}})
    reasons = [str(reason) for reason in DOUBTFUL]
    named = {"s": {"$in": sorted(subjects)}, "r": {"$in": reasons}}
    gathered: Stage = {
        "_id": {"s": "$s", "r": "$r"},
        "o": {"$addToSet": "$o"},
        "none": {"$sum": either({"$eq": [{"$ifNull": ["$o", None]}, None]}, 1, 0)},
    }
    known = {"$size": {"$setDifference": ["$o", [None]]}}
    return [
        *([{"$match": {"$and": where}}] if where else []),
        doubted(question),
        {"$match": named},
        {"$group": gathered},
        {"$project": {"n": {"$add": [known, "$none"]}}},
    ]


def read_doubts(answers: Collection[Mapping[str, Any]]) -> Doubts:
    """What was answered."""
    found: Doubts = {}
    for answer in answers:
        subject, reason = SubjectId(answer["_id"]["s"]), RejectReason(answer["_id"]["r"])
        found.setdefault(subject, {})[reason] = answer["n"]
    return found
