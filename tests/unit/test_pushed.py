"""Orders that are handed in: what one is, and the file that keeps them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tercera.errors import SourceError
from tercera.pushed.order import BatchError, PushedOrder, read_orders
from tercera.pushed.store import Kept, OrderStore

AT = datetime(2026, 11, 5, 12, tzinfo=UTC)


def order(name: str = "o1", **changed: Any) -> PushedOrder:
    """One of ana's."""
    given = {"order_id": name, "customer_id": "ana", "status": "returned", "placed_at": "2026-11-05"}
    return PushedOrder.model_validate({**given, **changed})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OrderStore]:
    """An empty one, with a further field."""
    with closing(OrderStore(tmp_path / "orders.db", ["seller"])) as made:
        yield made


def current(store: OrderStore) -> dict[str, str]:
    """The status of each order that there is."""
    with closing(sqlite3.connect(store.path)) as connection:
        return dict(connection.execute("SELECT order_id, status FROM current_orders"))


def numbers(store: OrderStore) -> list[tuple[str, int]]:
    """The orders in the order of their last writes."""
    with closing(sqlite3.connect(store.path)) as connection:
        return connection.execute("SELECT order_id, seq FROM orders ORDER BY seq").fetchall()


def test_an_object_an_array_and_lines() -> None:
    """All three; numbers as ids become text, a day stays a day."""
    one = b'{"order_id": 7, "customer_id": "ana", "status": "s", "placed_at": "2026-11-05", "amount": 9.95}'
    (alone,) = read_orders(one, lines=False)
    assert (alone.order_id, alone.placed_at) == ("7", date(2026, 11, 5))
    assert str(alone.amount) == "9.95"
    assert read_orders(b"[" + one + b"," + one + b"]", lines=False) == [alone, alone]
    assert read_orders(one + b"\n\n" + one + b"\r\n", lines=True) == [alone, alone]
    assert read_orders(b"", lines=True) == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"{", "JSON"),
        (b"7", "object"),
        (b'{"order_id": "x"}', "customer_id: Field required, status: Field required, placed_at: Field"),
        (b'{"order_id": "", "customer_id": "a", "status": "s", "placed_at": "2026-11-05"}', "order_id"),
        (b'{"order_id": "x", "customer_id": "a", "status": "s", "placed_at": "0000-00-00"}', "placed_at"),
        (
            b'{"order_id": "x", "customer_id": "a", "status": "s", "placed_at": "2026-11-05T10:00:00"}',
            "placed_at: has no offset; write one like",
        ),
        (b'{"order_id": "x", "customer_id": "a", "status": "s", "placed_at": "2026-11-05", "why": 1}', "why"),
    ],
)
def test_a_wrong_line_names_itself(line: bytes, what: str) -> None:
    """With its number and what is wrong; the others are not taken either."""
    good = b'{"order_id": "x", "customer_id": "a", "status": "s", "placed_at": "2026-11-05"}'
    with pytest.raises(BatchError) as raised:
        read_orders(good + b"\n" + line, lines=True)
    [(number, words)] = raised.value.mistakes
    assert number == 2
    assert what in words


def test_the_same_order_again_takes_its_place(store: OrderStore) -> None:
    """With the next number, by which it is followed."""
    assert store.put([order(), order("o2")]) == Kept(2, 0)
    assert store.put([order(status="delivered")]) == Kept(1, 0)
    assert current(store) == {"o1": "delivered", "o2": "returned"}
    assert numbers(store) == [("o2", 2), ("o1", 3)]


def test_what_is_older_is_left_out(store: OrderStore) -> None:
    """Messages of shops come in any order, and twice."""
    late, early = AT.isoformat(), AT.replace(hour=11).isoformat()
    store.put([order(status="returned", changed_at=late)])
    assert store.put([order(status="paid", changed_at=early)]) == Kept(0, 1)
    assert store.put([order(status="returned", changed_at=late)]) == Kept(1, 0)
    assert current(store) == {"o1": "returned"}


def test_an_order_that_is_gone(store: OrderStore) -> None:
    """Stays gone for what is older, even where it was never seen; its number tells that it went."""
    store.put([order(changed_at=AT.isoformat())])
    assert store.forget("o1", AT.replace(hour=13))
    assert not store.forget("o1", AT.replace(hour=13))
    assert not store.forget("unseen", AT.replace(hour=13))
    store.put([order(changed_at=AT.isoformat()), order("unseen", changed_at=AT.isoformat())])
    assert current(store) == {}
    store.put([order(changed_at=AT.replace(hour=14).isoformat())])
    assert current(store) == {"o1": "returned"}


def test_times_sort_as_text(store: OrderStore) -> None:
    """Whatever their offsets are."""
    store.put([order(placed_at="2026-11-05T23:30:00-05:00"), order("o2", placed_at="2026-11-06T04:00:00Z")])
    with closing(sqlite3.connect(store.path)) as connection:
        rows = connection.execute("SELECT order_id FROM orders ORDER BY placed_at").fetchall()
    assert rows == [("o2",), ("o1",)]


def test_a_file_that_can_not_be_written(tmp_path: Path) -> None:
    """Says which, and what to do."""
    (tmp_path / "orders.db").write_text("this is no database, and long enough to be taken for one" * 20)
    with (
        closing(OrderStore(tmp_path / "orders.db")) as store,
        pytest.raises(SourceError, match=r"orders\.db"),
    ):
        store.put([order()])
