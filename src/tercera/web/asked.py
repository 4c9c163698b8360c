"""What is wrong with what was asked, where only a look at the whole tells."""

from __future__ import annotations

from tercera.errors import TerceraError


class AskedError(TerceraError):
    """The request was understood, and can't be done as it is. Says how to ask."""

    exit_code = 2
    status = 422
    """Of the answer."""
