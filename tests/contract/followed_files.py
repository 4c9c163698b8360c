"""Orders in a file that is replaced as a whole by each export."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tercera.sources.files import Settings
from tercera.sources.files import open_source as open_files
from tests.contract.followed import Followed, Row

VARIANTS = ("one file",)
_HEAD = ("order_id", "customer_id", "seller", "status", "placed_at")


@contextmanager
def shop(variant: str) -> Iterator[Followed]:
    """An empty one."""
    rows: dict[str, Row] = {}
    with TemporaryDirectory() as name:
        folder = Path(name)

        def export() -> None:
            half = folder / "orders.csv.part"
            with half.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, _HEAD)
                writer.writeheader()
                writer.writerows(rows.values())
            half.replace(folder / "orders.csv")

        def write(changed: list[Row]) -> None:
            rows.update({row["order_id"]: row for row in changed})
            export()

        def remove(ids: list[str]) -> None:
            for each in ids:
                del rows[each]
            export()

        export()
        settings = Settings.model_validate(
            {"kind": "files", "orders": {"path": "orders.csv", "fields": {"seller": "seller"}}}
        )
        yield Followed(
            lambda: open_files(settings, "UTC", base=folder),
            write,
            remove,
            knows_former=False,
            knows_orders=False,
            is_exact=False,
        )
