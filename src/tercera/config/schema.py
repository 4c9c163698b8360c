"""The whole configuration as JSON Schema, for editors: the models, and every kind of source and channel."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import BaseModel, Field, create_model

from tercera import channels as channel_kinds
from tercera import sources as source_kinds
from tercera.config.settings import Skeleton

Schema = dict[str, Any]

_FILLED = {"type": "string", "pattern": r"\$\{[^}]+\}"}
_BOUND = ("integer", "number", "boolean")
_ABOUT = ("title", "description", "default")
_NAMED = ("properties", "patternProperties", "$defs")
_LISTED = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = ("items", "additionalProperties")


def configuration_schema() -> Schema:
    """JSON Schema 2020-12 of `tercera.yaml`. `${NAME}` may stand wherever a value may."""
    sources = _by_kind([source_kinds.load(kind).Settings for kind in source_kinds.kinds()])
    channels = _by_kind([channel_kinds.load(kind).Settings for kind in channel_kinds.kinds()])
    shared = channel_kinds.load("email").Settings.model_fields["server"].annotation
    fields: dict[str, Any] = {
        "source": (sources, ...),
        "channels": (dict[str, channels], Field(default_factory=dict)),  # type: ignore[valid-type]  # made as it runs
        "email": (shared, None),
    }
    model: type[BaseModel] = create_model("Configuration", __base__=Skeleton, **fields)
    made = model.model_json_schema()
    for definition in made["$defs"].values():
        if "const" in definition.get("properties", {}).get("kind", {}):
            _name_kind(definition)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_fillable(made)}


def _by_kind(models: list[type[BaseModel]]) -> Any:
    return Annotated[reduce(or_, models), Field(discriminator="kind")]


def _name_kind(definition: Schema) -> None:
    """A section says its kind itself: none is taken for granted. It is called after it."""
    kind = definition["properties"]["kind"]
    kind.pop("default", None)
    definition["title"] = kind["const"]
    definition["required"] = sorted({"kind", *definition.get("required", ())})


def _fillable(schema: Schema) -> Schema:
    """Lets `${…}` stand for whatever is more than any text: numbers, choices, texts of a certain shape."""
    inner = _each_within(schema, _fillable)
    bound = inner.get("type") in _BOUND or "enum" in inner or "pattern" in inner
    if not bound:
        return inner
    about = {key: inner.pop(key) for key in _ABOUT if key in inner}
    return {**about, "anyOf": [inner, _FILLED]}


def _each_within(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    made = dict(schema)
    for key in _NAMED:
        if key in made:
            made[key] = {name: change(each) for name, each in made[key].items()}
    for key in _LISTED:
        if key in made:
            made[key] = [change(each) for each in made[key]]
    for key in _SINGLE:
        if isinstance(made.get(key), dict):
            made[key] = change(made[key])
    return made
