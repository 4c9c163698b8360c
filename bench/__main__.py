"""Measures the claims, prints them as a table, and with `--write` keeps them in the documentation.

Ends with 1 when a claim does not hold or could not be measured. With `--quick` everything is smaller, for
trying the benchmarks themselves: then only the equality of the answers counts.
"""

from __future__ import annotations

import argparse
import signal
import sys
from importlib import import_module
from pkgutil import iter_modules

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench import claims
from bench.figures import Figure, NotEqualError
from bench.processes import FailedError
from bench.report import write_report


def main() -> int:
    """Runs the claims that are named, or all."""
    known = sorted(module.name for module in iter_modules(claims.__path__))
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*known, []], help=", ".join(known))
    parser.add_argument("--quick", action="store_true", help="smaller data; bounds are shown, not required")
    parser.add_argument(
        "--write", action="store_true", help="keep the table in docs/explanation/performance.md"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers are stopped on the way out
    console = Console()
    figures: list[Figure] = []
    failed = False
    for name in options.names or known:
        claim = import_module(f"bench.claims.{name}")
        try:
            with console.status(claim.TITLE):
                measured: list[Figure] = claim.run(quick=options.quick)
        except (FailedError, NotEqualError) as error:
            console.print(f"[red]{name}[/red]: {escape(str(error))}", highlight=False)
            failed = True
            continue
        figures += measured
        for figure in measured:
            console.print(f"{name}: {figure.measured} ({figure.limited}) {figure.detail}", highlight=False)
    console.print(_table(figures))
    if options.write:
        write_report(figures)
    if failed:
        return 1
    return 0 if options.quick or all(figure.holds for figure in figures) else 1


def _table(figures: list[Figure]) -> Table:
    table = Table("claim", "measured", "bound", "holds", "behind it")
    for figure in figures:
        verdict = "[green]yes[/green]" if figure.holds else "[red]no[/red]"
        table.add_row(figure.claim, figure.measured, figure.limited, verdict, figure.detail)
    return table


if __name__ == "__main__":
    sys.exit(main())
