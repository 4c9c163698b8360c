"""A source to which orders can be handed in."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from tercera.pushed.store import OrderStore


@runtime_checkable
class Receiving(Protocol):
    """Keeps what is handed in. `shop_secret` is what a shop system signs its messages with; None where it is
    not set up."""

    @property
    def store(self) -> OrderStore:
        """Where the orders are kept."""
        ...

    def shop_secret(self, shop: str) -> str | None:
        """By the name of its module in `pushed.shops`."""
        ...
