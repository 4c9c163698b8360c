"""Who is told what, in which order, and what became of it."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tercera.errors import LedgerError
from tercera.ledger import Ledger
from tercera.messages import Bundle, Draft, Message, NoticeKind, NoticeState, Outcome, Problem
from tercera.model import Reason
from tests.integration.ledger_changes import (
    NOW,
    commit,
    dead,
    escalated,
    later,
    new_ledger,
    opened,
    retracted,
    sent,
    tally,
    to_customer,
    to_operations,
)

HOUR = timedelta(hours=1)


def _undelivered(subject: str, bundle: str | None = None) -> Draft:
    draft = replace(to_operations(bundle), kind=NoticeKind.UNDELIVERED)
    return replace(draft, problem=Problem.REFUSED, detail=f"550 no such user {subject}")


def _states(ledger: Ledger) -> list[NoticeState]:
    return [delivery.state for delivery in reversed(ledger.post.deliveries())]


def test_a_message_says_what_was_decided(ledger: Ledger) -> None:
    """Everything that a template needs comes with the claim."""
    commit(ledger, opened("ana"))
    (message,) = ledger.post.claim(NOW, 10)
    assert (message.channel, message.recipient, message.language) == ("customer", "ana@example.com", "es")
    assert message.for_customer
    assert not message.digest
    assert (message.thread, message.attempts) == ((), 0)
    (notice,) = message.notices
    assert notice.tally == tally("ana")
    assert (notice.alert, notice.step, notice.reason, notice.at) == (1, 1, Reason.OPENED, NOW)
    assert (notice.title, notice.per, notice.level) == ("Three or more returned orders", "customer", "notice")
    assert (notice.threshold, notice.before, notice.currency) == (3, None, "EUR")
    assert notice.customer == to_customer("ana").customer


def test_a_second_try_says_the_same_under_the_same_key(ledger: Ledger) -> None:
    """Although the alert has moved on since."""
    commit(ledger, opened("ana"))
    (first,) = ledger.post.claim(NOW, 10)
    ledger.post.settle([later(first.key, NOW + HOUR)])
    commit(ledger, escalated("ana", to_operations()))
    assert [message.channel for message in ledger.post.claim(NOW, 10)] == ["operations"]
    (second,) = ledger.post.claim(NOW + HOUR, 10)
    assert second == replace(first, attempts=1)


def test_keys_differ_between_messages_and_between_ledgers(ledger: Ledger, tmp_path: Path) -> None:
    """A key stands for one message of one ledger."""
    (tmp_path / "other").mkdir()
    with new_ledger(tmp_path / "other") as other:
        for each in (ledger, other):
            commit(each, opened("ana", to_customer("ana"), to_operations()), opened("eva"))
        keys = [message.key for each in (ledger, other) for message in each.post.claim(NOW, 10)]
    assert len(set(keys)) == len(keys) == 6
    assert all(len(key) == 32 and int(key, 16) for key in keys)


def test_nothing_is_claimed_twice(ledger: Ledger) -> None:
    """A claimed message is nobody else's until it is settled or released."""
    commit(ledger, opened("ana"))
    claimed = ledger.post.claim(NOW, 10)
    assert ledger.post.claim(NOW, 10) == []
    assert ledger.post.next_due(NOW) is None
    ledger.post.release_claims()
    assert ledger.post.claim(NOW, 10) == claimed


def test_claims_come_oldest_first_and_bounded(ledger: Ledger) -> None:
    """What has waited longest goes first; what is due later waits."""
    for hour, name in enumerate(("leo", "ana", "eva")):
        commit(ledger, opened(name), now=NOW + hour * HOUR)
    due = ledger.post.claim(NOW + HOUR, 10)
    assert [message.notices[0].subject for message in due] == ["leo", "ana"]
    ledger.post.release_claims()
    assert [message.notices[0].subject for message in ledger.post.claim(NOW + 9 * HOUR, 1)] == ["leo"]


