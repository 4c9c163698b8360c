"""Every source that tells of changes tells of them in the same way."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import pytest

from tercera.errors import HistoryLostError
from tercera.tally.changes import Changes
from tests.contract.followed import Followed, FollowedSource, Row

PATIENCE = 20.0
"""Seconds after which a change that is not told fails the test."""

KINDS = sorted(path.stem for path in Path(__file__).parent.glob("followed_*.py"))
SHOPS = [
    pytest.param((kind, variant), id=f"{kind.removeprefix('followed_')}, {variant}")
    for kind in KINDS
    for variant in import_module(f"tests.contract.{kind}").VARIANTS
]
PERS = {"customer", "seller"}

pytestmark = pytest.mark.mongod


@pytest.fixture(params=SHOPS)
def shop(request: pytest.FixtureRequest) -> Iterator[Followed]:
    """An empty one of each kind."""
    kind, variant = request.param
    with import_module(f"tests.contract.{kind}").shop(variant) as made:
        yield made


def row(order: str, customer: str = "ana", seller: str = "s1", status: str = "returned") -> Row:
    """An order of a day."""
    values = {"order_id": order, "customer_id": customer, "seller": seller, "status": status}
    return values | {"placed_at": "2023-06-05"}


@dataclass
class Told:
    """Everything that was told."""

    subjects: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    moved: set[str] = field(default_factory=set)
    untold: int = 0
    position: str | None = None
    is_current: bool = False


@contextmanager
def following(source: FollowedSource, after: str | None = None) -> Iterator[Changes]:
    """Its changes; without a position from this moment on."""
    with closing(source), closing(source.changes(PERS, after)) as changes:
        yield changes


def begun(changes: Changes) -> str:
    """The position from where on they tell."""
    position = changes.take(1).position
    assert position is not None
    return position


def told(
    changes: Changes, customers: Collection[str] = (), moved: Collection[str] = (), untold: int = 0
) -> Told:
    """What is told until all of this has been."""
    found = Told()
    deadline = time.monotonic() + PATIENCE
    while not (
        found.subjects["customer"].issuperset(customers)
        and found.moved.issuperset(moved)
        and found.untold >= untold
    ):
        assert time.monotonic() < deadline, found
        batch = changes.take(1)
        for per, subjects in batch.subjects.items():
            found.subjects[per] |= subjects
        found.moved |= batch.moved
        found.untold += batch.untold
        found.position = batch.position or found.position
    return found


def test_the_first_batch_says_from_where_on(shop: Followed) -> None:
    """At once; what was there before is not told of, what is written from then on is."""
    shop.write([row("o1", "old")])
    with following(shop.source()) as changes:
        began = time.monotonic()
        assert changes.take(30).position
        assert time.monotonic() - began < 10
        shop.write([row("o2", "ana", "s2")])
        found = told(changes, ["ana"])
        assert found.subjects["seller"] >= {"s2"}
        if shop.is_exact:
            assert dict(found.subjects) == {"customer": {"ana"}, "seller": {"s2"}}


def test_a_position_of_before_is_enough(shop: Followed) -> None:
    """What was written between the position and the next process is told, however it was written."""
    with following(shop.source()) as changes:
        position = begun(changes)
    shop.write([row("o1", "ana"), row("o2", "bea")])
    with following(shop.source(), position) as changes:
        found = told(changes, ["ana", "bea"])
    assert found.position is not None
    with following(shop.source(), found.position) as changes:
        shop.write([row("o3", "eva")])
        told(changes, ["eva"])


def test_a_changed_order_marks_its_subjects(shop: Followed) -> None:
    """Whatever of it changed."""
    shop.write([row("o1")])
    with following(shop.source()) as changes:
        begun(changes)
        shop.write([row("o1", status="delivered")])
        assert told(changes, ["ana"]).subjects["seller"] >= {"s1"}


def test_an_order_that_moves_marks_both(shop: Followed) -> None:
    """Its former subject by name, or by the id of the order that somebody has among the evidence."""
    shop.write([row("o1", "ana", "s1")])
    with following(shop.source()) as changes:
        begun(changes)
        shop.write([row("o1", "bea", "s2")])
        if shop.knows_former:
            found = told(changes, ["ana", "bea"])
            assert found.subjects["seller"] == {"s1", "s2"}
        elif shop.knows_orders:
            assert told(changes, ["bea"], moved=["o1"]).subjects["seller"] == {"s2"}
        else:
            assert told(changes, ["bea"], untold=1).subjects["seller"] == {"s2"}


def test_an_order_that_is_removed_is_told_of(shop: Followed) -> None:
    """By its subject, its id, or at least that one is gone; where the source can see it at all."""
    if not shop.sees_removed:
        return
    shop.write([row("o1", "ana")])
    with following(shop.source()) as changes:
        begun(changes)
        shop.remove(["o1"])
        if shop.knows_former:
            told(changes, ["ana"])
        else:
            told(changes, untold=1)


def test_current_is_said_when_all_was_told(shop: Followed) -> None:
    """And the position then covers everything."""
    with following(shop.source()) as changes:
        begun(changes)
        shop.write([row(f"o{n}", f"c{n}") for n in range(20)])
        told(changes, [f"c{n}" for n in range(20)])
        deadline, position = time.monotonic() + PATIENCE, None
        while not (batch := changes.take(0.1)).is_current:
            position = batch.position or position
            assert time.monotonic() < deadline
        position = batch.position or position
    if position is None or shop.tells_again:
        return
    with following(shop.source(), position) as changes:
        assert not any(changes.take(0.1).subjects.get("customer") for _ in range(3))


def test_closing_ends_the_waiting(shop: Followed) -> None:
    """Of another thread, long before its patience is over."""
    with following(shop.source()) as changes:
        begun(changes)
        waiting = threading.Thread(target=lambda: changes.take(60))
        waiting.start()
        changes.close()
        waiting.join(PATIENCE)
        assert not waiting.is_alive()


def test_a_position_of_something_else_is_lost_history(shop: Followed) -> None:
    """Of another source, or what can't be read: a sweep is needed, not an error for ever."""
    for position in ('{"of": "elsewhere", "token": {}}', "no JSON at all"):
        with pytest.raises(HistoryLostError), following(shop.source(), position) as changes:
            changes.take(1)
