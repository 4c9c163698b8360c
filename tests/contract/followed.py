"""What the tests of changes need of a shop whose orders are followed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from tercera.orders import Source
from tercera.tally.changes import Followable

Row = dict[str, Any]


class FollowedSource(Source, Followable, Protocol):
    """A source that tells of changes."""


@dataclass(frozen=True)
class Followed:
    """A shop. Rows have `order_id`, `customer_id`, `placed_at`, `status` and `seller`; `write` puts some of
    them in place, new or changed, `remove` takes them away. `source` opens the source anew.

    `knows_former` is whether it knows, by itself, to whom an order belonged before, or at least (
    `knows_orders`) which ones may have been somebody else's; `sees_removed` whether it notices that one is
    gone. Where it `is_exact`, nobody else is named; where it `tells_again`, a new process is told once more
    what was told shortly before.
    """

    source: Callable[[], FollowedSource]
    write: Callable[[list[Row]], None]
    remove: Callable[[list[str]], None]
    knows_former: bool = True
    knows_orders: bool = True
    is_exact: bool = True
    tells_again: bool = False
    sees_removed: bool = True
