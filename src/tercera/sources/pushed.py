"""Orders that are handed in: by the API, and by the webhooks of shop systems.

They are kept in a file of SQLite (`pushed.store`) and read as any table is, by the source of kind `sql`; what
was written since is known by its number, also that an order is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from tercera.fields import CustomerFields, OrderFields
from tercera.model import Counting, Customer, RejectReason, SubjectId
from tercera.notation.paths import ConfiguredPath
from tercera.orders import Check, Reading, Reproducible, Scope, Source
from tercera.pushed.store import OrderStore
from tercera.sources import load
from tercera.tally.changes import Changes, Followable
from tercera.windows import Window

_OURS = ("order_id", "customer_id", "status", "placed_at")


class Shop(BaseModel):
    """A shop system that sends its orders."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: Annotated[SecretStr, Field(min_length=1)] = Field(
        description="what it signs its messages with; write `${NAME}`"
    )


class PushedOrders(OrderFields):
    """What orders carry. Their own values have fixed names; `fields` are texts of the same names."""

    amount: Literal["amount"] | None = "amount"

    @model_validator(mode="after")
    def _names_are_fixed(self) -> Self:
        if moved := [name for name in _OURS if getattr(self, name) != name]:
            raise ValueError(f"{', '.join(moved)}: orders that are handed in have fixed names; leave it out")
        return self


class Settings(BaseModel):
    """`source:` of kind `pushed`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["pushed"]
    path: ConfiguredPath = Field(Path("orders.db"), description="the file that keeps them, made when missing")
    orders: PushedOrders = PushedOrders()
    customers: CustomerFields = Field(
        CustomerFields(language="language"), description="what is handed in of customers; has nothing to set"
    )
    shopify: Shop | None = Field(None, description="takes messages at `/hooks/shopify`")
    woocommerce: Shop | None = Field(None, description="takes messages at `/hooks/woocommerce`")

    @property
    def unfollowable(self) -> None:
        """Changes can always be followed."""


def open_source(settings: Settings, zone: str, *, base: Path | None = None) -> PushedSource:
    """The orders that were handed in. The file is made when it is first needed."""
    return PushedSource(settings, zone, base or Path.cwd())


class PushedSource:
    """`orders.Source`, `changes.Followable` and `pushed.receiving.Receiving`."""

    def __init__(self, settings: Settings, zone: str, base: Path) -> None:
        self._settings = settings
        self._zone = zone
        self._base = base
        fields = sorted(set(settings.orders.fields.values()))
        self._store = OrderStore(base / settings.path, fields)

    @property
    def store(self) -> OrderStore:
        """See `pushed.receiving.Receiving`."""
        return self._store

    def shop_secret(self, shop: str) -> str | None:
        """See `pushed.receiving.Receiving`."""
        found: Shop | None = getattr(self._settings, shop, None)
        return found.secret.get_secret_value() if isinstance(found, Shop) else None

    @cached_property
    def _current(self) -> Source:
        """The orders that there are."""
        return self._reading("current_orders")

    @cached_property
    def _ever(self) -> Followable:
        """All that were ever handed in, by their numbers: also those that are gone."""
        found = self._reading("orders", changes={"cursor": "seq", "every": "200ms"})
        assert isinstance(found, Followable)
        return found

    def _reading(self, table: str, **more: Any) -> Source:
        self._store.prepare()
        sql = load("sql")
        settings = sql.Settings.model_validate(
            {
                "kind": "sql",
                "uri": f"sqlite:///{quote(str(self._store.path.resolve()))}",
                "orders": {"table": table, **self._settings.orders.model_dump(by_alias=True)},
                "customers": {"table": "customers", **self._settings.customers.model_dump()},
                **more,
            }
        )
        source: Source = sql.open_source(settings, self._zone, base=self._base)
        return source

    def tally(self, counting: Counting, scope: Scope) -> Reading:
        """See `orders.Source`."""
        return self._current.tally(counting, scope)

    def customers(self, ids: Collection[str]) -> dict[str, Customer]:
        """See `orders.Source`."""
        return self._current.customers(ids)

    def doubtful(
        self, counting: Counting, window: Window, subjects: Collection[SubjectId]
    ) -> Mapping[SubjectId, Mapping[RejectReason, int]]:
        """See `orders.Source`. What can't be read is not taken in the first place."""
        return self._current.doubtful(counting, window, subjects)

    def question(self, counting: Counting, scope: Scope) -> str:
        """See `orders.Reproducible`."""
        assert isinstance(self._current, Reproducible)
        return self._current.question(counting, scope)

    def check(self, countings: Sequence[Counting], *, fix: bool = False) -> Iterator[Check]:
        """See `orders.Source`. The file is our own: whether its user may write is no question."""
        return (each for each in self._current.check(countings, fix=fix) if each.what != "privileges")

    def changes(self, pers: Collection[str], after: str | None) -> Changes:
        """See `changes.Followable`."""
        return self._ever.changes(pers, after)

    def check_changes(self, pers: Collection[str], *, fix: bool = False) -> Iterator[Check]:
        """See `changes.Followable`."""
        yield Check("changes of the orders", True, "told by the number of each that is handed in")

    def close(self) -> None:
        """See `orders.Source`."""
        for name in ("_current", "_ever"):
            if name in self.__dict__:
                self.__dict__[name].close()
        self._store.close()
