"""`tercera alerts`: what was said, and the history of each."""

from __future__ import annotations

from typing import Annotated

import typer

from tercera.cli.describe import alert_json, doubts_words, history_json, print_evidence, print_history
from tercera.cli.health import health_json, health_lines
from tercera.cli.output import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    LimitOption,
    NestedConfigOption,
    RuleOption,
    console,
    print_json,
    table,
    visible,
)


def register(cli: typer.Typer) -> None:
    """Adds the commands."""
    alerts = typer.Typer(help="The alerts, newest first; `alerts show ID` for one with its history.")
    alerts.callback(invoke_without_command=True)(list_alerts)
    alerts.command("show")(show_alert)
    cli.add_typer(alerts, name="alerts")


def list_alerts(
    context: typer.Context,
    config: ConfigOption = DEFAULT_CONFIG,
    rule: RuleOption = None,
    customer: Annotated[str | None, typer.Option("--customer", help="Only this customer's.")] = None,
    window: Annotated[str | None, typer.Option("--window", help="Only this window's, like 2023-06.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="open, retracted or closed.")] = None,
    limit: LimitOption = 50,
    json: JsonOption = False,
) -> None:
    """The alerts, newest first."""
    if context.invoked_subcommand:
        context.obj = config
        return
    from tercera.app import open_app
    from tercera.model import RuleId, State, SubjectId, WindowId
    from tercera.telling.watch import is_reserved
    from tercera.windows import is_window

    if window is not None and not is_window(window):
        raise typer.BadParameter(
            f"{window!r} is no window; write it like 2023-06, 2023-W23, 2023-Q2 or 2023-06-09"
        )
    if state is not None and state not in list(State):
        raise typer.BadParameter(f"{state!r} is no state; known: {', '.join(State)}")
    with open_app(config) as app, app.ledger(read_only=True) as ledger:
        found = ledger.alerts(
            rule=RuleId(rule) if rule else None,
            subject=SubjectId(customer) if customer else None,
            window=WindowId(window) if window else None,
            state=State(state) if state else None,
            limit=limit,
        )
        if rule and not found and not is_reserved(rule):
            app.rule(rule)  # of one that was taken out there may still be alerts
        health, lines = health_json(ledger), list(health_lines(ledger))
    if json:
        print_json({"alerts": [alert_json(alert) for alert in found], "health": health})
        return
    rows = table(
        None, "id", "customer", "window", "count", "level", "state", "changed", "rule", right=("id", "count")
    )
    for alert in found:
        rows.add_row(
            str(alert.id),
            visible(alert.subject),
            alert.window,
            str(alert.tally.matched),
            alert.standing.level or "–",
            alert.standing.state,
            f"{alert.changed_at:%Y-%m-%d}",
            visible(alert.rule),
        )
    console().print(rows if found else "No alerts. `tercera why CUSTOMER WINDOW` says why not.")
    for line in lines:
        console().print(f"[dim]{visible(line[:1].upper() + line[1:])}.[/dim]")


def show_alert(
    context: typer.Context,
    alert_id: Annotated[int, typer.Argument(metavar="ID")],
    config: NestedConfigOption = None,
    json: JsonOption = False,
) -> None:
    """One alert: its evidence, every transition with its reason, every notice with the server's answer."""
    from tercera.app import open_app
    from tercera.telling.watch import is_reserved

    with open_app(config or context.obj) as app, app.ledger(read_only=True) as ledger:
        history = ledger.alert(alert_id)
    if json:
        print_json(history_json(history))
        return
    alert = history.alert
    out = console()
    if is_reserved(alert.rule):
        found = history.steps[-1].title
        out.print(
            f"[bold]Alert {alert.id}[/bold] of Tercera itself ({alert.rule}): {visible(alert.subject)}, "
            f"{alert.standing.state}. {visible(found)}."
        )
        print_history(history)
        return
    out.print(
        f"[bold]Alert {alert.id}[/bold]: {visible(alert.subject)} in {alert.window}, {alert.standing.state}, "
        f"{alert.tally.matched} of {alert.tally.orders} orders, level {alert.standing.level or 'none'} "
        f"({alert.rule})"
    )
    if doubtful := history.steps[-1].doubtful:
        out.print(f"When it was last told: {doubts_words(history.steps[-1].matched, doubtful)}.")
    print_evidence(alert.tally)
    print_history(history)
