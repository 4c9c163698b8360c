"""The API: one file for each resource, found by its name. A module has a `router`, mounted at `/api/v1`."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from types import ModuleType


@cache
def modules() -> tuple[ModuleType, ...]:
    """Every resource."""
    names = sorted(each.name for each in pkgutil.iter_modules(__path__))
    return tuple(import_module(f"{__name__}.{name}") for name in names)
