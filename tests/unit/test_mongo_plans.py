"""What is read from an explained question, in each of the shapes that servers give it."""

from __future__ import annotations

from typing import Any

from tercera.indexes.costs import Cost
from tercera.mongo.indexes.plans import is_multikey, read_cost, scans


def stats(rows: int, keys: int, milliseconds: int) -> dict[str, Any]:
    """As the server writes them, with stages that say the same once more."""
    return {
        "nReturned": 1,
        "executionTimeMillis": milliseconds,
        "totalKeysExamined": keys,
        "totalDocsExamined": rows,
        "executionStages": {"stage": "FETCH", "docsExamined": rows, "inputStage": {"stage": "IXSCAN"}},
    }


SCAN = {"winningPlan": {"stage": "PROJECTION_SIMPLE", "inputStage": {"stage": "COLLSCAN"}}}
RANGE = {
    "winningPlan": {"stage": "FETCH", "inputStage": {"stage": "IXSCAN", "isMultiKey": True}},
    "rejectedPlans": [{"stage": "COLLSCAN"}],
}


def test_one_server_answers_at_the_top_or_in_its_first_stage() -> None:
    """By whether the planner took the other stages with it."""
    top = {"queryPlanner": SCAN, "executionStats": stats(10, 0, 1500)}
    first = {
        "stages": [{"$cursor": {"queryPlanner": SCAN, "executionStats": stats(10, 0, 1500)}}, {"$group": {}}]
    }
    assert read_cost(top) == read_cost(first) == Cost(10, 0, 1.5)


def test_behind_a_router_the_slowest_shard_counts() -> None:
    """After MongoDB's description of the answer of `mongos`: no such cluster was run."""
    shards = {
        name: {
            "stages": [{"$cursor": {"queryPlanner": SCAN, "executionStats": stats(rows, keys, milliseconds)}}]
        }
        for name, rows, keys, milliseconds in (("one", 10, 3, 100), ("other", 20, 4, 250))
    }
    assert read_cost({"mergeType": "mongos", "splitPipeline": {}, "shards": shards}) == Cost(30, 7, 0.25)
    merged = {"winningPlan": {"stage": "SHARD_MERGE", "shards": [{"winningPlan": {"stage": "COLLSCAN"}}]}}
    assert scans({"queryPlanner": merged})


def test_what_the_planner_rejected_is_no_scan() -> None:
    """Only the winning plan runs."""
    assert (scans({"queryPlanner": SCAN}), is_multikey({"queryPlanner": SCAN})) == (True, False)
    assert (scans({"queryPlanner": RANGE}), is_multikey({"queryPlanner": RANGE})) == (False, True)