def test_a_channel_can_be_left_alone(ledger: Ledger) -> None:
    """While its other side is away, the other channels' messages are claimed."""
    commit(ledger, opened("ana", to_customer("ana"), to_operations()))
    assert [message.channel for message in ledger.post.claim(NOW, 10, without={"customer"})] == ["operations"]
    assert [message.channel for message in ledger.post.claim(NOW, 10)] == ["customer"]


def test_an_alert_is_told_in_order(ledger: Ledger) -> None:
    """An escalation waits for the first message, and then joins its thread."""
    commit(ledger, opened("ana"))
    commit(ledger, escalated("ana"))
    commit(ledger, retracted("ana"))
    thread: tuple[str, ...] = ()
    for reason in (Reason.OPENED, Reason.ESCALATED, Reason.RETRACTED):
        (message,) = ledger.post.claim(NOW, 10)
        assert message.notices[0].reason is reason
        assert message.thread == thread
        assert ledger.post.claim(NOW, 10) == []
        ledger.post.settle([sent(message.key)])
        thread += (message.key,)
    assert ledger.post.claim(NOW, 10) == []


def test_a_message_that_waits_for_a_retry_holds_back_those_behind_it(ledger: Ledger) -> None:
    """And the next moment to look is that of the retry, not that of those behind it."""
    commit(ledger, opened("ana"))
    (first,) = ledger.post.claim(NOW, 10)
    ledger.post.settle([later(first.key, NOW + HOUR)])
    commit(ledger, escalated("ana"))
    assert ledger.post.claim(NOW, 10) == []
    assert ledger.post.next_due(NOW) == NOW + HOUR
    (again,) = ledger.post.claim(NOW + HOUR, 10)
    assert again.key == first.key
    ledger.post.settle([dead(first.key)])
    (second,) = ledger.post.claim(NOW + HOUR, 10)
    assert second.thread == (first.key,)


def test_other_recipients_do_not_wait(ledger: Ledger) -> None:
    """The order is kept for each recipient of each alert."""
    commit(ledger, opened("ana", to_operations()))
    commit(ledger, escalated("ana", to_operations(), to_customer("ana")), opened("eva", to_operations()))
    claimed = ledger.post.claim(NOW, 10)
    assert [(message.channel, message.notices[0].subject) for message in claimed] == [
        ("operations", "ana"),
        ("customer", "ana"),
        ("operations", "eva"),
    ]


def test_next_due_is_now_when_something_is_overdue(ledger: Ledger) -> None:
    """And None when nothing waits."""
    assert ledger.post.next_due(NOW) is None
    commit(ledger, opened("ana"))
    assert ledger.post.next_due(NOW - HOUR) == NOW
    assert ledger.post.next_due(NOW + HOUR) == NOW + HOUR


def test_a_bundle_is_one_digest(ledger: Ledger) -> None:
    """Notices of one commit to one recipient under one bundle are one message, settled at once."""
    drafts = [(name, to_customer(name), to_operations("run-1")) for name in ("ana", "eva", "leo")]
    commit(ledger, *(opened(*each) for each in drafts))
    (digest,) = (message for message in ledger.post.claim(NOW, 10) if message.digest)
    assert [notice.subject for notice in digest.notices] == ["ana", "eva", "leo"]
    assert digest.recipient == "ops@example.com"
    ledger.post.settle([sent(digest.key)])
    assert ledger.counts().notices == {NoticeState.SENT: 3, NoticeState.PENDING: 3}


def test_a_bundle_name_that_comes_again_is_another_message(ledger: Ledger) -> None:
    """A digest that was sent does not swallow what comes later."""
    commit(ledger, opened("ana", to_operations("daily")))
    (first,) = ledger.post.claim(NOW, 10)
    ledger.post.settle([sent(first.key)])
    commit(ledger, opened("eva", to_operations("daily")), escalated("ana", to_operations("daily")))
    (second,) = ledger.post.claim(NOW, 10)
    assert second.key != first.key
    assert [notice.subject for notice in second.notices] == ["eva", "ana"]


