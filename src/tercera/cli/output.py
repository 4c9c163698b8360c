"""What commands print: one JSON object and nothing else with `--json`, else tables and short lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

    from tercera.model import RejectCount, RejectReason

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", envvar="TERCERA_CONFIG", help="The configuration file.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
RuleOption = Annotated[str | None, typer.Option("--rule", help="Which rule, by its id.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]
NestedConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="The configuration file.")]
"""For a subcommand of a command that takes --config too."""
DEFAULT_CONFIG = Path("tercera.yaml")


def console() -> Console:
    """For people, on stdout."""
    from rich.console import Console

    # What is piped is not wrapped to the 80 columns of a terminal that is not there.
    return Console(highlight=False, width=None if sys.stdout.isatty() else 200)


def notes() -> Console:
    """For people, on stderr: progress and remarks, never mixed into what is piped."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def print_json(value: Mapping[str, Any]) -> None:
    """One object on one line."""
    sys.stdout.write(json.dumps(value, default=_plain, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


@contextmanager
def progress(description: str, *, total: int | None = None, quiet: bool = False) -> Iterator[Progress]:
    """A progress bar on stderr while something long goes on; nothing where nobody watches."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=notes(),
        transient=True,
        disable=quiet or not sys.stderr.isatty(),
    )
    with bar:
        bar.add_task(description, total=total)
        yield bar


def table(title: str | None, *columns: str, right: tuple[str, ...] = ()) -> Table:
    """A plain table; columns in `right` hold numbers."""
    from rich import box
    from rich.table import Table

    made = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def visible(text: object) -> str:
    """Text from outside, safe on a terminal: no control characters, no markup."""
    from rich.markup import escape

    return escape("".join(c if c.isprintable() else "·" for c in str(text)))


def rejects_json(rejects: Mapping[RejectReason, RejectCount]) -> dict[str, Any]:
    """`{reason: {rows, matching, samples}}`."""
    return {str(reason): asdict(count) for reason, count in rejects.items()}


def print_rejects(rejects: Mapping[RejectReason, RejectCount]) -> None:
    """How many rows could not be judged, why, and a row of each kind."""
    if not rejects:
        return
    rows = table(
        "Rows that can't be judged",
        "reason",
        "rows",
        "could have counted",
        "for example",
        right=("rows", "could have counted"),
    )
    for reason, count in sorted(rejects.items(), key=lambda item: -item[1].rows):
        example = (
            ", ".join(f"{name}={value}" for name, value in count.samples[0].items()) if count.samples else ""
        )
        rows.add_row(
            reason.replace("_", " "), f"{count.rows:,}", f"{count.matching:,}", visible(example[:160])
        )
    console().print(rows)
