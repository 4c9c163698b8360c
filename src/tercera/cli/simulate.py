"""`tercera simulate`: made-up orders and customers to try things on."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from tercera.cli.output import DEFAULT_CONFIG, ConfigOption, JsonOption, console, print_json, progress


def register(cli: typer.Typer) -> None:
    """Adds the commands."""
    simulate = typer.Typer(help="Made-up orders and customers to try things on.", no_args_is_help=True)
    simulate.command("orders")(simulate_orders)
    simulate.command("customers")(simulate_customers)
    cli.add_typer(simulate, name="simulate")


def simulate_orders(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write: .csv or .parquet.")],
    orders: Annotated[int, typer.Option("--orders", min=1, help="How many distinct orders.")] = 100_000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same file.")] = 1,
    start: Annotated[
        datetime, typer.Option("--start", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The first day.")
    ] = datetime(2023, 1, 1),  # noqa: DTZ001 - a calendar day
    months: Annotated[int, typer.Option("--months", min=1, help="Over how many months.")] = 12,
    json: JsonOption = False,
) -> None:
    """Orders shaped like a real marketplace's: few large customers and many small, corrupt dates, empty
    fields, junk ids, duplicate lines."""
    from tercera import simulate

    with progress("orders", total=orders, quiet=json) as bar:
        made = simulate.simulate_orders(
            out,
            orders=orders,
            seed=seed,
            start=start.date(),
            months=months,
            progress=lambda done: bar.update(bar.task_ids[0], completed=done),
        )
    if json:
        print_json(
            {
                "path": str(made.path),
                "rows": made.rows,
                "orders": made.orders,
                "customers": made.customers,
                "matching": made.matching,
                "spoilt": made.spoilt,
            }
        )
    else:
        console().print(
            f"{made.path}: {made.orders:,} orders in {made.rows:,} rows of {made.customers:,} customers; "
            f"{made.matching:,} returned or cancelled, {made.spoilt:,} rows spoilt on purpose."
        )


def simulate_customers(
    config: ConfigOption = DEFAULT_CONFIG,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same customers.")] = 1,
    without_email: Annotated[
        float, typer.Option("--without-email", min=0, max=1, help="Which share gets no address.")
    ] = 0.0,
    json: JsonOption = False,
) -> None:
    """Fill the customers collection or file for the ids in the orders that have no entry: made-up names,
    addresses only under example.com. An entry that exists is left as it is."""
    from tercera.app import open_app
    from tercera.errors import ConfigError
    from tercera.simulate import Recipe

    with open_app(config) as app:
        source = app.settings.source
        if source.customers is None:
            raise ConfigError(f"{config}: source.customers is missing; say where the customers belong")
        pattern = source.orders.valid.get("customer_id")
        recipe = Recipe(seed, without_email=without_email, **({"pattern": pattern} if pattern else {}))
        fill = {"mongodb": _fill_collection, "files": _fill_file}[source.kind]
        with progress("customers", quiet=json) as bar:
            filled = fill(app, recipe, lambda done: bar.update(bar.task_ids[0], completed=done))
    if json:
        print_json({"ids": filled.ids, "created": filled.created})
    else:
        console().print(f"{filled.ids:,} customer ids in the orders, {filled.created:,} entries made.")


def _fill_collection(app: Any, recipe: Any, done: Any) -> Any:
    from tercera.simulate import fill_collection

    source = app.settings.source
    server = source.server()
    try:
        database = server.client()[source.database]
        return fill_collection(
            database[source.orders.collection],
            database[source.customers.collection],
            recipe,
            customer_id=source.orders.customer_id,
            fields=source.customers,
            progress=done,
        )
    finally:
        server.close()


def _fill_file(app: Any, recipe: Any, _: Any) -> Any:
    from tercera.simulate import fill_file

    source, base = app.settings.source, app.settings.base
    return fill_file(
        base / source.orders.path,
        base / source.customers.path,
        recipe,
        customer_id=source.orders.customer_id,
        fields=source.customers,
    )
