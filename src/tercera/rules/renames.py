"""A rule is known by what it means: one whose id is new, and which means what one of before meant that is not
there any more, is that one under another name. Ids may also have been swapped. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tercera.model import RuleId
from tercera.rules.rule import Rule


def renames(rules: Sequence[Rule], swept: Mapping[RuleId, str]) -> dict[RuleId, RuleId]:
    """Old ids and new ones, from the fingerprints that rules had when they were `swept`. Where two could be
    meant, neither is; what another rule of the ledger is called is no new id, unless that one moves, too."""
    same = {rule.id for rule in rules if swept.get(rule.id) == rule.fingerprint}
    wanted = _unique({rule.id: rule.fingerprint for rule in rules if rule.id not in same})
    left = _unique({name: mark for name, mark in swept.items() if name not in same})
    names = {left[mark]: new for mark, new in wanted.items() if mark in left}
    while taken := [old for old, new in names.items() if new in swept and new not in names]:
        for old in taken:
            del names[old]
    return names


def _unique(marks: Mapping[RuleId, str]) -> dict[str, RuleId]:
    """The ids by their marks, where only one has it."""
    seen = list(marks.values())
    return {mark: name for name, mark in marks.items() if seen.count(mark) == 1}
