"""From a file to settings: every mistake at once, each with its path, its line and the nearest valid name."""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from tercera import channels as channel_kinds
from tercera import sources as source_kinds
from tercera.config.agreement import check_agreement
from tercera.config.document import Document, KeyPath, read_document
from tercera.config.names import SECRET_KEYS, nearest
from tercera.config.settings import Settings, Skeleton
from tercera.errors import ConfigError

_Model = TypeVar("_Model", bound=BaseModel)


def load_settings(path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Reads a configuration. Raises `ConfigError` with everything that is wrong with it.

    1. parse and fill in from the environment; 2. the top level and the rules; 3. the source and the channels
    by their kinds; 4. what must agree between them.
    """
    document = read_document(path, environment)
    if document.value is None:
        raise ConfigError(document.mistakes)
    skeleton = _validated(document, Skeleton, document.value, ())
    source = _source(document)
    channels = _channels(document)
    check_agreement(document, source, channels)
    if document.mistakes or skeleton is None:
        raise ConfigError(document.in_order())
    base = path.resolve().parent
    return Settings(
        base=base,
        timezone=skeleton.timezone,
        ledger=_beside(base, skeleton.ledger),
        lease=skeleton.lease,
        source=source,
        rules=tuple(rule.rule(skeleton.timezone) for rule in skeleton.rules),
        channels=channels,
        schedule=skeleton.schedule,
        guard=skeleton.guard.guard(),
        delivery=skeleton.delivery,
        watch=skeleton.limits(),
        ping=skeleton.ping_urls(),
        web=skeleton.web,
        file=skeleton,
        filled=document.filled,
        operations=skeleton.operations or ("operations" if "operations" in channels else None),
    )


def _source(document: Document) -> Any:
    value = document.value.get("source")
    if not isinstance(value, dict):
        return None
    module = _module(document, source_kinds, value, ("source",), "source")
    return module and _validated(document, module.Settings, value, ("source",))


def _channels(document: Document) -> dict[str, Any]:
    found: dict[str, Any] = {}
    named = document.value.get("channels")
    email = document.value.get("email")
    for name, value in (named if isinstance(named, dict) else {}).items():
        path: KeyPath = ("channels", name)
        if not isinstance(value, dict):
            continue
        module = _module(document, channel_kinds, value, path, "channel")
        if module is None:
            continue
        if value.get("kind") == "email" and "server" not in value and isinstance(email, dict):
            value = {**value, "server": email}
        if (settings := _validated(document, module.Settings, value, path)) is not None:
            found[name] = settings
    return found


def _module(
    document: Document, kinds: Any, value: dict[str, Any], path: KeyPath, what: str
) -> ModuleType | None:
    kind = value.get("kind")
    if kind in (names := kinds.kinds()):
        module: ModuleType = kinds.load(kind)
        return module
    if kind is None:
        document.wrong(path, f"kind is missing; known: {', '.join(names)}")
    else:
        document.wrong((*path, "kind"), f"{kind!r} is no kind of {what}{nearest(str(kind), names)}")
    return None


def _validated(document: Document, model: type[_Model], value: Any, path: KeyPath) -> _Model | None:
    try:
        return model.model_validate(value, context={"base": document.base})
    except ValidationError as errors:
        for error in errors.errors(include_url=False):
            _note(document, model, path, error)
        return None


def _note(document: Document, model: type[BaseModel], path: KeyPath, error: Any) -> None:
    inner = tuple(part for part in error["loc"])
    if path[:1] == ("channels",) and inner[:1] == ("server",) and (*path, "server") not in document.lines:
        path, inner = ("email",), inner[1:]  # the shared server is wrong once, where it stands
    full = (*path, *inner)
    if error["type"] == "value_error" and any(each[: len(full)] == full for each in document.unfilled):
        return  # what a value is together with others can't be told without it
    match error["type"]:
        case "extra_forbidden":
            what = f"is not known here{nearest(str(inner[-1]), _names_at(model, error['loc'][:-1]))}"
        case "missing":
            what = "is missing"
        case "literal_error" if not _is_secret(document, full, error):
            known = re.findall(r"'([^']*)'", error["ctx"]["expected"])
            what = f"{_short(error['input'])} is not known here{nearest(str(error['input']), known)}"
        case _:
            message = str(error["msg"]).removeprefix("Value error, ")
            what = (
                message
                if _is_secret(document, full, error)
                else f"{message} (it is {_short(error['input'])})"
            )
    place = document.place(full)
    if not any(mistake.startswith(f"{place}: ") for mistake in document.mistakes):
        document.mistakes.append(f"{place}: {what}")


def _is_secret(document: Document, path: KeyPath, error: Any) -> bool:
    return (
        error["type"] == "value_error"  # our own messages quote what may be quoted
        or path in document.filled
        or bool(SECRET_KEYS & set(path))
        or isinstance(error["input"], dict | list)
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _names_at(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """The keys that the model knows at a location."""
    current: Any = model
    for part in location:
        inner = (
            _models_in(current.model_fields[part].annotation) if part in current.model_fields else [current]
        )
        if not inner:
            return []
        current = inner[0]
    return [field.alias or name for name, field in current.model_fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in typing.get_args(annotation) for model in _models_in(part)]


def _beside(base: Path, url: str) -> str:
    """A relative SQLite path starts from the configuration's folder, wherever the command is run."""
    if not url.startswith("sqlite:"):
        return url
    name = url.removeprefix("sqlite:///")
    return url if Path(name).is_absolute() else f"sqlite:///{base / name}"
