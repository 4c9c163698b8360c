"""Keeps measured figures in `docs/explanation/performance.md`, between two markers."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from bench.figures import Figure
from bench.processes import ROOT

PAGE = ROOT / "docs" / "explanation" / "performance.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def write_report(figures: Sequence[Figure]) -> None:
    """Puts the figures in place of the earlier ones. ValueError when the page has no markers."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(f"{BEGIN}.*{END}", text, re.DOTALL)
    if not found:
        raise ValueError(f"{PAGE} has no place between {BEGIN} and {END}; put both in")
    PAGE.write_text(text[: found.start()] + _measured(figures) + text[found.end() :], encoding="utf-8")


def _measured(figures: Sequence[Figure]) -> str:
    rows = [
        f"| {figure.claim} | {figure.measured} | {figure.limited} | {'yes' if figure.holds else '**no**'} "
        f"| {figure.detail} |"
        for figure in figures
    ]
    return "\n".join(
        [
            BEGIN,
            f"Measured on {datetime.now(UTC):%Y-%m-%d}: {_machine()}.",
            "",
            "| claim | measured | bound | holds | behind it |",
            "|---|---|---|---|---|",
            *rows,
            END,
        ]
    )


def _machine() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "pymongo", "pandas"))
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {versions}"
