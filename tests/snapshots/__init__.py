"""Texts that were looked at and found right. `UPDATE_SNAPSHOTS=1 pytest …` writes them anew; then look."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent


def assert_snapshot(name: str, text: str) -> None:
    """Fails unless `text` is what the file `name` under this folder holds."""
    path = FOLDER / name
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    assert path.exists(), f"there is no snapshot {name}; make it with UPDATE_SNAPSHOTS=1 and look at it"
    with path.open(encoding="utf-8", newline="") as file:
        assert text == file.read(), f"{name} has changed; if it should, UPDATE_SNAPSHOTS=1 writes it anew"
