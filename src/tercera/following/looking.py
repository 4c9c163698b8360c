"""The thread that looks: the work that is due, rule by rule, and the position that may be kept then."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import structlog

from tercera.cycle.live import Live
from tercera.errors import ConflictError, OutageError, SourceError
from tercera.failpoints import Failpoint, reached
from tercera.following.backlog import Marked, Work
from tercera.following.desk import Desk, Stretch
from tercera.following.owners import Owners
from tercera.ledger import Position
from tercera.model import Reason, RuleId
from tercera.rules import Rule

KEEP_EVERY, KEEP_IDLE = 1.0, 30.0
"""Seconds between two positions that are kept where looks led to nothing, and where there were none."""

RETRY = 0.25
"""Seconds after which a rule that is being swept tries again."""

SHORTEST, LONGEST = 1.0, 30.0
"""Seconds after which a rule that failed does: each time twice as long."""

log = structlog.get_logger("tercera")


class Looker:
    """For one thread. `wake` is called when there may be something to deliver."""

    def __init__(self, rules: Sequence[Rule], live: Live, desk: Desk, wake: Callable[[], None]) -> None:
        self._rules = {rule.id: rule for rule in rules}
        self._live = live
        self._desk = desk
        self._wake = wake
        self._owners = Owners(live.ledger)
        self._ready: set[RuleId] = set()
        self._pauses: dict[RuleId, float] = {}
        self._kept: tuple[str | None, float] = (None, float("-inf"))
        self._run_is_over = False

    def sweep_has_ended(self) -> None:
        """What is looked at from now on belongs to another run. May be called by any thread."""
        self._run_is_over = True

    def look(self, patience: float) -> None:
        """One round of work, waiting up to so many seconds for it. Raises `LedgerError`, and `Stopped`."""
        if self._run_is_over:
            self._run_is_over = False
            self._live.end_run()
        taken = self._desk.take(patience)
        if taken is not None:
            self._round(*taken)
        else:
            self._live.round_is_over()
            if (stretch := self._desk.stretch) is not None:
                self._keep(stretch, KEEP_IDLE)
        self._tell_repairs()

    def _round(self, stretch: Stretch, work: Work) -> None:
        by_rule = self._with_owners(work)
        self._desk.assign(stretch, by_rule)
        reached(Failpoint.BEFORE_LOOK)
        try:
            told = self._look_at(stretch, by_rule)
        finally:
            for rule in by_rule:  # whoever was not looked at, whatever stopped it
                self._desk.give_back(stretch, rule, SHORTEST)
        self._live.round_is_over()
        if told:
            self._wake()
        self._keep(stretch, KEEP_EVERY)

    def _look_at(self, stretch: Stretch, by_rule: Mapping[RuleId, Marked]) -> int:
        """How many alerts were told of."""
        told = 0
        rules = [self._rules[rule] for rule in by_rule if self._is_ready(rule)]
        gathering = self._live.gathering(rules, self._live.clock()) if rules else None
        for rule in rules:
            assert gathering is not None
            position = self._position(stretch, rule.id)
            try:
                swept = self._live.look(rule, set(by_rule[rule.id]), gathering, position)
            except (SourceError, ConflictError, OutageError) as error:
                stretch.is_over = isinstance(error, ConflictError) and position is not None
                pause = self._pauses[rule.id] = min(self._pauses.get(rule.id, SHORTEST / 2) * 2, LONGEST)
                log.warning("look failed, will be tried again", rule=rule.id, error=str(error), seconds=pause)
                self._desk.give_back(stretch, rule.id, pause)
                continue
            self._pauses.pop(rule.id, None)
            if swept is None:
                self._desk.give_back(stretch, rule.id, RETRY)
                continue
            self._desk.done(stretch, rule.id)
            told += swept.told
            if position is not None and swept.told + swept.held:
                self._is_kept(stretch, position)
            self._log(rule.id, swept.transitions, len(by_rule[rule.id]), swept.held)
        return told

    def _position(self, stretch: Stretch, rule: RuleId | None = None) -> Position | None:
        text = self._desk.position(stretch, rule)
        if text is None or text == self._kept[0]:
            return None
        return Position(text, self._live.clock(), stretch.lease)

    def _keep(self, stretch: Stretch, every: float) -> None:
        """The position, now and then, also when nothing had to be written."""
        if time.monotonic() - self._kept[1] < every:
            return
        if (position := self._position(stretch)) is not None:
            try:
                self._live.ledger.move_on(position)
            except ConflictError as error:
                log.warning("the position was not kept", error=str(error))
                stretch.is_over = True
            else:
                self._is_kept(stretch, position)

    def _is_kept(self, stretch: Stretch, position: Position) -> None:
        self._kept = position.text, time.monotonic()
        stretch.kept = position.text

    def _with_owners(self, work: Work) -> dict[RuleId, Marked]:
        """The work, with those who may have had the orders that moved from nobody knows whom."""
        by_rule = {rule: dict(marked) for rule, marked in work.by_rule.items()}
        if work.moved:
            first = min(work.moved.values())
            for rule in self._rules:
                for subject in self._owners.of(rule, work.moved):
                    by_rule.setdefault(rule, {}).setdefault(subject, first)
        return by_rule

    def _is_ready(self, rule: RuleId) -> bool:
        """Whether a sweep has been here before: only that may say what is old news."""
        if rule not in self._ready and self._live.is_ready(self._rules[rule]):
            self._ready.add(rule)
        return rule in self._ready

    def _tell_repairs(self) -> None:
        for rule, subjects in self._desk.repaired().items():
            log.warning(
                "a sweep had to repair what no change told of",
                rule=rule,
                subjects=len(subjects),
                such_as=sorted(subjects)[:3],
            )
            self._live.repaired(len(subjects))

    def _log(self, rule: RuleId, transitions: Mapping[Reason, int], subjects: int, held: int) -> None:
        moved = {str(reason): n for reason, n in transitions.items() if reason is not Reason.UNCHANGED}
        if moved or held:
            log.info("looked", rule=rule, subjects=subjects, held=held, **moved)
        if held:
            log.warning("held back", rule=rule, alerts=held, remark="see tercera held")
