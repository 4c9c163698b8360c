"""A chunk of orders as numbers: which vendor, which day, which status … of each line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from tercera.simulate.market import Market, random_numbers

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

STATUSES = ("returned", "cancelled", "delivered", "in_transit", "pending", "lost", "exception")
_RETURNED, _CANCELLED, _FIRST_QUIET = 0, 1, 2
_QUIET_SHARES = np.cumsum(
    [0.90, 0.06, 0.02, 0.01]
)  # of delivered, in_transit, pending, lost; rest: exception

BAD_DATES = ("0000-00-00", "2023-13-45", "next tuesday", "31/02/2023", "2023-02-30", "", "   ")
MISSING = -1
BLANK = -2
PRICES = 2_000
CITIES = 16
CARRIERS = 6

_SEVERAL_LINES = 0.008
_MOST_LINES = 16
_BAD_DATE = 0.005
_EMPTY = {"order": 0.0005, "vendor": 0.002, "status": 0.001, "price": 0.004, "city": 0.01}
_LATE = 0.003  # of the whole span: an order is written down up to so much before or after its turn


@dataclass(frozen=True)
class Chunk:
    """Lines as places in tables. `day` counts from the first day of the market, and from its end on it is a
    place in `BAD_DATES`; MISSING and BLANK stand for a value that is not there.

    `serial` and `second` (of the day) make the order's id.
    """

    orders: int
    matching: int
    spoilt: int
    serial: Ints
    second: Ints
    vendor: Ints
    day: Ints
    true_day: Ints
    status: Ints
    price: Ints
    city: Ints
    carrier: Ints
    nameless: Flags

    @property
    def rows(self) -> int:
        """How many lines there are."""
        return len(self.serial)

    @property
    def vendors_seen(self) -> Ints:
        """The vendors that any line names."""
        return self.vendor[self.vendor >= 0]


def draw_chunk(market: Market, seed: int, number: int, first: int, orders: int) -> Chunk:
    """Chunk `number` of a simulation: the `orders` orders from the `first` on."""
    random = random_numbers(seed, 1, number)
    vendor = np.searchsorted(market.reach, random.random(orders)).clip(max=len(market.vendors) - 1)
    status = _statuses(market.returning[vendor], random)
    day = _days(market, first, orders, random)
    second = random.integers(6 * 3600, 24 * 3600, size=orders)
    price = (random.random(orders) * PRICES).astype(np.int64)
    city = (random.random(orders) ** 4 * CITIES).astype(np.int64)
    carrier = random.integers(CARRIERS, size=orders)
    line = _lines(orders, random)
    rows = len(line)
    spoiling = {name: random.random(rows) < share for name, share in _EMPTY.items()}
    bad_date = random.random(rows) < _BAD_DATE
    junk_date = len(market.days) + random.integers(len(BAD_DATES), size=rows)
    blank = np.where(random.random(rows) < 0.5, MISSING, BLANK)
    spoilt = bad_date | spoiling["order"] | spoiling["vendor"] | spoiling["status"]
    return Chunk(
        orders=orders,
        matching=int((status < _FIRST_QUIET).sum()),
        spoilt=int(spoilt.sum()),
        serial=first + line,
        second=second[line],
        vendor=np.where(spoiling["vendor"], blank, vendor[line]),
        day=np.where(bad_date, junk_date, day[line]),
        true_day=day[line],
        status=np.where(spoiling["status"], blank, status[line]),
        price=np.where(spoiling["price"], MISSING, price[line]),
        city=np.where(spoiling["city"], MISSING, city[line]),
        carrier=carrier[line],
        nameless=spoiling["order"],
    )


def calendar(market: Market) -> list[str]:
    """The table that `day` points into."""
    return [*map(date.isoformat, market.days), *BAD_DATES]


def _statuses(returning: npt.NDArray[np.float64], random: np.random.Generator) -> Ints:
    fate = random.random(len(returning))
    quiet = _FIRST_QUIET + np.searchsorted(_QUIET_SHARES, random.random(len(returning)))
    status: Ints = np.where(fate < returning, _CANCELLED, quiet)
    status[fate < returning * 0.6] = _RETURNED
    return status


def _days(market: Market, first: int, orders: int, random: np.random.Generator) -> Ints:
    """Orders follow the calendar, but for a little disorder."""
    turn = (first + np.arange(orders) + 0.5) / market.orders + (random.random(orders) - 0.5) * _LATE
    day: Ints = np.searchsorted(market.busy, turn.clip(0, 1)).clip(max=len(market.days) - 1)
    return day


def _lines(orders: int, random: np.random.Generator) -> Ints:
    """The order of each line. Most orders have one; others up to 16, near each other but not together."""
    lines = np.ones(orders, dtype=np.int64)
    several = random.random(orders) < _SEVERAL_LINES
    lines[several] = 1 + random.geometric(0.4, size=int(several.sum())).clip(max=_MOST_LINES - 1)
    line = np.repeat(np.arange(orders), lines)
    again = np.zeros(len(line), dtype=bool)
    again[1:] = line[1:] == line[:-1]
    place = line + np.where(again, random.random(len(line)) * 500, 0)
    ordered: Ints = line[np.argsort(place, kind="stable")]
    return ordered
