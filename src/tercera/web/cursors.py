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


def cursor_of(name: str, *place: int) -> str:
    """Of the last row of a page of the list `name`."""
    text = json.dumps([name, *place], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str | None, name: str, length: int = 1) -> tuple[int, ...] | None:
    """What `cursor_of` was given; None for none. Raises `CursorError`."""
    if cursor is None:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or len(found) != length + 1 or found[0] != name:
        raise CursorError("`cursor` is none that a page of this list gave; leave it out for the first page")
    place = tuple(each for each in found[1:] if type(each) is int and -(2**63) <= each < 2**63)
    if len(place) != length:
        raise CursorError("`cursor` is none that a page of this list gave; leave it out for the first page")
    return place
