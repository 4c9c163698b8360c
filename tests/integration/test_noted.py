"""Changes that PostgreSQL notes: none is lost, the shop never fails because of them, they don't pile up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from tercera.errors import HistoryLostError, SourceError
from tercera.sources.sql import Settings, SqlSource, open_source
from tercera.tally.changes import Batch, Changes
from tests.servers.postgresql import connection, empty_database


@dataclass
class Shop:
    """A table whose changes are noted."""

    address: str
    source: SqlSource
    owner: psycopg.Connection[Any]

    @contextmanager
    def followed(self, after: str | None = None) -> Iterator[Changes]:
        """From a position on; without, from now on."""
        with closing(self.source.changes(["customer"], after)) as changes:
            if after is None:
                changes.take(0)
            yield changes

    @property
    def notes(self) -> int:
        """How many there are."""
        found = self.owner.execute("SELECT count(*) FROM tercera_noted_orders").fetchone()
        return int(found[0]) if found else 0


@pytest.fixture
def shop() -> Iterator[Shop]:
    """An empty one."""
    with empty_database() as address, connection(address) as owner:
        owner.execute(
            "CREATE TABLE orders (order_id bigint, customer_id numeric, status text, placed_at date)"
        )
        written = {"kind": "sql", "uri": address, "orders": {"table": "orders"}, "changes": {"listen": True}}
        source = open_source(Settings.model_validate(written), "UTC")
        assert [each.ok for each in source.check_changes(["customer"])] == [False]
        assert [each.ok for each in source.check_changes(["customer"], fix=True)] == [True]
        assert [each.ok for each in source.check_changes(["customer"])] == [True]
        yield Shop(address, source, owner)
        source.close()


def customers(batch: Batch) -> set[str]:
    """Of a batch."""
    return set(batch.subjects.get("customer", ()))


INSERT = "INSERT INTO orders VALUES (%s, %s, 'returned', '2023-06-05')"


def test_a_transaction_that_ends_late_is_told(shop: Shop) -> None:
    """Also when others that began later were told before, and it was read on from there."""
    with shop.followed() as changes, connection(shop.address) as late:
        with late.transaction():
            late.execute(INSERT, [1, 17850])
            shop.owner.execute(INSERT, [2, 2])
            batch = changes.take(5)
            assert customers(batch) == {"2"}
            assert batch.position is not None
        assert customers(changes.take(5)) == {"17850"}
    with shop.followed(batch.position) as changes:
        assert customers(changes.take(5)) == {"17850"}


def test_notes_go_when_their_position_is_kept(shop: Shop) -> None:
    """Those of after it stay."""
    with shop.followed() as changes:
        shop.owner.execute(INSERT, [1, 1])
        position = changes.take(5).position
        assert position is not None
        shop.owner.execute(INSERT, [2, 2])
        assert shop.notes == 2
        changes.kept(position)
        assert shop.notes == 1


def test_many_rows_of_one_statement_are_few_notes(shop: Shop) -> None:
    """And a table that is emptied at once is told of, though nobody knows whose orders they were."""
    with shop.followed() as changes:
        shop.owner.execute("INSERT INTO orders SELECT 1, 7, 'x', '2023-06-05' FROM generate_series(1, 5000)")
        assert shop.notes == 1
        assert customers(changes.take(5)) == {"7"}
        shop.owner.execute("TRUNCATE orders")
        assert changes.take(5).untold == 1


def test_the_shop_goes_on_when_nothing_can_be_noted(shop: Shop) -> None:
    """Its writes pass; whoever follows is told what to do; and a table made anew is another history."""
    with shop.followed() as changes:
        shop.owner.execute(INSERT, [1, 1])
        position = changes.take(5).position
    shop.owner.execute("DROP TABLE tercera_noted_orders")
    shop.owner.execute(INSERT, [2, 2])
    with pytest.raises(SourceError, match="check --fix"), shop.followed():
        pass
    assert [each.ok for each in shop.source.check_changes(["customer"], fix=True)] == [True]
    with pytest.raises(HistoryLostError), shop.followed(position):
        pass


def test_who_writes_needs_no_rights_on_the_notes(shop: Shop) -> None:
    """Whatever the search path says."""
    role = "shop_of_" + shop.address.rpartition("/")[2][-12:].replace("-", "_")
    shop.owner.execute(f"CREATE ROLE {role}")
    try:
        shop.owner.execute(f"GRANT INSERT ON orders TO {role}")
        with shop.followed() as changes, connection(shop.address) as writer:
            writer.execute(f"SET ROLE {role}")
            writer.execute("SET search_path = pg_catalog")
            writer.execute("INSERT INTO public.orders VALUES (1, 5, 'returned', '2023-06-05')")
            assert customers(changes.take(5)) == {"5"}
    finally:
        shop.owner.execute(f"DROP OWNED BY {role}")
        shop.owner.execute(f"DROP ROLE {role}")
