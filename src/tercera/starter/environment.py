"""The `.env` beside a configuration: where an address with a password belongs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tercera.errors import ConfigError


def name_for(value: str, preferred: str, known: Mapping[str, str]) -> tuple[str, bool]:
    """Under which name a value is kept, and whether it is known by that name already.

    A name that stands for something else is left alone.
    """
    for name, there in known.items():
        if there == value and name.replace("_", "").isalnum() and not name[0].isdigit():
            return name, True
    taken = preferred in known
    name, number = ("TERCERA_SOURCE_URI", 1) if taken else (preferred, 1)
    while name in known:
        number += 1
        name = f"TERCERA_SOURCE_URI_{number}"
    return name, False


def remember(path: Path, name: str, value: str) -> None:
    """Adds a line to `.env`, which is made readable by its owner alone when it is new. ConfigError when it
    can't be written, or when the value has a line break in it."""
    if not value.isprintable():
        raise ConfigError("the address has a character in it that can't be printed; check how it was pasted")
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        gap = "" if not before or before.endswith("\n") else "\n"
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as file:
            file.write(f"{gap}{name}='{escaped}'\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} can't be written: {error}") from None
