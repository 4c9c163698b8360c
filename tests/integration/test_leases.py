"""Several instances on one PostgreSQL: who sweeps, who sends, and what happens to one that stood still."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest

from tercera.errors import ConflictError
from tercera.ledger import Ledger, open_ledger
from tercera.messages import NoticeState, Outcome
from tercera.model import RuleId
from tests.integration.ledger_changes import NOW, RULE, commit, dead, escalated, later, opened, sent
from tests.servers.postgresql import connection, empty_database, empty_ledger

SECOND = timedelta(seconds=1)


@pytest.fixture
def address() -> Iterator[str]:
    with empty_ledger() as made:
        yield made


@pytest.fixture
def pair(address: str) -> Iterator[tuple[Ledger, Ledger]]:
    """Two instances."""
    with open_ledger(address) as one, open_ledger(address) as other:
        yield one, other


def expire(address: str) -> None:
    """As if every lease had ended: nobody answered for so long."""
    with connection(address) as made:
        made.execute("UPDATE tercera.leases SET expires_at = 0")


def test_one_instance_sweeps_a_rule_at_a_time(pair: tuple[Ledger, Ledger]) -> None:
    """Another rule may be swept meanwhile, and the same one afterwards."""
    one, other = pair
    with one.sweeping(RULE) as mine, other.sweeping(RULE) as theirs:
        assert mine is not None
        assert theirs is None
        with other.sweeping(RuleId(RULE + "-2")) as another:
            assert another is not None
    with other.sweeping(RULE) as theirs:
        assert theirs is not None
        assert theirs.token > mine.token


def test_who_lost_the_lease_writes_nothing(pair: tuple[Ledger, Ledger], address: str) -> None:
    """The commit of an instance that stood still is refused, and the one that took over goes on."""
    one, other = pair
    with one.sweeping(RULE) as mine:
        expire(address)
        with other.sweeping(RULE) as theirs:
            with pytest.raises(ConflictError, match="another instance took over"):
                one.commit([opened("ana")], rule=RULE, cursor=None, run=1, now=NOW, lease=mine)
            assert other.alerts() == []
            other.commit([opened("ana")], rule=RULE, cursor=None, run=1, now=NOW, lease=theirs)
    assert len(other.alerts()) == 1
    with other.sweeping(RULE) as again:
        assert again is not None, "what lost the lease does not end that of another"


def test_a_lease_that_nobody_took_goes_on(pair: tuple[Ledger, Ledger], address: str) -> None:
    """It ended, but the work is still the only one of its kind."""
    one, other = pair
    with one.sweeping(RULE) as mine:
        expire(address)
        one.commit([opened("ana")], rule=RULE, cursor=None, run=1, now=NOW, lease=mine)
        with other.sweeping(RULE) as theirs:
            assert theirs is None


def test_a_sweep_that_takes_longer_than_the_lease_keeps_it(address: str) -> None:
    """It is renewed beside the work."""
    with (
        open_ledger(address, lease=SECOND) as one,
        open_ledger(address, lease=SECOND) as other,
        one.sweeping(RULE) as mine,
    ):
        until = time.monotonic() + 2
        while time.monotonic() < until:
            with other.sweeping(RULE) as theirs:
                assert theirs is None
            threading.Event().wait(0.1)
        one.commit([], rule=RULE, cursor=None, run=1, now=NOW, lease=mine)


def test_what_one_has_claimed_is_nobody_elses(pair: tuple[Ledger, Ledger]) -> None:
    """Until it is settled, released by whom it belongs to, or that one's lease ends."""
    one, other = pair
    commit(one, opened("ana"), opened("eva"))
    (ana,) = one.post.claim(NOW, 1)
    (eva,) = other.post.claim(NOW, 10)
    assert {ana.recipient, eva.recipient} == {"ana@example.com", "eva@example.com"}
    other.post.release_claims()
    assert other.post.claim(NOW, 10) == [eva]
    assert one.post.still_ours(ana)
    assert not one.post.still_ours(eva)
    assert other.post.next_due(NOW) is None


def test_the_order_holds_across_instances(pair: tuple[Ledger, Ledger]) -> None:
    """What follows an earlier word waits for it, also when another instance is sending that."""
    one, other = pair
    commit(one, opened("ana"))
    (first,) = one.post.claim(NOW, 10)
    commit(other, escalated("ana"))
    assert other.post.claim(NOW, 10) == []
    one.post.settle([sent(first.key)])
    (second,) = other.post.claim(NOW, 10)
    assert second.thread == (first.key,)


def test_the_claims_of_an_instance_that_is_gone_are_free(pair: tuple[Ledger, Ledger], address: str) -> None:
    """After its lease; until then they wait."""
    one, other = pair
    commit(one, opened("ana"))
    (mine,) = one.post.claim(NOW, 10)
    assert other.post.claim(NOW, 10) == []
    expire(address)
    assert other.post.claim(NOW, 10) == [mine]
    with open_ledger(address) as third, third.hold():
        assert third.post.claim(NOW, 10) == []


