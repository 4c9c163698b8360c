"""A chunk of orders as an Arrow table: the columns and their values as a marketplace would export them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import exp
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as compute

from tercera.simulate.chunk import BLANK, CARRIERS, CITIES, PRICES, STATUSES, Chunk, Ints, calendar
from tercera.simulate.market import Market

SCHEMA = pa.schema(
    [
        ("shipping_id", pa.string()),
        ("order_vendor_dbname", pa.string()),
        ("shipping_date", pa.string()),
        ("shipping_status", pa.string()),
        ("amount", pa.decimal128(12, 2)),
        ("city", pa.string()),
        ("carrier", pa.string()),
    ]
)
_BLANK_TEXT = "  "
_ID_DIGITS = 24
_DAY = 86_400
_CITIES = (
    "Bogotá",
    "Medellín",
    "Cali",
    "Barranquilla",
    "Cartagena de Indias",
    "Bucaramanga",
    "Cúcuta",
    "Ibagué",
    "Peñol, El",
    "Santa Fe de Antioquia",
    "São Gabriel da Cachoeira",
    'San Andrés "Islas"',
    "Bogota\u0301",  # the accent as a character of its own
    "Łódź 🏙",
    "東京",
    "القاهرة",
)
_CARRIERS = ("coordinadora", "servientrega", "envia", "interrapidisimo", "tcc", "domina")
assert len(_CITIES) == CITIES
assert len(_CARRIERS) == CARRIERS


@dataclass(frozen=True)
class Values:
    """The values of each column, which the numbers of a chunk point into; blank text comes last."""

    vendors: pa.Array
    days: pa.Array
    statuses: pa.Array
    prices: pa.Array
    cities: pa.Array
    carriers: pa.Array
    midnight: int
    machine: bytes


def values_of(market: Market) -> Values:
    """Everything that stays the same from chunk to chunk. `midnight` is when the market opens, Unix time."""
    return Values(
        vendors=pa.array([*market.vendors, _BLANK_TEXT]),
        days=pa.array(calendar(market)),
        statuses=pa.array([*STATUSES, _BLANK_TEXT]),
        prices=pa.array(_prices(), SCHEMA.field("amount").type),
        cities=pa.array(_CITIES),
        carriers=pa.array(_CARRIERS),
        midnight=(market.days[0] - date(1970, 1, 1)).days * _DAY,
        machine=market.machine,
    )


def make_table(values: Values, chunk: Chunk) -> pa.Table:
    """The lines of a chunk, in order."""
    return pa.Table.from_arrays(
        [
            _ids(values, chunk),
            _look_up(values.vendors, chunk.vendor),
            _look_up(values.days, chunk.day),
            _look_up(values.statuses, chunk.status),
            _look_up(values.prices, chunk.price),
            _look_up(values.cities, chunk.city),
            _look_up(values.carriers, chunk.carrier),
        ],
        schema=SCHEMA,
    )


def _look_up(table: pa.Array, places: Ints) -> pa.Array:
    """MISSING is null, BLANK the last text of the table."""
    places = np.where(places == BLANK, len(table) - 1, places)
    return table.take(pa.array(places, mask=places < 0))


def _ids(values: Values, chunk: Chunk) -> pa.Array:
    """Order ids as a document database makes them: the time, the machine, a running number (12 bytes)."""
    raw = np.empty((chunk.rows, _ID_DIGITS // 2), dtype=np.uint8)
    raw[:, :4] = _big_endian(values.midnight + chunk.true_day * _DAY + chunk.second, 4)
    raw[:, 4:9] = np.frombuffer(values.machine, dtype=np.uint8)
    raw[:, 9:] = _big_endian(chunk.serial, 3)
    digits = pa.py_buffer(raw.tobytes().hex().encode())
    places = pa.py_buffer(np.arange(chunk.rows + 1, dtype=np.int32) * np.int32(_ID_DIGITS))
    ids = pa.StringArray.from_buffers(chunk.rows, places, digits)
    return compute.if_else(pa.array(~chunk.nameless), ids, pa.scalar(None, pa.string()))


def _big_endian(numbers: Ints, width: int) -> npt.NDArray[np.uint8]:
    return numbers.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 8 - width :]


def _prices() -> list[Decimal]:
    """What things cost: log-normal, a few expensive, one free."""
    cost = NormalDist(mu=4.0, sigma=0.9)
    prices = [round(Decimal(exp(cost.inv_cdf((place + 0.5) / PRICES))), 2) for place in range(PRICES)]
    prices[PRICES // 2] = Decimal("0.00")
    return prices
