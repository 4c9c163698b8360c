"""Whole processes: what a user waits for, and what the machine must hold.

The benchmark's own process stays small, because Linux counts the memory of a process from before its exec.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
DATA = Path(__file__).parent / "data"


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
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=errors, cwd=ROOT)
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode != 0:
            raise FailedError(
                f"{' '.join(command)} ended with {process.returncode}: {errors.read().decode()}"
            )
        return Measured(took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, output.read().decode())


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
