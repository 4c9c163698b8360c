"""Counts that rejects could change: asked for those alone of whom operations is about to hear."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from tercera.messages import Change
from tercera.model import SubjectId, Survey, WindowId
from tercera.orders import DOUBTFUL, Source
from tercera.rules import Rule
from tercera.windows import parse_window


def with_doubts(rule: Rule, source: Source, survey: Survey, changes: Sequence[Change]) -> list[Change]:
    """The changes that operations hears of with how many orders more could count, if their rows could be
    judged. The source is not asked when the sweep saw no such row. Raises `SourceError`."""
    if not any(count.matching for reason, count in survey.rejects.items() if reason in DOUBTFUL):
        return list(changes)
    by_window: dict[WindowId, set[SubjectId]] = defaultdict(set)
    for change in changes:
        if any(draft.recipient and not draft.for_customer for draft in change.drafts):
            by_window[change.tally.window].add(change.tally.subject)
    found = {
        (subject, window): doubts
        for window, subjects in by_window.items()
        for subject, doubts in source.doubtful(
            rule.counting, parse_window(window, rule.counting.within), subjects
        ).items()
    }
    return [replace(change, doubtful=tuple(sorted(found.get(change.pair, {}).items()))) for change in changes]
