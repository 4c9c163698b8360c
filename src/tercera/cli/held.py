"""`tercera held`, `release`, `discard`: what the blast guard holds back, and deciding about it."""

from __future__ import annotations

from typing import Annotated

import typer

from tercera.cli.acting import AuthorOption, actor
from tercera.cli.describe import when
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


def register(cli: typer.Typer) -> None:
    """Adds the commands."""
    cli.command("held")(held)
    cli.command("release")(release)
    cli.command("discard")(discard)


def held(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """What the blast guard holds back, by rule: nothing of it is sent unless it is released."""
    from tercera.app import open_app

    with open_app(config) as app, app.ledger(read_only=True) as ledger:
        found = ledger.post.held()
        expires = app.settings.guard.expires
    if json:
        print_json(
            {
                "held": [
                    {
                        "rule": each.rule,
                        "alerts": each.alerts,
                        "still_true": each.true,
                        "notices": each.notices,
                        "since": each.since,
                        "until": each.since + expires,
                    }
                    for each in found
                ]
            }
        )
        return
    numbers = ("alerts", "still true", "notices")
    rows = table(None, "rule", *numbers, "since", "discarded, if nobody decides", right=numbers)
    for each in found:
        counts = (f"{each.alerts:,}", f"{each.true:,}", f"{each.notices:,}")
        rows.add_row(visible(each.rule), *counts, when(each.since), when(each.since + expires))
    console().print(rows if found else "Nothing is held back.")
    if found:
        console().print(
            "`tercera deliveries --state held` lists the notices. `tercera release` sends what is still "
            "true, `tercera discard` puts it aside for good."
        )


def release(
    config: ConfigOption = DEFAULT_CONFIG,
    rule: RuleOption = None,
    author: AuthorOption = None,
    json: JsonOption = False,
) -> None:
    """Let go of what is held back (of a rule, or of all) as far as it is still true; the rest is discarded.
    The next delivery sends it."""
    from tercera.acts import deciding
    from tercera.app import open_app

    with open_app(config) as app, app.ledger() as ledger:
        done = deciding.release(app, ledger, actor(author), rule)
    if json:
        print_json({"released": done.released, "discarded": done.discarded})
        return
    console().print(
        f"{done.released:,} notices are due now and `tercera run` sends them; {done.discarded:,} that are "
        "not true any more, are silenced or have waited too long were discarded."
    )


def discard(
    config: ConfigOption = DEFAULT_CONFIG,
    rule: RuleOption = None,
    channel: Annotated[
        str | None,
        typer.Option("--channel", help="Instead: what waits for a channel that is not configured any more."),
    ] = None,
    author: AuthorOption = None,
    json: JsonOption = False,
) -> None:
    """Put what is held back (of a rule, or of all) aside for good: it is never sent."""
    from tercera.acts import deciding
    from tercera.app import open_app

    if channel is not None and rule is not None:
        raise typer.BadParameter("--channel takes all that waits for it; leave --rule out")
    with open_app(config) as app, app.ledger() as ledger:
        if channel is None:
            count = deciding.discard(app, ledger, actor(author), rule)
        else:
            count = deciding.discard_of_channel(app, ledger, actor(author), channel)
    if json:
        print_json({"discarded": count})
    else:
        console().print(f"{count:,} notices were discarded; nobody is told of them.")
