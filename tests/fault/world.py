"""The shop's orders, every state that they ever were in, and what each state means: the history that the
oracle is computed from. Nothing here knows Tercera's code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from tests.e2e.shop import Month, this_month

MATCHING = ("returned", "cancelled")
CUSTOMERS = 16
PLENTY = 150
"""Orders from which on more disappear than arrive."""

Pair = tuple[str, str]
"""A customer and a window."""


@dataclass(frozen=True)
class Order:
    """As the shop's database holds it."""

    customer: str
    month: Month
    day: int
    status: str


@dataclass
class World:
    """The orders as they are, and what was countable in each state (`versions`) that they were in."""

    random: Random
    orders: dict[str, Order] = field(default_factory=dict)
    versions: list[Mapping[Pair, int]] = field(default_factory=lambda: [{}])
    months: tuple[Month, ...] = field(default_factory=lambda: (this_month().before, this_month()))
    _made: int = 0

    @property
    def now(self) -> int:
        """The number of the present state."""
        return len(self.versions) - 1

    def happen(self, changes: int) -> list[str]:
        """So many things happen to orders; gives the ids of those that are new, changed or gone. The caller
        shows the result to the source in one step."""
        touched = [self.random.choice(self._possible())() for _ in range(changes)]
        counts = Counter(
            (order.customer, order.month.id) for order in self.orders.values() if order.status in MATCHING
        )
        self.versions.append(dict(counts))
        return touched

    def _possible(self) -> list[Callable[[], str]]:
        if not self.orders:
            return [self._arrive]
        more = [self._disappear] * 4 if len(self.orders) > PLENTY else [self._disappear, self._arrive]
        changed = [self._change_status] * 3 + [self._change_customer, self._change_month]
        return [self._arrive] * 3 + changed + more

    def _arrive(self) -> str:
        self._made += 1
        name = f"S{self._made}"
        self.orders[name] = Order(
            self._customer(), self.random.choice(self.months), self.random.randint(1, 28), self._status()
        )
        return name

    def _change_status(self) -> str:
        name = self._any()
        was = self.orders[name]
        self.orders[name] = Order(was.customer, was.month, was.day, self._status())
        return name

    def _change_customer(self) -> str:
        name = self._any()
        was = self.orders[name]
        self.orders[name] = Order(self._customer(), was.month, was.day, was.status)
        return name

    def _change_month(self) -> str:
        name = self._any()
        was = self.orders[name]
        month = self.random.choice(self.months)
        self.orders[name] = Order(was.customer, month, was.day, was.status)
        return name

    def _disappear(self) -> str:
        name = self._any()
        del self.orders[name]
        return name

    def _any(self) -> str:
        return self.random.choice(list(self.orders))

    def _customer(self) -> str:
        return f"c_{self.random.randrange(CUSTOMERS)}"

    def _status(self) -> str:
        return self.random.choice((*MATCHING, *MATCHING, "delivered"))
