"""`tercera ledger`: copying, upgrading and shortening the product's own memory."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tercera.cli.acting import AuthorOption, actor
from tercera.cli.output import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    console,
    notes,
    print_json,
    table,
    visible,
)


def register(cli: typer.Typer) -> None:
    """Adds the commands."""
    ledger = typer.Typer(
        help="The ledger: back it up, bring it to this version, forget what is long over.",
        no_args_is_help=True,
    )
    ledger.command("backup")(backup)
    ledger.command("upgrade")(upgrade)
    ledger.command("prune")(prune)
    ledger.command("adopt")(adopt)
    cli.add_typer(ledger, name="ledger")


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that does not exist yet.")],
    config: ConfigOption = DEFAULT_CONFIG,
    author: AuthorOption = None,
    json: JsonOption = False,
) -> None:
    """Copy a SQLite ledger, also while it is used. For PostgreSQL it names the command that does."""
    from tercera.app import open_app
    from tercera.errors import LedgerError
    from tercera.ledger import back_up, record_deed

    with open_app(config) as app:
        copied = back_up(app.settings.ledger, file)
        words = f"{copied.alerts:,} alerts, {copied.bytes:,} bytes"
        deed = actor(author).did(app.clock(), "backup", f"file {file.name}", words)
        try:
            record_deed(app.settings.ledger, deed)
        except LedgerError as error:  # whose disk is full needs the copy all the more
            notes().print(f"The audit log has no line about this copy: {visible(str(error))}", soft_wrap=True)
    if json:
        print_json({"file": str(file), "bytes": copied.bytes, "alerts": copied.alerts})
    else:
        console().print(
            f"{visible(str(file))}: {words}, checked. To restore it: stop Tercera, put it in the "
            "ledger's place (without its -wal and -shm files), start again.",
            soft_wrap=True,
        )


def upgrade(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Bring the ledger's tables to this version. `tercera run` does it, too, when it starts."""
    from tercera.app import open_app
    from tercera.ledger import upgrade_ledger

    with open_app(config) as app:
        before, after = upgrade_ledger(app.settings.ledger)
        shown = app.ledger_shown
    if json:
        print_json({"from": before, "to": after})
    elif before == after:
        console().print(f"{visible(shown)} is up to date ({after}).")
    else:
        console().print(f"{visible(shown)}: {before or 'nothing'} → {after}.")


def adopt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The SQLite ledger that was used until now.")],
    config: ConfigOption = DEFAULT_CONFIG,
    author: AuthorOption = None,
    json: JsonOption = False,
) -> None:
    """Copy a SQLite ledger into the configured one, which must be empty: the way to PostgreSQL. FILE must not
    be used any more then."""
    from tercera.app import open_app
    from tercera.ledger import adopt as adopt_ledger

    with open_app(config) as app:
        deed = actor(author).did(app.clock(), "adopt", f"ledger {file.name}")
        copied = adopt_ledger(file, app.settings.ledger, telling=deed)
        shown = app.ledger_shown
    if json:
        print_json({"rows": copied})
    else:
        counts = f"{copied['alerts']:,} alerts, {copied['messages']:,} messages"
        console().print(
            f"{visible(shown)} holds {counts} now. Put {visible(str(file))} away.", soft_wrap=True
        )


def prune(
    older_than: Annotated[
        str,
        typer.Option(
            "--older-than",
            metavar="DURATION",
            help="Forget what is over and unchanged for so long, like 400d.",
        ),
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    author: AuthorOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be forgotten.")] = False,
    json: JsonOption = False,
) -> None:
    """Forget closed alerts whose window is long over, with their steps, notices, receipts and decisions.
    Nothing open, waiting or held, and nothing of a window that a rule still watches."""
    from tercera.acts.retention import prune as prune_ledger
    from tercera.app import open_app
    from tercera.config import parse_duration

    try:
        age = parse_duration(older_than)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--older-than") from None
    with open_app(config) as app, app.ledger(read_only=dry_run) as ledger:
        found = prune_ledger(
            ledger, app.settings.rules, age, app.clock(), actor=actor(author), dry_run=dry_run
        )
    names = ["alerts", "transitions", "notices", "decisions"]
    names += [] if dry_run else ["messages", "receipts"]
    if json:
        counts = {rule: {name: asdict(pruned)[name] for name in names} for rule, pruned in found.items()}
        print_json({"dry_run": dry_run, "rules": counts})
        return
    rows = table(None, "rule", *names, right=tuple(names))
    for rule, pruned in found.items():
        rows.add_row(visible(rule), *(f"{asdict(pruned)[name]:,}" for name in names))
    console().print(rows if found else "Nothing is that old and over.")
    if found and dry_run:
        console().print("Nothing was changed: without --dry-run these are forgotten.")
