"""A pipeline as MongoDB's shell reads it: to see by hand what was asked."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bson import Decimal128, Int64, ObjectId
from bson.binary import UuidRepresentation
from bson.json_util import JSONOptions, dumps

_NARROW = 100
"""Characters of a value that stands on one line."""

_INT = 2**31
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*", re.ASCII)
_OTHERS = JSONOptions(uuid_representation=UuidRepresentation.STANDARD)


def aggregation(collection: str, pipeline: Sequence[Mapping[str, Any]]) -> str:
    """One statement that asks the collection for the pipeline, texts compared by code point."""
    options = '{allowDiskUse: true, collation: {locale: "simple"}}'
    return f"db.getCollection({json.dumps(collection)}).aggregate({written(list(pipeline))}, {options})"


def written(value: Any, indent: int = 0) -> str:
    """A value in JavaScript; whatever stands in a text stays in it."""
    if isinstance(value, Mapping):
        parts = [f"{_key(name)}: {written(each, indent + 2)}" for name, each in value.items()]
        return _joined("{", parts, "}", indent)
    if isinstance(value, list | tuple):
        return _joined("[", [written(each, indent + 2) for each in value], "]", indent)
    return _scalar(value)


def _joined(opening: str, parts: list[str], closing: str, indent: int) -> str:
    line = opening + ", ".join(parts) + closing
    if "\n" not in line and len(line) + indent <= _NARROW:
        return line
    between = ",\n" + " " * (indent + 2)
    return f"{opening}\n{' ' * (indent + 2)}{between.join(parts)}\n{' ' * indent}{closing}"


def _key(name: str) -> str:
    """`__proto__` means something else than a name, unless it is computed."""
    if name == "__proto__":
        return f"[{json.dumps(name)}]"
    return name if _NAME.fullmatch(name) else json.dumps(name)


def _scalar(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Int64():
            return f'Long("{int(value)}")'
        case int():
            return str(value) if -_INT <= value < _INT else f'Long("{value}")'
        case float():
            return _float(value)
        case str():
            return json.dumps(value)
        case datetime():
            moment = value if value.tzinfo else value.replace(tzinfo=UTC)
            return f'ISODate("{moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6]}Z")'
        case Decimal128():
            return f'Decimal128("{value}")'
        case ObjectId():
            return f'ObjectId("{value}")'
        case _:
            return f"EJSON.parse({json.dumps(dumps(value, json_options=_OTHERS))})"


def _float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return f"Double({value!r})" if value.is_integer() else repr(value)
