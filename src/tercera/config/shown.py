"""The configuration as it holds, line by line, for people: with what nobody wrote, without secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr

from tercera.config.document import KeyPath, names_in
from tercera.config.names import SECRET_KEYS
from tercera.config.settings import Settings
from tercera.ledger import shown_address

_OWN_ADDRESS = ("web", "url")


NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Line:
    """A value of the configuration. `value` is None for a secret; `given` says that somebody wrote it, and
    `names` from which variables or files it is filled in: such a value is not shown either."""

    path: tuple[str, ...]
    value: str | None
    given: bool
    names: tuple[str, ...] = ()

    @property
    def section(self) -> str:
        """The key of the file's top level that it stands under."""
        return self.path[0]

    @property
    def name(self) -> str:
        """Where it stands within its section."""
        return ".".join(self.path[1:]) or self.path[0]


def shown(settings: Settings) -> list[Line]:
    """Every value, in the file's order of things."""
    return list(_Showing(settings.filled).all(settings))


class _Showing:
    def __init__(self, filled: Mapping[KeyPath, str]) -> None:
        self._filled = filled

    def all(self, settings: Settings) -> Iterator[Line]:
        file = settings.file
        yield from self._one(("ledger",), _Address(settings.ledger), given="ledger" in _given(file))
        for name, value in _fields(file):
            if name == "source":
                yield from self._one(("source",), settings.source, given=True)
            elif name == "channels":
                yield from self._one(("channels",), settings.channels, given=True)
            elif name not in ("ledger", "email"):
                yield from self._one((name,), value, given=name in _given(file))

    def _one(
        self, path: KeyPath, value: Any, *, given: bool, called: KeyPath | None = None
    ) -> Iterator[Line]:
        """`called` is the path with names in place of numbers: a rule is known by its id."""
        called = path if called is None else called
        names = self._names(path)
        if names or _is_secret(path, value):
            secret = value not in (None, "", (), [], {})
            yield Line(_texts(called), None if secret else NOTHING, given, names)
            return
        inner = list(_inner(value))
        for key, name, each, is_given in inner:
            yield from self._one((*path, key), each, given=given and is_given, called=(*called, name))
        if not inner:
            yield Line(_texts(called), _text(value), given)

    def _names(self, path: KeyPath) -> tuple[str, ...]:
        """From which variables it is filled in. Channels share what stands under `email`."""
        shared = ("email", *path[3:]) if path[:1] == ("channels",) and path[2:3] == ("server",) else path
        text = self._filled.get(path) or self._filled.get(shared)
        return names_in(text) if text else ()


@dataclass(frozen=True)
class _Address:
    """Of a ledger: shown without its password."""

    url: str


def _is_secret(path: KeyPath, value: Any) -> bool:
    if isinstance(value, SecretStr | SecretBytes):
        return True
    if isinstance(value, _Address) or path == _OWN_ADDRESS:
        return False
    return any(part in SECRET_KEYS for part in path if isinstance(part, str)) and not isinstance(
        value, BaseModel
    )


def _inner(value: Any) -> Iterator[tuple[str | int, str | int, Any, bool]]:
    """What a value is made of: of each part its key, its name, itself, and whether somebody wrote it."""
    if isinstance(value, BaseModel):
        for name, inner in _fields(value):
            yield name, name, inner, name in _given(value)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name), str(name), inner, True
    elif isinstance(value, list | tuple) and any(_is_deep(each) for each in value):
        for place, inner in enumerate(value):
            yield place, getattr(inner, "id", place), inner, True


def _is_deep(value: Any) -> bool:
    return isinstance(value, BaseModel | Mapping | SecretStr)


def _fields(model: BaseModel) -> Iterator[tuple[str, Any]]:
    for name, field in type(model).model_fields.items():
        yield field.alias or name, getattr(model, name)


def _given(model: BaseModel) -> set[str]:
    return {type(model).model_fields[name].alias or name for name in model.model_fields_set}


def _texts(path: KeyPath) -> tuple[str, ...]:
    return tuple(map(str, path))


def _text(value: Any) -> str:
    if isinstance(value, _Address):
        return shown_address(value.url)
    if value is None or value in ("", (), [], {}):
        return NOTHING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return str(value)


def duration_text(length: timedelta) -> str:
    """As the configuration writes it: `30d`, `12h`, `200ms`."""
    milliseconds = length // timedelta(milliseconds=1)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"
