"""Changes, drafts and ledgers for the tests of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from tercera.ledger import Ledger, open_ledger
from tercera.ledger.tables import metadata
from tercera.messages import Bundle, Change, Draft, NoticeKind, NoticeState, Outcome
from tercera.model import (
    Customer,
    Evidence,
    Period,
    Reason,
    RuleId,
    Standing,
    State,
    SubjectId,
    Tally,
    Transition,
    WindowId,
)
from tests.servers.postgresql import empty_ledger

NOW = datetime(2023, 6, 20, 8, tzinfo=UTC)
RULE = RuleId("repeat-returns")
JUNE = WindowId("2023-06")
NOTICE = Standing(State.OPEN, "notice", "notice", spoken=True)
WARNING = Standing(State.OPEN, "warning", "warning", spoken=True)
RETRACTED = Standing(State.RETRACTED, None, None, spoken=False)
CLOSED = Standing(State.CLOSED, "notice", "notice", spoken=True)

ENGINES = ("sqlite", "postgresql")


def address(path: Path) -> str:
    """Of a ledger in a directory."""
    return f"sqlite:///{path / 'ledger.db'}"


@contextmanager
def ledger_kept_by(engine: str, path: Path) -> Iterator[str]:
    """The address of a new ledger of one of the `ENGINES`."""
    if engine == "sqlite":
        yield address(path)
    else:
        with empty_ledger() as database:
            yield database


def new_ledger(path: Path) -> Ledger:
    """A ledger in a directory."""
    return open_ledger(address(path))


def everything(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with ledger._engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def tally(subject: str, matched: int = 3, window: str = JUNE) -> Tally:
    """So many orders of five euros."""
    evidence = tuple(
        Evidence(f"{subject}-{number}", date(2023, 6, number % 28 + 1), "returned", Decimal("5.00"))
        for number in range(matched)
    )
    return Tally(
        subject=SubjectId(subject),
        window=WindowId(window),
        matched=matched,
        orders=matched * 2,
        amount=Decimal("5.00") * matched,
        first_at=evidence[0].placed_at,
        last_at=evidence[-1].placed_at,
        evidence=evidence,
    )


def to_customer(subject: str) -> Draft:
    """A mail to the customer."""
    person = Customer(subject, "Ana Ñandú", f"{subject}@example.com", "es")
    return Draft(NoticeKind.ALERT, "customer", f"{subject}@example.com", "es", True, person)


def to_operations(bundle: str | None = None) -> Draft:
    """A mail to the team."""
    return Draft(
        NoticeKind.ALERT,
        "operations",
        "ops@example.com",
        "en",
        False,
        bundle=Bundle(bundle) if bundle else None,
    )


def change(
    subject: str,
    reason: Reason = Reason.OPENED,
    before: Standing | None = None,
    after: Standing | None = NOTICE,
    *,
    matched: int = 3,
    window: str = JUNE,
    drafts: tuple[Draft, ...] | None = None,
) -> Change:
    """By default: an alert opens, and its customer is told."""
    return Change(
        rule=RULE,
        title="Three or more returned orders",
        per="customer",
        period=Period.MONTH,
        threshold=3,
        tally=tally(subject, matched, window),
        transition=Transition(reason, before, after, speaks=True),
        currency="EUR",
        drafts=(to_customer(subject),) if drafts is None else drafts,
    )


def opened(subject: str, *drafts: Draft, window: str = JUNE) -> Change:
    """An alert opens; with `drafts` these are told instead of the customer."""
    return change(subject, window=window, drafts=drafts or None)


def escalated(subject: str, *drafts: Draft) -> Change:
    """From notice to warning."""
    return change(subject, Reason.ESCALATED, NOTICE, WARNING, matched=5, drafts=drafts or None)


def retracted(subject: str, before: Standing = WARNING) -> Change:
    """Back under every level."""
    return replace(change(subject, Reason.RETRACTED, before, RETRACTED, matched=1), threshold=None)


def commit(ledger: Ledger, *changes: Change, now: datetime = NOW) -> None:
    """In one transaction, without a cursor."""
    ledger.commit(changes, rule=RULE, cursor=None, run=1, now=now)


def sent(key: str, at: datetime = NOW) -> Outcome:
    """Accepted by the other side."""
    return Outcome(key, at, NoticeState.SENT, "250 2.0.0 Ok: queued", 250)


def dead(key: str, *drafts: tuple[int, Draft]) -> Outcome:
    """Refused for good."""
    return Outcome(key, NOW, NoticeState.DEAD, "550 5.1.1 no such user", 550, drafts=drafts)


def later(key: str, due_at: datetime) -> Outcome:
    """Refused for now."""
    return Outcome(key, NOW, NoticeState.PENDING, "451 4.3.0 try again", 451, due_at)
