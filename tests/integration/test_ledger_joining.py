"""Messages that more may be said in, and who heard of an alert: on every engine that keeps a ledger."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from tercera.ledger import Ledger
from tercera.messages import Bundle, Draft, Holding, Message, NoticeKind, NoticeState
from tests.integration.ledger_changes import (
    NOW,
    commit,
    escalated,
    later,
    opened,
    retracted,
    sent,
    to_customer,
    to_operations,
)

SOON = NOW + timedelta(minutes=2)


def waiting(run: int | None = None, name: str = "r") -> Draft:
    """To the team, in what waits for a run or for a time."""
    return replace(to_operations(), bundle=Bundle(name, SOON, run))


def subjects(message: Message) -> list[str]:
    """Of whom it speaks, in its order."""
    return [notice.subject for notice in message.notices]


def test_commits_of_a_run_share_a_message(ledger: Ledger) -> None:
    """It is sent when the run ends, and says all of it."""
    run = ledger.diary.begin_run("sweep", NOW)
    commit(ledger, opened("ana", waiting(run)))
    commit(ledger, opened("eva", waiting(run)), opened("leo", waiting(run, "other")))
    assert ledger.post.claim(NOW, 10) == []
    assert ledger.post.next_due(NOW) == SOON
    ledger.diary.finish_run(run, NOW, {}, None)
    first, second = ledger.post.claim(NOW, 10)
    assert (subjects(first), subjects(second)) == (["ana", "eva"], ["leo"])
    assert ledger.counts().notices == {NoticeState.PENDING: 3}


def test_what_was_claimed_or_tried_says_no_more(ledger: Ledger) -> None:
    """A repeat says what the first try said: what comes later is another message."""
    commit(ledger, opened("ana", waiting()))
    (first,) = ledger.post.claim(SOON, 10)
    commit(ledger, opened("eva", waiting()))
    ledger.post.settle([later(first.key, SOON + timedelta(hours=1))])
    commit(ledger, opened("leo", waiting()))
    ledger.post.release_claims()
    second, again = ledger.post.claim(SOON + timedelta(hours=1), 10)
    assert subjects(second) == ["eva", "leo"]
    assert (again.key, subjects(again)) == (first.key, ["ana"])


def test_held_and_pending_do_not_mix(ledger: Ledger) -> None:
    """What is held joins what is held, whatever the bundle is called."""
    held = replace(waiting(), held=True)
    commit(ledger, opened("ana", waiting()), opened("eva", held))
    commit(ledger, opened("leo", held), opened("kim", waiting()))
    (message,) = ledger.post.claim(SOON, 10)
    assert subjects(message) == ["ana", "kim"]
    assert ledger.counts().notices == {NoticeState.PENDING: 2, NoticeState.HELD: 2}


def test_the_guards_word_waits_for_no_digest(ledger: Ledger) -> None:
    """Its examples stand in a digest of the morning; it is read now. What else is said of them waits."""
    commit(ledger, opened("ana", waiting()), opened("eva", waiting()))
    word = replace(to_operations("word"), kind=NoticeKind.HELD, detail=Holding(9, SOON).text)
    commit(ledger, escalated("ana", word), escalated("eva", to_operations()))
    (message,) = ledger.post.claim(NOW, 10)
    assert [notice.kind for notice in message.notices] == [NoticeKind.HELD]


def test_a_run_that_never_ended(ledger: Ledger, ledger_address: str) -> None:
    """Where nobody else can be at it, the next run lets its messages go; else the time does."""
    run = ledger.diary.begin_run("sweep", NOW)
    commit(ledger, opened("ana", waiting(run)))
    ledger.diary.begin_run("sweep", NOW + timedelta(seconds=1))
    at_once = ledger.post.claim(NOW + timedelta(seconds=1), 10)
    assert bool(at_once) == ledger_address.startswith("sqlite")
    assert at_once or ledger.post.claim(SOON, 10)


def test_no_notice_is_lost_between_joining_and_claiming(ledger: Ledger) -> None:
    """One thread adds to a message while another claims it: every notice is sent once, and none is added to
    what was claimed."""
    names = [f"c{number}" for number in range(60)]
    done = threading.Event()
    told: list[Message] = []

    def say() -> None:
        try:
            for name in names:
                commit(ledger, opened(name, waiting()))
        finally:
            done.set()

    def send() -> None:
        while True:
            last = done.is_set()
            for message in ledger.post.claim(SOON, 10):
                told.append(message)
                ledger.post.settle([sent(message.key)])
            if last:
                return

    with ThreadPoolExecutor(2) as threads:
        for each in [threads.submit(say), threads.submit(send)]:
            each.result()
    assert sorted(subject for message in told for subject in subjects(message)) == sorted(names)
    assert ledger.counts().notices == {NoticeState.SENT: len(names)}
    by_key = {message.key: len(message.notices) for message in told}
    carried = [each.message for each in ledger.post.deliveries(limit=1000)]
    assert {key: carried.count(key) for key in by_key} == by_key


@pytest.mark.parametrize("state", ["pending", "sent", "dead"])
def test_who_was_told_has_heard(ledger: Ledger, state: str) -> None:
    """Also whoever is yet to read it, or may have; not from whom it is held back, nor who has no address."""
    nobody, held = replace(to_customer("eva"), recipient=""), replace(to_operations(), held=True)
    commit(ledger, opened("ana", to_customer("ana"), to_operations()), opened("eva", nobody, held))
    if state != "pending":
        outcome = {"sent": NoticeState.SENT, "dead": NoticeState.DEAD}[state]
        ledger.post.settle([replace(sent(each.key), state=outcome) for each in ledger.post.claim(NOW, 10)])
    assert ledger.heard([1, 2]) == {
        1: {("customer", None): "notice", ("operations", "ops@example.com"): "notice"}
    }


def test_whoever_read_of_the_end_has_heard_no_more(ledger: Ledger) -> None:
    """Until they are told anew. Whoever was not told of the end believes it still."""
    commit(ledger, opened("ana", to_customer("ana"), to_operations()))
    commit(ledger, escalated("ana", to_operations()))
    commit(ledger, replace(retracted("ana"), drafts=(to_operations(),)))
    assert ledger.heard([1]) == {1: {("customer", None): "notice"}}
