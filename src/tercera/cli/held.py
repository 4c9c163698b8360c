"""`tercera held`, `release`, `discard`: what the blast guard holds back, and deciding about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

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

if TYPE_CHECKING:
    from tercera.app import App
    from tercera.ledger import Ledger
    from tercera.model import RuleId


def register(cli: typer.Typer) -> None:
    """Adds the commands."""
    cli.command("held")(held)
    cli.command("release")(release)
    cli.command("discard")(discard)


def held(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """What the blast guard holds back, by rule: nothing of it is sent unless it is released."""
    from tercera.app import open_app

    with open_app(config) as app, app.ledger(read_only=True) as ledger:
        found = ledger.held()
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


def release(config: ConfigOption = DEFAULT_CONFIG, rule: RuleOption = None, json: JsonOption = False) -> None:
    """Let go of what is held back (of a rule, or of all) as far as it is still true; the rest is discarded.
    The next delivery sends it."""
    from tercera.app import open_app
    from tercera.messages import NoticeState

    with open_app(config) as app, app.ledger() as ledger:
        chosen = _chosen(app, ledger, rule)
        now = app.clock()
        expired = ledger.discard(chosen, now, decided_before=now - app.settings.guard.expires)
        became = ledger.release(chosen, now)
    released, discarded = became[NoticeState.PENDING], became[NoticeState.DISCARDED] + expired
    if json:
        print_json({"released": released, "discarded": discarded})
        return
    console().print(
        f"{released:,} notices are due now and `tercera run` sends them; {discarded:,} that are not true any "
        "more, are silenced or have waited too long were discarded."
    )


def discard(config: ConfigOption = DEFAULT_CONFIG, rule: RuleOption = None, json: JsonOption = False) -> None:
    """Put what is held back (of a rule, or of all) aside for good: it is never sent."""
    from tercera.app import open_app

    with open_app(config) as app, app.ledger() as ledger:
        count = ledger.discard(_chosen(app, ledger, rule), app.clock())
    if json:
        print_json({"discarded": count})
    else:
        console().print(f"{count:,} notices were discarded; nobody is told of them.")


def _chosen(app: App, ledger: Ledger, rule: str | None) -> RuleId | None:
    """The rule that is meant, which may be gone from the configuration while something of it waits."""
    from tercera.model import RuleId

    if rule is None or any(each.rule == rule for each in ledger.held()):
        return None if rule is None else RuleId(rule)
    return app.rule(rule).id
