"""A deed and its line in the audit log: both are in the ledger, or neither. On each engine that keeps one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, NoReturn

import pytest

from tercera.ledger import Ledger
from tercera.messages import Draft
from tercera.people import Actor, Permission, Role, Token, User, Via
from tercera.telling.silences import Decision, DecisionKind
from tests.integration.ledger_changes import NOW, RULE, commit, dead, everything, opened, to_customer

OMAR = Actor("omar", Via.PAGE, "192.0.2.7")
DEED = OMAR.did(NOW, "did", "this", "and why")
LATER = NOW + timedelta(days=7)
SNOOZE = Decision(DecisionKind.SNOOZE, None, None, None, LATER, "omar", "because", NOW, alert=1)
DISMISSAL = replace(SNOOZE, kind=DecisionKind.DISMISS, until=None)
MENDED: Draft = replace(to_customer("leo"), recipient="leo@new.example.com")
KEY = Token(0, "crm", "ada", frozenset({Permission.READ}), NOW, LATER)

CHANGES: dict[str, Callable[[Ledger, Any], object]] = {
    "decide": lambda ledger, deed: ledger.decide(DISMISSAL, telling=deed),
    "end": lambda ledger, deed: ledger.end_decision(1, NOW, telling=deed),
    "release": lambda ledger, deed: ledger.post.release(RULE, NOW, telling=deed),
    "release, too late": lambda ledger, deed: ledger.post.release(
        RULE, NOW, decided_before=LATER, telling=deed
    ),
    "discard": lambda ledger, deed: ledger.post.discard(None, NOW, telling=deed),
    "redeliver": lambda ledger, deed: ledger.post.redeliver(
        [(2, MENDED)], [2], ["customer"], NOW, telling=deed
    ),
    "add user": lambda ledger, deed: ledger.people.add_user(User("vera", Role.VIEWER, NOW), telling=deed),
    "change user": lambda ledger, deed: ledger.people.change_user("ada", role=Role.VIEWER, telling=deed),
    "log in": lambda ledger, deed: ledger.people.begin_session("ada", NOW, LATER, telling=deed),
    "offer login": lambda ledger, deed: ledger.people.offer_login("ada", NOW, LATER, telling=deed),
    "add token": lambda ledger, deed: ledger.people.add_token(KEY, telling=deed),
    "revoke token": lambda ledger, deed: ledger.people.revoke_token(1, NOW, telling=deed),
}


@pytest.fixture
def some(ledger: Ledger) -> Ledger:
    """One of everything that somebody may do something about."""
    commit(ledger, opened("ana", replace(to_customer("ana"), held=True)), opened("leo", to_customer("leo")))
    (message,) = ledger.post.claim(NOW, 9)
    ledger.post.settle([dead(message.key)])
    ledger.channels.open_circuit("customer", NOW, LATER, "away")
    ledger.decide(SNOOZE)
    ledger.people.add_user(User("ada", Role.ADMIN, NOW))
    ledger.people.add_token(KEY)
    return ledger


def test_both_or_neither(some: Ledger) -> None:
    """Where the line can't be written nothing is changed; where it can, both are there."""

    def fails(_: object) -> NoReturn:
        raise ArithmeticError

    for name, change in CHANGES.items():
        before = everything(some)
        with pytest.raises(ArithmeticError):
            change(some, fails)
        assert everything(some) == before, name
    for number, (name, change) in enumerate(CHANGES.items(), 1):
        before = everything(some)
        change(some, DEED)
        after = everything(some)
        assert some.people.deeds(limit=1) == [replace(DEED, id=number)]
        if name not in ("release, too late", "discard"):  # of which nothing was left
            assert {table for table in after if after[table] != before[table]} > {"audit"}, name


def test_what_came_of_it_is_told(some: Ledger) -> None:
    """The line may say how much, which nobody knew before."""
    some.post.discard(
        None, NOW, telling=lambda count: OMAR.did(NOW, "discard", "all rules", f"{count} discarded")
    )
    (deed,) = some.people.deeds()
    assert (deed.actor, deed.via, deed.address, deed.detail) == ("omar", "page", "192.0.2.7", "1 discarded")
