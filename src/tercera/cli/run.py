"""`tercera run`: the daemon, or one sweep and delivery."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tercera.cli.describe import circuit_json, circuit_words
from tercera.cli.health import health_json
from tercera.cli.output import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    console,
    print_json,
    print_rejects,
    progress,
    rejects_json,
    table,
    visible,
)

if TYPE_CHECKING:
    from tercera.app import App
    from tercera.cycle import Report
    from tercera.ledger import Circuit, Ledger
    from tercera.messages import NoticeState


def register(cli: typer.Typer) -> None:
    """Adds the command."""
    cli.command("run")(run)


def run(
    config: ConfigOption = DEFAULT_CONFIG,
    once: Annotated[bool, typer.Option("--once", help="One sweep and one delivery, then exit.")] = False,
    notify_history: Annotated[
        bool,
        typer.Option("--notify-history", help="On a rule's first sweep, also tell of windows that are over."),
    ] = False,
    customers: Annotated[
        list[str] | None,
        typer.Option(
            "--customer", help="With --once: look at this customer alone; may be given several times."
        ),
    ] = None,
    no_web: Annotated[
        bool,
        typer.Option("--no-web", help="Serve no dashboard beside; `web: {in_run: false}` says the same."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Sweep and deliver: on the configured schedule until stopped, or once. Serves the dashboard beside."""
    from tercera.app import open_app

    if json and not once:
        raise typer.BadParameter("--json goes with --once; the daemon writes its log to stderr")
    if customers and not once:
        raise typer.BadParameter("--customer goes with --once; the daemon looks at all of them")
    with open_app(config) as app, app.ledger() as ledger, ledger.hold():
        if once:
            _run_once(app, ledger, customers, notify_history=notify_history, json=json)
        else:
            from tercera.cli.logs import log_to_stderr
            from tercera.daemon import run_forever

            log_to_stderr()
            with _dashboard(app, ledger, wanted=not no_web):
                run_forever(app, ledger, notify_history=notify_history)


@contextmanager
def _dashboard(app: App, ledger: Ledger, *, wanted: bool) -> Iterator[None]:
    """Serves it beside. Watching goes on where it can't be served, and the log says why; but not where
    orders would be handed in there: nobody would take them."""
    web = app.settings.web
    if not (wanted and web.in_run):
        yield
        return
    import structlog

    from tercera.pushed.receiving import Receiving
    from tercera.web.server import PortTakenError, listening_socket, serving
    from tercera.web.site import Site

    log = structlog.get_logger("tercera")
    try:
        bound = listening_socket(web, ledger.people.count_users())
    except PortTakenError as error:
        if isinstance(app.source, Receiving):
            remedy = "where `tercera serve` takes the orders that are handed in, run with --no-web"
            raise PortTakenError(f"{error}; {remedy}") from None
        log.warning("the dashboard is not served", remark=str(error))
        yield
        return
    with serving(Site(app, ledger, app.keys), bound) as listening:
        log.info("the dashboard is served", url=web.url or listening.url)
        yield


def _run_once(
    app: App, ledger: Ledger, customers: list[str] | None, *, notify_history: bool, json: bool
) -> None:
    from tercera.cycle import cycle
    from tercera.daemon.stopping import stopping_on_signals
    from tercera.deliver import deliver
    from tercera.model import SubjectId

    began = time.perf_counter()
    with stopping_on_signals() as stop:
        report = cycle(
            app.settings.rules,
            app.source,
            ledger,
            app.terms(notify_history=notify_history),
            now=app.clock(),
            clock=app.clock,
            stop=stop,
            subjects={SubjectId(each) for each in customers} if customers else None,
        )
        with progress("notices", quiet=json) as bar:
            outcomes = deliver(
                app.delivery(ledger), stop, lambda done: bar.update(bar.task_ids[0], completed=done)
            )
    seconds = time.perf_counter() - began
    queue = _Queue(ledger.post.waiting(), list(ledger.channels.circuits().values()))
    if json:
        print_json(_as_json(report, outcomes, queue, seconds, health_json(ledger)))
    else:
        _show(report, outcomes, queue, seconds)
    if app.ping and (remark := app.ping.tell(good=not report.failed)):
        print(f"warning: {remark}", file=sys.stderr)
    for rule, error in report.failed.items():
        print(f"error: rule {rule}: {error}", file=sys.stderr)
    if report.failed:
        raise typer.Exit(max(error.exit_code for error in report.failed.values()))


@dataclass(frozen=True, slots=True)
class _Queue:
    """What is still to be sent: how many notices, and the channels that are left alone for now."""

    waiting: int
    paused: list[Circuit]


