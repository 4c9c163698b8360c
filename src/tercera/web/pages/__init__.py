"""The pages: one file each, found by its name. A module has a `router`, and a `PLACE` in the menu."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from types import ModuleType

from tercera.web.page import Place


@cache
def modules() -> tuple[ModuleType, ...]:
    """Every page."""
    names = sorted(each.name for each in pkgutil.iter_modules(__path__))
    return tuple(import_module(f"{__name__}.{name}") for name in names)


@cache
def places() -> tuple[Place, ...]:
    """The menu, in its order."""
    found = (getattr(module, "PLACE", None) for module in modules())
    return tuple(sorted((place for place in found if place), key=lambda place: place.order))
