"""Tercera: alerts, once and with the evidence, when a customer's orders cross a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tercera.embedding import Tercera

__version__ = "0.1.0"
__all__ = ["Tercera", "__version__"]


def __getattr__(name: str) -> object:
    """`Tercera` is loaded when it is asked for: the command line starts without it."""
    if name != "Tercera":
        raise AttributeError(f"module 'tercera' has no attribute {name!r}")
    from tercera.embedding import Tercera

    return Tercera
