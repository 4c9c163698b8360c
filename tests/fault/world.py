"""The shop's orders, every state that they ever were in, and what each state means: the history that the
oracle is computed from. Nothing here knows Tercera's code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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
    _moving: set[Pair] = field(default_factory=set)

    @property
    def now(self) -> int:
        """The number of the present state."""
        return len(self.versions) - 1

    def happen(self, changes: int) -> list[str]:
        """So many things happen to orders, each to other pairs than the others, so that a source which sees
        only some of them still sees each pair as it was or as it is. Gives the ids of orders that are new,
        changed or gone."""
        self._moving.clear()
        touched = [self.random.choice(self._possible())() for _ in range(changes)]
        counts = Counter(_pair(order) for order in self.orders.values() if order.status in MATCHING)
        self.versions.append(dict(counts))
        return [name for name in touched if name]

    def _possible(self) -> list[Callable[[], str]]:
        more = [self._disappear] * 4 if len(self.orders) > PLENTY else [self._disappear, self._arrive]
        changed = [self._change_status] * 3 + [self._change_customer, self._change_month]
        return [self._arrive] * 3 + changed + more

    def _arrive(self) -> str:
        self._made += 1
        return self._put(
            f"S{self._made}",
            Order(self._customer(), self._month(), self.random.randint(1, 28), self._status()),
        )

    def _change_status(self) -> str:
        return self._change(lambda was: replace(was, status=self._status()))

    def _change_customer(self) -> str:
        return self._change(lambda was: replace(was, customer=self._customer()))

    def _change_month(self) -> str:
        return self._change(lambda was: replace(was, month=self._month()))

    def _disappear(self) -> str:
        return self._change(lambda was: None)

    def _change(self, change: Callable[[Order], Order | None]) -> str:
        still = [name for name, order in self.orders.items() if _pair(order) not in self._moving]
        if not still:
            return ""
        name = self.random.choice(still)
        return self._put(name, change(self.orders[name]))

    def _put(self, name: str, order: Order | None) -> str:
        was = self.orders.get(name)
        touched = {_pair(each) for each in (was, order) if each}
        if touched & self._moving:
            return ""
        self._moving |= touched
        if order is None:
            del self.orders[name]
        else:
            self.orders[name] = order
        return name

    def _customer(self) -> str:
        return f"c_{self.random.randrange(CUSTOMERS)}"

    def _month(self) -> Month:
        return self.random.choice(self.months)

    def _status(self) -> str:
        return self.random.choice((*MATCHING, *MATCHING, "delivered"))


def _pair(order: Order) -> Pair:
    return order.customer, order.month.id
