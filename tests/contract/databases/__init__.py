"""Databases that the contracts of `sql` sources and of dialects are tried on. One module each, by its name.

A module has:

- `ENGINE`: the engine's name in `tercera.relational.engines`.
- `TYPES`: the engine's words for columns of `text`, `integer`, `float`, `decimal`, `uuid`, `boolean`, `date`,
  `timestamp` and `timestamptz`; a kind that the engine has not is left out. `text` holds 2,000 characters.
- `uri() -> str`: the address of a database of this process, which is started when it is first asked for.
- `fill(table, columns, rows)`: makes the table (of columns by name, with kinds from `TYPES`) hold these rows.
  Values are those of Python: str, int, float, Decimal, UUID, bool, date, naive or aware datetime, None.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Collection
from importlib import import_module
from types import ModuleType

import pytest
from _pytest.mark import ParameterSet

NAMES = sorted(each.name for each in pkgutil.iter_modules(__path__))


def each(*, only: Collection[str] = NAMES, but: Collection[str] = ()) -> list[ParameterSet]:
    """The databases as parameters of tests. Spark is slow to start: `make spark` runs the tests of it, those
    of each kind in one process, for a classic session can't begin where a client of Connect lives."""
    chosen = [name for name in NAMES if name in only and name not in but]
    return [pytest.param(name, marks=_marks(name)) for name in chosen]


def load(name: str) -> ModuleType:
    """The module of a database."""
    return import_module(f"{__name__}.{name}")


def _marks(name: str) -> list[pytest.MarkDecorator]:
    return [getattr(pytest.mark, name)] if name.startswith("spark") else []
