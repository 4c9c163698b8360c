"""Where orders are read. A kind of source is a module of this folder, known by its file name.

Each has `Settings`, a Pydantic model with `kind: Literal["<file name>"]`, and `open_source(settings, zone, *,
base) -> Source`. Nothing is imported before it is asked for, so that `--help` needs no database driver.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType


def kinds() -> list[str]:
    """The kinds that there are, by their file names."""
    return sorted(each.name for each in pkgutil.iter_modules(__path__) if not each.name.startswith("_"))


def load(kind: str) -> ModuleType:
    """The module of a kind. KeyError names the kinds that there are."""
    if kind not in kinds():
        raise KeyError(f"{kind!r} is no kind of source; there are {', '.join(kinds())}")
    return import_module(f"{__name__}.{kind}")
