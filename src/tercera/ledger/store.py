"""The ledger: each method is one transaction of the module that knows about its subject."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import Connection, Engine

from tercera.errors import LedgerError, OutageError
from tercera.failpoints import Failpoint, reached
from tercera.ledger import (
    audit,
    circuits,
    claims,
    commit,
    cursors,
    decisions,
    deliveries,
    evidence,
    figures,
    heard,
    history,
    holding,
    known,
    leases,
    passages,
    positions,
    pruning,
    runs,
    sent,
    settling,
    unreached,
)
from tercera.ledger.audit import Telling
from tercera.ledger.circuits import Circuit
from tercera.ledger.cursors import Cursor
from tercera.ledger.digests import Digests
from tercera.ledger.engine import reading, writing, written
from tercera.ledger.evidence import Behind
from tercera.ledger.hold import hold
from tercera.ledger.instance import PREFIX, Instance
from tercera.ledger.known import KnownAlerts
from tercera.ledger.leases import Lease
from tercera.ledger.positions import Followed, Position
from tercera.ledger.renewing import patiently, renewing
from tercera.ledger.reports import Reports
from tercera.ledger.unreached import Unreached
from tercera.ledger.users import People
from tercera.ledger.views import Views
from tercera.messages import Change, Draft, Hearer, Message, NoticeState, Outcome
from tercera.model import Alert, Pair, RuleId, State, SubjectId, Survey, WindowId
from tercera.rules import Rule
from tercera.silences import Decision
from tercera.statement import WindowFigures
from tercera.watch import Heart, Watched

if TYPE_CHECKING:
    from tercera.evaluation import Remembered

log = logging.getLogger("tercera.ledger")


class Ledger:
    """What Tercera remembers. May be used by several threads; every method raises `LedgerError`.

    `identity` tells this ledger from every other one; the keys of its messages are drawn from it.
    """

    def __init__(self, engine: Engine, identity: str, instance: Instance) -> None:
        self._engine = engine
        self._instance = instance
        self.identity = identity
        self.people = People(engine)
        """Who uses the dashboard, and what they did."""
        self.views = Views(engine)
        """What pages and programs look at."""
        self.reports = Reports(engine)
        """What the rest of the dashboard looks at."""
        self.digests = Digests()
        """Of the tallies that sweeps compare with what is known."""
        self.remembered: dict[RuleId, Remembered] = {}
        """What the last sweep of each rule compared with what was known."""

        self._looked_at: dict[RuleId, threading.Lock] = {}

    def close(self) -> None:
        """Lets go of the file."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def hold(self) -> AbstractContextManager[None]:
        """The right to run on this ledger, for as long as it is open or the process lives: exclusive on
        SQLite, shared with other instances on PostgreSQL."""
        return hold(self._engine, self._instance)

    @property
    def instance(self) -> str:
        """The name of this process among those that share the ledger: host, process id, and a random part."""
        return self._instance.name

    def instances(self) -> list[str]:
        """Those that run on it now; of a SQLite ledger, none."""
        if not self._instance.shared:
            return []
        with reading(self._engine) as connection:
            return [holder for _, holder, _ in leases.holders(connection, PREFIX)]

    @contextmanager
    def sweeping(self, rule: RuleId, *, wait: bool = True) -> Iterator[Lease | None]:
        """The right to look at a rule, kept until the end; None when another instance has it. Another thread
        of this process is waited for; without `wait`, it is None then too. Hand it to every `commit`: what
        this process decided is refused when it stood still and another took over."""
        lock = self._looked_at.setdefault(rule, threading.Lock())
        if not lock.acquire(blocking=wait):
            yield None
            return
        try:
            with self._leased("sweep:" + rule) as lease:
                yield lease
        finally:
            lock.release()

    def following(self) -> AbstractContextManager[Lease | None]:
        """The right to follow the changes of the source, kept until the end; None when another instance has
        it."""
        return self._leased("follow:" + positions.ORDERS)

    @contextmanager
    def _leased(self, name: str) -> Iterator[Lease | None]:
        if not self._instance.shared:
            yield Lease(name, 0, self._instance.lease)  # whoever holds the file has every lease
            return
        lease = self._acquire(name)
        if lease is None:
            yield None
            return
        try:
            with renewing(lambda: self._renew(lease), lease.length):
                yield lease
        finally:
            with suppress(LedgerError):  # it ends by itself
                written(self._engine, lambda connection: leases.release(connection, lease))

    def followed(self) -> Followed | None:
        """How far the changes of the source have been followed; None when they never were."""
        with reading(self._engine) as connection:
            return positions.followed(connection)

    def begin_following(self, position: Position, lost: str | None = None) -> None:
        """Follows anew from a position; `lost` says why the one before is of no use any more. ConflictError
        when another instance follows now."""
        written(self._engine, lambda connection: positions.begin(connection, position, lost))

    def move_on(self, position: Position) -> None:
        """Everything before the position was handled. ConflictError when another instance follows now."""
        written(self._engine, lambda connection: positions.move(connection, position))

    def _acquire(self, name: str) -> Lease | None:
        length, holder = self._instance.lease, self._instance.name
        return written(self._engine, lambda connection: leases.acquire(connection, name, holder, length))

    def _renew(self, lease: Lease) -> None:
        written(self._engine, lambda connection: leases.renew(connection, lease))

    def begin_run(self, kind: str, now: datetime) -> int:
        """The number of a run that begins."""
        with writing(self._engine) as connection:
            return runs.begin_run(connection, kind, now)

    def finish_run(self, run: int, now: datetime, summary: Mapping[str, Any], error: str | None) -> None:
        """How it ended."""
        with writing(self._engine) as connection:
            runs.finish_run(connection, run, now, summary, error)

    def note_run(self, run: int, now: datetime, summary: Mapping[str, Any]) -> None:
        """How a run stands that goes on; what waited for the end of one of its parts is due."""
        with writing(self._engine) as connection:
            runs.note_run(connection, run, now, summary)

    def heart(self) -> Heart:
        """When a cycle last succeeded, and what went wrong last."""
        with reading(self._engine) as connection:
            return runs.heart(connection)

    def window_figures(self, rule: Rule, window: WindowId) -> WindowFigures:
        """A window in numbers."""
        with reading(self._engine) as connection:
            return figures.window_figures(connection, rule, window)

    def record_rejects(self, run: int, rule: RuleId, survey: Survey) -> None:
        """What a run read for a rule, and which rows it could not judge."""
        with writing(self._engine) as connection:
            runs.record_rejects(connection, run, rule, survey)

    def cursor(self, rule: RuleId) -> Cursor | None:
        """How far a rule was swept; None when it never was, to its end."""
        with reading(self._engine) as connection:
            return cursors.cursor_of(connection, rule)

    def known(self, rule: RuleId, windows: Collection[WindowId] | None) -> KnownAlerts:
        """The rule's alerts in these windows, or in all."""
        with reading(self._engine) as connection:
            return known.known(connection, rule, windows)

    def heard(self, alerts: Iterable[int]) -> dict[int, dict[Hearer, str]]:
        """Who was told of these alerts (by id), and not of their end since: the level of what each was told
        last."""
        with reading(self._engine) as connection:
            return heard.heard(connection, alerts)

    def known_pairs(self, rule: RuleId, pairs: Collection[Pair]) -> KnownAlerts:
        """The rule's alerts for these pairs."""
        with reading(self._engine) as connection:
            return known.known_pairs(connection, rule, pairs)

    def standing_pairs(self, rule: RuleId, subjects: Collection[SubjectId]) -> set[Pair]:
        """The pairs of these subjects whose alerts are not closed."""
        with reading(self._engine) as connection:
            return known.standing_pairs(connection, rule, subjects)

    def standing_digests(self, rule: RuleId) -> dict[int, str]:
        """The alerts (by id) of a rule that are not closed, with the marks of their tallies."""
        with reading(self._engine) as connection:
            return evidence.standing_digests(connection, rule)

    def behind(self, ids: Collection[int]) -> list[Behind]:
        """Which orders stand behind these alerts."""
        with reading(self._engine) as connection:
            return list(evidence.behind(connection, ids))

    def watched_windows(self, rule: RuleId) -> set[WindowId]:
        """The windows of alerts that are not closed."""
        with reading(self._engine) as connection:
            return known.watched_windows(connection, rule)

    def commit(
        self,
        changes: Iterable[Change],
        *,
        rule: RuleId,
        cursor: Cursor | None,
        run: int,
        now: datetime,
        lease: Lease | None = None,
        position: Position | None = None,
    ) -> None:
        """Alerts, transitions, notices, the rule's cursor and the source's position: all of it, or nothing.
        ConflictError when an alert was changed meanwhile, or another instance took over the lease."""
        changes = list(changes)  # whatever they are computed from is read before the write lock is taken
        lease = lease if self._instance.shared else None
        reached(Failpoint.BEFORE_COMMIT)
        written(
            self._engine,
            lambda connection: commit.commit(
                connection,
                self.identity,
                changes,
                rule=rule,
                cursor=cursor,
                run=run,
                now=now,
                lease=lease,
                position=position,
            ),
        )
        reached(Failpoint.AFTER_COMMIT)

    def claim(
        self,
        now: datetime,
        limit: int,
        without: Collection[str] = (),
        *,
        channel: str | None = None,
        beside: str | None = None,
    ) -> list[Message]:
        """Messages that are due, each given to one caller only; none of the channels in `without`. With
        `channel` only that one's, with `beside` only to other recipients than this."""

        def claim(connection: Connection) -> tuple[float, list[Message]]:
            present = self._instance.present(connection)
            return present, claims.claim(
                connection, self._instance, now, limit, without, channel=channel, beside=beside
            )

        present, messages = written(self._engine, claim)
        self._instance.was_present(present)
        self._instance.claimed(message.key for message in messages)
        return messages

    def still_ours(self, message: Message) -> bool:
        """Whether a message that was claimed may be sent now: False when this process stood still for so long
        that another instance may have sent it. Asks no database."""
        return self._instance.still_has(message.key)

    def postpone(self, due: Mapping[str, datetime]) -> None:
        """Messages (by key) that were claimed are due then, and not before. No attempt is counted."""
        written(self._engine, lambda connection: settling.postpone(connection, self._instance, due))
        self._instance.settled(due)

    def circuits(self) -> dict[str, Circuit]:
        """The channels whose other side is away, by name."""
        with reading(self._engine) as connection:
            return circuits.open_circuits(connection)

    def open_circuit(self, channel: str, now: datetime, retry_at: datetime, words: str) -> bool:
        """Leaves a channel alone for now; False when it was already."""
        with writing(self._engine) as connection:
            return circuits.open_circuit(connection, channel, now, retry_at, words)

    def begin_probe(self, circuit: Circuit, until: datetime) -> bool:
        """Whether the caller may look if the channel is back: nobody else does `until` then."""
        with writing(self._engine) as connection:
            return circuits.begin_probe(connection, circuit, until)

    def keep_open(self, channel: str, retry_at: Callable[[int], datetime], words: str) -> None:
        """The channel is still away; `retry_at` tells the next look from the number of failures."""
        with writing(self._engine) as connection:
            circuits.keep_open(connection, channel, retry_at, words)

    def close_circuit(self, channel: str) -> bool:
        """The channel is back; False when it never was away."""
        with writing(self._engine) as connection:
            return circuits.close_circuit(connection, channel)

    def end_pauses(self, channels: Collection[str] | None, now: datetime) -> int:
        """Lets these channels, or all, be looked at again at once; gives how many were left alone."""
        with writing(self._engine) as connection:
            return circuits.end_pauses(connection, channels, now)

    def sent_by(self, channel: str, recipient: str | None, since: datetime, limit: int) -> list[datetime]:
        """When a channel sent its last messages after `since`, to anybody or to one of its fixed recipients;
        at most `limit`."""
        with reading(self._engine) as connection:
            return sent.sent_by(connection, channel, recipient, since, limit)

    def sent_to(
        self, channel: str, recipients: Collection[str], since: datetime
    ) -> dict[str, list[datetime]]:
        """When a channel sent something to each of these customers after `since`."""
        with reading(self._engine) as connection:
            return sent.sent_to(connection, channel, recipients, since)

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """How attempts ended: durable when it returns. A ledger that is away is waited for a little, for what
        was sent must not be forgotten. What another instance settled meanwhile stays as it is, with one
        receipt more."""
        if not outcomes:
            return
        try:
            written(self._engine, lambda each: settling.settle(each, self.identity, self._instance, outcomes))
        except (settling.LateOutcome, OutageError):
            self._settle_late(outcomes)
        self._instance.settled(outcome.message_key for outcome in outcomes)

    def _settle_late(self, outcomes: Sequence[Outcome]) -> None:
        late = patiently(
            lambda: written(
                self._engine, lambda each: settling.settle_late(each, self.identity, self._instance, outcomes)
            )
        )
        for outcome in late:
            log.warning(
                "message %s was taken over by another instance; the receipt (%s) is kept beside its own",
                outcome.message_key,
                outcome.state,
            )

    def next_due(self, now: datetime, without: Collection[str] = ()) -> datetime | None:
        """When the next message can be claimed, of other channels than those in `without`, `now` at the
        earliest; None when none is waiting."""
        with reading(self._engine) as connection:
            return claims.next_due(connection, self._instance, now, without)

    def release_claims(self) -> None:
        """What this instance claimed and did not settle can be claimed again."""
        written(self._engine, lambda connection: claims.release_claims(connection, self._instance))
        self._instance.released()

    def retry(self, ids: Iterable[int] | None, now: datetime) -> int:
        """Makes dead notices (these, or all) pending again, due now; gives how many."""
        with writing(self._engine) as connection:
            return settling.retry(connection, ids, now)

    def redeliver(
        self,
        mended: Sequence[tuple[int, Draft]],
        as_before: Collection[int],
        channels: Collection[str],
        now: datetime,
        *,
        telling: Telling[int] | None = None,
    ) -> int:
        """Notices (by id) once more, due now: the mended ones as these drafts, dead ones as they were; their
        channels are looked at again at once. Gives how many are due."""

        def work(connection: Connection) -> int:
            due = settling.add_notices(connection, self.identity, mended, now)
            due += settling.retry(connection, as_before, now) if as_before else 0
            circuits.end_pauses(connection, channels, now)
            return audit.recorded(connection, due, telling)

        return written(self._engine, work)

    def held(self) -> list[holding.Held]:
        """What waits for somebody to release or discard it, by rule."""
        with reading(self._engine) as connection:
            return holding.held(connection)

    def release(
        self,
        rule: RuleId | None,
        now: datetime,
        *,
        decided_before: datetime | None = None,
        telling: Telling[Counter[NoticeState]] | None = None,
    ) -> Counter[NoticeState]:
        """Lets go of what is held and still true, discards the rest and what is held since before a time;
        gives notices by what became of them."""

        def work(connection: Connection) -> Counter[NoticeState]:
            became = holding.release(connection, rule, now, decided_before=decided_before)
            return audit.recorded(connection, became, telling)

        return written(self._engine, work)

    def discard(
        self,
        rule: RuleId | None,
        now: datetime,
        *,
        decided_before: datetime | None = None,
        telling: Telling[int] | None = None,
    ) -> int:
        """Puts what is held (or was, since before a time) aside for good; gives how many notices."""

        def work(connection: Connection) -> int:
            count = holding.discard(connection, rule, now, decided_before=decided_before)
            return audit.recorded(connection, count, telling)

        return written(self._engine, work)

    def windows_with_alerts(self) -> dict[RuleId, list[WindowId]]:
        """Where each rule, also one that is gone, has alerts that are not open."""
        with reading(self._engine) as connection:
            return pruning.windows_with_alerts(connection)

    def prune(
        self,
        rule: RuleId,
        windows: Sequence[WindowId],
        states: Collection[State],
        before: datetime,
        *,
        dry_run: bool,
        telling: Telling[pruning.Pruned] | None = None,
    ) -> pruning.Pruned:
        """Forgets the alerts of these windows and states that have not moved since `before`, with everything
        about them, in many small transactions; one of which something waits to be sent stays. `telling` is
        asked in the first that forgets anything."""
        total, after = pruning.Pruned(), 0
        while True:
            with (reading if dry_run else writing)(self._engine) as connection:
                some, last = pruning.prune_some(
                    connection, rule, windows, states, before, after, dry_run=dry_run
                )
                if last is not None and not (total.alerts or dry_run):
                    audit.recorded(connection, some, telling)
            if last is None:
                return total
            total, after = total + some, last

    def forget_cursor(self, rule: RuleId) -> None:
        """As if the rule had never been swept."""
        with writing(self._engine) as connection:
            cursors.forget(connection, rule)

    def decide(self, decision: Decision, *, telling: Telling[Decision] | None = None) -> Decision:
        """Writes a decision down; gives it with its id. Raises `NotFoundError` for an unknown alert."""
        with writing(self._engine) as connection:
            return audit.recorded(connection, decisions.decide(connection, decision), telling)

    def end_decision(
        self, decision: int, now: datetime, *, telling: Telling[Decision] | None = None
    ) -> Decision:
        """Ends one before its time. Raises `NotFoundError`."""
        with writing(self._engine) as connection:
            return audit.recorded(connection, decisions.end(connection, decision, now), telling)

    def decisions(self, now: datetime) -> list[Decision]:
        """Those in force, the oldest first."""
        with reading(self._engine) as connection:
            return decisions.in_force(connection, now)

    def alerts(
        self,
        *,
        rule: RuleId | None = None,
        subject: SubjectId | None = None,
        window: WindowId | None = None,
        state: State | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Alert]:
        """Alerts, the newest first."""
        with reading(self._engine) as connection:
            return history.list_alerts(
                connection,
                rule=rule,
                subject=subject,
                window=window,
                state=state,
                limit=limit,
                offset=offset,
            )

    def watch_alerts(self) -> list[Alert]:
        """What the data watch found and is not over."""
        with reading(self._engine) as connection:
            return history.open_alerts(connection, [RuleId(watched) for watched in Watched])

    def alert(self, alert: int) -> history.AlertHistory:
        """An alert with everything that happened to it. Raises `NotFoundError`."""
        with reading(self._engine) as connection:
            return history.history(connection, alert)

    def find_alert(self, alert: int) -> Alert | None:
        """An alert by its number, if there is one."""
        with reading(self._engine) as connection:
            return history.alert_of(connection, alert)

    def find(self, rule: RuleId, subject: SubjectId, window: WindowId) -> Alert | None:
        """The alert of a pair, if there is one."""
        with reading(self._engine) as connection:
            return history.find_alert(connection, rule, subject, window)

    def deliveries(self, state: NoticeState | None = None, limit: int = 100) -> list[deliveries.Delivery]:
        """Notices with their receipts, the newest first."""
        with reading(self._engine) as connection:
            return deliveries.deliveries(connection, state, limit)

    def unreached(
        self, ids: Collection[int] | None = None, channel: str | None = None, rule: RuleId | None = None
    ) -> list[Unreached]:
        """Notices that reached nobody: all, or those with these ids, of this channel, of this rule."""
        with reading(self._engine) as connection:
            return unreached.unreached(connection, ids, channel, rule)

    def waiting(self) -> int:
        """How many notices are still to be sent."""
        with reading(self._engine) as connection:
            return deliveries.waiting(connection)

    def counts(self) -> history.Counts:
        """Alerts by state and level, notices by state."""
        with reading(self._engine) as connection:
            return history.counts(connection)

    def mark(self) -> tuple[object, ...]:
        """Something that differs after anything was decided, told or run."""
        with reading(self._engine) as connection:
            return history.mark(connection)

    def passages(self, after: str | None = None, limit: int = 100) -> list[passages.Passage]:
        """Transitions in the order in which they were written, after a position or from the first: who
        remembers the last that they handled misses none. Raises `PlaceLostError`."""
        with reading(self._engine) as connection:
            return passages.passages(connection, after, limit)

    def present(self) -> str:
        """The position behind every transition so far."""
        with reading(self._engine) as connection:
            return passages.present(connection)

    def start(self) -> str:
        """The position before every transition."""
        return passages.position_text(self.identity, 0)

    def kept_position(self, reader: str) -> str | None:
        """How far a reader of the transitions has come; None for one who never was here."""
        with reading(self._engine) as connection:
            return passages.kept_position(connection, reader)

    def keep_position(self, reader: str, position: str, now: datetime) -> None:
        """A reader has handled everything up to here."""
        written(self._engine, lambda connection: passages.keep_position(connection, reader, position, now))

    def checked_through(self, rule: RuleId) -> datetime | None:
        """Up to when everything was looked at for a rule."""
        cursor = self.cursor(rule)
        return cursor.checked_through if cursor else None

    def last_runs(self, limit: int, before: int | None = None) -> list[runs.Run]:
        """Runs, the newest first; with `before`, those of smaller numbers."""
        with reading(self._engine) as connection:
            return runs.last_runs(connection, limit, before)

    def rejects(self, run: int | None = None) -> dict[RuleId, Survey]:
        """What a run (for each rule the latest one, without a number) read and could not judge."""
        with reading(self._engine) as connection:
            return runs.surveys_of(connection, run)
