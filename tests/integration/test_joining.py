"""What several rules tell one recipient in one cycle is one message: on a real ledger, over files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest

from tercera.acts.redeliver import redeliver
from tercera.cycle import Stopped
from tercera.cycle.sweep import Terms
from tercera.ledger import open_ledger
from tercera.messages import NoticeState, Outcome
from tercera.model import Level, Match, Period, RuleId
from tercera.rules import everyone
from tercera.telling.gathering import PATIENCE, Daily
from tercera.telling.guard import Guard
from tercera.telling.routing import Route, Routes
from tests.integration.carriers import RULE, Shop

BOTH = replace(
    RULE, notify=everyone("customer", "operations"), levels=(Level("notice", 3), Level("warning", 5))
)
QUARTER = replace(
    BOTH,
    id=RuleId("quarter-returns"),
    counting=replace(RULE.counting, within=Period.QUARTER),
    levels=(Level("notice", 3), Level("warning", 8)),
)
DIGEST = Route("operations", ("ops@example.com",), digest=True)
CUSTOMER = Route("customer", None)
TERMS = Terms(Routes({"customer": CUSTOMER, "operations": DIGEST}, DIGEST))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Two rules that speak to the customer and into operations' digest, swept once when nothing was wrong."""
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        opened = Shop(tmp_path, ledger, BOTH, others=(QUARTER,), terms=TERMS)
        opened.sweep()
        yield opened


def carried(shop: Shop) -> list[tuple[str, list[str]]]:
    """What is sent now: to whom, with the rules that it speaks of."""
    return sorted((each.recipient, [notice.rule for notice in each.notices]) for each in shop.sent())


def test_two_rules_write_one_mail(shop: Shop) -> None:
    """To the customer, and to operations; two customers with the same address get one each."""
    shop.sweep(ana="UUU", eva="UUU")
    rules = ["repeat-returns", "quarter-returns"]
    assert carried(shop) == [
        ("ana@example.com", rules),
        ("ana@example.com", rules),
        ("ops@example.com", [RULE.id, RULE.id, QUARTER.id, QUARTER.id]),
    ]


def test_an_escalation_joins_the_thread(shop: Shop) -> None:
    """A later mail answers the joined one; one about several alerts answers all that was said of them."""
    shop.sweep(ana="UUU")
    (first,) = (each for each in shop.sent() if each.for_customer)
    shop.sweep(ana="U" * 5)
    (second,) = (each for each in shop.sent() if each.for_customer)
    assert [notice.rule for notice in second.notices] == [RULE.id]
    assert second.thread == (first.key,)
    shop.sweep()
    (third,) = (each for each in shop.sent() if each.for_customer)
    assert [notice.rule for notice in third.notices] == [RULE.id, QUARTER.id]
    assert third.thread == (first.key, second.key)


