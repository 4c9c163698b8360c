"""What questions to one collection cost, within a bounded time: measured by the server, else estimated.

1. A question that uses an index is explained with executionStats, which runs it.
2. One that reads every document is tried on the first few: when all of them would take too long, the figures
   are worked out from that.
3. How many documents a filter lets through is counted where that is quick, else told from a random sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Any

from pymongo.collection import Collection
from pymongo.errors import ExecutionTimeout, OperationFailure

from tercera.indexes.costs import Cost
from tercera.mongo.indexes.plans import read_cost, scans
from tercera.mongo.pipelines.ranges import Filter

BUDGET = 10.0
"""Seconds for one question at most."""

_TRIED = 20_000
"""On so many documents a long question is tried."""

_SAMPLE = 5_000
_COUNTED = 200_000
"""Of more documents than this, a filter without an index is judged by the sample."""

Pipeline = list[dict[str, Any]]
Documents = Collection[dict[str, Any]]


@dataclass(frozen=True)
class Gauge:
    """Of one collection. Raises the driver's errors, except for what takes too long."""

    documents: Documents
    budget: float = BUDGET

    @cached_property
    def stored(self) -> int:
        """How many documents there are, as the server keeps count."""
        return self.documents.estimated_document_count()

    def uses_index(self, wanted: Filter | None) -> bool:
        """Whether the server finds what a filter wants without reading everything. False where it does not
        say: not every service that speaks MongoDB's language explains itself."""
        find = {"find": self.documents.name, "filter": wanted or {}}
        try:
            return not scans(self.documents.database.command("explain", find, verbosity="queryPlanner"))
        except OperationFailure:
            return False

    def cost(self, pipelines: Sequence[Pipeline], *, indexed: bool) -> Cost | None:
        """Of pipelines, one after the other; None when the server does not explain itself."""
        if not indexed and (predicted := self._predicted(pipelines)) > self.budget:
            return Cost(self.stored * len(pipelines), 0, predicted, estimated=True)
        total = Cost(0, 0, 0.0)
        for pipeline in pipelines:
            left = self.budget - (total.seconds or 0)
            try:
                total += read_cost(self._explained(pipeline, max(left, 1)))
            except ExecutionTimeout:
                return Cost(total.rows, total.keys, self.budget, unfinished=True)
            except OperationFailure:
                return None
        return total

    def matching(self, wanted: Filter, *, indexed: bool) -> tuple[int, bool] | None:
        """How many documents a filter lets through, and whether that is exact; None when it took too long.
        `indexed` says that it can be found out quickly."""
        if indexed or self.stored <= _COUNTED:
            return self._counted([{"$match": wanted}], 1.0, exact=True)
        share = self.stored / _SAMPLE
        return self._counted([{"$sample": {"size": _SAMPLE}}, {"$match": wanted}], share, exact=False)

    def seconds_for(self, pipeline: Pipeline, rows: int) -> float:
        """What a pipeline would take for so many rows, from what it takes for a few."""
        return self._rate(pipeline) * rows

    def _predicted(self, pipelines: Sequence[Pipeline]) -> float:
        return sum(self._rate(pipeline) * self.stored for pipeline in pipelines)

    def _rate(self, pipeline: Pipeline) -> float:
        """Seconds for each of the first documents."""
        tried = min(_TRIED, max(self.stored, 1))
        began = perf_counter()
        try:
            self._run([{"$limit": tried}, *pipeline])
        except ExecutionTimeout:
            return self.budget
        return (perf_counter() - began) / tried

    def _counted(self, pipeline: Pipeline, factor: float, *, exact: bool) -> tuple[int, bool] | None:
        try:
            found = self._run([*pipeline, {"$count": "n"}])
        except ExecutionTimeout:
            return None
        return round((found[0]["n"] if found else 0) * factor), exact

    def _run(self, pipeline: Pipeline) -> list[dict[str, Any]]:
        limit = int(self.budget * 1000)
        with self.documents.aggregate(pipeline, allowDiskUse=True, maxTimeMS=limit) as answers:
            return list(answers)

    def _explained(self, pipeline: Pipeline, seconds: float) -> dict[str, Any]:
        asked = {
            "aggregate": self.documents.name,
            "pipeline": pipeline,
            "cursor": {},
            "allowDiskUse": True,
            "collation": {"locale": "simple"},
        }
        return self.documents.database.command(
            "explain", asked, verbosity="executionStats", maxTimeMS=int(seconds * 1000)
        )
