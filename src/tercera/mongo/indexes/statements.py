"""The pipelines that a sweep and a live look send, for whoever wants to know what they cost.

`sources.mongodb` sends them; that both are the same is tested against the server's own profile.
"""

from __future__ import annotations

from collections.abc import Sequence

from tercera.mongo.pipelines.question import SHORTEST_PART, Question
from tercera.mongo.pipelines.tally import in_sets, undatable_rejects
from tercera.mongo.rows.columns import MOST_ROWS, Columns, Stage
from tercera.mongo.rows.together import by_needs, parts_of, undatable_of_several, widest


def of_a_sweep(question: Question, *, indexed: bool, rows: int | None) -> list[list[Stage]]:
    """A sweep's pipelines. Of very many `rows` the server judges each; None where nobody counted them."""
    if not indexed:
        return [*_probes(question), in_sets(question), undatable_rejects(question)]
    parts = list(question.parts(SHORTEST_PART))
    packed = Columns(question).can_be_asked and (rows is None or rows <= MOST_ROWS * len(parts))
    asked = [Columns(part).pipeline(padded=False) if packed else in_sets(part) for part in parts]
    return [*asked, undatable_rejects(question)]


def of_sweeps(questions: Sequence[Question], *, indexed: bool, rows: int | None) -> list[list[Stage]]:
    """Those of a cycle with several rules: where they are of one zone, all is read once for them."""
    apart = [of_a_sweep(each, indexed=indexed, rows=rows) for each in questions]
    zones = {each.counting.zone for each in questions}
    if len(questions) == 1 or len(zones) > 1:
        return [pipeline for pipelines in apart for pipeline in pipelines]
    wide = widest(questions)
    parts = parts_of(wide, indexed=indexed)
    if not all(Columns(each).can_be_asked for each in questions) or (rows or 0) > MOST_ROWS * len(parts):
        return [pipeline for pipelines in apart for pipeline in pipelines]
    probes = [] if indexed else _probes(wide)
    return (
        probes
        + [Columns(part).pipeline(padded=False) for part in parts]
        + [undatable_of_several(wide, alike) for alike in by_needs(questions).values()]
    )


def _probes(question: Question) -> list[list[Stage]]:
    """The looks for the types in which dates are stored, which an index would answer at once."""
    kinds = ({question.fields.placed_at: {"$type": kind}} for kind in ("string", "date"))
    return [[{"$match": kind}, {"$limit": 1}] for kind in kinds]


def of_a_look(question: Question) -> list[list[Stage]]:
    """The pipeline of a question that names its pairs."""
    return [in_sets(question)]
