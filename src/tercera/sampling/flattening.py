"""Documents as rows: the values inside of them by their dotted paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tercera.profile.values import Cell, Kind

_DEEPEST = 5
_MOST_PATHS = 400

AsCell = Callable[[object], Cell | None]


def flattened(document: Mapping[str, Any], cell_of: AsCell) -> dict[str, Cell | None]:
    """The cells of a document. What a path can't name (a name that is empty, has a dot in it or begins with a
    dollar) and what lies deeper than five levels is left out; a list is one value without a text."""
    row: dict[str, Cell | None] = {}
    _into(row, document, "", cell_of)
    return row


def _into(row: dict[str, Cell | None], document: Mapping[str, Any], before: str, cell_of: AsCell) -> None:
    for name, value in document.items():
        if len(row) >= _MOST_PATHS:
            return
        if not name or "." in name or name.startswith("$") or "\0" in name or len(name) > 200:
            continue
        path = before + name
        if isinstance(value, Mapping):
            if path.count(".") < _DEEPEST - 1:
                _into(row, value, f"{path}.", cell_of)
        else:
            row[path] = Cell(Kind.OTHER) if isinstance(value, list) else cell_of(value)
