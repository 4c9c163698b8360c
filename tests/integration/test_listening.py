"""Who hears what, on a real ledger over files that change: by level, by reason, by order, by customer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tercera.ledger import open_ledger
from tercera.model import Match, Reason
from tercera.rules import Listener
from tests.integration.carriers import RULE, Shop

DHL = (Match("carrier", ("DHL",)),)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop that was swept once, when nothing had come back yet."""
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        opened = Shop(tmp_path, ledger)
        opened.sweep()
        yield opened


def test_by_level_and_back(shop: Shop) -> None:
    """The customer hears of the notice, operations of what is critical; a level that nobody listens for is
    passed in silence. Both read of the correction, and both of it once."""
    shop.sweep(ana="UUU")
    assert shop.told() == [("ana@example.com", "opened")]
    assert shop.sweep(ana="U" * 5).told == 0
    assert shop.told() == []
    shop.sweep(ana="U" * 8)
    assert shop.told() == [("ops@example.com", "escalated")]
    shop.sweep(ana="U")
    assert shop.told() == [("ana@example.com", "retracted"), ("ops@example.com", "retracted")]
    shop.sweep(ana="UUU")
    assert shop.told() == [("ana@example.com", "opened")]
    shop.sweep(ana="U")
    assert shop.told() == [("ana@example.com", "retracted")]


def test_whoever_reads_that_a_level_was_left_reads_when_it_is_back(shop: Shop) -> None:
    """Operations asked for that. The customer did not, and hears of each level once."""
    plain = Listener("customer", on=(Reason.OPENED, Reason.ESCALATED, Reason.RETRACTED))
    shop.rule = replace(RULE, notify=(plain, Listener("operations")))
    shop.sweep(ana="U" * 5)
    assert shop.told() == [("ana@example.com", "opened"), ("ops@example.com", "opened")]
    for _ in range(2):
        shop.sweep(ana="U" * 3)
        assert shop.told() == [("ops@example.com", "eased")]
        assert shop.sweep(ana="U" * 5).told == 1
        assert shop.told() == [("ops@example.com", "escalated")]
    shop.sweep(ana="U" * 8)
    assert shop.told() == [("ana@example.com", "escalated"), ("ops@example.com", "escalated")]


def test_nobody_reads_of_an_easing_from_a_level_that_others_heard_of(shop: Shop) -> None:
    """The customer listens for the notice alone: what was critical and comes down was never more to them."""
    shop.sweep(ana="U" * 3)
    shop.sweep(ana="U" * 8)
    assert shop.told() == [("ana@example.com", "opened"), ("ops@example.com", "escalated")]
    shop.sweep(ana="U" * 5)
    assert shop.told() == [("ops@example.com", "eased")]
    shop.sweep(ana="U" * 3)
    assert shop.told() == [("ops@example.com", "eased")]


def test_what_nobody_heard_of_ends_in_silence(shop: Shop) -> None:
    """An alert that begins at a level without listeners is there, and neither told nor taken back."""
    swept = shop.sweep(ana="U" * 6)
    assert (swept.transitions[Reason.OPENED], swept.told) == (1, 0)
    assert [(each.standing.level, each.standing.spoken) for each in shop.ledger.alerts()] == [
        ("warning", False)
    ]
    shop.sweep(ana="UU")
    assert shop.told() == []


def test_a_closing_goes_to_those_who_heard(shop: Shop) -> None:
    """When the window and its grace are over."""
    shop.sweep(ana="U" * 3, ben="U" * 8)
    assert shop.told() == [("ana@example.com", "opened"), ("ops@example.com", "opened")]
    shop.sweep(days=60, ana="U" * 3, ben="U" * 8)
    assert shop.told() == [("ana@example.com", "closed"), ("ops@example.com", "closed")]


def test_by_carrier(shop: Shop) -> None:
    """A matching order of that carrier makes the listener hear; one that did not match does not."""
    shop.rule = replace(RULE, notify=(Listener("customer"), Listener("operations", when=DHL)))
    swept = shop.sweep(ana="UUU", ben="UUD")
    assert swept.told == 2
    assert shop.told() == [
        ("ana@example.com", "opened"),
        ("ben@example.com", "opened"),
        ("ops@example.com", "opened"),
    ]
    shop.sweep(ana="UUUUD", ben="U")
    assert shop.told() == [
        ("ana@example.com", "escalated"),
        ("ben@example.com", "retracted"),
        ("ops@example.com", "escalated"),
        ("ops@example.com", "retracted"),
    ]


def test_a_condition_on_the_rules_own_field_narrows_it(shop: Shop) -> None:
    """Of a rule for returns, `status: [cancelled]` is nobody's, `[returned, cancelled]` everybody's."""
    none, all_ = (Match("status", ("cancelled",)),), (Match("status", ("returned", "cancelled")),)
    shop.rule = replace(RULE, notify=(Listener("operations", when=none), Listener("room", when=all_)))
    shop.sweep(ana="UUU")
    assert shop.told() == [("r", "opened")]


def test_by_segment(shop: Shop) -> None:
    """Of the directory as it is when the alert moves; the end goes to whoever heard of the beginning."""
    shop.rule = replace(RULE, notify=(Listener("operations", customer=(Match("segment", ("vip",)),)),))
    assert shop.sweep(ana="UUU", ben="UUU").told == 1
    assert shop.told() == [("ops@example.com", "opened")]
    shop.rule = replace(RULE, notify=(Listener("operations", customer=(Match("segment", ("new",)),)),))
    shop.sweep(ana="U", ben="U")
    assert shop.told() == [("ops@example.com", "retracted")]


def test_the_guard_counts_only_what_somebody_hears(shop: Shop) -> None:
    """Sixty alerts that nobody listens for are no flood."""
    shop.rule = replace(RULE, notify=(Listener("operations", customer=(Match("segment", ("vip",)),)),))
    others = {f"c{number}": "UUU" for number in range(60)}
    swept = shop.sweep(1, ana="UUU", **others)
    assert (swept.told, swept.held, swept.transitions[Reason.OPENED]) == (1, 0, 61)
