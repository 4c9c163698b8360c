"""`tercera init`, `check`, `import`: from nothing to connected."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tercera.cli.output import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    console,
    print_json,
    progress,
    table,
    visible,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tercera.app import App
    from tercera.ledger import Ledger
    from tercera.orders import Check


def register(cli: typer.Typer) -> None:
    """Adds the commands."""
    cli.command("init")(init)
    cli.command("check")(check)
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


def check(
    config: ConfigOption = DEFAULT_CONFIG,
    fix: Annotated[bool, typer.Option("--fix", help="Create the indexes that are missing.")] = False,
    json: JsonOption = False,
) -> None:
    """Look at everything that a run needs: configuration, orders, customers, indexes, mail server, ledger."""
    from dataclasses import asdict

    from tercera.app import open_app
    from tercera.orders import Check

    with open_app(config) as app:
        checks = [Check("configuration", True, f"{config}: {len(app.settings.rules)} rules")]
        for each in _checks(app, fix=fix):
            checks.append(each)
            if not json:
                _show_check(each)
    if json:
        print_json({"ok": all(each.ok for each in checks), "checks": [asdict(each) for each in checks]})
    if not all(each.ok for each in checks):
        raise typer.Exit(1)


def _checks(app: App, *, fix: bool) -> Iterator[Check]:
    from tercera.errors import DeliveryError, TerceraError
    from tercera.orders import Check

    try:
        yield from app.source.check([rule.counting for rule in app.settings.rules], fix=fix)
    except TerceraError as error:
        yield Check("source", False, str(error))
    good = []
    for name, channel in app.channels.items():
        try:
            yield Check(f"channel {name}", True, channel.check())
            good.append(name)
        except DeliveryError as error:
            yield Check(f"channel {name}", False, error.reason)
    try:
        with app.ledger() as ledger:
            running = [each.rpartition(":")[0] for each in ledger.instances()]
            beside = f" (running: {', '.join(running)})" if running else ""
            yield Check("ledger", True, app.ledger_shown + beside)
            yield from _paused(app, ledger, good)
            yield from _health(ledger)
    except TerceraError as error:
        yield Check("ledger", False, str(error))


def _paused(app: App, ledger: Ledger, good: Collection[str]) -> Iterator[Check]:
    """The channels that are left alone. For one that was found good just now, that ends."""
    from tercera.cli.describe import circuit_words
    from tercera.orders import Check

    for name, circuit in ledger.circuits().items():
        if name in good:
            ledger.end_pauses([name], app.clock())
            yield Check(f"channel {name}", True, "was left alone, and is tried again with the next delivery")
        else:
            yield Check(f"channel {name}", False, circuit_words(circuit))


def _health(ledger: Ledger) -> Iterator[Check]:
    """How the last cycles went. What the data watch found is operations' to look at, and fails no check."""
    from tercera.cli.health import health_lines
    from tercera.orders import Check

    for line in health_lines(ledger):
        yield Check("data watch", True, line)


def _show_check(each: Check) -> None:
    mark = "[green]✓[/green]" if each.ok else "[red]✗[/red]"
    console().print(f"{mark} {visible(each.what)}: {visible(each.detail)}")
    if each.remedy:
        console().print(f"    → {visible(each.remedy)}")


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
