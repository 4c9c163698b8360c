"""How a rule's `notify` is written: names of channels, entries that say more, or channels by level."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tercera.model import Match, Reason
from tercera.rules import Listener

Told = Literal[Reason.OPENED, Reason.ESCALATED, Reason.EASED, Reason.RETRACTED, Reason.CLOSED]


def _text(value: object) -> object:
    # YAML reads `yes`, `no` and 12 as something else than the text that a database column holds.
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str | dict | list) or value is None else str(value)


Text = Annotated[str, BeforeValidator(_text, json_schema_input_type=str | int | float | bool)]


class MatchSettings(BaseModel):
    """`{in: [returned, cancelled], ignore_case: true}`, written `[returned, cancelled]` when case counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    values: Annotated[list[Text], Field(min_length=1, alias="in")]
    ignore_case: bool = False


def _match(value: object) -> object:
    if isinstance(value, dict):
        return value
    return {"in": value if isinstance(value, list) else [value]}


Matched = Annotated[
    MatchSettings, BeforeValidator(_match, json_schema_input_type=MatchSettings | list[Text] | Text)
]


def matches(named: dict[str, MatchSettings]) -> tuple[Match, ...]:
    """The conditions on fields, in the order of their names."""
    return tuple(Match(name, tuple(match.values), match.ignore_case) for name, match in sorted(named.items()))


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[list[str], BeforeValidator(_several, json_schema_input_type=str | list[str])]


class ListenerSettings(BaseModel):
    """One entry of `notify` that says more than the name of a channel."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: Annotated[Names, Field(min_length=1)]
    levels: Annotated[Names, Field(min_length=1)] | None = None
    on: tuple[Told, ...] | None = None
    when: dict[str, Matched] = Field(default_factory=dict)
    customer: dict[str, Matched] = Field(default_factory=dict)

    def listeners(self) -> tuple[Listener, ...]:
        """One for each channel."""
        levels = None if self.levels is None else tuple(self.levels)
        when, customer = matches(self.when), matches(self.customer)
        return tuple(Listener(channel, levels, self.on, when, customer) for channel in self.to)


def _entry(value: object) -> object:
    if isinstance(value, dict):
        return value
    if not isinstance(value, str):
        raise ValueError("is no channel; write its name, or {to: name, levels: [...]}")
    return {"to": [value]}


def _entries(value: object) -> object:
    """Every way of writing it as a list of entries."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, dict):
        return value
    for level, names in value.items():
        several = names if isinstance(names, list) else [names]
        if not several or not all(isinstance(name, str) for name in several):
            raise ValueError(f"{level}: name a channel, or a list of channels")
    return [{"to": names, "levels": [level]} for level, names in value.items()]


Entry = Annotated[ListenerSettings, BeforeValidator(_entry, json_schema_input_type=str | ListenerSettings)]
Notify = Annotated[
    list[Entry],
    BeforeValidator(_entries, json_schema_input_type=str | list[str | ListenerSettings] | dict[str, Names]),
]


def listeners(notify: list[Any]) -> tuple[Listener, ...]:
    """Of all entries, in their order."""
    return tuple(listener for entry in notify for listener in entry.listeners())
