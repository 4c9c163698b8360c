"""Tercera with a mistake in it: each of these must be found by the suite, else it proves nothing.

A mutant is applied to a process before it runs anything. They stand here, and not in the product, so that
the product has no switch for being wrong.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

from tercera import lifecycle
from tercera.channels import email
from tercera.cycle import looking
from tercera.ledger import commit, store
from tercera.ledger.database.engine import writing
from tercera.ledger.post import outbox, post
from tercera.messages import Message, NoticeState, Outcome
from tercera.model import Reason


def _notices_after_the_commit() -> None:
    """Alerts are committed first and their notices in a second transaction: a kill in between loses them."""
    enqueue, honest = outbox.enqueue, store.Ledger.commit
    later: list[tuple[str, list[Any], Any]] = []

    def keep(connection: Any, identity: str, drafts: Iterable[Any], now: Any) -> None:
        later.append((identity, list(drafts), now))

    def commit_twice(ledger: store.Ledger, changes: Any, **more: Any) -> None:
        honest(ledger, changes, **more)
        with writing(ledger._engine) as connection:
            while later:
                enqueue(connection, later[0][0], later[0][1], later.pop(0)[2])

    _put(commit, "enqueue", keep)
    _put(store.Ledger, "commit", commit_twice)


def _receipts_are_forgotten() -> None:
    """One batch of receipts in three is never written: that message is claimed again, and sent again."""
    honest, calls = post.Post.settle, count(1)

    def forget(sending: post.Post, outcomes: Any, **more: Any) -> None:
        if next(calls) % 3:
            honest(sending, outcomes, **more)

    _put(post.Post, "settle", forget)


def _receipts_come_first() -> None:
    """A message counts as sent when it is claimed: a kill before it is handed over loses it."""
    claim, settle = post.Post.claim, post.Post.settle

    def claim_and_settle(sending: post.Post, now: datetime, *arguments: Any, **more: Any) -> Any:
        messages = claim(sending, now, *arguments, **more)
        settle(sending, [Outcome(each.key, now, NoticeState.SENT, "250 ok") for each in messages])
        return messages

    _put(post.Post, "claim", claim_and_settle)
    _put(post.Post, "settle", lambda *_, **__: None)


def _ids_change() -> None:
    """A mail has another Message-ID on each try, so that nobody can tell a repeat from news."""
    honest = email.EmailChannel.compose

    def compose(channel: email.EmailChannel, message: Message) -> Any:
        return honest(channel, replace(message, key=secrets.token_hex(16)))

    _put(email.EmailChannel, "compose", compose)


def _retractions_are_skipped() -> None:
    """Nobody is told that it was a mistake."""
    honest = lifecycle.reconcile

    def reconcile(*arguments: Any, **more: Any) -> Any:
        step = honest(*arguments, **more)
        return replace(step, speaks=False) if step.reason is Reason.RETRACTED else step

    _put(looking, "reconcile", reconcile)


def _put(place: Any, name: str, what: Any) -> None:
    assert hasattr(place, name), f"{place} has no {name} any more: the mutant has to follow the code"
    setattr(place, name, what)


MUTANTS: dict[str, Callable[[], None]] = {
    "notices-after-the-commit": _notices_after_the_commit,
    "receipts-come-first": _receipts_come_first,
    "receipts-are-forgotten": _receipts_are_forgotten,
    "ids-change": _ids_change,
    "retractions-are-skipped": _retractions_are_skipped,
}
"""By name, as the command line of `tests.fault.preloaded` takes them."""
