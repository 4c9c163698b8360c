"""The names that the parts of a configuration know each other by, read off the document as it stands."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from tercera.config.document import Document
from tercera.fields import OrderFields
from tercera.rules.listener import CUSTOMER_FIELDS

SECRET_KEYS = frozenset(
    {"ledger", "uri", "url", "urls", "password", "username", "secret", "token", "ping", "ping_failed"}
    | {"client_secret"}
)
"""What stands under such a key is neither quoted nor shown, whatever it is."""


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean x?` or `; known: a, b` for a message about a name that is not known."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known: {', '.join(names) or 'none'}"


def order_fields(document: Document) -> frozenset[str]:
    """What a condition on orders may name."""
    orders = mapping(mapping(document.value.get("source")).get("orders"))
    return OrderFields().names | {*mapping(orders.get("fields")), *mapping(orders.get("derive"))}


def customer_fields(document: Document) -> frozenset[str] | None:
    """What a condition on customers may name; None when there is no directory."""
    customers = mapping(document.value.get("source")).get("customers")
    if not isinstance(customers, dict):
        return None
    return frozenset({*CUSTOMER_FIELDS, *mapping(customers.get("fields"))})


def mapping(value: object) -> dict[str, Any]:
    """The value, or nothing where it is no mapping."""
    return value if isinstance(value, dict) else {}
