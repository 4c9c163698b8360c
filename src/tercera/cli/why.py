"""`tercera why`: what is true of a customer in a window, what was said of it, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tercera.cli.describe import doubts_words, history_json, print_evidence, print_history, tally_json
from tercera.cli.output import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    RuleOption,
    console,
    print_json,
    visible,
)

if TYPE_CHECKING:
    from tercera.questions.explain import Explanation


def register(cli: typer.Typer) -> None:
    """Adds the command."""
    cli.command("why")(why)


def why(
    customer: Annotated[str, typer.Argument(help="The customer's id (or what the rule counts per).")],
    window: Annotated[str, typer.Argument(help="The window, like 2023-06.")],
    config: ConfigOption = DEFAULT_CONFIG,
    rule: RuleOption = None,
    json: JsonOption = False,
) -> None:
    """Why a customer was alerted in a window, or why not: counts, orders, level, what was sent."""
    from contextlib import ExitStack

    from tercera.app import open_app
    from tercera.questions.explain import explain

    with open_app(config) as app, ExitStack() as stack:
        chosen = app.rule(rule)
        # Before the first run there is no ledger, and the counts can be explained all the same.
        ledger = stack.enter_context(app.ledger(read_only=True)) if app.has_ledger else None
        try:
            found = explain(chosen, app.source, ledger, customer, window, app.clock())
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    if json:
        print_json(_why_json(found))
    else:
        _show_why(found)


def _why_json(found: Explanation) -> dict[str, Any]:
    return {
        "rule": found.rule.id,
        "customer": found.tally.subject,
        "window": found.window.id,
        "level": found.finding.level.name if found.finding.level else None,
        "since": found.finding.since,
        "why_not": found.silence,
        **tally_json(found.tally),
        "doubtful": dict(found.doubtful),
        "possible_level": found.possible.name if found.possible else None,
        "alert": history_json(found.history) if found.history else None,
    }


_WHY_NOT = {
    "not_swept": "the rule was never swept; `tercera run` does",
    "not_begun": "the window has not begun",
    "no_orders": "no readable order of this customer lies in the window (is the id as in the database?)",
    "below": "too few matching orders: {matched} of the {floor} that the lowest level needs",
    "baseline": "it was already so at the rule's first sweep, in a window that was over",
    "too_late": "it came about after the window's grace of {grace} days had passed",
    "next_sweep": "it holds now and the next sweep will say so",
    "left_out": "nobody listens for what happened (`notify` and `on` of the rule)",
    "retracted": "it was told and then taken back, when the count fell to {matched}",
    "edited": "it was told, and fell to {matched} by an edit of the configuration; nobody was told of that",
    "silenced": "somebody silenced it (`tercera silence list`); told when that ends, if still true",
    "dismissed": "somebody dismissed it as no problem",
    "held": "the blast guard holds it back; `tercera held` says what to do",
    "discarded": "the blast guard held it back, and nobody released it",
}


def _show_why(found: Explanation) -> None:
    out = console()
    tally, rule = found.tally, found.rule
    level = f"level [bold]{found.finding.level.name}[/bold]" if found.finding.level else "no level"
    since = f", reached with order {visible(found.finding.since)}" if found.finding.since else ""
    out.print(
        f"[bold]{visible(tally.subject)}[/bold] in {found.window.id}: {tally.matched} of {tally.orders} "
        f"orders match “{visible(rule.title)}” → {level}{since}."
    )
    if found.silence:
        words = _WHY_NOT[found.silence].format(matched=tally.matched, floor=rule.floor, grace=rule.grace.days)
        out.print(f"Why nothing stands: {words}.")
    if found.doubtful:
        reached = found.possible.name if found.possible else "no level"
        changed = found.possible != found.finding.level
        could = f"; with all of them it would be at {visible(reached)}" if changed else ""
        out.print(f"[bold]{doubts_words(tally.matched, found.doubtful).capitalize()}[/bold]{could}.")
    print_evidence(tally)
    if found.history:
        out.print(f"Alert {found.history.alert.id}:")
        print_history(found.history)