def test_who_stood_still_sends_nothing_of_what_it_had(address: str) -> None:
    """By its own clock, before it asks anybody; also after its lease is renewed."""
    with open_ledger(address, lease=SECOND) as one:
        commit(one, opened("ana"))
        (mine,) = one.post.claim(NOW, 10)
        assert one.post.still_ours(mine)
        threading.Event().wait(1)
        assert not one.post.still_ours(mine)
        assert one.post.claim(NOW, 10) == []
        assert not one.post.still_ours(mine)
        one.post.release_claims()
        (again,) = one.post.claim(NOW, 10)
        assert one.post.still_ours(again)


def test_while_it_is_held_claims_last(address: str) -> None:
    """The lease is renewed beside the sending; who is there is known."""
    with open_ledger(address, lease=SECOND) as one, open_ledger(address) as other, one.hold():
        commit(one, opened("ana"))
        (mine,) = one.post.claim(NOW, 10)
        threading.Event().wait(1.5)
        assert one.post.still_ours(mine)
        assert other.post.claim(NOW, 10) == []
        with other.hold():
            assert set(one.instances()) == {one.instance, other.instance}
    with open_ledger(address) as third:
        assert third.instances() == []
        assert third.post.claim(NOW, 10) == [mine]


@pytest.mark.parametrize(
    ("late", "state"), [(sent, NoticeState.SENT), (dead, NoticeState.PENDING)], ids=["sent", "dead"]
)
def test_a_late_outcome_of_what_another_is_sending(
    pair: tuple[Ledger, Ledger], address: str, late: Callable[[str], Outcome], state: NoticeState
) -> None:
    """What was accepted is sent, whoever has it now; what was refused is the other's to find out."""
    one, other = pair
    commit(one, opened("ana"))
    (mine,) = one.post.claim(NOW, 10)
    expire(address)
    (theirs,) = other.post.claim(NOW, 10)
    one.post.settle([late(mine.key)])
    (delivery,) = other.post.deliveries()
    assert delivery.state is state
    other.post.settle([later(theirs.key, NOW + SECOND)])
    (delivery,) = other.post.deliveries()
    assert delivery.state is state
    assert [each.attempt for each in delivery.receipts] == [1, 2]


def test_five_hundred_messages_over_two_instances_are_sent_once(address: str) -> None:
    """Both claim and settle as fast as they can, and release in between."""
    sent_keys: list[list[str]] = [[], [], []]
    with ExitStack() as stack:
        ledgers = [stack.enter_context(open_ledger(address)) for _ in sent_keys]
        commit(ledgers[0], *(opened(f"c{number}") for number in range(250)))
        commit(ledgers[0], *(escalated(f"c{number}") for number in range(250)))
        start = threading.Barrier(len(sent_keys))

        def deliver(ledger: Ledger, keys: list[str]) -> None:
            start.wait()
            while ledger.counts().notices.get(NoticeState.PENDING):
                for message in ledger.post.claim(NOW, 13)[:11]:
                    if ledger.post.still_ours(message):
                        keys.append(message.key)
                        ledger.post.settle([sent(message.key)])
                ledger.post.release_claims()

        threads = [
            threading.Thread(target=deliver, args=each) for each in zip(ledgers, sent_keys, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        keys = [key for some in sent_keys for key in some]
        assert len(keys) == len(set(keys)) == 500
        assert ledgers[0].counts().notices == {NoticeState.SENT: 500}
        assert all(len(each.receipts) == 1 for each in ledgers[0].post.deliveries(limit=1000))


def test_instances_that_come_to_life_while_others_claim(address: str) -> None:
    """What one of them claims first thing is not claimed by another whose look at the leases is older."""
    rounds, keys_each = 40, 13
    with ExitStack() as stack:
        ledgers = [stack.enter_context(open_ledger(address)) for _ in range(4)]
        commit(ledgers[0], *(opened(f"c{number}") for number in range(400)))
        for _ in range(rounds):
            expire(address)
            for ledger in ledgers:
                ledger.post.release_claims()
            start, taken = threading.Barrier(len(ledgers)), [list[str]() for _ in ledgers]

            def claim(ledger: Ledger, keys: list[str], start: threading.Barrier = start) -> None:
                start.wait()
                for _ in range(6):
                    keys += [message.key for message in ledger.post.claim(NOW, keys_each)]

            threads = [threading.Thread(target=claim, args=each) for each in zip(ledgers, taken, strict=True)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            keys = [key for some in taken for key in some]
            assert len(keys) == len(set(keys))


def test_many_may_start_on_an_empty_database_at_once() -> None:
    """One makes the tables, the others wait for it."""
    with empty_database() as address:
        start = threading.Barrier(4)
        found: list[str] = []

        def open_one() -> None:
            start.wait()
            with open_ledger(address) as ledger:
                found.append(ledger.identity)

        threads = [threading.Thread(target=open_one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 4
        assert len(set(found)) == 1
