"""Where the next page of a list begins: opaque texts, of use for the list alone that gave them."""

from __future__ import annotations

import base64
import json
from typing import Annotated

from fastapi import Query

from tercera.web.asked import AskedError

LONGEST = 2000

Cursor = Annotated[
    str | None,
    Query(
        max_length=LONGEST,
        description="The `next` of the page before, with the same filters; the first page without.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]


class CursorError(AskedError):
    """A cursor that no page of this list gave."""


def cursor_of(name: str, last: int) -> str:
    """Of a page of the list `name`, whose last row has this number."""
    return _written(name, last)


def place_of(cursor: str | None, name: str) -> int | None:
    """What `cursor_of` was given; None for none. Raises `CursorError`."""
    if cursor is None:
        return None
    found = _read(cursor, name)
    if type(found) is not int or not 0 <= found < 2**63:
        raise CursorError(_NONE)
    return found


def outer_cursor(name: str, place: str) -> str:
    """Of a page of the list `name`, whose ledger has a text of its own for the place."""
    return _written(name, place)


def inner_place(cursor: str | None, name: str) -> str | None:
    """What `outer_cursor` was given; None for none. Raises `CursorError`."""
    if cursor is None:
        return None
    found = _read(cursor, name)
    if not isinstance(found, str):
        raise CursorError(_NONE)
    return found


_NONE = "`cursor` is none that a page of this list gave; leave it out for the first page"


def _written(name: str, place: object) -> str:
    text = json.dumps([name, place], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str, name: str) -> object:
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or len(found) != 2 or found[0] != name:
        raise CursorError(_NONE)
    place: object = found[1]
    return place
