"""What a rule means, as it is kept beside its cursor; and what an edit of the configuration changed of it.

Kept are the rule's own words and, of the source, a mark of each setting that decides what is counted: enough
to say what was edited and to know old levels by their new names, and nothing that could be a secret.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tercera.model import CUSTOMER, Level, RuleId
from tercera.rules.rule import Rule

_USUAL_GRACE = timedelta(days=30)
_SERVER = "server"
"""Its name in `reading`."""

_SERVERS = 20

_OF_THE_RULE = ("when", "per", "within", "timezone", "levels")


@dataclass(frozen=True, slots=True)
class Edit:
    """What was changed since a rule was last swept: `what` by the names of the configuration, `levels` as
    they were (empty where nobody knows)."""

    what: tuple[str, ...]
    levels: tuple[Level, ...] = ()

    @property
    def same_subjects(self) -> bool:
        """Whether alerts of before are about what the rule counts for now."""
        return "per" not in self.what

    def carried(self, level: str | None, rule: Rule) -> str | None:
        """What a level of before is called now. One whose name is gone is the new one in its place, where the
        levels are as many and that name is new; else the highest one that needs no more."""
        names = [each.name for each in self.levels]
        if level is None or rule.rank(level):
            return level
        if level not in names:
            return None
        place = names.index(level)
        if len(names) == len(rule.levels) and rule.levels[place].name not in names:
            return rule.levels[place].name
        lower = [each.name for each in rule.levels if each.threshold <= self.levels[place].threshold]
        return lower[-1] if lower else None


@dataclass(frozen=True, slots=True)
class LastEdit:
    """The last edit that a sweep came across: what was changed, when it was seen, and how many alerts changed
    by that alone, untold."""

    what: tuple[str, ...]
    at: datetime
    untold: int


@dataclass(frozen=True, slots=True)
class Meaning:
    """A rule and how its source is read. `reading` are marks by the names of the source's settings."""

    rule: Rule
    reading: Mapping[str, str] = field(default_factory=dict)

    def text(self, last: LastEdit | None, kept: str | None) -> str:
        """As the ledger keeps it in place of what it `kept`, with the last edit that was seen."""
        edit = {"edit": [last.what, last.at.isoformat(), last.untold]} if last else {}
        servers = {"servers": self._servers(json.loads(kept) if kept else {})}
        return json.dumps(self._values() | edit | servers, separators=(",", ":"), sort_keys=True)

    def edited(self, fingerprint: str, kept: str | None) -> Edit | None:
        """What was changed since a sweep that left these, None for nothing. A ledger of before this was kept
        says only that something was."""
        before = json.loads(kept) if kept else {}
        now = self._values()
        what = [name for name in _OF_THE_RULE if name in before and before[name] != now[name]]
        if kept:
            what += [f"source.{name}" for name in _changed(before.get("source", {}), now["source"])]
            what += ["source.server"] if before.get("servers", []) != self._servers(before) else []
        if not what and fingerprint != self.rule.fingerprint:
            what = ["rule"]
        levels = tuple(Level(name, threshold) for name, threshold in before.get("levels", ()))
        return Edit(tuple(what), levels) if what else None

    def _values(self) -> dict[str, Any]:
        counting = self.rule.counting
        return {
            "title": self.rule.title,
            "when": [[each.field, list(each.values), each.ignore_case] for each in counting.when],
            "per": counting.per,
            "within": counting.within.value,
            "timezone": counting.zone,
            "levels": [[each.name, each.threshold] for each in self.rule.levels],
            "grace": self.rule.grace.total_seconds(),
            "source": {name: mark for name, mark in self.reading.items() if name != _SERVER},
        }

    def _servers(self, before: Mapping[str, Any]) -> list[str]:
        """The servers that were read so far, the last ones. One of them is no other source: instances that
        share a ledger may each know it by a name of its own, and take turns."""
        known: list[str] = before.get("servers", [])
        server = self.reading.get(_SERVER)
        return known if server is None or server in known else [*known, server][-_SERVERS:]


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a rule when only the ledger remembers it."""

    title: str
    per: str
    zone: str
    grace: timedelta

    @classmethod
    def of(cls, rule: Rule) -> Kept:
        """Of one that is configured."""
        return cls(rule.title, rule.counting.per, rule.counting.zone, rule.grace)

    @classmethod
    def read(cls, rule: RuleId, kept: str | None) -> Kept:
        """From what `Meaning.text` gave; a ledger of before that was kept tells nothing."""
        found = json.loads(kept) if kept else {}
        grace = grace_of(kept)
        return cls(
            found.get("title", str(rule)),
            found.get("per", CUSTOMER),
            found.get("timezone", "UTC"),
            _USUAL_GRACE if grace is None else grace,
        )


def last_edit(kept: str | None) -> LastEdit | None:
    """The last edit that was seen; None for a rule that was never edited."""
    found = json.loads(kept).get("edit") if kept else None
    if found is None:
        return None
    what, at, untold = found
    return LastEdit(tuple(what), datetime.fromisoformat(at), untold)


def grace_of(kept: str | None) -> timedelta | None:
    """The grace that the rule had then."""
    seconds = json.loads(kept).get("grace") if kept else None
    return None if seconds is None else timedelta(seconds=seconds)


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
