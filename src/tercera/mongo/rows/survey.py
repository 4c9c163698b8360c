"""What aggregations saw, added up as their documents come by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tercera.model import Placed, RejectCount, RejectReason, Survey
from tercera.orders import SAMPLES

Answer = Mapping[str, Any]


@dataclass
class _Rejects:
    rows: int = 0
    matching: int = 0
    samples: list[Any] = field(default_factory=list)

    def count(self) -> RejectCount:
        shown = ({each["p"]: each.get("v") for each in row} for row in self.samples[:SAMPLES])
        return RejectCount(self.rows, self.matching, tuple(shown))


class SurveyCount:
    """The sum of what several answers say."""

    def __init__(self) -> None:
        self._rows = 0
        self._orders = 0
        self._pairs = 0
        self.newest: Placed | None = None
        self._rejects: dict[RejectReason, _Rejects] = defaultdict(_Rejects)

    def add(self, answer: Answer) -> None:
        """Rows, orders and number of a pair, or of all that are not told of; or the rejects of one reason."""
        self._rows += answer["n"]
        key = answer["_id"]
        if not isinstance(key, Mapping):
            self._orders += answer["k"]
            self._pairs += answer["p"]
            return
        rejects = self._rejects[RejectReason(key["r"])]
        rejects.rows += answer["n"]
        rejects.matching += answer["n"] if key["m"] else 0
        rejects.samples += answer["e"]

    def survey(self) -> Survey:
        """The whole."""
        rejects = {reason: each.count() for reason, each in self._rejects.items()}
        return Survey(self._rows, self._orders, rejects, pairs=self._pairs, newest=self.newest)
