"""Notices that reached nobody go to the address that the customer has now, and to nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tercera.acts.redeliver import redeliver
from tercera.cycle import cycle
from tercera.cycle.sweep import Terms
from tercera.ledger import Ledger, open_ledger
from tercera.messages import NoticeState, Outcome
from tercera.model import Counting, Level, Match, Period, RuleId, SubjectId
from tercera.orders import Source
from tercera.rules import Rule, everyone
from tercera.sources import load
from tercera.telling.guard import Guard
from tercera.telling.routing import Route, Routes
from tercera.telling.silences import Decision, DecisionKind

NOW = datetime(2023, 6, 20, tzinfo=UTC)
ROUTES = Routes({"customer": Route("customer", None)})


def rule(per: str = "customer") -> Rule:
    """Two returns in a month."""
    counting = Counting((Match("status", ("returned",)),), per, Period.MONTH, "UTC")
    return Rule(
        RuleId("r"), "Returns", counting, (Level("notice", 2),), everyone("customer"), timedelta(days=30)
    )


class Shop:
    """Two returned orders of a customer, and a directory that can be mended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "orders.csv").write_text(
            "order_id,customer_id,seller,placed_at,status\n"
            "o1,ana_1,bo_2,2023-06-01,returned\no2,ana_1,bo_2,2023-06-02,returned\n"
        )
        self.entries("")

    def entries(self, rows: str) -> None:
        """Writes the directory."""
        (self.folder / "customers.csv").write_text(f"id,name,email\n{rows}")

    def source(self) -> Source:
        """As the configuration would open it."""
        files = load("files")
        settings = files.Settings(
            kind="files",
            orders={"path": "orders.csv", "fields": {"seller": "seller"}},
            customers={"path": "customers.csv"},
        )
        opened: Source = files.open_source(settings, "UTC", base=self.folder)
        return opened


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop whose directory is empty."""
    return Shop(tmp_path)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A fresh ledger."""
    with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


def swept(shop: Shop, ledger: Ledger, per: str = "customer", guard: Guard | None = None) -> None:
    """One cycle."""
    source = shop.source()
    cycle([rule(per)], source, ledger, Terms(ROUTES, guard or Guard()), now=NOW, clock=lambda: NOW)
    source.close()


def redelivered(shop: Shop, ledger: Ledger, ids: list[int] | None = None) -> int:
    """How many notices are due again."""
    return redeliver(ledger, shop.source(), NOW, ids=ids).retried


def test_a_mended_address_is_told(shop: Shop, ledger: Ledger) -> None:
    """Undeliverable at first; after the directory is mended the customer gets the notice, once."""
    swept(shop, ledger)
    assert ledger.post.claim(NOW, 10) == []
    assert redelivered(shop, ledger) == 0
    shop.entries("ana_1,Ana,ana@example.com\n")
    assert redelivered(shop, ledger) == 1
    assert redelivered(shop, ledger) == 0
    (message,) = ledger.post.claim(NOW, 10)
    assert message.recipient == "ana@example.com"
    assert message.for_customer
    assert message.notices[0].tally.matched == 2


def test_a_refused_address_is_tried_again_or_replaced(shop: Shop, ledger: Ledger) -> None:
    """The same address keeps the message and its key; another one makes another message."""
    shop.entries("ana_1,Ana,old@example.com\n")
    swept(shop, ledger)
    (first,) = ledger.post.claim(NOW, 10)
    ledger.post.settle([Outcome(first.key, NOW, NoticeState.DEAD, "550 no such user", 550)])
    assert redelivered(shop, ledger, [first.notices[0].id + 99]) == 0
    assert redelivered(shop, ledger, [first.notices[0].id]) == 1
    (again,) = ledger.post.claim(NOW, 10)
    assert (again.key, again.recipient) == (first.key, "old@example.com")
    ledger.post.settle([Outcome(again.key, NOW, NoticeState.DEAD, "550 no such user", 550)])
    shop.entries("ana_1,Ana,new@example.com\n")
    assert redelivered(shop, ledger) == 1
    (other,) = ledger.post.claim(NOW, 10)
    assert other.recipient == "new@example.com"
    assert other.key != first.key


