"""Paths in the configuration: they start from its folder, wherever the command is run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo


def _beside(path: Path, info: ValidationInfo) -> Path:
    base: Path | None = (info.context or {}).get("base")
    return base / path if base else path


ConfiguredPath = Annotated[Path, AfterValidator(_beside)]
"""For a field of settings; needs the folder as `base` in the validation's context."""