def _notices(report: Report, outcomes: Counter[NoticeState]) -> dict[str, int]:
    from tercera.messages import NoticeState

    undeliverable = sum(swept.undeliverable for swept in report.swept)
    return {
        "sent": outcomes[NoticeState.SENT],
        "pending": outcomes[NoticeState.PENDING],
        "dead": outcomes[NoticeState.DEAD],
        "undeliverable": undeliverable,
    }


def _as_json(
    report: Report, outcomes: Counter[NoticeState], queue: _Queue, seconds: float, health: dict[str, Any]
) -> dict[str, Any]:
    transitions: Counter[str] = Counter()
    for swept in report.swept:
        transitions.update({str(reason): count for reason, count in swept.transitions.items()})
    return {
        "run": report.run,
        "transitions": dict(transitions),
        "notices": _notices(report, outcomes),
        "waiting": queue.waiting,
        "paused": [circuit_json(circuit) for circuit in queue.paused],
        "held": sum(swept.held for swept in report.swept),
        "silenced": sum(swept.silenced for swept in report.swept),
        "rejects": {swept.rule: rejects_json(swept.survey.rejects) for swept in report.swept},
        "rules": {
            swept.rule: {
                "baseline": swept.baseline,
                "transitions": {str(reason): count for reason, count in swept.transitions.items()},
                "rows": swept.survey.rows,
                "held": swept.held,
                "silenced": swept.silenced,
                "edited": list(swept.edit.what) if swept.edit else [],
                "untold_by_edit": swept.edited,
            }
            for swept in report.swept
        },
        "elsewhere": report.elsewhere,
        "renamed": {"rules": report.renamed, "channels": report.renamed_channels},
        "errors": {rule: str(error) for rule, error in report.failed.items()},
        "watch": [
            {
                "rule": each.measured.watched,
                "subject": each.measured.subject,
                "reason": each.transition.reason,
                "words": each.measured.words,
            }
            for each in report.watched
        ],
        "health": health,
        "seconds": round(seconds, 3),
    }


def _show(report: Report, outcomes: Counter[NoticeState], queue: _Queue, seconds: float) -> None:
    out = console()
    rows = table(None, "rule", "rows read", "transitions", right=("rows read",))
    for swept in report.swept:
        words = ", ".join(f"{count:,} {reason}" for reason, count in swept.transitions.most_common())
        sweep = "first sweep after an edit" if swept.edit else "first sweep"
        first = (
            f" [dim]({sweep}: windows that are over are recorded in silence)[/dim]" if swept.baseline else ""
        )
        rows.add_row(visible(swept.rule), f"{swept.survey.rows:,}", (words or "nothing") + first)
    out.print(rows)
    for old, new in report.renamed.items():
        out.print(f"Rule {visible(old)} is called {visible(new)} now; its alerts went with it.")
    for was, name in report.renamed_channels.items():
        out.print(f"Channel {visible(was)} is called {visible(name)} now; what waits for it goes out.")
    for swept in report.swept:
        if swept.edit:
            out.print(
                f"Rule {visible(swept.rule)} was edited ({visible(', '.join(swept.edit.what))}): "
                f"{swept.edited:,} of its alerts changed by that alone, and nobody is told of it."
            )
    for rule in report.elsewhere:
        out.print(f"Rule {visible(rule)}: swept by another instance at this moment.")
    notices = _notices(report, outcomes)
    out.print(
        f"Notices: {notices['sent']:,} sent, {notices['pending']:,} to be tried again, "
        f"{notices['dead']:,} refused for good, {notices['undeliverable']:,} without an address. "
        f"{seconds:.1f} s."
    )
    if later := queue.waiting - notices["pending"]:
        out.print(f"{later:,} more wait: for their hour, for a limit, or for a channel.")
    for circuit in queue.paused:
        out.print(circuit_words(circuit))
    if notices["pending"] or notices["dead"] or notices["undeliverable"]:
        out.print("[dim]`tercera deliveries` shows each with the server's own words.[/dim]")
    if silenced := sum(swept.silenced for swept in report.swept):
        out.print(f"{silenced:,} silenced, and told when the silence ends if still true.")
    if held := sum(swept.held for swept in report.swept):
        out.print(
            f"[bold]{held:,} alerts are held back[/bold]: too many at once. `tercera held` shows them, "
            "`tercera release` sends what is still true, `tercera discard` puts them aside."
        )
    for each in report.watched:
        state = "over" if each.transition.reason == "retracted" else "found"
        out.print(
            f"[bold]Data watch, {state}[/bold]: {visible(each.measured.subject)}: "
            f"{visible(each.measured.words)}."
        )
    for swept in report.swept:
        print_rejects(swept.survey.rejects)
