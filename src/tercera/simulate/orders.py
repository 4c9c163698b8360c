"""Simulated orders, in the order in which a shop would have written them down.

1. A *market* is drawn from the seed: vendors, how much each sells, how often its orders come back.
2. Orders come in chunks of a fixed size. Each chunk has random numbers of its own, so that neither speed nor
   memory nor what was drawn before changes it.
3. Some orders are written on several lines, some values are spoilt, and the chunk is appended to the file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from tercera.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow as pa

    from tercera.simulate.chunk import Chunk

CHUNK = 131_072
"""Orders in a chunk, and so in a row group of Parquet."""


@dataclass(frozen=True, slots=True)
class SimulatedOrders:
    """What was written: `rows` lines for `orders` distinct orders of `customers` vendors (junk ids among
    them); `matching` of the orders were returned or cancelled, `spoilt` rows lack or garble a value."""

    path: Path
    rows: int
    orders: int
    customers: int
    matching: int
    spoilt: int


def simulate_orders(
    out: Path,
    *,
    orders: int,
    seed: int,
    start: date = date(2023, 1, 1),
    months: int = 12,
    progress: Callable[[int], None] | None = None,
) -> SimulatedOrders:
    """Writes `orders` distinct orders, placed over `months` from `start`, as CSV or Parquet.

    `progress` is told how many orders stand in the file so far. The file appears under its name when it is
    whole. Raises `ConfigError` for a size, a span or a file name that makes no sense.
    """
    _refuse_nonsense(out, orders, start, months)
    # numpy and pyarrow take a while to load: `tercera --help` does not need them.
    import numpy as np

    from tercera.simulate.chunk import draw_chunk
    from tercera.simulate.market import draw_market
    from tercera.simulate.table import SCHEMA, make_table, values_of

    market = draw_market(orders, seed, start, months)
    values = values_of(market)
    seen = np.zeros(len(market.vendors), dtype=bool)
    rows = matching = spoilt = 0
    unfinished = out.with_name(out.name + ".part")
    try:
        with _writer(unfinished, out.suffix, SCHEMA) as writer:
            for number, first in enumerate(range(0, orders, CHUNK)):
                chunk: Chunk = draw_chunk(market, seed, number, first, min(CHUNK, orders - first))
                writer.write_table(make_table(values, chunk))
                seen[chunk.vendors_seen] = True
                rows += chunk.rows
                matching += chunk.matching
                spoilt += chunk.spoilt
                if progress:
                    progress(first + chunk.orders)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    return SimulatedOrders(out, rows, orders, int(seen.sum()), matching, spoilt)


def _refuse_nonsense(out: Path, orders: int, start: date, months: int) -> None:
    if out.suffix not in (".csv", ".parquet"):
        raise ConfigError(
            f"{out}: orders are written as .csv or .parquet; give the file one of these endings"
        )
    if orders < 1:
        raise ConfigError(f"{orders} orders: ask for at least 1")
    if months < 1 or start.year < 1970 or start.year + (start.month - 1 + months) / 12 > 2100:
        raise ConfigError(f"{months} months from {start}: stay between 1970 and 2099, with at least 1 month")
    if not os.path.isdir(out.parent):
        raise ConfigError(f"{out}: the folder {out.parent} does not exist; create it first")


def _writer(path: Path, ending: str, schema: pa.Schema) -> pa.csv.CSVWriter | pa.parquet.ParquetWriter:
    if ending == ".parquet":
        import pyarrow.parquet

        return pyarrow.parquet.ParquetWriter(path, schema, compression="zstd")
    import pyarrow.csv

    return pyarrow.csv.CSVWriter(path, schema, write_options=pyarrow.csv.WriteOptions(quoting_style="needed"))
