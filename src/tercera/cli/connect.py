"""`tercera init --uri …`: look, propose, let people change it, show what it would have said, write it.

1. a sampler looks at the place; 2. `profile` proposes; 3. what is proposed is shown and, on a terminal,
changed; 4. the configuration is loaded from a file beside the one to be, and backtested; 5. it is put in
place, and the address into `.env`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tercera.cli.output import console, notes, print_json, progress, visible
from tercera.cli.proposal import changed, proposal_json, show_proposal
from tercera.config.document import environment_beside
from tercera.errors import ConfigError, SourceError, TerceraError
from tercera.profile import Part, Proposal, Sample, Wishes, propose
from tercera.sampling import Address, Bounds, Origin, Sampler, Secret
from tercera.sampling.memory import Remembered
from tercera.sampling.opening import filled, is_secret, is_server, open_files, open_server, preferred_name
from tercera.starter.environment import name_for, remember
from tercera.starter.proposed import Mail, mail_of, proposed_text

if TYPE_CHECKING:
    from tercera.config import Settings


_DATABASES = {".db": "sqlite", ".duckdb": "duckdb", ".sqlite": "sqlite", ".sqlite3": "sqlite"}
"""What files with these endings are, as a rule."""

_MANY = 5_000_000
"""Rows that a first backtest reads without being asked."""


@dataclass(frozen=True, slots=True)
class Call:
    """What was typed."""

    config: Path
    uri: str | None
    files: tuple[str, ...]
    database: str | None
    said: Mapping[Part, str]
    operations: str | None
    rows: int
    seconds: float
    asking: bool
    json: bool
    backtest: bool
    force: bool


def connect(call: Call) -> None:
    """All five steps. Raises `ConfigError` before anything is read where the file must not be overwritten."""
    if call.config.exists() and not call.force:
        raise ConfigError(f"{call.config} is there already; --force overwrites it, --config names another")
    environment = environment_beside(call.config)
    with closing(_sampler(call, environment)) as sampler:
        proposal, text = _agreed(call, sampler, mail_of(environment, call.operations))
        origin = sampler.origin()
    secret = origin.secret
    known = {**environment, secret.name: secret.value} if secret else environment
    show = call.backtest and not call.json and _is_worth_it(call, proposal)
    with _checked(call, text, known, show=show) as half:
        if secret:
            remember(call.config.parent / ".env", secret.name, secret.value)
        half.replace(call.config)
    if call.json:
        print_json(proposal_json(call.config, proposal))
    else:
        _next_steps(call, proposal, secret)


def _sampler(call: Call, environment: Mapping[str, str]) -> Sampler:
    places = (call.said.get(Part.ORDERS), call.said.get(Part.CUSTOMERS))
    named = frozenset(place for place in places if place)
    bounds = Bounds(rows=call.rows, seconds=call.seconds)
    uri = filled(call.uri, environment) if call.uri else ""
    if uri and is_server(uri):
        if call.files:
            raise typer.BadParameter("give --uri or --files, not both")
        address = _address(call.uri or "", uri, environment)
        database = filled(call.database, environment) if call.database else None
        return open_server(address, database, call.config.resolve().parent, named, bounds)
    if "@" in uri:  # which may hold a password, and is not shown
        raise SourceError("the address of a server begins with its kind, like mongodb:// or postgresql://")
    if Path(uri).suffix in _DATABASES:
        scheme = _DATABASES[Path(uri).suffix]
        raise SourceError(f"{uri} looks like a database in a file; its address is {scheme}:///{uri}")
    patterns = (*call.files, *([uri] if uri else []))
    return open_files(patterns, call.config.resolve().parent, named, bounds)


def _address(typed: str, uri: str, environment: Mapping[str, str]) -> Address:
    """What was typed with `${NAME}` stays like that; anything else gets a name in `.env`."""
    if typed != uri:
        return Address(uri, typed)
    if not is_secret(uri):
        return Address(uri, uri)
    name, is_known = name_for(uri, preferred_name(uri), environment)
    return Address(uri, f"${{{name}}}", None if is_known else Secret(name, uri))


def _agreed(call: Call, sampler: Sampler, mail: Mail) -> tuple[Proposal, str]:
    """The proposal that nobody wants to change any more, and its file."""
    with progress("looking", quiet=call.json) as bar:
        samples = sampler.samples(lambda name: bar.update(bar.task_ids[0], description=visible(name)[:60]))
    looks = Remembered(sampler)
    wishes = Wishes(dict(call.said))
    while True:
        with progress("thinking", quiet=call.json):
            proposal = propose(samples, wishes, looks, _zone_here())
        origin = sampler.origin()
        if not call.json:
            show_proposal(proposal, origin)
        if not call.asking:
            break
        more = changed(proposal, wishes, samples)
        if more is None:
            break
        wishes = more
    _demand(proposal, samples, origin)
    if "${" in (call.database or "") and "database" in origin.keys:
        origin = replace(origin, keys={**origin.keys, "database": call.database or ""})
    return proposal, proposed_text(proposal, origin, mail)


def _demand(proposal: Proposal, samples: list[Sample], origin: Origin) -> None:
    """ConfigError that names what is missing, and the option that tells it."""
    if not proposal.missing:
        return
    there = ", ".join(sample.name for sample in samples[:10]) or "nothing"
    mistakes = [
        f"{origin.shown}: {part} was not found: {proposal[part].evidence or 'nothing fits'}; "
        f"say it with --{part}" + (f" (there are {there})" if part is Part.ORDERS else "")
        for part in proposal.missing
    ]
    raise ConfigError(mistakes)


@contextmanager
def _checked(call: Call, text: str, environment: Mapping[str, str], *, show: bool) -> Iterator[Path]:
    """The file beside where it belongs, loaded, its backtest shown, and agreed to. It is gone afterwards,
    unless it was put in place."""
    from tercera.config import load_settings

    half = call.config.with_name(f".{call.config.name}.part")
    try:
        half.write_text(text, encoding="utf-8")
        settings = load_settings(half, environment)
        if show:
            _backtest(settings)
        if call.asking and not typer.confirm(f"Write {call.config}?", default=True):
            raise typer.Abort
        yield half
    except OSError as error:
        raise ConfigError(f"{call.config} can't be written: {error.strerror}") from None
    finally:
        half.unlink(missing_ok=True)


def _is_worth_it(call: Call, proposal: Proposal) -> bool:
    """Whether a backtest tells something, and soon; of very many orders only whoever asks for it waits."""
    rows = max(proposal.total or 0, proposal.status_rows)
    if not proposal.counted or rows <= _MANY:
        return bool(proposal.counted)
    if call.asking:
        return typer.confirm(f"A backtest reads {rows:,} rows. Now?", default=False)
    notes().print(f"{rows:,} rows: the backtest is left to [bold]tercera backtest[/bold].")
    return False


def _backtest(settings: Settings) -> None:
    """What the rule would have said. A failure is told, and hinders nothing: `check` looks closer."""
    from tercera.app import App
    from tercera.cli.backtest import show_backtest
    from tercera.questions.backtest import backtest

    app = App(settings)
    try:
        rule = app.rule(None)
        with progress("backtest: pairs judged (Ctrl-C leaves it out)") as bar:
            result = backtest(
                rule, app.source, progress=lambda judged: bar.update(bar.task_ids[0], completed=judged)
            )
        console().print()
        show_backtest(rule, result)
    except TerceraError as error:
        notes().print(f"[yellow]The backtest failed:[/yellow] {visible(error)}")
    except KeyboardInterrupt:
        notes().print("The backtest was left out.")
    finally:
        app.close()


def _next_steps(call: Call, proposal: Proposal, secret: Secret | None) -> None:
    out = console()
    out.print(f"Wrote {visible(call.config)}" + (f", and {secret.name} into .env." if secret else "."))
    if proposal.unsure:
        out.print(f"[yellow]Not sure[/yellow] of {', '.join(proposal.unsure)}: look for UNSURE in it.")
    out.print(
        "Next: [bold]tercera check[/bold] (with [bold]--fix[/bold] it makes missing indexes), "
        "then [bold]tercera run[/bold]."
    )


def _zone_here() -> str:
    """The machine's own time zone, empty where it can't be told."""
    named = os.environ.get("TZ", "").removeprefix(":")
    try:
        link = os.readlink("/etc/localtime")
    except OSError:
        link = ""
    found = named or link.rpartition("zoneinfo/")[2]
    found = "UTC" if found in ("Etc/UTC", "Etc/UCT", "UCT", "Zulu", "Universal", "Etc/Universal") else found
    from tercera.fields import zone_or_none

    return zone_or_none(found) or ""
