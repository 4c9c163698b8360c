"""`tercera init`: a first configuration, from answers or from a look at the data."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tercera.cli.output import DEFAULT_CONFIG, ConfigOption, JsonOption, console

if TYPE_CHECKING:
    from tercera.profile import Part

_ASKED = ("mongodb", "files")
"""What can be configured without a look at the data."""


def register(cli: typer.Typer) -> None:
    """Adds the command."""
    cli.command("init")(init)


def init(
    config: ConfigOption = DEFAULT_CONFIG,
    uri: Annotated[
        str | None,
        typer.Option(help="Look at this database and propose everything. '${NAME}' comes from .env."),
    ] = None,
    files: Annotated[
        list[str] | None,
        typer.Option("--files", help="Look at these files (a folder, or a pattern in quotes)."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Accept every proposal without asking.")] = False,
    kind: Annotated[str | None, typer.Option("--kind", help="Without a look: mongodb or files.")] = None,
    database: Annotated[str | None, typer.Option(help="The database; of SQL, the schema.")] = None,
    orders: Annotated[
        str | None, typer.Option(help="The orders: a collection, a table, or files (globs too).")
    ] = None,
    customers: Annotated[str | None, typer.Option(help="The customers likewise; '' for none.")] = None,
    order_id: Annotated[str | None, typer.Option(help="The orders' field with the order's id.")] = None,
    customer_id: Annotated[str | None, typer.Option(help="… with the customer's id.")] = None,
    status: Annotated[str | None, typer.Option(help="… with the status.")] = None,
    placed_at: Annotated[str | None, typer.Option(help="… with the date.")] = None,
    amount: Annotated[str | None, typer.Option(help="… with the amount; '' for none.")] = None,
    currency: Annotated[str | None, typer.Option(help="Of the amount, like EUR.")] = None,
    date_format: Annotated[
        str | None, typer.Option(help="How text dates are written, like %d/%m/%Y.")
    ] = None,
    timestamps: Annotated[
        str | None, typer.Option(help="What stored times mean: instant, local or date.")
    ] = None,
    valid_customer_id: Annotated[
        str | None, typer.Option(help="A pattern that good customer ids fit; '' for none.")
    ] = None,
    customer_key: Annotated[str | None, typer.Option(help="The customers' field with their id.")] = None,
    customer_name: Annotated[str | None, typer.Option(help="… with their name.")] = None,
    customer_email: Annotated[str | None, typer.Option(help="… with their address.")] = None,
    customer_language: Annotated[str | None, typer.Option(help="… with their language; '' for none.")] = None,
    customer_timezone: Annotated[
        str | None, typer.Option(help="… with their time zone; '' for none.")
    ] = None,
    statuses: Annotated[
        str | None,
        typer.Option("--statuses", "--status-returned", help="Which statuses count, separated by commas."),
    ] = None,
    timezone: Annotated[str | None, typer.Option(help="The rule's time zone, like Europe/Madrid.")] = None,
    operations: Annotated[str | None, typer.Option(help="The operations team's address.")] = None,
    language: Annotated[str | None, typer.Option(help="Of mails: en or es.")] = None,
    rows: Annotated[int, typer.Option(min=100, help="Look at so many rows of each place.")] = 10_000,
    seconds: Annotated[float, typer.Option(min=1, help="Look for so long.")] = 60,
    backtest: Annotated[bool, typer.Option(help="Show what would have been said over history.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Overwrite.")] = False,
    json: JsonOption = False,
) -> None:
    """Write a commented tercera.yaml. With --uri or --files it looks at the data, proposes everything, and
    asks what to change; without, it asks for what no option gives. Without a terminal it takes defaults."""
    from tercera.profile import Part

    said = {
        Part.ORDERS: orders, Part.ORDER_ID: order_id, Part.CUSTOMER_ID: customer_id,
        Part.VALID: valid_customer_id, Part.STATUS: status, Part.STATUSES: statuses,
        Part.PLACED_AT: placed_at, Part.FORMATS: date_format, Part.TIMESTAMPS: timestamps,
        Part.AMOUNT: amount, Part.CURRENCY: currency, Part.TIMEZONE: timezone, Part.CUSTOMERS: customers,
        Part.KEY: customer_key, Part.NAME: customer_name, Part.EMAIL: customer_email,
        Part.LANGUAGE: customer_language, Part.THEIR_ZONE: customer_timezone,
        Part.LETTERS: language,
    }  # fmt: skip
    known = {part: value for part, value in said.items() if value is not None}
    if uri is None and not files:
        if json:
            raise typer.BadParameter("--json tells what a look found; give --uri or --files")
        _from_answers(config, kind, database, operations, known, force=force)
        return
    from tercera.cli.connect import Call, connect

    asking = sys.stdin.isatty() and not yes and not json
    connect(
        Call(
            config,
            uri,
            tuple(files or ()),
            database,
            known,
            operations,
            rows,
            seconds,
            asking=asking,
            json=json,
            backtest=backtest,
            force=force,
        )
    )


def _from_answers(
    config: Path,
    kind: str | None,
    database: str | None,
    operations: str | None,
    said: Mapping[Part, str],
    *,
    force: bool,
) -> None:
    from tercera.profile import Part
    from tercera.starter import Answers, write_starter

    standard = Answers()
    kind = _ask(kind, f"Where are the orders ({', '.join(_ASKED)})", standard.kind)
    if kind not in _ASKED:
        raise typer.BadParameter(
            f"{kind!r} is not asked for by itself; known: {', '.join(_ASKED)}. For any other database give "
            "its address with --uri"
        )
    files = kind == "files"
    answers = Answers(
        kind=kind,
        database="" if files else _ask(database, "Database", standard.database),
        orders=_ask(
            said.get(Part.ORDERS),
            "Orders file" if files else "Orders collection",
            "orders.csv" if files else "orders",
        ),
        customers=_ask(
            said.get(Part.CUSTOMERS),
            "Customers file" if files else "Customers collection",
            "customers.csv" if files else "customers",
        ),
        order_id=_ask(said.get(Part.ORDER_ID), "Field with the order's id", standard.order_id),
        customer_id=_ask(said.get(Part.CUSTOMER_ID), "Field with the customer's id", standard.customer_id),
        status=_ask(said.get(Part.STATUS), "Field with the status", standard.status),
        placed_at=_ask(said.get(Part.PLACED_AT), "Field with the date", standard.placed_at),
        amount=said.get(Part.AMOUNT, ""),
        currency=said.get(Part.CURRENCY, ""),
        valid_customer_id=said.get(Part.VALID, ""),
        date_format=said.get(Part.FORMATS, ""),
        customer_key=_ask(said.get(Part.KEY), "Customers' field with their id", standard.customer_key),
        statuses=tuple(
            word.strip()
            for word in _ask(
                said.get(Part.STATUSES), "Statuses that count", ", ".join(standard.statuses)
            ).split(",")
            if word.strip()
        ),
        timezone=_ask(said.get(Part.TIMEZONE), "Time zone", standard.timezone),
        operations=_ask(operations, "Operations' e-mail address", standard.operations),
        customer_language=said.get(Part.LANGUAGE, ""),
        language=said.get(Part.LETTERS, standard.language),
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
