"""Tercera inside another program: the same judgements, alerts and decisions as on the command line.

    from tercera import Tercera

    with Tercera("tercera.yaml") as tercera:
        for transition in tercera.follow("crm"):
            print(transition.subject, transition.step.reason)

What is given are frozen values of `tercera.model`, `tercera.questions` and `tercera.ledger`.
Everything that can go wrong is a `TerceraError`, whose text says what to do.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from tercera.acts.deciding import decide
from tercera.app import App, utc_now
from tercera.config import load_settings
from tercera.ledger import AlertHistory, Ledger, Passage
from tercera.ledger.looks.searching import AlertLine, Wanted
from tercera.model import RuleId, State, SubjectId, WindowId
from tercera.people import Actor, Via
from tercera.questions.backtest import Backtest, backtest
from tercera.questions.explain import Explanation, explain
from tercera.telling.silences import Decision, DecisionKind

_AT_ONCE = 200
"""Transitions that are read at once."""


class Tercera:
    """A configured Tercera. Opens the ledger and the source when they are first needed; close it, or use it
    as a context.

    Reading the ledger and deciding may be done by several threads at once. It looks at no orders by itself
    and sends nothing: `tercera run` does, on the same ledger.

    >>> with Tercera("tercera.yaml") as tercera:
    ...     tercera.evaluate("ana_1", "2026-11").finding.level
    """

    def __init__(
        self, config: str | Path = "tercera.yaml", *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        """`clock` gives aware times. Raises `ConfigError`."""
        self._app = App(load_settings(Path(config)), clock)
        self._open = ExitStack()
        self._open.callback(self._app.close)
        self._ledger: Ledger | None = None
        self._opening = threading.Lock()
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the source and the ledger; `follow` ends."""
        self._closed.set()
        self._open.close()

    def evaluate(self, customer: str, window: str, *, rule: str | None = None) -> Explanation:
        """Counts one customer in one window by the orders as they are now, and lays it beside what was said.

        `window` is like `2026-11`; `rule` may be left out where there is one. Raises `NotFoundError` for an
        unknown rule, `SourceError` when the orders can't be read, ValueError for what is no window.
        """
        ledger = self._known if self._app.has_ledger else None
        return explain(self._app.rule(rule), self._app.source, ledger, customer, window, self._app.clock())

    def backtest(
        self, *, rule: str | None = None, first: date | None = None, last: date | None = None
    ) -> Backtest:
        """What would have been said over the windows from that of `first` to that of `last` (None: no bound).
        Writes and sends nothing. Raises `NotFoundError` and `SourceError`."""
        return backtest(self._app.rule(rule), self._app.source, first, last)

    def alerts(
        self,
        *,
        rule: str | None = None,
        customer: str | None = None,
        window: str | None = None,
        state: State | str | None = None,
        level: str | None = None,
    ) -> Iterator[AlertLine]:
        """The alerts that are wanted, those that moved last first: read as you go, a page at a time. Raises
        `LedgerError`, ValueError for an unknown state."""
        wanted = Wanted(
            rule=RuleId(rule) if rule else None,
            subject=SubjectId(customer) if customer else None,
            window=WindowId(window) if window else None,
            state=State(state) if state else None,
            levels=(level,) if level else (),
        )
        return self._known.views.every_alert(wanted, self._app.clock())

    def alert(self, alert: int) -> AlertHistory:
        """One alert with its evidence, steps, notices and decisions. Raises `NotFoundError`."""
        return self._known.alert(alert)

    def transitions(self, since: str | None = None) -> Iterator[Passage]:
        """Every transition that was written after the position `since` (from the first without), in order;
        ends with the last there is. Keep `position` of what you have handled, and go on from there: none is
        missed, whoever writes meanwhile. Raises `PlaceLostError` for a position of another ledger."""
        while some := self._known.readers.passages(since, _AT_ONCE):
            yield from some
            since = some[-1].position

    def position(self) -> str:
        """The position behind every transition so far: from here on there is only what is new."""
        return self._known.readers.present()

    def follow(self, name: str, *, every: float = 1.0, wait: bool = True) -> Iterator[Passage]:
        """Transitions in order, each at least once, for a reader of that name: how far it came is kept in the
        ledger and survives restarts.

        A transition counts as handled when the next one is asked for: one during which the program ended
        comes again. A new name begins with what is written from now on. Looks every so many seconds for
        more, until `close`; without `wait` it ends with the last there is. Raises `PlaceLostError`.
        """
        ledger = self._known
        since = ledger.readers.kept_position(name)
        if since is None:
            since = ledger.readers.present()
            ledger.readers.keep_position(name, since, self._app.clock())
        while not self._closed.is_set():
            some = ledger.readers.passages(since, _AT_ONCE)
            for passage in some:
                yield passage
                since = passage.position
                ledger.readers.keep_position(name, since, self._app.clock())
            if not some and (not wait or self._closed.wait(every)):
                return

    def acknowledge(self, alert: int, *, author: str, reason: str = "") -> Decision:
        """Says that somebody looks after an alert. Where somebody does, it gives what they said: `author` and
        `at` tell. Raises `NotFoundError`."""
        return self._decide(DecisionKind.ACKNOWLEDGE, author, reason, alert=alert)

    def snooze(self, alert: int, *, until: datetime, author: str, reason: str) -> Decision:
        """Tells nothing of an alert until then, in place of an earlier end; gives the snooze that
        stands where it ends no earlier. Raises `NotFoundError`, `DecisionError`."""
        return self._decide(DecisionKind.SNOOZE, author, reason, alert=alert, until=until)

    def dismiss(self, alert: int, *, author: str, reason: str) -> Decision:
        """Says that an alert is no problem: nothing more is told of it. Where somebody said so, it gives what
        they said. Raises `NotFoundError`, `DecisionError`."""
        return self._decide(DecisionKind.DISMISS, author, reason, alert=alert)

    def silence(
        self,
        *,
        until: datetime,
        author: str,
        reason: str,
        customer: str | None = None,
        rule: str | None = None,
    ) -> Decision:
        """Tells nothing of a customer, by a rule, or of a customer by a rule, until then. Raises
        `NotFoundError` for an unknown rule, `DecisionError`."""
        return self._decide(DecisionKind.SILENCE, author, reason, customer=customer, rule=rule, until=until)

    def _decide(
        self,
        kind: DecisionKind,
        author: str,
        reason: str,
        *,
        alert: int | None = None,
        customer: str | None = None,
        rule: str | None = None,
        until: datetime | None = None,
    ) -> Decision:
        return decide(
            self._app,
            self._known,
            Actor(author, Via.PYTHON),
            kind,
            reason=reason,
            alert=alert,
            customer=customer,
            rule=rule,
            until=until,
        ).decision

    @property
    def _known(self) -> Ledger:
        with self._opening:
            if self._ledger is None:
                self._ledger = self._open.enter_context(self._app.ledger())
            return self._ledger
