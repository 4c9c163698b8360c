"""`tercera check`: everything that a run needs, looked at once, with what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from tercera.cli.acting import AuthorOption, actor
from tercera.cli.output import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    console,
    print_json,
    progress,
    visible,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from rich.progress import Progress

    from tercera.app import App
    from tercera.indexes.advice import Asked, Tell
    from tercera.ledger import Ledger
    from tercera.orders import Check
    from tercera.people import Actor

_COLUMN = 20
"""Wide enough for the names of nearly all that is looked at."""

_UNIT = re.compile(r"(?<=\d) (?=(ms|s|min|MB|GB)\b)")


def register(cli: typer.Typer) -> None:
    """Adds the command."""
    cli.command("check")(check)


def check(
    config: ConfigOption = DEFAULT_CONFIG,
    fix: Annotated[bool, typer.Option("--fix", help="Create the indexes that are missing.")] = False,
    author: AuthorOption = None,
    json: JsonOption = False,
) -> None:
    """Look at everything that a run needs: configuration, orders, customers, indexes, mail server, ledger."""
    from tercera.app import open_app
    from tercera.orders import Check

    with open_app(config) as app, _Building(quiet=json) as building:
        rules = len(app.settings.rules)
        checks = [Check("configuration", True, f"{config}: {rules} rule{'s'[: rules != 1]}")]
        if not json:
            _show(checks[0])
        for each in _checks(app, actor(author), fix=fix, tell=building.tell):
            building.end()
            checks.append(each)
            if not json:
                _show(each)
    wrong = sum(not each.ok for each in checks)
    if json:
        print_json({"ok": not wrong, "checks": [asdict(each) for each in checks]})
    else:
        _show_verdict(wrong, sum(each.ok and bool(each.remedy) for each in checks))
    if wrong:
        raise typer.Exit(1)


class _Building:
    """A bar on stderr while an index is created; nothing at other times, a terminal shows both streams."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._shown = ExitStack()
        self._bar: Progress | None = None

    def tell(self, what: str, done: int | None, total: int | None) -> None:
        """See `advice.Tell`."""
        if self._bar is None:
            self._bar = self._shown.enter_context(progress(visible(what), quiet=self._quiet))
        self._bar.update(self._bar.task_ids[0], description=visible(what), total=total, completed=done)

    def end(self) -> None:
        """The index is there, or was refused."""
        self._shown.close()
        self._bar = None

    def __enter__(self) -> _Building:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def _asked(app: App) -> list[Asked]:
    from tercera.cycle.scopes import ordinary_scope
    from tercera.indexes.advice import Asked

    now = app.clock()
    return [Asked(rule.id, rule.counting, ordinary_scope(rule, now)) for rule in app.settings.rules]


def _checks(app: App, who: Actor, *, fix: bool, tell: Tell) -> Iterator[Check]:
    from tercera.errors import DeliveryError, TerceraError
    from tercera.orders import Check

    changed = []
    for each in _source_checks(app, fix=fix, tell=tell):
        changed += [each] if each.changed else []
        yield each
    good = []
    for name, channel in app.channels.items():
        try:
            yield Check(f"channel {name}", True, channel.check())
            good.append(name)
        except DeliveryError as error:
            yield Check(f"channel {name}", False, error.reason)
    try:
        with app.ledger() as ledger:
            for each in changed:  # in another database than the ledger's: not in one transaction
                ledger.people.record(who.did(app.clock(), "fix", each.what, each.detail))
            running = [each.rpartition(":")[0] for each in ledger.instances()]
            beside = f" (running: {', '.join(running)})" if running else ""
            yield Check("ledger", True, app.ledger_shown + beside)
            yield from _edits(app, ledger)
            yield from _paused(app, ledger, good)
            yield from _health(ledger)
    except TerceraError as error:
        yield Check("ledger", False, str(error))


def _source_checks(app: App, *, fix: bool, tell: Tell) -> Iterator[Check]:
    from tercera.errors import TerceraError
    from tercera.indexes.advice import Indexed
    from tercera.orders import Check

    found: list[Check] = []
    try:
        found += list(app.source.check([rule.counting for rule in app.settings.rules], fix=fix))
        yield from found
        if found[0].ok and isinstance(app.source, Indexed):  # the first is whether it can be reached at all
            yield from app.source.advise(_asked(app), fix=fix, live=app.settings.schedule.live, tell=tell)
        if found[0].ok and app.settings.schedule.live:
            pers = {rule.counting.per for rule in app.settings.rules}
            yield from app.followable.check_changes(pers, fix=fix)
    except TerceraError as error:
        if not any(str(error) in each.detail for each in found):  # said already
            yield Check("source", False, str(error))


def _paused(app: App, ledger: Ledger, good: Collection[str]) -> Iterator[Check]:
    """The channels that are left alone. For one that was found good just now, that ends."""
    from tercera.cli.describe import circuit_words
    from tercera.orders import Check

    for name, circuit in ledger.channels.circuits().items():
        if name in good:
            ledger.channels.end_pauses([name], app.clock())
            yield Check(f"channel {name}", True, "was left alone, and is tried again with the next delivery")
        else:
            yield Check(f"channel {name}", False, circuit_words(circuit))


def _edits(app: App, ledger: Ledger) -> Iterator[Check]:
    """What of the configuration is not as it was when the ledger last saw it, and what that leads to."""
    from tercera.cycle.edits import told_of_edits

    return told_of_edits(ledger, app.settings.rules, app.terms().reading, app.routes)


def _health(ledger: Ledger) -> Iterator[Check]:
    """How the last cycles went. What the data watch found is operations' to look at, and fails no check."""
    from tercera.cli.health import health_lines
    from tercera.orders import Check

    for line in health_lines(ledger):
        yield Check("data watch", True, line)


def _show(each: Check) -> None:
    """What, and beside it all that is to be said; a statement on a line of its own, to be copied."""
    out = console()
    mark = ("[yellow]![/yellow]" if each.remedy else "[green]✓[/green]") if each.ok else "[red]✗[/red]"
    statement = getattr(each, "statement", None) or ""
    remedy = each.remedy.removesuffix(statement).rstrip()
    told = [each.detail, *each.more, *([f"→ {remedy}"] if remedy else [])]
    room = max(out.width - _COLUMN - 4, 30)
    lines = [part for line in told for part in _wrapped(line, room)]
    what = visible(each.what)
    beside = bool(lines) and max(len(each.what), _COLUMN) + len(lines[0]) + 4 <= max(out.width, _COLUMN + 34)
    first = visible(lines.pop(0)) if beside else ""
    out.print(f"{mark} {what:<{_COLUMN}}  {first}".rstrip(), soft_wrap=True)
    for line in lines:
        out.print(f"{'':{_COLUMN + 4}}{visible(line)}", soft_wrap=True)
    if statement and remedy != each.remedy:
        out.print(f"    {visible(statement)}", soft_wrap=True)


def _wrapped(line: str, room: int) -> list[str]:
    """In lines of at most so many characters; a number stays with its unit."""
    whole = _UNIT.sub("\u00a0", line)
    return [part.replace("\u00a0", " ") for part in wrap(whole, room, break_long_words=False)]


def _show_verdict(wrong: int, advised: int) -> None:
    """How many lines ask for something."""
    advice = f"; {advised} could be better (!)" if advised else ""
    console().print()
    if wrong:
        console().print(f"{wrong} thing{'s'[: wrong != 1]} to put right (✗){advice}.")
    else:
        console().print(f"All that a run needs is there{advice}.")
