"""The ledger: each method is one transaction of the module that knows about its subject."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sqlalchemy import Connection, Engine

from tercera.errors import LedgerError
from tercera.failpoints import Failpoint, reached
from tercera.ledger import commit, cursors, evidence, heard, known, positions, pruning, renaming
from tercera.ledger.cursors import Cursor
from tercera.ledger.database.engine import reading, writing, written
from tercera.ledger.diary import Diary
from tercera.ledger.digests import Digests
from tercera.ledger.evidence import Behind
from tercera.ledger.hold import hold
from tercera.ledger.instances import leases
from tercera.ledger.instances.instance import PREFIX, Instance
from tercera.ledger.instances.leases import Lease
from tercera.ledger.instances.renewing import renewing
from tercera.ledger.known import KnownAlerts
from tercera.ledger.looks import figures, history
from tercera.ledger.looks.readers import Readers
from tercera.ledger.looks.reports import Reports
from tercera.ledger.looks.views import Views
from tercera.ledger.people import audit, deciding, decisions
from tercera.ledger.people.audit import Telling
from tercera.ledger.people.users import People
from tercera.ledger.positions import Followed, Position
from tercera.ledger.post.channels import Channels
from tercera.ledger.post.post import Post
from tercera.messages import Change, Hearer
from tercera.model import Alert, Pair, RuleId, State, SubjectId, WindowId
from tercera.rules import Rule
from tercera.telling.silences import Decided, Decision
from tercera.telling.statement import WindowFigures
from tercera.telling.watch import Watched

if TYPE_CHECKING:
    from tercera.rules.evaluation import Remembered


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
        self.post = Post(engine, identity, instance)
        """Messages: to be sent, sent, held back."""
        self.channels = Channels(engine)
        """Those whose other side is away."""
        self.diary = Diary(engine)
        """What was run, and how it ended."""
        self.readers = Readers(engine, identity)
        """Of the transitions, in their order."""
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

    def window_figures(self, rule: Rule, window: WindowId) -> WindowFigures:
        """A window in numbers."""
        with reading(self._engine) as connection:
            return figures.window_figures(connection, rule, window)

    def cursor(self, rule: RuleId) -> Cursor | None:
        """How far a rule was swept; None when it never was, to its end."""
        with reading(self._engine) as connection:
            return cursors.cursor_of(connection, rule)

    def cursors(self) -> dict[RuleId, Cursor]:
        """Of every rule that was ever swept, whether it is configured or not."""
        with reading(self._engine) as connection:
            return cursors.all_cursors(connection)

    def rename_rules(self, names: Mapping[RuleId, RuleId]) -> dict[RuleId, RuleId]:
        """Rules (old id → new one) are called otherwise now, with all that is theirs; gives what could be."""
        return written(self._engine, lambda connection: renaming.rename(connection, names))

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

    def decide(self, decision: Decision, *, telling: Telling[Decided] | None = None) -> Decided:
        """Writes a decision down, unless the same stands already: then nothing is written, and nothing told.
        Raises `NotFoundError` for an unknown alert."""

        def work(connection: Connection) -> Decided:
            decided = deciding.decide(connection, decision)
            return audit.recorded(connection, decided, telling if decided.is_new else None)

        return written(self._engine, work)

    def decide_each(
        self, asked: Sequence[Decision], *, telling: Telling[Decided] | None = None
    ) -> list[Decided | None]:
        """Some decisions of one moment, at most one about each alert, in one transaction; None for one whose
        alert is not there. What is new is told, each by itself."""

        def work(connection: Connection) -> list[Decided | None]:
            found = deciding.decide_each(connection, asked)
            for each in found:
                if each is not None and each.is_new:
                    audit.recorded(connection, each, telling)
            return found

        return written(self._engine, work)

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

    def counts(self) -> history.Counts:
        """Alerts by state and level, notices by state."""
        with reading(self._engine) as connection:
            return history.counts(connection)

    def mark(self) -> tuple[object, ...]:
        """Something that differs after anything was decided, told or run."""
        with reading(self._engine) as connection:
            return history.mark(connection)

    def checked_through(self, rule: RuleId) -> datetime | None:
        """Up to when everything was looked at for a rule."""
        cursor = self.cursor(rule)
        return cursor.checked_through if cursor else None
