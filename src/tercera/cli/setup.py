"""`tercera import`: a file's orders into the configured collection."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tercera.cli.output import DEFAULT_CONFIG, ConfigOption, JsonOption, console, print_json, progress, table


def register(cli: typer.Typer) -> None:
    """Adds the commands."""
    cli.command("import")(import_orders)


def import_orders(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV (.gz too) or Parquet.")],
    config: ConfigOption = DEFAULT_CONFIG,
    collection: Annotated[
        str | None, typer.Option("--collection", help="Another collection than the configured orders.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Put a file's rows into the configured MongoDB collection. Run again, it adds only what is missing."""
    from tercera.app import open_app
    from tercera.errors import ConfigError
    from tercera.importing import import_file

    with open_app(config) as app:
        if app.settings.source.kind != "mongodb":
            raise ConfigError(
                f"{config}: source.kind is {app.settings.source.kind}; import needs a mongodb source"
            )
        with progress("rows", quiet=json) as bar:
            done = import_file(
                file,
                app.settings.source,
                collection=collection,
                progress=lambda rows: bar.update(bar.task_ids[0], completed=rows),
            )
    if json:
        print_json(
            {
                "rows": done.rows,
                "inserted": done.inserted,
                "skipped": done.skipped,
                "seconds": round(done.seconds, 3),
            }
        )
        return
    rows = table(
        None,
        "rows",
        "inserted",
        "there already",
        "seconds",
        right=("rows", "inserted", "there already", "seconds"),
    )
    rows.add_row(f"{done.rows:,}", f"{done.inserted:,}", f"{done.skipped:,}", f"{done.seconds:.1f}")
    console().print(rows)
