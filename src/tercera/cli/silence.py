"""`tercera silence`, `ack`, `snooze`, `dismiss`: what people decide about alerts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tercera.cli.acting import AuthorOption, actor
from tercera.cli.describe import decision_json, decision_words, when
from tercera.cli.output import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    RuleOption,
    console,
    print_json,
    table,
    visible,
)

if TYPE_CHECKING:
    from tercera.telling.silences import Decision

AlertArgument = Annotated[int, typer.Argument(metavar="ALERT", help="The alert's number.")]
UntilOption = Annotated[
    str | None,
    typer.Option(
        "--until",
        metavar="YYYY-MM-DD[THH:MM]",
        help="When it ends, in the configuration's time zone; a day alone is its beginning.",
    ),
]
ForOption = Annotated[
    str | None, typer.Option("--for", metavar="DURATION", help="How long, like 12h, 7d or 2w.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; the alert's history shows it.")]


def register(cli: typer.Typer) -> None:
    """Adds the commands."""
    silence = typer.Typer(
        help="Silences: nothing is told of a customer or by a rule until they end. What is then still true "
        "is told.",
        no_args_is_help=True,
    )
    silence.command("add")(add)
    silence.command("list")(list_silences)
    silence.command("end")(end)
    cli.add_typer(silence, name="silence")
    cli.command("ack")(acknowledge)
    cli.command("snooze")(snooze)
    cli.command("dismiss")(dismiss)


def add(
    reason: ReasonOption,
    config: ConfigOption = DEFAULT_CONFIG,
    customer: Annotated[
        str | None, typer.Option("--customer", help="Whom (or what the rule counts per).")
    ] = None,
    rule: RuleOption = None,
    until: UntilOption = None,
    duration: ForOption = None,
    author: AuthorOption = None,
    json: JsonOption = False,
) -> None:
    """Tell nothing of a customer, by a rule, or of a customer by a rule, until it ends."""
    if customer is None and rule is None:
        raise typer.BadParameter("say what to silence: --customer, --rule or both")
    _decide(
        config, "silence", reason, author, until, duration, json=json, customer=customer, rule=rule, ends=True
    )


def list_silences(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """What is in force: silences, snoozes and dismissals."""
    from tercera.app import open_app
    from tercera.telling.silences import DecisionKind

    with open_app(config) as app, app.ledger(read_only=True) as ledger:
        in_force = ledger.decisions(app.clock())
    found = [each for each in in_force if each.kind is not DecisionKind.ACKNOWLEDGE]
    if json:
        print_json({"silences": [decision_json(each) for each in found]})
        return
    rows = table(None, "id", "what", "rule", "customer", "window", "until", "by", "reason", right=("id",))
    for each in found:
        rows.add_row(
            str(each.id),
            each.kind,
            visible(each.rule or "any"),
            visible(each.subject or "any"),
            each.window or "any",
            when(each.until) if each.until else "for good",
            visible(each.author),
            visible(each.reason),
        )
    console().print(rows if found else "Nothing is silenced.")


def end(
    silence: Annotated[int, typer.Argument(metavar="ID", help="As `silence list` shows it.")],
    config: ConfigOption = DEFAULT_CONFIG,
    author: AuthorOption = None,
    json: JsonOption = False,
) -> None:
    """End a silence, a snooze or a dismissal before its time: the next sweep tells what is still true."""
    from tercera.acts import deciding
    from tercera.app import open_app

    with open_app(config) as app, app.ledger() as ledger:
        ended = deciding.end(app, ledger, actor(author), silence)
    _show(ended, json=json)


def acknowledge(
    alert: AlertArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    reason: ReasonOption = "",
    author: AuthorOption = None,
    json: JsonOption = False,
) -> None:
    """Say that somebody looks after an alert. Changes nothing of what is told."""
    _decide(config, "acknowledge", reason, author, json=json, alert=alert)


def snooze(
    alert: AlertArgument,
    reason: ReasonOption,
    config: ConfigOption = DEFAULT_CONFIG,
    until: UntilOption = None,
    duration: ForOption = None,
    author: AuthorOption = None,
    json: JsonOption = False,
) -> None:
    """Tell nothing of one alert for a time; what is then still true is told."""
    _decide(config, "snooze", reason, author, until, duration, json=json, alert=alert, ends=True)


def dismiss(
    alert: AlertArgument,
    reason: ReasonOption,
    config: ConfigOption = DEFAULT_CONFIG,
    author: AuthorOption = None,
    json: JsonOption = False,
) -> None:
    """Say that an alert is no problem: nothing more is told of it."""
    _decide(config, "dismiss", reason, author, json=json, alert=alert)


def _decide(
    config: Path,
    kind: str,
    reason: str,
    author: str | None,
    until: str | None = None,
    duration: str | None = None,
    *,
    json: bool,
    customer: str | None = None,
    rule: str | None = None,
    alert: int | None = None,
    ends: bool = False,
) -> None:
    from tercera.acts.deciding import decide
    from tercera.app import open_app
    from tercera.telling.silences import DecisionKind

    if kind != "acknowledge" and not reason.strip():
        raise typer.BadParameter("--reason is empty; say why, for whoever reads the alert's history")
    with open_app(config) as app:
        now = app.clock()
        ends_at = _end(until, duration, app.settings.timezone, now) if ends else None
        with app.ledger() as ledger:
            decided = decide(
                app,
                ledger,
                actor(author),
                DecisionKind(kind),
                reason=reason,
                until=ends_at,
                customer=customer,
                rule=rule,
                alert=alert,
            )
    if json:
        print_json(decision_json(decided.decision) | {"already": not decided.is_new})
        return
    if not decided.is_new:
        console().print(f"Nothing was written; this stands since {when(decided.decision.at)}:")
    _show(decided.decision, json=False)


def _show(decision: Decision, *, json: bool) -> None:
    if json:
        print_json(decision_json(decision))
        return
    console().print(f"{decision_words(decision)}.")


def _end(until: str | None, duration: str | None, zone: str, now: datetime) -> datetime:
    """When a silence ends: exactly one of both says so. BadParameter: it does not, or lies in the past."""
    from zoneinfo import ZoneInfo

    from tercera.config import parse_duration

    if (until is None) == (duration is None):
        raise typer.BadParameter("say when it ends: either --until or --for")
    try:
        if duration is not None:
            return now + parse_duration(duration)
        assert until is not None
        given = datetime.fromisoformat(until)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(str(error)) from None
    moment = given if given.tzinfo else given.replace(tzinfo=ZoneInfo(zone))
    if moment <= now:
        raise typer.BadParameter(f"--until {until} is over already")
    return moment
