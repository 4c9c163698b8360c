"""Who acts on the command line: what the audit log and the histories say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tercera.people import Actor

AuthorOption = Annotated[
    str | None,
    typer.Option("--author", help="Who does it, for the audit log; your login name if left out."),
]


def actor(author: str | None = None) -> Actor:
    """Who is named; without, who runs this command."""
    from tercera.people import Actor, Via

    return Actor(author or _login(), Via.CLI)


def _login() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (OSError, KeyError):  # no such user, as in many containers
        return "unknown"
