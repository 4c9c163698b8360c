"""Orders in a real MongoDB: with images of before, and without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from tercera.sources.mongodb import Settings
from tercera.sources.mongodb import open_source as open_mongodb
from tests.contract.followed import Followed, Row
from tests.servers.mongod import empty_database, mongod_uri

VARIANTS = ("with images", "without")


@contextmanager
def shop(variant: str) -> Iterator[Followed]:
    """An empty one."""
    with empty_database() as database:
        images = {"enabled": variant == "with images"}
        orders = database.create_collection("orders", changeStreamPreAndPostImages=images)
        settings = Settings(
            kind="mongodb",
            uri=SecretStr(mongod_uri()),
            database=database.name,
            orders={"collection": "orders", "fields": {"seller": "seller"}},
        )

        def write(rows: list[Row]) -> None:
            for row in rows:
                orders.update_one({"order_id": row["order_id"]}, {"$set": row}, upsert=True)

        def remove(ids: list[str]) -> None:
            orders.delete_many({"order_id": {"$in": ids}})

        yield Followed(
            lambda: open_mongodb(settings, "UTC"), write, remove, knows_former=variant == "with images"
        )
