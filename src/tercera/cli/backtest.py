"""`tercera backtest`: what would have been said over history."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from tercera.cli.output import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    RuleOption,
    console,
    print_json,
    print_rejects,
    progress,
    rejects_json,
    table,
    visible,
)

if TYPE_CHECKING:
    from tercera.questions.backtest import Backtest
    from tercera.rules import Rule


def register(cli: typer.Typer) -> None:
    """Adds the command."""
    cli.command("backtest")(backtest)


def backtest(
    config: ConfigOption = DEFAULT_CONFIG,
    rule: RuleOption = None,
    first: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Windows from this day's on."
        ),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Windows up to this day's."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """What would have been said over history, by the live evaluator. Writes and sends nothing."""
    from tercera.app import open_app
    from tercera.questions import backtest as engine

    with open_app(config) as app:
        chosen = app.rule(rule)
        with progress("pairs judged", quiet=json) as bar:
            result = engine.backtest(
                chosen,
                app.source,
                _day(first),
                _day(last),
                progress=lambda judged: bar.update(bar.task_ids[0], completed=judged),
            )
    if json:
        print_json(
            {
                "rule": result.rule,
                "alerts": result.alerts,
                "customers": result.customers,
                "by_level": result.by_level,
                "by_window": result.by_window,
                "orders": result.survey.orders,
                "rows": result.survey.rows,
                "rejects": rejects_json(result.survey.rejects),
                "could_have_counted": sum(each.matching for each in result.survey.rejects.values()),
                "instead": result.instead,
                "seconds": round(result.seconds, 3),
            }
        )
    else:
        show_backtest(chosen, result)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _when(rule: Rule) -> str:
    """As the configuration says it."""
    return "; ".join(f"{match.field}: {', '.join(match.values)}" for match in rule.counting.when)


def show_backtest(rule: Rule, result: Backtest) -> None:
    """What would have been said: by level, by window, and what could not be judged."""
    out = console()
    one = result.customers == 1
    if rule.counting.per == "customer":
        subjects = "customer" if one else "customers"
    else:
        subjects = f"value{'s'[: not one]} of {rule.counting.per}"
    out.print(f"[bold]{rule.title}[/bold]  ({rule.id})")
    alerts = f"{result.alerts:,} alert{'s'[: result.alerts != 1]}"
    orders = f"{result.survey.orders:,} order{'s'[: result.survey.orders != 1]}"
    rows = f"{result.survey.rows:,} row{'s'[: result.survey.rows != 1]}"
    out.print(
        f"{alerts} about {result.customers:,} {subjects} in {orders} ({rows}), read in "
        f"{result.seconds:.1f} s. Nothing was written or sent."
    )
    if result.instead:
        there = ", ".join(repr(visible(status)) for status in result.instead)
        wanted = visible(_when(rule))
        out.print(
            f"[yellow]No order at all meets `when` ({wanted}).[/yellow] Orders have statuses like {there}."
        )
    levels = table(None, "level", "from", "alerts", right=("from", "alerts"))
    for level in rule.levels:
        levels.add_row(level.name, str(level.threshold), f"{result.by_level[level.name]:,}")
    out.print(levels)
    if result.by_window:
        highest = max(result.by_window.values())
        bars = table(None, str(rule.counting.within), "alerts", "", right=("alerts",))
        for window, count in result.by_window.items():
            bars.add_row(window, f"{count:,}", "█" * max(1, round(40 * count / highest)))
        out.print(bars)
    more = {reason: each.matching for reason, each in result.survey.rejects.items() if each.matching}
    if more:
        told = ", ".join(f"{rows:,} {reason.replace('_', ' ')}" for reason, rows in more.items())
        out.print(f"Up to {sum(more.values()):,} more rows could have counted, were they readable: {told}.")
    print_rejects(result.survey.rejects)