def test_a_digest_waits_for_an_earlier_word_about_any_of_its_alerts(ledger: Ledger) -> None:
    """The order of each alert is kept in digests too."""
    commit(ledger, opened("ana", to_operations()))
    (first,) = ledger.post.claim(NOW, 10)
    commit(ledger, opened("eva", to_operations("b")), escalated("ana", to_operations("b")))
    assert ledger.post.claim(NOW, 10) == []
    ledger.post.settle([sent(first.key)])
    (digest,) = ledger.post.claim(NOW, 10)
    assert len(digest.notices) == 2
    assert digest.thread == ()


def test_one_recipient_is_told_once_of_one_step(ledger: Ledger) -> None:
    """The same draft twice in a change is one notice."""
    commit(ledger, opened("ana", to_operations(), to_operations("b"), to_operations()))
    assert len(ledger.post.claim(NOW, 10)) == 1
    assert len(ledger.post.deliveries()) == 1


def test_a_customer_without_an_address_is_undeliverable_from_the_start(ledger: Ledger) -> None:
    """It is kept with its reason, never claimed, and no part of a thread."""
    nobody = replace(to_customer("ana"), recipient="", problem=Problem.NO_EMAIL, bundle=Bundle("b"))
    commit(ledger, opened("ana", nobody), opened("eva", replace(nobody, detail="?")))
    assert ledger.post.claim(NOW, 10) == []
    assert _states(ledger) == [NoticeState.UNDELIVERABLE] * 2
    assert ledger.post.deliveries()[0].problem is Problem.NO_EMAIL
    commit(ledger, escalated("ana", nobody, to_operations()))
    (message,) = ledger.post.claim(NOW, 10)
    assert message.thread == ()
    assert ledger.post.retry(None, NOW) == 0


def test_receipts_keep_the_words_of_the_other_side(ledger: Ledger) -> None:
    """Each attempt with its time, code and answer, cut to a bounded length and always writable."""
    commit(ledger, opened("ana"))
    (message,) = ledger.post.claim(NOW, 10)
    ledger.post.settle([later(message.key, NOW + HOUR)])
    ledger.post.claim(NOW + HOUR, 10)
    ledger.post.settle([replace(sent(message.key, NOW + HOUR), words="ok \ud800\0 " + "x" * 600)])
    (delivery,) = ledger.alert(1).deliveries
    assert [(each.attempt, each.at, each.state, each.code) for each in delivery.receipts] == [
        (1, NOW, NoticeState.PENDING, 451),
        (2, NOW + HOUR, NoticeState.SENT, 250),
    ]
    assert delivery.words is not None
    assert len(delivery.words) == 500
    assert (delivery.state, delivery.attempts, delivery.due_at) == (NoticeState.SENT, 2, None)
    assert ledger.post.deliveries(NoticeState.SENT) == [delivery]
    assert ledger.post.deliveries(NoticeState.DEAD) == []


def test_a_refused_address_calls_for_further_notices(ledger: Ledger) -> None:
    """Operations is told, in the same transaction; and only once, however often it is refused."""
    commit(ledger, opened("ana"))
    for _ in range(2):
        (message,) = (each for each in ledger.post.claim(NOW, 10) if each.for_customer)
        ledger.post.settle([dead(message.key, (message.notices[0].id, _undelivered("ana")))])
        assert ledger.post.retry(None, NOW) == 1
    assert len(ledger.post.deliveries()) == 2
    ledger.post.release_claims()
    (told,) = (each for each in ledger.post.claim(NOW, 10) if not each.for_customer)
    assert told.notices[0].kind is NoticeKind.UNDELIVERED
    assert told.notices[0].problem is Problem.REFUSED
    assert told.notices[0].tally == tally("ana")


def test_retry_revives_what_is_dead_and_nothing_else(ledger: Ledger) -> None:
    """These or all, with their attempts kept, due now."""
    commit(ledger, *(opened(name) for name in ("ana", "eva", "leo")))
    claimed = ledger.post.claim(NOW, 10)
    ledger.post.settle([dead(claimed[0].key), dead(claimed[1].key), sent(claimed[2].key)])
    assert ledger.post.retry([claimed[0].notices[0].id, claimed[2].notices[0].id, 99], NOW + HOUR) == 1
    assert ledger.post.next_due(NOW) == NOW + HOUR
    (again,) = ledger.post.claim(NOW + HOUR, 10)
    assert again == replace(claimed[0], attempts=1)
    assert ledger.post.retry(None, NOW) == 1
    assert ledger.post.retry(None, NOW) == 0


