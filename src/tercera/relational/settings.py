"""`source:` of kind `sql`: where the orders are, and in which columns the values stand."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from tercera.fields import CustomerFields, OrderFields, Timestamps
from tercera.relational.connection import Place
from tercera.relational.engines import engine_of, names
from tercera.relational.following.tracked import Tracked


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    table: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="a table or view; with its schema, `shop.orders`"
    )
    query: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="a SELECT instead of a table, in the database's own SQL"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("name either a table or a query")
        return self

    def place(self, what: str) -> Place:
        """Where these rows are."""
        # A comment may end it: what stands behind must not be part of that.
        query = None if self.query is None else self.query.strip().rstrip(";") + "\n"
        return Place(what, self.table, query)


class OrderTable(OrderFields, _Table):
    """The orders' table, and in which of its columns the values stand."""

    timestamps: Timestamps | None = Field(
        Timestamps.LOCAL, description="what a stored timestamp without an offset means"
    )


class CustomerTable(CustomerFields, _Table):
    """The customers' table, and in which of its columns the values stand."""


class Settings(BaseModel):
    """`source:` of kind `sql`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["sql"]
    uri: SecretStr = Field(description="write `${ORDERS_URI}`; see [how to connect](../howto/connect-sql.md)")
    engine: str | None = Field(None, description="when the address does not tell it")
    orders: OrderTable
    customers: CustomerTable | None = None
    changes: Tracked | None = Field(None, description="how changes are told, for [live](../howto/live.md)")
    timeout: Annotated[float, Field(gt=0)] = Field(10, description="seconds to reach the database")
    operation_timeout: Annotated[float, Field(gt=0)] = Field(
        600, description="seconds that the database may take for one question"
    )

    @property
    def unfollowable(self) -> str | None:
        """Why changes can't be followed as it is set up."""
        if self.changes is None:
            return "source.changes does not say how changes are told; write {cursor: updated_at} there"
        named = self.engine or engine_of(self.uri.get_secret_value())
        if self.changes.listen and (named != "postgres" or self.orders.table is None):
            return "source.changes.listen needs a table of orders in PostgreSQL; write {cursor: updated_at}"
        return None

    @model_validator(mode="after")
    def _known_engine(self) -> Self:
        if self.engine is None:
            engine_of(self.uri.get_secret_value())
        elif self.engine not in names():
            raise ValueError(f"{self.engine!r} is no engine; there are {', '.join(names())}")
        return self
