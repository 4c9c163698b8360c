"""`tercera deliveries`: the notices and what became of them."""

from __future__ import annotations

from typing import Annotated

import typer

from tercera.cli.acting import AuthorOption, actor
from tercera.cli.describe import circuit_json, circuit_words, delivery_json
from tercera.cli.output import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    LimitOption,
    NestedConfigOption,
    console,
    print_json,
    table,
    visible,
)


def register(cli: typer.Typer) -> None:
    """Adds the commands."""
    deliveries = typer.Typer(
        help="The notices and what became of them; `deliveries retry` revives dead ones."
    )
    deliveries.callback(invoke_without_command=True)(list_deliveries)
    deliveries.command("retry")(retry_deliveries)
    cli.add_typer(deliveries, name="deliveries")


def list_deliveries(
    context: typer.Context,
    config: ConfigOption = DEFAULT_CONFIG,
    state: Annotated[
        str | None, typer.Option("--state", help="pending, sent, dead, undeliverable, held or discarded.")
    ] = None,
    limit: LimitOption = 50,
    json: JsonOption = False,
) -> None:
    """The notices, newest first, with the other side's last words."""
    if context.invoked_subcommand:
        context.obj = config
        return
    from tercera.app import open_app
    from tercera.messages import NoticeState

    if state is not None and state not in list(NoticeState):
        raise typer.BadParameter(f"{state!r} is no state; known: {', '.join(NoticeState)}")
    with open_app(config) as app, app.ledger(read_only=True) as ledger:
        found = ledger.post.deliveries(NoticeState(state) if state else None, limit)
        paused = ledger.channels.circuits().values()
    if json:
        print_json(
            {
                "deliveries": [delivery_json(delivery) for delivery in found],
                "paused": [circuit_json(circuit) for circuit in paused],
            }
        )
        return
    rows = table(
        None,
        "id",
        "alert",
        "channel",
        "to",
        "state",
        "tries",
        "the server's words",
        right=("id", "alert", "tries"),
    )
    for each in found:
        rows.add_row(
            str(each.id),
            str(each.alert),
            visible(each.channel),
            visible(each.recipient or "–"),
            each.state,
            str(each.attempts),
            visible(each.words or (each.problem or "").replace("_", " ")),
        )
    console().print(rows if found else "No notices yet.")
    for circuit in paused:
        console().print(circuit_words(circuit))


def retry_deliveries(
    context: typer.Context,
    ids: Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="Which; all without.")] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="Only those of this channel.")] = None,
    rule: Annotated[str | None, typer.Option("--rule", help="Only those of this rule.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many they are.")] = False,
    author: AuthorOption = None,
    config: NestedConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Make dead and undeliverable notices due again: to the address that the customer has now, else with the
    Message-ID that they had. The next delivery sends them. What is held back, discarded, dismissed or
    silenced stays as it is."""
    from tercera.acts.deciding import retry
    from tercera.app import open_app

    with open_app(config or context.obj) as app, app.ledger() as ledger:
        done = retry(app, ledger, actor(author), ids=ids, channel=channel, rule=rule, dry_run=dry_run)
    if json:
        print_json({"retried": done.retried, "withheld": done.withheld})
        return
    if ids and not done.retried and not done.withheld:
        known = "`tercera deliveries --state dead` lists those that are"
        console().print(f"None of these is dead or undeliverable, so nothing is tried again; {known}.")
        return
    would = "would be" if dry_run else "are"
    console().print(f"{done.retried} notices {would} due again; `tercera run` sends them.")
    if done.withheld:
        console().print(
            f"{done.withheld} stay as they are: held back, discarded, dismissed or silenced meanwhile."
        )
