"""Alerts as people look at them: lists, one with everything that happened to it, and how many there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from tercera.errors import NotFoundError
from tercera.ledger import codec
from tercera.ledger.batches import batched
from tercera.ledger.codec import AnyRow
from tercera.ledger.people.decisions import decisions_of
from tercera.ledger.post.deliveries import Delivery, deliveries_of
from tercera.ledger.tables import alerts, audit, decisions, ledger, messages, receipts, runs, transitions
from tercera.messages import NoticeState
from tercera.model import Alert, Doubts, Muted, Reason, RuleId, Standing, State, SubjectId, Tally, WindowId
from tercera.telling.silences import Decision


@dataclass(frozen=True, slots=True)
class Step:
    """One transition as it was written: `before` is the level that held until then, `title` the rule's, or
    what the data watch found."""

    seq: int
    run: int
    at: datetime
    reason: Reason
    before: str | None
    after: Standing
    speaks: bool
    muted: Muted | None
    tally: Tally
    title: str
    doubtful: Doubts = ()

    @property
    def matched(self) -> int:
        """How many orders counted then."""
        return self.tally.matched


@dataclass(frozen=True, slots=True)
class AlertHistory:
    """An alert, its steps oldest first, what was told of each to whom, and what people decided about it."""

    alert: Alert
    steps: tuple[Step, ...]
    deliveries: tuple[Delivery, ...]
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """How many alerts there are by state and level, and how many notices by state."""

    alerts: Mapping[tuple[State, str | None], int]
    notices: Mapping[NoticeState, int]


def list_alerts(
    connection: Connection,
    *,
    rule: RuleId | None,
    subject: SubjectId | None,
    window: WindowId | None,
    state: State | None,
    limit: int,
    offset: int,
) -> list[Alert]:
    """The newest first."""
    query = select(alerts).order_by(alerts.c.id.desc()).limit(limit).offset(offset)
    wanted = {"rule": rule, "subject": subject, "window": window, "state": state and state.value}
    for name, value in wanted.items():
        if value is not None:
            query = query.where(alerts.c[name] == value)
    return [_alert(row) for row in connection.execute(query)]


def alerts_by_id(connection: Connection, ids: Collection[int]) -> list[Alert]:
    """These alerts, in the order of the ids."""
    found = {
        row.id: _alert(row)
        for some in batched(ids)
        for row in connection.execute(select(alerts).where(alerts.c.id.in_(some)))
    }
    return [found[each] for each in ids if each in found]


def open_alerts(connection: Connection, rules: Sequence[RuleId]) -> list[Alert]:
    """Those of rules that seldom have any, by rule, the newest first; not more than a thousand. Sorted here:
    an engine that is asked for an order looks for them along it, through every alert."""
    query = select(alerts).where(alerts.c.rule.in_(rules), alerts.c.state == State.OPEN.value).limit(1000)
    found = map(_alert, connection.execute(query))
    return sorted(found, key=lambda alert: (rules.index(alert.rule), -alert.id))


def find_alert(connection: Connection, rule: RuleId, subject: SubjectId, window: WindowId) -> Alert | None:
    """The alert of a pair, if there is one."""
    query = select(alerts).where(
        alerts.c.rule == rule, alerts.c.window == window, alerts.c.subject == subject
    )
    row = connection.execute(query).one_or_none()
    return _alert(row) if row else None


def alert_of(connection: Connection, alert: int) -> Alert | None:
    """By its number, if there is one."""
    row = connection.execute(select(alerts).where(alerts.c.id == alert)).one_or_none()
    return _alert(row) if row else None


def history(connection: Connection, alert: int) -> AlertHistory:
    """NotFoundError for an id that no alert has."""
    row = connection.execute(select(alerts).where(alerts.c.id == alert)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no alert {alert}; `tercera alerts` lists those there are").said_as(
            "no_alert", id=alert
        )
    steps = connection.execute(
        select(transitions, alerts.c.subject, alerts.c.window)
        .join(alerts, alerts.c.id == transitions.c.alert)
        .where(transitions.c.alert == alert)
        .order_by(transitions.c.seq)
    )
    return AlertHistory(
        _alert(row),
        tuple(map(step_of, steps)),
        tuple(deliveries_of(connection, alert)),
        tuple(decisions_of(connection, alert)),
    )


def counts(connection: Connection) -> Counts:
    """Of everything in the ledger."""
    standing = select(alerts.c.state, alerts.c.level, func.count().label("rows"))
    told = select(messages.c.state, func.sum(messages.c.notices).label("rows"))
    return Counts(
        alerts={
            (State(row.state), row.level): row.rows
            for row in connection.execute(standing.group_by(alerts.c.state, alerts.c.level))
        },
        notices={
            NoticeState(row.state): int(row.rows)
            for row in connection.execute(told.group_by(messages.c.state))
        },
    )


_NEWEST = select(func.max(runs.c.id)).scalar_subquery()
_MARK = select(
    ledger.c.last_alert,
    ledger.c.last_message,
    ledger.c.last_notice,
    ledger.c.last_transition,
    select(func.max(decisions.c.id)).scalar_subquery(),
    select(func.max(decisions.c.ended_at)).scalar_subquery(),
    select(func.max(audit.c.id)).scalar_subquery(),
    select(func.max(receipts.c.at)).scalar_subquery(),
    _NEWEST,
    select(runs.c.finished_at).where(runs.c.id == _NEWEST).scalar_subquery(),
    select(runs.c.summary).where(runs.c.id == _NEWEST).scalar_subquery(),
)


def mark(connection: Connection) -> tuple[object, ...]:
    """Something that differs after anything was decided, told or run: the counters, the last lines."""
    return tuple(connection.execute(_MARK).one())


def _alert(row: AnyRow) -> Alert:
    return Alert(
        id=row.id,
        rule=RuleId(row.rule),
        subject=SubjectId(row.subject),
        window=WindowId(row.window),
        standing=codec.read_standing(row),
        tally=codec.read_tally(row),
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        transitions=row.transitions,
    )


def step_of(row: AnyRow) -> Step:
    """A row of a transition with its alert's subject and window."""
    return Step(
        seq=row.seq,
        run=row.run,
        at=row.at,
        reason=Reason(row.reason),
        before=row.before,
        after=codec.read_standing(row),
        speaks=row.speaks,
        muted=Muted(row.muted) if row.muted else None,
        tally=codec.read_tally(row),
        title=row.title,
        doubtful=codec.read_doubts(row.doubtful),
    )
