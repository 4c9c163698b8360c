"""A year of shop life: orders that are placed, arrive, come back, and now and then turn out differently.

Most of it is chance from a seed; three customers have a story, so that each kind of mail is sure to come.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

DAYS = 365

ESCALATES = "bigcolors_1381618804"
RETRACTS = "lunaverde_1390044821"
NO_ADDRESS = "6465208fbc1391265257ed5d"

_NAMES = (
    "casaluz", "telarte", "mundopet", "dulcehogar", "norteshop", "kiwibox", "velodrom", "papelito", "riobike",
    "andina", "solmar", "cafetal", "urbano", "zapatico", "ecolina", "tecnofan",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the shop's database holds it on some day. `placed` is text, as the database has it."""

    order_id: str
    customer_id: str
    placed: str
    status: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Day:
    """What a day brings: orders that are new or changed."""

    date: date
    orders: tuple[Order, ...]


def year(end: date, orders: int, seed: int) -> Iterator[Day]:
    """The 365 days up to and with `end`, about `orders` orders."""
    start = first_day(end)
    changes: dict[date, list[Order]] = defaultdict(list)
    for day, order in (*_chance(start, orders, seed), *_stories(start), *_dirt(start)):
        changes[day].append(order)
    for number in range(DAYS):
        day = start + timedelta(days=number)
        yield Day(day, tuple(changes[day]))


def first_day(end: date) -> date:
    """Where the year that ends on `end` begins."""
    return end - timedelta(days=DAYS - 1)


def story_month(start: date) -> date:
    """The first of the month in which the three stories happen."""
    return (start.replace(day=1) + timedelta(days=130)).replace(day=1)


def customers(orders: int) -> list[str]:
    """Everyone who orders, the three with a story first."""
    count = max(8, orders // 60)
    return [ESCALATES, RETRACTS, NO_ADDRESS] + [
        f"{_NAMES[number % len(_NAMES)]}_{1_380_000_000 + number * 7_919}" for number in range(count)
    ]


def _chance(start: date, orders: int, seed: int) -> Iterator[tuple[date, Order]]:
    rng = random.Random(seed)  # noqa: S311 - a demo, and the same one each time
    known = customers(orders)[3:]
    share = [rng.betavariate(1.2, 14) for _ in known]
    weight = [1 / (rank + 3) for rank in range(len(known))]
    for number in range(orders):
        who = rng.choices(range(len(known)), weight)[0]
        placed = start + timedelta(days=rng.randrange(DAYS))
        order = Order(
            f"S{100_000 + number}",
            known[who],
            placed.isoformat(),
            "in_transit",
            Decimal(rng.randrange(900, 24_000)) / 100,
        )
        yield placed, order
        arrives = placed + timedelta(days=rng.randint(2, 6))
        if rng.random() < share[who] / 3:
            yield placed + timedelta(days=1), replace(order, status="cancelled")
            continue
        yield arrives, replace(order, status="delivered")
        if rng.random() < share[who]:
            yield arrives + timedelta(days=rng.randint(1, 12)), replace(order, status="returned")


def _stories(start: date) -> Iterator[tuple[date, Order]]:
    """One customer whose third return becomes a fifth; one whose third was a mistake; one without address."""
    month = story_month(start)
    for story, who, count in (("E", ESCALATES, 5), ("R", RETRACTS, 3), ("N", NO_ADDRESS, 3)):
        for number in range(count):
            placed = month + timedelta(days=2 + 3 * number)
            amount = Decimal(f"{35 + 12 * number}.90")
            order = Order(f"S{story}{number + 1:03d}", who, placed.isoformat(), "in_transit", amount)
            yield placed, order
            status = "cancelled" if number == 3 else "returned"
            yield placed + timedelta(days=4), replace(order, status=status)
            if story == "R" and number == 2:
                yield placed + timedelta(days=12), replace(order, status="delivered")


def _dirt(start: date) -> Iterator[tuple[date, Order]]:
    """What every real database has: a date that is none, a customer that is none, an order without one."""
    for number, (customer_id, placed) in enumerate(
        ((ESCALATES, "0000-00-00"), ("fulanitoperensejoluisantoniodelbarrioconarepi", ""), ("", ""))
    ):
        day = start + timedelta(days=40 + 60 * number)
        yield day, Order(f"SX{number}", customer_id, placed or day.isoformat(), "returned", Decimal("10.00"))
