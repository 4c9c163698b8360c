"""`tercera serve`: the dashboard and the API."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tercera.cli.output import DEFAULT_CONFIG, ConfigOption, console


def register(cli: typer.Typer) -> None:
    """Adds the command."""
    cli.command("serve")(serve)


def serve(
    config: ConfigOption = DEFAULT_CONFIG,
    host: Annotated[str | None, typer.Option("--host", help="Instead of web.host.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Instead of web.port; 0 is any free one.")
    ] = None,
) -> None:
    """Show the dashboard and answer the API, until stopped. Looks at no orders by itself: `tercera run` does,
    and serves too."""
    from tercera.app import open_app
    from tercera.cli.logs import log_to_stderr
    from tercera.cli.users import LINK_LASTS
    from tercera.daemon.stopping import HEARS_EVERY, stopping_on_signals
    from tercera.web.entering import local_link
    from tercera.web.server import is_loopback, listening_socket, serving, url_of
    from tercera.web.site import Site

    with open_app(config) as app, app.ledger() as ledger:
        given = {name: value for name, value in {"host": host, "port": port}.items() if value is not None}
        web = app.settings.web.model_copy(update=given)
        site = Site(app, ledger, app.keys)
        users = ledger.people.count_users()
        bound = listening_socket(web, users)
        out = console()
        out.print(f"The dashboard is at [bold]{web.url or url_of(bound)}[/bold]; Ctrl-C ends it.")
        link = None
        if sys.stdout.isatty() and is_loopback(web.host):  # never into a log or a pipe
            link = local_link(ledger, url_of(bound), app.clock(), LINK_LASTS)
        if link is not None:
            out.print("There are no users yet; this link lets you in once, from this machine:")
            out.print(f"[bold]{link}[/bold]", soft_wrap=True)
        elif users == 0:
            out.print(f"There are no users yet: `tercera users add NAME --role admin -c {config}` adds one.")
        log_to_stderr()
        with stopping_on_signals() as stop, serving(site, bound):
            while not stop.wait(HEARS_EVERY):
                pass
