"""What one sweep, or one chunk of it, writes: alerts, their transitions, the notices and the cursor together.

0. whoever sweeps under a lease must still have it; 1. the alerts that the changes are about are looked up;
2. each must stand as it did when the change was
decided, else another process was faster and nothing is written; 3. new alerts are inserted, moved ones
updated under their transition number; 4. each move gets its transition row, and its drafts become notices.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from tercera.errors import ConflictError
from tercera.failpoints import Failpoint, reached
from tercera.ledger import codec, cursors, positions
from tercera.ledger.batches import batched, insert_many, write_many
from tercera.ledger.codec import TallyRow
from tercera.ledger.cursors import Cursor
from tercera.ledger.instances import leases
from tercera.ledger.instances.leases import Lease
from tercera.ledger.numbers import draw, first_of_all
from tercera.ledger.positions import Position
from tercera.ledger.post.outbox import enqueue
from tercera.ledger.tables import alerts, transitions
from tercera.messages import Change
from tercera.model import Pair, Reason, RuleId, Standing, SubjectId, Transition, WindowId
from tercera.telling.statement import STATEMENTS


class _Present(NamedTuple):
    """An alert as the ledger has it now."""

    id: int
    transitions: int
    standing: Standing


_NONE = 0
"""In place of a transition's number, when only the numbers of the tally moved."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A change with the alert that it moves, and the transition's number among those of the alert (`seq`) and
    among all."""

    alert: int
    seq: int
    number: int
    change: Change
    tally: TallyRow


def commit(
    connection: Connection,
    identity: str,
    changes: Iterable[Change],
    *,
    rule: RuleId,
    cursor: Cursor | None,
    run: int,
    now: datetime,
    lease: Lease | None = None,
    position: Position | None = None,
) -> None:
    """Inside one transaction. ConflictError when an alert moved since it was read, or the lease was lost."""
    changes = list(changes)
    if strangers := {change.rule for change in changes} - {rule, STATEMENTS}:
        raise ValueError(f"changes of {sorted(strangers)} in a commit of {rule!r}")
    first_of_all(connection)
    if lease is not None:
        leases.renew(connection, lease)
    steps = [
        step
        for each in dict.fromkeys(change.rule for change in changes)
        for step in _of_rule(connection, each, [change for change in changes if change.rule == each])
    ]
    _insert(connection, [step for step in steps if step.seq == 1], now)
    _update(connection, [step for step in steps if step.seq > 1], now)
    _renew(connection, [step for step in steps if step.seq == _NONE])
    steps = [step for step in steps if step.seq != _NONE]
    insert_many(connection, transitions, (_transition_row(step, run, now) for step in steps))
    drafts = (((step.alert, step.seq), draft) for step in steps for draft in step.change.drafts)
    enqueue(connection, identity, drafts, now)
    reached(Failpoint.INSIDE_COMMIT)
    if cursor is not None:
        cursors.move(connection, rule, cursor)
    if position is not None:
        positions.move(connection, position)


def _of_rule(connection: Connection, rule: RuleId, changes: Sequence[Change]) -> list[_Step]:
    return _steps(connection, changes, _present(connection, rule, changes))


def _present(connection: Connection, rule: RuleId, changes: Sequence[Change]) -> dict[Pair, _Present]:
    subjects: dict[WindowId, list[SubjectId]] = defaultdict(list)
    for change in changes:
        subjects[change.tally.window].append(change.tally.subject)
    found: dict[Pair, _Present] = {}
    for window, all_subjects in subjects.items():
        for some in batched(all_subjects):
            query = select(
                alerts.c.id, alerts.c.subject, alerts.c.transitions,
                alerts.c.state, alerts.c.level, alerts.c.peak, alerts.c.spoken,
            ).where(alerts.c.rule == rule, alerts.c.window == window, alerts.c.subject.in_(some))  # fmt: skip
            for row in connection.execute(query):
                found[row.subject, window] = _Present(row.id, row.transitions, codec.read_standing(row))
    return found


def _steps(
    connection: Connection, changes: Sequence[Change], present: Mapping[Pair, _Present]
) -> list[_Step]:
    """In the order of the changes. New alerts get their ids; what is not known and does not open is left."""
    pairs = [present.get((change.tally.subject, change.tally.window)) for change in changes]
    opened = sum(
        known is None and change.transition.is_change for change, known in zip(changes, pairs, strict=True)
    )
    moved = sum(change.transition.is_change for change in changes)
    first = draw(connection, alerts=opened, transitions=moved)
    ids, numbers = count(first.alert), count(first.transition)
    steps = []
    for change, known in zip(changes, pairs, strict=True):
        if change.transition.before != (known.standing if known else None):
            raise _lost(change, known)
        is_change = change.transition.is_change
        if known is None and not is_change:
            continue
        alert = known.id if known else next(ids)
        seq = (known.transitions + 1 if known else 1) if is_change else _NONE
        number = next(numbers) if is_change else _NONE
        steps.append(_Step(alert, seq, number, change, codec.tally_row(change.tally)))
    return steps


def _lost(change: Change, known: _Present | None) -> ConflictError:
    tally = change.tally
    stands = f"{known.standing.state} at {known.standing.level}" if known else "not there"
    return ConflictError(
        f"the alert of {change.rule!r} for {tally.subject!r} in {tally.window} was changed by another "
        f"process since it was read (it is {stands}); nothing was written: run the sweep again"
    )


def _insert(connection: Connection, steps: Sequence[_Step], now: datetime) -> None:
    rows = (
        {
            "id": step.alert,
            "rule": step.change.rule,
            "subject": step.change.tally.subject,
            "window": step.change.tally.window,
            "transitions": 1,
            "opened_at": now,
            "changed_at": now,
            "digest": codec.row_digest(step.tally),
            **codec.standing_row(_after(step.change)),
            **step.tally,
        }
        for step in steps
    )
    insert_many(connection, alerts, rows)


def _update(connection: Connection, steps: Sequence[_Step], now: datetime) -> None:
    """Compare-and-swap: when an alert has had another transition since, nothing of the commit is written."""
    rows = (
        {
            "alert": step.alert,
            "last": step.seq - 1,
            "transitions": step.seq,
            "changed_at": now,
            "digest": codec.row_digest(step.tally),
            **codec.standing_row(_after(step.change)),
            **step.tally,
        }
        for step in steps
    )
    swap = update(alerts).where(alerts.c.id == bindparam("alert"), alerts.c.transitions == bindparam("last"))
    if write_many(connection, swap, rows) != len(steps):
        raise ConflictError(
            "an alert was changed by another process, or twice in one sweep; nothing was written: sweep again"
        )


def _renew(connection: Connection, steps: Sequence[_Step]) -> None:
    rows = ({"alert": step.alert, "digest": codec.row_digest(step.tally), **step.tally} for step in steps)
    write_many(connection, update(alerts).where(alerts.c.id == bindparam("alert")), rows)


def _after(change: Change) -> Standing:
    if change.transition.after is None:
        raise ValueError(f"{change.transition.reason} leaves no standing to write")
    return change.transition.after


def _level_before(transition: Transition) -> str | None:
    """The level that held until then; or that was told last, where it is told what moved in a silence."""
    before, after = transition.before, transition.after
    if before is None or after is None:
        return None
    moved_before = before.level is None or before.level == after.level
    return before.peak if moved_before and transition.reason is not Reason.CLOSED else before.level


def _transition_row(step: _Step, run: int, now: datetime) -> dict[str, Any]:
    """Everything that a message needs later, so that a second try says what the first one said."""
    change = step.change
    return {
        "alert": step.alert,
        "seq": step.seq,
        "run": run,
        "at": now,
        "reason": change.transition.reason.value,
        "before": _level_before(change.transition),
        "speaks": change.transition.speaks,
        "muted": change.transition.muted.value if change.transition.muted else None,
        "title": change.title,
        "per": change.per,
        "period": change.period.value,
        "threshold": change.threshold,
        "currency": change.currency,
        "levels": codec.levels_text(change.levels) if change.drafts else None,  # only messages show them
        "doubtful": codec.doubts_text(change.doubtful),
        **codec.standing_row(_after(change)),
        **step.tally,
        "number": step.number,
    }
