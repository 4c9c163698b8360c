"""`tercera init`, `import`: from nothing to connected."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tercera.cli.output import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    console,
    print_json,
    progress,
    table,
)


def register(cli: typer.Typer) -> None:
    """Adds the commands."""
    cli.command("init")(init)
    cli.command("import")(import_orders)


def init(
    config: ConfigOption = DEFAULT_CONFIG,
    kind: Annotated[str | None, typer.Option("--kind", help="mongodb or files.")] = None,
    uri: Annotated[
        str, typer.Option(help="MongoDB's address; keep the password in the environment.")
    ] = "${MONGODB_URI}",
    database: Annotated[str | None, typer.Option(help="MongoDB's database.")] = None,
    orders: Annotated[
        str | None, typer.Option(help="The orders: a collection, or a file (globs too).")
    ] = None,
    customers: Annotated[str | None, typer.Option(help="The customers likewise; '' for none.")] = None,
    order_id: Annotated[str | None, typer.Option(help="The orders' field with the order's id.")] = None,
    customer_id: Annotated[str | None, typer.Option(help="… with the customer's id.")] = None,
    status: Annotated[str | None, typer.Option(help="… with the status.")] = None,
    placed_at: Annotated[str | None, typer.Option(help="… with the date.")] = None,
    amount: Annotated[str, typer.Option(help="… with the amount.")] = "",
    date_format: Annotated[str, typer.Option(help="How text dates are written, like %d/%m/%Y.")] = "",
    customer_key: Annotated[str | None, typer.Option(help="The customers' field with their id.")] = None,
    statuses: Annotated[str | None, typer.Option(help="Which statuses count, separated by commas.")] = None,
    timezone: Annotated[str | None, typer.Option(help="The rule's time zone, like Europe/Madrid.")] = None,
    operations: Annotated[str | None, typer.Option(help="The operations team's address.")] = None,
    language: Annotated[str, typer.Option(help="en or es.")] = "en",
    force: Annotated[bool, typer.Option("--force", help="Overwrite.")] = False,
) -> None:
    """Write a commented tercera.yaml. Asks for what no option gives; without a terminal it takes defaults."""
    from tercera import sources
    from tercera.starter import Answers, write_starter

    standard = Answers()
    kind = _ask(kind, f"Where are the orders ({', '.join(sources.kinds())})", standard.kind)
    if kind not in sources.kinds():
        raise typer.BadParameter(f"{kind!r} is no kind of source; known: {', '.join(sources.kinds())}")
    files = kind == "files"
    answers = Answers(
        kind=kind,
        uri=uri,
        database="" if files else _ask(database, "Database", standard.database),
        orders=_ask(
            orders, "Orders file" if files else "Orders collection", "orders.csv" if files else "orders"
        ),
        customers=_ask(
            customers,
            "Customers file" if files else "Customers collection",
            "customers.csv" if files else "customers",
        ),
        order_id=_ask(order_id, "Field with the order's id", standard.order_id),
        customer_id=_ask(customer_id, "Field with the customer's id", standard.customer_id),
        status=_ask(status, "Field with the status", standard.status),
        placed_at=_ask(placed_at, "Field with the date", standard.placed_at),
        amount=amount,
        date_format=date_format,
        customer_key=_ask(customer_key, "Customers' field with their id", standard.customer_key),
        statuses=tuple(
            word.strip()
            for word in _ask(statuses, "Statuses that count", ", ".join(standard.statuses)).split(",")
            if word.strip()
        ),
        timezone=_ask(timezone, "Time zone", standard.timezone),
        operations=_ask(operations, "Operations' e-mail address", standard.operations),
        language=language,
    )
    write_starter(config, answers, force=force)
    console().print(
        f"Wrote {config}. Next: put SMTP_HOST, SMTP_USER, SMTP_PASSWORD and SENDER_EMAIL"
        f"{'' if files else ' and MONGODB_URI'} into .env beside it, then [bold]tercera check[/bold]."
    )


def _ask(given: str | None, question: str, default: str) -> str:
    if given is not None:
        return given
    if not sys.stdin.isatty():
        return default
    answer: str = typer.prompt(question, default=default)
    return answer


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