def test_a_seller_is_never_taken_for_a_customer(shop: Shop, ledger: Ledger) -> None:
    """A rule per another field has nobody to mail, even when a customer happens to have the same id."""
    swept(shop, ledger, per="seller")
    shop.entries("bo_2,Bo,bo@example.com\n")
    assert redelivered(shop, ledger) == 0
    assert ledger.post.claim(NOW, 10) == []


@pytest.mark.parametrize("decided", [False, True])
def test_what_the_guard_holds_back_stays_there(shop: Shop, ledger: Ledger, decided: bool) -> None:
    """A mended address is no way around it: neither while it is held, nor after it was discarded."""
    swept(shop, ledger, guard=Guard(max_notices=1000, min_notices=0, max_share=0.1))
    (held,) = ledger.post.unreached()
    assert held.held
    if decided:
        ledger.post.discard(None, NOW)
    shop.entries("ana_1,Ana,ana@example.com\n")
    done = redeliver(ledger, shop.source(), NOW)
    assert (done.retried, done.withheld) == (0, 1)
    assert ledger.post.claim(NOW, 10) == []


@pytest.mark.parametrize("kind", [DecisionKind.SILENCE, DecisionKind.SNOOZE, DecisionKind.DISMISS])
@pytest.mark.parametrize("address", ["", "ana_1,Ana,old@example.com\n"])
def test_what_somebody_silenced_stays_silent(
    shop: Shop, ledger: Ledger, kind: DecisionKind, address: str
) -> None:
    """Undeliverable or dead; when the silence ends it can be retried."""
    shop.entries(address)
    swept(shop, ledger)
    for message in ledger.post.claim(NOW, 10):
        ledger.post.settle([Outcome(message.key, NOW, NoticeState.DEAD, "550 no such user", 550)])
    (alert,) = ledger.alerts()
    made = ledger.decide(
        Decision(
            kind,
            rule=None,
            subject=SubjectId("ana_1") if kind is DecisionKind.SILENCE else None,
            window=None,
            until=None,
            author="eva",
            reason="a strike",
            at=NOW,
            alert=None if kind is DecisionKind.SILENCE else alert.id,
        )
    ).decision
    shop.entries("ana_1,Ana,ana@example.com\n")
    done = redeliver(ledger, shop.source(), NOW)
    assert (done.retried, done.withheld) == (0, 1)
    ledger.end_decision(made.id, NOW)
    assert redelivered(shop, ledger) == 1


def test_a_part_can_be_retried_and_counted_first(shop: Shop, ledger: Ledger) -> None:
    """By channel and by rule; a dry run changes nothing."""
    shop.entries("ana_1,Ana,old@example.com\n")
    swept(shop, ledger)
    (first,) = ledger.post.claim(NOW, 10)
    ledger.post.settle([Outcome(first.key, NOW, NoticeState.DEAD, "550 no such user", 550)])
    ledger.channels.open_circuit("customer", NOW, NOW + timedelta(hours=1), "nobody listens there")
    assert redeliver(ledger, shop.source(), NOW, channel="operations").retried == 0
    assert redeliver(ledger, shop.source(), NOW, rule=RuleId("other")).retried == 0
    assert redeliver(ledger, shop.source(), NOW, channel="customer", dry_run=True).retried == 1
    assert ledger.channels.circuits()["customer"].retry_at > NOW
    assert ledger.post.claim(NOW, 10) == []
    assert redeliver(ledger, shop.source(), NOW, channel="customer", rule=RuleId("r")).retried == 1
    assert ledger.channels.circuits()["customer"].retry_at == NOW
    (again,) = ledger.post.claim(NOW, 10)
    assert (again.key, again.attempts, again.refused) == (first.key, 1, ())
