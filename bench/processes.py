"""Whole processes: what a user waits for, and what the machine must hold."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
DATA = Path(__file__).parent / "data"
LAUNCHED = Path(__file__).parent / "launched.py"


@dataclass(frozen=True, slots=True)
class Measured:
    """Wall seconds, processor seconds, the most memory held (bytes), and what was printed."""

    seconds: float
    processor: float
    peak: int
    output: str


class FailedError(Exception):
    """A measured process failed. Its text is what it said."""


def measure(command: Sequence[str]) -> Measured:
    """Runs a command to its end. FailedError with what it said when it fails."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        with tempfile.TemporaryFile() as answer:
            subprocess.run(
                [sys.executable, "-S", str(LAUNCHED), str(answer.fileno()), *command],
                stdout=output,
                stderr=errors,
                cwd=ROOT,
                pass_fds=[answer.fileno()],
                check=True,
            )
            answer.seek(0)
            took = json.load(answer)
        output.seek(0)
        errors.seek(0)
        if took["code"] != 0:
            raise FailedError(f"{' '.join(command)} ended with {took['code']}: {errors.read().decode()}")
        return Measured(took["seconds"], took["processor"], took["peak"], output.read().decode())


def told(runs: Sequence[Measured]) -> str:
    """`1.20 s (1.10–1.31; processor 2.1 s)`: medians, and the range of the wall time."""
    walls = [each.seconds for each in runs]
    processor = median(each.processor for each in runs)
    return f"{median(walls):.2f} s ({min(walls):.2f}–{max(walls):.2f}; processor {processor:.1f} s)"


def typical(runs: Sequence[Measured]) -> float:
    """The median of the wall seconds."""
    return median(each.seconds for each in runs)


def tercera(*arguments: str) -> list[str]:
    """The command line of this checkout."""
    return [sys.executable, "-m", "tercera", *arguments]


def script(name: str, *arguments: str) -> list[str]:
    """A module of this folder as a program of its own, such as `rivals.duckdb_backtest`."""
    return [sys.executable, "-m", f"bench.{name}", *arguments]


def simulated_orders(orders: int, ending: str, *, start: date = date(2023, 1, 1), months: int = 12) -> Path:
    """A file of simulated orders, made when it is not there yet."""
    out = DATA / f"orders-{orders}-{start}-{months}.{ending}"
    if not out.exists():
        DATA.mkdir(exist_ok=True)
        span = ("--start", start.isoformat(), "--months", str(months))
        measure(tercera("simulate", "orders", str(out), "--orders", str(orders), "--seed", "1", *span))
    return out
