"""`tercera demo`: a year of a made-up shop in a minute, with real mail in a folder."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tercera.cli.output import JsonOption, console, print_json, visible

if TYPE_CHECKING:
    from tercera.demo import Demo, Moment
    from tercera.demo.serving import Place
    from tercera.ledger import Delivery

_PAUSE = 0.12  # seconds a sweep without news stays on the screen, and
_NEWS = 0.5  # one with news


def register(cli: typer.Typer) -> None:
    """Adds the command."""
    cli.command("demo")(demo)


def demo(
    once: Annotated[bool, typer.Option("--once", help="Without pauses to watch.")] = False,
    folder: Annotated[Path, typer.Option("--dir", help="Where the demo keeps everything.")] = Path(
        "tercera-demo"
    ),
    orders: Annotated[
        int, typer.Option("--orders", min=1, max=200_000, help="Orders in the year, about.")
    ] = 3_000,
    source: Annotated[str, typer.Option("--source", help="files, or mongodb for a real MongoDB.")] = "files",
    no_web: Annotated[
        bool, typer.Option("--no-web", help="Serve no dashboard; end when the year is over.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """The whole product with nothing else installed: a made-up shop lives through a year, Tercera watches it,
    and the mails arrive in DIR/mail. Nothing leaves this machine. On a terminal it serves its dashboard
    meanwhile and afterwards, until Ctrl-C."""
    from tercera.daemon.stopping import stopping_on_signals
    from tercera.demo import Demo, living

    if source not in ("files", "mongodb"):
        raise typer.BadParameter(f"{source!r} is no source of the demo; known: files, mongodb")
    totals: Counter[str] = Counter()
    watching = not (once or json) and sys.stdout.isatty()
    with ExitStack() as stack:
        uri, stop = stack.enter_context(_mongodb(source)), stack.enter_context(stopping_on_signals())
        place = stack.enter_context(_place()) if watching and not no_web else None
        plan = Demo(folder, orders=orders, uri=uri, url=place.url if place else None)
        life = stack.enter_context(living(plan))
        if place is not None:
            _show_link(stack.enter_context(place.serving(life)))
        with _screen(plan, quiet=json) as show:
            for moment in life.moments(stop):
                totals.update(moment.transitions)
                totals["mails"] += len({each.message for each in moment.deliveries if each.state == "sent"})
                show(moment)
                if watching:
                    stop.wait(_NEWS if moment.deliveries else _PAUSE)
        if json:
            mails = totals.pop("mails")
            print_json({"dir": str(folder), "transitions": dict(totals), "mails": mails})
        elif place is None or not stop.is_set():
            _farewell(plan, totals, keeps_data=uri is None or "MONGODB_URI" in os.environ)
        if place is not None and not stop.is_set():
            console().print(f"\nThe dashboard stays at [bold]{plan.url}[/bold]; Ctrl-C ends it.")
            life.go_on(stop)


def _place() -> AbstractContextManager[Place]:
    from tercera.demo.serving import place

    return place()


def _show_link(link: str) -> None:
    """On a terminal."""
    console().print(f"The dashboard; this link lets you in, once:\n[bold]{link}[/bold]\n", soft_wrap=True)


@contextmanager
def _mongodb(source: str) -> Iterator[str | None]:
    """The address of a MongoDB: the environment's, else one that is started for the demo; None for files."""
    if source == "files":
        yield None
    elif uri := os.environ.get("MONGODB_URI"):
        yield uri
    else:
        from tempfile import TemporaryDirectory

        from tercera.demo.local_mongod import running_mongod

        with TemporaryDirectory(prefix="tercera-demo-") as data, running_mongod(Path(data)) as started:
            yield started


@contextmanager
def _screen(plan: Demo, *, quiet: bool) -> Iterator[Callable[[Moment], None]]:
    """A bar for the year, and a line for each notice above it."""
    from rich.progress import BarColumn, Progress, TextColumn

    from tercera.demo import sweeps

    out = console()
    if not quiet:
        out.print(
            f"[bold]A year of a shop[/bold], about {plan.orders:,} orders. Its mail: {plan.folder / 'mail'}"
        )
    bar = Progress(
        TextColumn("{task.fields[day]}"), BarColumn(None), TextColumn("{task.fields[orders]:,} orders"),
        console=out, transient=True, disable=quiet or not sys.stdout.isatty(),
    )  # fmt: skip
    with bar:
        task = bar.add_task("", total=sweeps(), day="", orders=0)

        def show(moment: Moment) -> None:
            if quiet:
                return
            for (day, what), deliveries in _by_step(moment).items():
                out.print(f"{day}  {what}{_recipients(deliveries)}")
            bar.update(task, completed=moment.number, day=str(moment.day), orders=moment.orders)

        yield show


_COLOURS = {"opened": "yellow", "escalated": "red", "retracted": "green"}
_OUTCOMES = {"sent": "[green]✓[/green]", "undeliverable": "[red]✗[/red]", "dead": "[red]✗[/red]"}


def _by_step(moment: Moment) -> dict[tuple[str, str], list[Delivery]]:
    """The notices of each transition, under its day and its words."""
    steps: dict[tuple[str, str], list[Delivery]] = {}
    for each in moment.deliveries:
        colour = _COLOURS.get(each.reason, "white")
        level = f" to {each.level}" if each.level else ""
        what = f"[{colour}]{each.reason}{level}[/{colour}]"
        steps.setdefault((str(moment.day), f"{what}: {visible(each.subject)} in {each.window} "), []).append(
            each
        )
    return steps


def _recipients(deliveries: list[Delivery]) -> str:
    told = [
        f"{_OUTCOMES.get(each.state, '…')} {'the customer' if each.for_customer else visible(each.recipient)}"
        + (f" ({each.problem.replace('_', ' ')})" if each.problem and each.for_customer else "")
        for each in sorted(deliveries, key=lambda each: not each.for_customer)
    ]
    return "→ " + ", ".join(told)


def _program() -> str:
    """How this program was called, for commands to copy."""
    if shutil.which("tercera"):
        return "tercera"
    called = Path(sys.argv[0])
    return "python -m tercera" if called.name == "__main__.py" else os.path.relpath(called)


def _farewell(plan: Demo, totals: Counter[str], *, keeps_data: bool) -> None:
    config = plan.folder / "tercera.yaml"
    program = _program()
    told = ", ".join(
        f"{totals[name]} {name}" for name in ("opened", "escalated", "eased", "retracted", "closed")
    )
    out = console()
    out.print(
        f"\n[bold]The year is over[/bold]: {told}; {totals['mails']} mails in {plan.folder / 'mail'}.\n"
    )
    out.print(f"The mails are .eml files: open some of {plan.folder / 'mail'} with a mail program. Then:")
    steps = [
        (f"{program} alerts -c {config}", "what was said"),
    ]
    if keeps_data:
        from tercera.demo import story_month
        from tercera.demo.shop import ESCALATES

        steps += [
            (f"{program} why {ESCALATES} {story_month():%Y-%m} -c {config}", "why, order by order"),
            (f"{program} backtest -c {config}", "what a rule would have said over the year"),
        ]
    steps.append((f"{program} init", "connect your own orders; then check, backtest, run"))
    if plan.url is not None:
        steps.append((f"{program} users link demo -c {config}", "another link to the dashboard"))
    for command, meaning in steps:
        out.print(f"  [dim]# {meaning}[/dim]\n  [bold]{command}[/bold]", soft_wrap=True)
