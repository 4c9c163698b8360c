"""What decides which orders a source counts, as marks by which an edit is noticed."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import urlsplit

_NOT_COUNTED = {"amount", "currency"}
"""Settings of orders that change no count."""


def reading_of(source: Any) -> dict[str, str]:
    """By the names of the source's settings, a mark of each that is not as it comes: no value is kept, for it
    may hold what nobody else should read. Where a server is and who asks it say nothing of its orders; the
    name of the database does."""
    orders = source.orders.model_dump(mode="json", exclude_defaults=True, exclude=_NOT_COUNTED)
    found = {f"orders.{name}": value for name, value in orders.items()}
    found["kind"] = source.kind
    if (database := _database(source)) is not None:
        found["database"] = database
    return {name: _mark(value) for name, value in found.items()}


def _database(source: Any) -> str | None:
    for name in ("database", "path"):
        if (value := getattr(source, name, None)) is not None:
            return str(value)
    uri = getattr(source, "uri", None)
    return urlsplit(uri.get_secret_value()).path if uri is not None else None


def _mark(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
