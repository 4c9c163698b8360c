"""Which columns of the orders a counting needs, and what to say of those that are not there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from tercera.errors import SourceError
from tercera.fields import OrderFields
from tercera.model import Counting


def needed(fields: OrderFields, counting: Counting) -> list[str]:
    """Where the values stand that a counting needs."""
    names = ["order_id", "customer_id", "status", counting.per, *(match.field for match in counting.when)]
    paths = [fields.path_of(name) for name in names] + [fields.placed_at]
    return list(dict.fromkeys([*paths, fields.amount] if fields.amount else paths))


def everything(fields: OrderFields, counting: Counting) -> list[str]:
    """Where all the values stand that the settings name."""
    derived = (each.source for each in fields.derive.values())
    return list(dict.fromkeys([*needed(fields, counting), *fields.fields.values(), *derived]))


def demand(what: str, where: str, missing: Iterable[str], names: Sequence[str]) -> None:
    """SourceError that names the columns which are missing somewhere, and what there is."""
    problems = []
    for path in missing:
        near = difflib.get_close_matches(path, names, 1, 0.5)
        problems.append(f"{path!r}" + (f" (did you mean {near[0]!r}?)" if near else ""))
    if problems:
        raise SourceError(
            f"{what}: {where} has no column {', '.join(problems)}; it has "
            f"{', '.join(names)}. Correct source.{what}"
        )