def test_a_failing_settle_writes_nothing(ledger: Ledger) -> None:
    """One unknown key among them: the others stay as they were. The same outcome twice is one receipt."""
    commit(ledger, opened("ana"))
    (message,) = ledger.post.claim(NOW, 10)
    with pytest.raises(LedgerError, match="no message ffff"):
        ledger.post.settle([sent(message.key), sent("ffff")])
    assert _states(ledger) == [NoticeState.PENDING]
    for _ in range(2):
        ledger.post.settle([sent(message.key)])
    assert len(ledger.post.deliveries()[0].receipts) == 1


def test_an_outcome_that_comes_late_changes_nothing(ledger: Ledger) -> None:
    """What was settled stays as it is; the receipt is kept under the next number, and calls for nothing."""
    commit(ledger, opened("ana"))
    (message,) = ledger.post.claim(NOW, 10)
    ledger.post.settle([sent(message.key)])
    ledger.post.settle([dead(message.key, (message.notices[0].id, _undelivered("ana")))])
    ledger.post.settle([later(message.key, NOW + HOUR)])
    (delivery,) = ledger.post.deliveries()
    assert delivery.state is NoticeState.SENT
    assert [(each.attempt, each.code) for each in delivery.receipts] == [(1, 250), (2, 550), (3, 451)]
    assert ledger.post.next_due(NOW) is None


def test_only_what_is_tried_again_is_due(ledger: Ledger) -> None:
    """A retry without a time, or a time without a retry, is a mistake of the caller."""
    commit(ledger, opened("ana"))
    (message,) = ledger.post.claim(NOW, 10)
    for wrong in (
        Outcome(message.key, NOW, NoticeState.PENDING, ""),
        Outcome(message.key, NOW, NoticeState.SENT, "", due_at=NOW),
    ):
        with pytest.raises(ValueError, match="due"):
            ledger.post.settle([wrong])


def test_two_threads_never_claim_the_same(ledger: Ledger) -> None:
    """Claims are disjoint and together complete."""
    commit(ledger, *(opened(f"c{number}") for number in range(300)))
    start = threading.Barrier(2)
    claimed: list[list[Message]] = [[], []]

    def claim_all(mine: list[Message]) -> None:
        start.wait()
        while batch := ledger.post.claim(NOW, 7):
            mine.extend(batch)

    threads = [threading.Thread(target=claim_all, args=(mine,)) for mine in claimed]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = [message.key for mine in claimed for message in mine]
    assert len(keys) == len(set(keys)) == 300


@pytest.mark.parametrize("ledger_address", ["sqlite"], indirect=True)
def test_the_queue_is_read_by_its_index(ledger: Ledger, tmp_path: Path) -> None:
    """Claiming, and looking for what is due, reads what is pending and not what was ever sent."""
    statements: list[tuple[str, Any]] = []
    event.listen(
        ledger._engine,
        "before_cursor_execute",
        lambda _c, _u, statement, parameters, *_: statements.append((statement, parameters)),
    )
    commit(ledger, opened("ana"), now=NOW)
    statements.clear()
    ledger.post.claim(NOW, 10)
    ledger.post.next_due(NOW)
    ledger.post.release_claims()
    connection = sqlite3.connect(tmp_path / "ledger.db")
    plans = [
        step[3]
        for statement, parameters in statements
        if statement.startswith(("SELECT", "UPDATE")) and not isinstance(parameters, list)
        for step in connection.execute("EXPLAIN QUERY PLAN " + statement, parameters)
    ]
    connection.close()
    assert any("ix_messages_state_due_at_id (state=? AND due_at<?)" in plan for plan in plans)
    assert [plan for plan in plans if plan.startswith("SCAN") and "messages" in plan] == []
    assert [plan for plan in plans if plan.startswith("SCAN") and "notices" in plan] == []
