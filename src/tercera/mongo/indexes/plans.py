"""What the server says of a question that it explained: how much it read, for how long, by which index.

On one server the figures stand at the top or in the first stage, by whether the planner took more stages with
it; behind a router each shard has its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tercera.indexes.costs import Cost

Plan = Mapping[str, Any]


def read_cost(plan: Plan) -> Cost:
    """Of a plan with executionStats. Shards work at the same time: the slowest counts."""
    found = list(_executions(plan))
    return Cost(
        rows=sum(int(each["totalDocsExamined"]) for each in found),
        keys=sum(int(each["totalKeysExamined"]) for each in found),
        seconds=max((int(each["executionTimeMillis"]) for each in found), default=0) / 1000,
    )


def scans(plan: Plan) -> bool:
    """Whether every document is read, on some shard at least."""
    return any(stage.get("stage") == "COLLSCAN" for stage in _stages(plan.get("queryPlanner", plan)))


def is_multikey(plan: Plan) -> bool:
    """Whether an index of the winning plan holds the elements of arrays."""
    return any(stage.get("isMultiKey") for stage in _stages(plan.get("queryPlanner", plan)))


def _executions(part: Any) -> Iterator[Plan]:
    if isinstance(part, Mapping):
        stats = part.get("executionStats")
        if isinstance(stats, Mapping) and "totalDocsExamined" in stats:
            yield stats
            return
        for each in part.values():
            yield from _executions(each)
    elif isinstance(part, list):
        for each in part:
            yield from _executions(each)


def _stages(part: Any) -> Iterator[Plan]:
    if isinstance(part, Mapping):
        if "stage" in part:
            yield part
        for name, each in part.items():
            if name != "rejectedPlans":
                yield from _stages(each)
    elif isinstance(part, list):
        for each in part:
            yield from _stages(each)