def test_nothing_is_sent_before_the_cycle_has_ended(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The delivering thread looks in the middle of a cycle and finds nothing; at its end all of it."""
    seen = []
    shop.now += timedelta(days=1)
    shop.write(ana="UUU")
    reject = shop.ledger.diary.record_rejects

    def look(*told: Any) -> None:
        seen.append(shop.ledger.post.claim(shop.now, 10))
        reject(*told)

    monkeypatch.setattr(shop.ledger.diary, "record_rejects", look)
    shop.cycle()
    assert seen == [[], []]
    assert [recipient for recipient, _ in carried(shop)] == ["ana@example.com", "ops@example.com"]


def test_a_rule_that_fails_keeps_nothing_back(shop: Shop) -> None:
    """What the others had to say is due when the cycle ends."""
    by_carrier = replace(QUARTER.counting, when=(Match("carrier", ("x",)),))
    shop.others = (replace(QUARTER, counting=by_carrier),)
    shop.now += timedelta(days=1)
    shop.write(ana="UUU")
    text = (shop.folder / "orders.csv").read_text().replace("carrier", "carier")
    (shop.folder / "orders.csv").write_text(text)
    assert list(shop.cycle().failed) == [QUARTER.id]
    assert ("ana@example.com", [RULE.id]) in carried(shop)


def test_what_a_killed_run_left_is_due_when_the_next_begins(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or, where another instance may still be at it, after a short patience."""
    with monkeypatch.context() as killed:
        killed.setattr(shop.ledger.diary, "finish_run", lambda *_: None)
        shop.sweep(ana="UUU")
    assert shop.ledger.post.claim(shop.now, 10) == []
    assert shop.ledger.post.next_due(shop.now) == shop.now + PATIENCE
    shop.ledger.diary.begin_run("sweep", shop.now)
    assert [recipient for recipient, _ in carried(shop)] == ["ana@example.com", "ops@example.com"]


def test_a_message_keeps_its_key_and_what_it_says(shop: Shop) -> None:
    """Whatever comes while it is tried again is another message."""
    shop.sweep(ana="UUU")
    claimed = shop.ledger.post.claim(shop.now, 10)
    again = shop.now + timedelta(days=1)
    shop.ledger.post.settle(
        [Outcome(each.key, shop.now, NoticeState.PENDING, "451", 451, again) for each in claimed]
    )
    shop.sweep(ana="UUU", ben="UUU")
    later = {each.key: each for each in shop.sent()}
    for message in claimed:
        assert later[message.key].notices == message.notices
    assert len(later) == 4


def test_held_notices_are_decided_about_rule_by_rule(shop: Shop) -> None:
    """What one rule holds back is not let go with what another rule does."""
    shop.terms = replace(TERMS, guard=Guard(max_notices=1))
    shop.sweep(ana="UUU", ben="UUU")
    assert {each.notices[0].kind for each in shop.sent()} == {"held"}
    shop.now += timedelta(hours=1)
    assert shop.ledger.post.release(RULE.id, shop.now) == {NoticeState.PENDING: 4}
    assert carried(shop) == [
        ("ana@example.com", [RULE.id]),
        ("ben@example.com", [RULE.id]),
        ("ops@example.com", [RULE.id, RULE.id]),
    ]
    assert shop.ledger.post.discard(QUARTER.id, shop.now) == 4


def test_a_joined_mail_that_was_refused_goes_to_the_mended_address_as_one(shop: Shop) -> None:
    """Each notice is a new one, and they share a message again."""
    shop.sweep(ana="UUU")
    (mail,) = (each for each in shop.ledger.post.claim(shop.now, 10) if each.for_customer)
    shop.ledger.post.settle([Outcome(mail.key, shop.now, NoticeState.DEAD, "550 no such user", 550)])
    customers = (shop.folder / "customers.csv").read_text().replace("Ana,ana@", "Ana,ana.maria@")
    (shop.folder / "customers.csv").write_text(customers)
    with shop.source() as source:
        assert redeliver(shop.ledger, source, shop.now).retried == 2
    (mended,) = (each for each in shop.ledger.post.claim(shop.now, 10) if each.for_customer)
    assert (mended.recipient, len(mended.notices)) == ("ana.maria@example.com", 2)


def test_a_morning_digest_gathers_the_day(shop: Shop) -> None:
    """Everything that operations has to read is due at eight, in its zone; what comes later the next day."""
    eight = Route("operations", ("ops@example.com",), digest=True, daily=Daily(time(8), "America/Bogota"))
    shop.terms = Terms(Routes({"customer": CUSTOMER, "operations": eight}, eight))
    hour = timedelta(hours=1)
    shop.sweep(ana="UUU")  # at 7:00 in Bogota
    shop.now += hour / 2
    shop.write(ana="UUU", ben="UUU")
    shop.cycle()
    assert {recipient for recipient, _ in carried(shop)} == {"ana@example.com", "ben@example.com"}
    assert shop.ledger.post.next_due(shop.now) == shop.now + hour / 2
    shop.now += hour / 2
    assert carried(shop) == [("ops@example.com", [RULE.id, QUARTER.id] * 2)]
    shop.write(ana="U", ben="UUU")
    shop.cycle()
    shop.sent()
    assert shop.ledger.post.next_due(shop.now) == shop.now + 24 * hour


def test_a_cycle_that_is_stopped_keeps_nothing_back(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it had committed is due."""
    shop.now += timedelta(days=1)
    shop.write(ana="UUU")
    record = shop.ledger.diary.record_rejects

    def stop(*told: Any) -> None:
        record(*told)
        raise Stopped("stopped")

    monkeypatch.setattr(shop.ledger.diary, "record_rejects", stop)
    with pytest.raises(Stopped):
        shop.cycle()
    assert carried(shop) == [("ana@example.com", [RULE.id]), ("ops@example.com", [RULE.id])]
