"""`docs/reference/configuration.md`, from the models that read the configuration.

A key's meaning is its field's description, or else stands in `meanings`. A key that has neither, and a
meaning that no key has, stop the generation: the page is whole or there is none.
"""

from __future__ import annotations

import types
import typing
from datetime import timedelta
from enum import Enum
from inspect import cleandoc
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from generation.meanings import DEFAULTS, HEAD, MEANINGS, TITLES
from tercera import channels, sources
from tercera.channels._settings import ChannelSettings
from tercera.config.listening import ListenerSettings, MatchSettings
from tercera.config.settings import DeliverySettings, GuardSettings, RuleSettings, Schedule, Skeleton
from tercera.config.watched import FreshnessSettings, HeartbeatSettings, RejectsSettings
from tercera.config.web import OpenIdSettings, WebSettings
from tercera.fields import Derived

_UNITS = ((86400 * 7, "w"), (86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false", timedelta: "duration",
          Path: "path", SecretStr: "text"}  # fmt: skip


def configuration_page() -> str:
    """The page's text."""
    models: list[tuple[str, type[BaseModel]]] = [
        ("", Skeleton),
        ("schedule", Schedule),
        ("guard", GuardSettings),
        ("delivery", DeliverySettings),
        ("rejects", RejectsSettings),
        ("freshness", FreshnessSettings),
        ("heartbeat", HeartbeatSettings),
        ("web", WebSettings),
        ("web.openid", OpenIdSettings),
        ("rules[]", RuleSettings),
        ("rules[].when.FIELD", MatchSettings),
        ("rules[].notify[]", ListenerSettings),
        ("source.orders.derive.FIELD", Derived),
    ]
    for kind in sources.kinds():
        models += _with_inner("source", sources.load(kind).Settings, kind)
    models += [(f"channels.NAME.{name}", inner) for name, inner in _SHARED]
    for kind in channels.kinds():
        models += _with_inner("channels.NAME", channels.load(kind).Settings, kind)
    used: set[str] = set()
    sections = [_section(path, model, used) for path, model in models]
    if unused := MEANINGS.keys() - used:
        raise SystemExit(f"docs/generation/meanings.py explains what is not there: {sorted(unused)}")
    return "\n".join([HEAD, *sections])


def _with_inner(path: str, model: type[BaseModel], kind: str) -> list[tuple[str, type[BaseModel]]]:
    """The model, and those of its keys that are told of at their place."""
    found = [(f"{path} · kind: {kind}", model)]
    for name, field in model.model_fields.items():
        for inner in _models(field.annotation):
            if (name, inner) in _SHARED:
                continue
            place = "email" if inner.__name__ == "Smtp" else f"{path}.{name} · kind: {kind}"
            found.append((place, inner))
    return found


def _section(path: str, model: type[BaseModel], used: set[str]) -> str:
    title = f"`{path.split(' · ')[0]}`" if path else "The top level"
    kind = path.partition(" · ")[2]
    lines = [f"## {title}{f' ({kind})' if kind else ''}", ""]
    lines += [TITLES.get(model.__name__) or cleandoc(model.__doc__ or ""), ""]
    lines += ["| key | type | default | meaning |", "|---|---|---|---|"]
    lines += [_row(model, name, field, used) for name, field in model.model_fields.items()]
    return "\n".join([*lines, ""])


def _row(model: type[BaseModel], name: str, field: FieldInfo, used: set[str]) -> str:
    meaning = _meaning(model, name, field, used).replace("|", "\\|")
    cells = (f"`{field.alias or name}`", _words(field.annotation), _default(model, name, field), meaning)
    return f"| {' | '.join(cells)} |"


def _meaning(model: type[BaseModel], name: str, field: FieldInfo, used: set[str]) -> str:
    keys = [f"{owner.__name__}.{name}" for owner in model.__mro__]
    for key in keys:
        if key in MEANINGS:
            used.add(key)
            return MEANINGS[key]
    if not field.description:
        raise SystemExit(
            f"{keys[0]} has no description; give it one, there or in docs/generation/meanings.py"
        )
    return field.description


def _default(model: type[BaseModel], name: str, field: FieldInfo) -> str:
    if (known := DEFAULTS.get(f"{model.__name__}.{name}")) is not None:
        return known
    if field.is_required():
        return "required"
    factory: Any = field.default_factory
    value = factory() if factory else field.default
    return "" if value in (None, PydanticUndefined, [], {}, ()) else f"`{_written(value)}`"


def _written(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case timedelta():
            seconds = int(value.total_seconds())
            size, unit = next(each for each in _UNITS if seconds % each[0] == 0 and each[1] != "w")
            return f"{seconds // size}{unit}"
        case list() | tuple():
            return f"[{', '.join(map(_written, value))}]"
        case BaseModel():
            return str({key: _written(inner) for key, inner in value if inner is not None}).replace("'", "")
        case _:
            return str(value)


def _words(annotation: Any) -> str:
    """A type as people write it in YAML."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _words(inner[0])
    if origin is Literal:
        return ", ".join(f"`{each}`" for each in inner)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_words(each) for each in inner if each is not type(None))
    if origin in (list, tuple):
        return f"list of {_words(inner[0])}"
    if origin is dict:
        return f"{_words(inner[0])} → {_words(inner[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{each.value}`" for each in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "mapping"
    return _PLAIN.get(annotation, "anything")


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in typing.get_args(annotation) for model in _models(part)]


_SHARED = [
    (name, inner)
    for name, field in ChannelSettings.model_fields.items()
    for inner in _models(field.annotation)
]
"""What channels of every kind have, told of once."""
