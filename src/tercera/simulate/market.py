"""The market that orders are drawn from: its vendors and its calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from tercera.model import Period
from tercera.windows import window_of_day

Floats = npt.NDArray[np.float64]

ORDERS_PER_VENDOR = 83
MATCHING = 0.28
"""The share of orders that are returned or cancelled."""

# Volume falls with rank k as 1 / (k + 12)^1.4: with 630,000 orders of 7,600 vendors in five months, one
# vendor-month in seven reaches three returns, as it was where the rule comes from.
_FLATTENING, _STEEPNESS = 12, 1.4
_JUNK = (
    "fulanitoperensejoluisantoniodelbarrioconarepi",
    "ventas@tiendabonita.example.com",
    "test",
    "12345",
    "sin vendedor",
    "Tienda Ñandú ☕",
    "undefined",
    "6465208fbc1391265257ed5",  # one digit short
    "casa luna_1401618804 ",
    "=HYPERLINK(0)",
)
_WORDS = """
big little casa tienda mundo super nova eco bella moda punto todo gran mini total luna sol verde rojo azul
buena rica linda urban sport tecno hogar magic happy royal
colors shop market store outlet flores joyas bebe mascota jardin tech fit style regalos kids bazar
deco beauty natural zapatos bolsos relojes libros cocina gamer digital express dulce norte centro
"""
_FIRST, _SECOND = _WORDS.split()[:30], _WORDS.split()[30:]


@dataclass(frozen=True)
class Market:
    """`vendors` are ids, biggest seller first; `reach` is the running share of orders up to each of them, and
    `returning` the chance that an order of theirs comes back. `days` are the calendar days, `busy` the
    running share of orders up to the end of each. `machine` is five bytes of each order's id."""

    orders: int
    vendors: list[str]
    reach: Floats
    returning: Floats
    days: list[date]
    busy: Floats
    machine: bytes


def random_numbers(seed: int, *which: int) -> np.random.Generator:
    """Random numbers for one use: streams of different uses and seeds have nothing to do with each other."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, *which])))


def draw_market(orders: int, seed: int, start: date, months: int) -> Market:
    """The market of a seed. It grows with the number of orders."""
    size = max(3, round(orders / ORDERS_PER_VENDOR))
    random = random_numbers(seed, 0)
    weights: Floats = (np.arange(size, dtype=np.float64) + _FLATTENING) ** -_STEEPNESS
    weights = weights / weights.sum()
    vendors = _vendor_ids(size, random)
    days = _days(start, months)
    returning = _returning(weights, random)
    return Market(orders, vendors, np.cumsum(weights), returning, days, _busy(days), random.bytes(5))


def _vendor_ids(size: int, random: np.random.Generator) -> list[str]:
    """Mostly `bigcolors_1381618804`, a fifth 24 hex digits, one in fifty junk (though none that sells much);
    all different."""
    kinds = random.random(size)
    first = random.integers(len(_FIRST), size=size)
    second = random.integers(len(_SECOND), size=size)
    offset = int(random.integers(400_000_000))
    ids = []
    junk = -1
    for rank in range(size):
        # 279,470,273 shares no factor with 400,000,000, so no number comes twice.
        number = 1_300_000_000 + (offset + rank * 279_470_273) % 400_000_000
        if kinds[rank] < 0.02 and rank > size // 50:
            ids.append(_junk(junk := junk + 1, number))
        elif kinds[rank] < 0.22:
            ids.append(f"{number:08x}{random.bytes(8).hex()}")
        else:
            ids.append(f"{_FIRST[first[rank]]}{_SECOND[second[rank]]}_{number}")
    return ids


def _junk(which: int, number: int) -> str:
    return _JUNK[which] if which < len(_JUNK) else f"{_JUNK[number % len(_JUNK)]} {number}"


def _returning(weights: Floats, random: np.random.Generator) -> Floats:
    """Most vendors see a tenth to a half of their orders come back, a few nearly all."""
    chance = 0.05 + 0.53 * random.random(len(weights)) ** 1.3
    chance[random.random(len(weights)) < 0.01] = 0.9
    scaled: Floats = np.minimum(chance * MATCHING / float(chance @ weights), 0.97)
    return scaled


def _days(start: date, months: int) -> list[date]:
    end = start
    for _ in range(months):
        end = window_of_day(end, Period.MONTH).end
    if start.day != 1:
        end += timedelta(days=start.day - 1)
    return [start + timedelta(days=each) for each in range((end - start).days)]


def _busy(days: list[date]) -> Floats:
    """Quiet Sundays, and a busy time before Christmas."""
    weights = np.array([(0.6 if day.weekday() == 6 else 1.0) * _season(day) for day in days])
    return np.cumsum(weights / weights.sum())


def _season(day: date) -> float:
    return 1.3 if (day.month, day.day) >= (11, 20) else 1.0
