"""What is wrong with what was asked, where only a look at the whole tells."""

from __future__ import annotations

from tercera.errors import TerceraError


class AskedError(TerceraError):
    """The request was understood, and is wrong. Says how to ask."""

    exit_code = 2
