"""Rows of the shop's database as strangers may see them: what shape a value has, and not the value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tercera.fields import OrderFields

LONGEST = 40
"""Characters of a shape."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A column of a row that could not be judged. `masked` says that `text` is a shape."""

    name: str
    text: str
    masked: bool


def cells(sample: Mapping[str, str | None], fields: OrderFields, *, unmasked: bool) -> list[Cell]:
    """A row's columns. Only when it was placed and what became of it say nothing of a person."""
    open_to_all = {fields.placed_at, fields.status, fields.amount}
    return [
        Cell(name, value if shown else shape(value), not shown and value != "")
        for name, text in sample.items()
        for value in [text or ""]
        for shown in [unmasked or name in open_to_all]
    ]


def shape(text: str) -> str:
    """Letters as `a`, digits as `0`, everything else as it is: `ana.7@shop.com` → `aaa.0@aaaa.aaa`."""
    told = "".join("0" if each.isdigit() else "a" if each.isalpha() else each for each in text[:LONGEST])
    return told + "…" if len(text) > LONGEST else told
