"""Documents of the customers' collection as customers."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from bson import Decimal128, ObjectId

from tercera.fields import CustomerFields, zone_or_none
from tercera.model import Customer

Document = Mapping[str, Any]


def entries(found: Iterable[Document], fields: CustomerFields, ids: Collection[str]) -> dict[str, Customer]:
    """The customers among `ids`, by id. Of several documents with one id, that with the smallest `_id`."""
    wanted = set(ids)
    directory: dict[str, Customer] = {}
    for document in sorted(found, key=_place):
        customer_id = text_of(at(document, fields.id))
        if customer_id in wanted:
            directory.setdefault(customer_id, _customer(customer_id, document, fields))
    return directory


def _customer(customer_id: str, document: Document, fields: CustomerFields) -> Customer:
    name, email, language, zone = (
        text_of(at(document, path)) if path else None
        for path in (fields.name, fields.email, fields.language, fields.timezone)
    )
    more = tuple(
        (field, text)
        for field, path in sorted(fields.fields.items())
        for text in _texts_of(at(document, path))
    )
    return Customer(customer_id, name, email, language, zone_or_none(zone), more)


def paths(fields: CustomerFields) -> list[str]:
    """Where the values of an entry stand. A path within another one is left out: the server refuses both."""
    own = (fields.id, fields.name, fields.email, fields.language, fields.timezone, *fields.fields.values())
    named = list(dict.fromkeys(path for path in own if path))
    return [path for path in named if not any(path.startswith(f"{other}.") for other in named)]


def _texts_of(value: Any) -> list[str]:
    """A value for conditions: of a list each, and truth values in words."""
    if isinstance(value, list):
        return [text for each in value if not isinstance(each, list) for text in _texts_of(each)]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [text] if (text := text_of(value)) is not None else []


def _place(document: Document) -> tuple[str, str]:
    own = document.get("_id")
    return type(own).__name__, str(own)


def at(document: Document, path: str) -> Any:
    """The value at a dotted path; None when there is none."""
    value: Any = document
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def text_of(value: Any) -> str | None:
    """A stored value as text, as `expressions.text_of` reads it in the server; None when it has none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return str(int(value)) if value.is_integer() else str(value)
    if isinstance(value, Decimal128):
        return str(value) if value.to_decimal().is_finite() else None
    return str(value) if isinstance(value, int | ObjectId) else None
