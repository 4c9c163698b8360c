"""Keeps measured figures in `docs/explanation/performance.md`, between two markers."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from bench.figures import Figure
from bench.processes import ROOT

PAGE = ROOT / "docs" / "explanation" / "performance.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def write_report(figures: Sequence[Figure]) -> None:
    """Puts the figures in place of earlier ones of the same claims; others stay, each with its day.
    ValueError when the page has no markers."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(f"{BEGIN}.*{END}", text, re.DOTALL)
    if not found:
        raise ValueError(f"{PAGE} has no place between {BEGIN} and {END}; put both in")
    rows = _kept(found[0]) | {figure.claim: _row(figure) for figure in figures}
    PAGE.write_text(text[: found.start()] + _table(rows) + text[found.end() :], encoding="utf-8")


def _kept(table: str) -> dict[str, str]:
    """The rows that are there, by their claims."""
    lines = (line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| claim "))
    return {line.split(" | ")[0].removeprefix("| "): line for line in lines}


def _row(figure: Figure) -> str:
    holds = "yes" if figure.holds else "**no**"
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return f"| {figure.claim} | {figure.measured} | {figure.limited} | {holds} | {today} | {figure.detail} |"


def _table(rows: Mapping[str, str]) -> str:
    head = ["| claim | measured | bound | holds | day | behind it |", "|---|---|---|---|---|---|"]
    return "\n".join([BEGIN, f"Measured on {_machine()}.", "", *head, *rows.values(), END])


def _machine() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "pymongo", "pandas"))
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {versions}"
