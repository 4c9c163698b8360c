"""`tercera users` and `tercera tokens`: who may use the dashboard and the API."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tercera.cli.acting import AuthorOption, actor
from tercera.cli.describe import when
from tercera.cli.output import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    NestedConfigOption,
    console,
    print_json,
    table,
    visible,
)

if TYPE_CHECKING:
    from tercera.app import App
    from tercera.ledger import Ledger
    from tercera.people import Role

LINK_LASTS = timedelta(minutes=30)
RoleOption = Annotated[str, typer.Option("--role", help="viewer, operator or admin.")]
NameArgument = Annotated[str, typer.Argument(metavar="NAME")]


def register(cli: typer.Typer) -> None:
    """Adds the commands."""
    users = typer.Typer(help="Who may use the dashboard; alone, lists them.")
    users.callback(invoke_without_command=True)(list_users)
    users.command("add")(add_user)
    users.command("change")(change_user)
    users.command("link")(link_user)
    users.command("disable")(disable_user)
    cli.add_typer(users, name="users")
    tokens = typer.Typer(help="Keys for programs that use the API; alone, lists them.")
    tokens.callback(invoke_without_command=True)(list_tokens)
    tokens.command("add")(add_token)
    tokens.command("revoke")(revoke_token)
    cli.add_typer(tokens, name="tokens")


def list_users(
    context: typer.Context, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False
) -> None:
    """Who may log in."""
    if context.invoked_subcommand:
        context.obj = config
        return
    from tercera.app import open_app

    with open_app(config) as app, app.ledger() as ledger:
        found = ledger.people.users()
    if json:
        print_json(
            {
                "users": [
                    {
                        "name": each.name,
                        "role": each.role,
                        "since": each.created_at,
                        "disabled": each.disabled_at,
                    }
                    for each in found
                ]
            }
        )
        return
    rows = table(None, "name", "role", "since", "state")
    for each in found:
        state = "disabled" if each.disabled_at else "password" if each.password else "link or OpenID only"
        rows.add_row(visible(each.name), each.role, when(each.created_at), state)
    console().print(rows if found else "There are no users. `tercera users add NAME --role admin` adds one.")


def add_user(
    context: typer.Context,
    name: NameArgument,
    role: RoleOption = "viewer",
    config: NestedConfigOption = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from stdin instead of asking.")
    ] = False,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Without one: they log in by a link or OpenID Connect.")
    ] = False,
    author: AuthorOption = None,
) -> None:
    """Add somebody; asks for a password of at least 12 characters."""
    from tercera.acts.admitting import add_user
    from tercera.people import User
    from tercera.web.access.passwords import hashed

    chosen = _role(role)
    with _opened(config or context.obj) as (app, ledger):
        secret = None if no_password else hashed(_password(password_stdin))
        add_user(ledger, actor(author), User(name, chosen, app.clock()), secret)
    console().print(f"{visible(name)} may log in as {role}.")


def change_user(
    context: typer.Context,
    name: NameArgument,
    role: Annotated[str | None, typer.Option("--role", help="viewer, operator or admin.")] = None,
    password: Annotated[bool, typer.Option("--password", help="Ask for a new password.")] = False,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the new password from stdin.")
    ] = False,
    author: AuthorOption = None,
    config: NestedConfigOption = None,
) -> None:
    """Give somebody another role or password. Logs them out everywhere; lets in who was disabled."""
    from tercera.acts.admitting import change_user
    from tercera.web.access.passwords import hashed

    secret = hashed(_password(password_stdin)) if password or password_stdin else None
    with _opened(config or context.obj) as (app, ledger):
        known = ledger.people.user(name)
        change_user(
            ledger,
            actor(author),
            app.clock(),
            name,
            role=_role(role) if role else None,
            password=secret,
            disabled=False if known is not None and known.disabled_at is not None else None,
        )
    console().print(f"{visible(name)} was changed, and logged out everywhere.")


def disable_user(
    context: typer.Context,
    name: NameArgument,
    author: AuthorOption = None,
    config: NestedConfigOption = None,
) -> None:
    """Let somebody in no more; logs them out everywhere, and their tokens open nothing."""
    from tercera.acts.admitting import change_user

    with _opened(config or context.obj) as (app, ledger):
        change_user(ledger, actor(author), app.clock(), name, disabled=True)
    console().print(f"{visible(name)} was logged out and can't log in any more.")


def link_user(
    context: typer.Context,
    name: NameArgument,
    author: AuthorOption = None,
    config: NestedConfigOption = None,
) -> None:
    """A link that logs somebody in once, within half an hour."""
    from tercera.acts.admitting import offer_login

    with _opened(config or context.obj) as (app, ledger):
        secret = offer_login(ledger, actor(author), name, app.clock(), LINK_LASTS)
        web = app.settings.web
    base = web.url or f"http://{web.host}:{web.port}"
    console().print(f"{base}/enter?token={secret}", soft_wrap=True)


def list_tokens(
    context: typer.Context, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False
) -> None:
    """Keys, the newest first; none of them is shown again."""
    if context.invoked_subcommand:
        context.obj = config
        return
    with _opened(config) as (app, ledger):
        found, now = ledger.people.tokens(), app.clock()
    if json:
        print_json(
            {
                "tokens": [
                    {
                        "id": each.id,
                        "name": each.name,
                        "user": each.user,
                        "scopes": sorted(each.scopes),
                        "expires": each.expires_at,
                        "used": each.used_at,
                        "revoked": each.revoked_at,
                    }
                    for each in found
                ]
            }
        )
        return
    rows = table(None, "id", "name", "user", "scopes", "expires", "last used", "state", right=("id",))
    for each in found:
        state = "revoked" if each.revoked_at else "in force" if each.holds(now) else "expired"
        used = when(each.used_at) if each.used_at else "never"
        scopes = " ".join(sorted(each.scopes))
        rows.add_row(
            str(each.id), visible(each.name), visible(each.user), scopes, when(each.expires_at), used, state
        )
    console().print(rows if found else "There are no tokens. `tercera tokens add NAME --user USER` adds one.")


def add_token(
    context: typer.Context,
    name: NameArgument,
    user: Annotated[str, typer.Option("--user", help="In whose name it acts.")],
    scopes: Annotated[
        list[str] | None,
        typer.Option("--scope", help="read, act, push, metrics or admin; may be given several times."),
    ] = None,
    duration: Annotated[str, typer.Option("--for", metavar="DURATION", help="How long it opens.")] = "90d",
    author: AuthorOption = None,
    config: NestedConfigOption = None,
    json: JsonOption = False,
) -> None:
    """A key for a program, shown once. It may do what its scopes say, as far as its user may."""
    from tercera.acts import admitting
    from tercera.config import parse_duration
    from tercera.people import Permission, Token

    unknown = [each for each in scopes or () if each not in list(Permission)]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is no scope; there are: {', '.join(Permission)}")
    chosen = frozenset(Permission(each) for each in scopes or ["read"])
    try:
        lasts = parse_duration(duration)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with _opened(config or context.obj) as (app, ledger):
        now = app.clock()
        wanted = Token(0, name, user, chosen, now, now + lasts)
        token, secret = admitting.add_token(ledger, actor(author), wanted)
    if json:
        print_json({"id": token.id, "key": secret, "expires": token.expires_at})
        return
    console().print(f"Token {token.id}, until {when(token.expires_at)}. Its key is shown this once:")
    sys.stdout.write(secret + "\n")


def revoke_token(
    context: typer.Context,
    token: Annotated[int, typer.Argument(metavar="ID")],
    author: AuthorOption = None,
    config: NestedConfigOption = None,
) -> None:
    """End a key at once."""
    from tercera.acts import admitting

    with _opened(config or context.obj) as (app, ledger):
        found = admitting.revoke_token(ledger, actor(author), token, app.clock())
    console().print(f"Token {token} ({visible(found.name)}) opens nothing any more.")


@contextmanager
def _opened(config: Path) -> Iterator[tuple[App, Ledger]]:
    """An app with its ledger."""
    from tercera.app import open_app

    with open_app(config) as app, app.ledger() as ledger:
        yield app, ledger


def _role(given: str) -> Role:
    from tercera.people import Role

    if given not in list(Role):
        raise typer.BadParameter(f"{given!r} is no role; there are: {', '.join(Role)}")
    return Role(given)


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise typer.BadParameter("there is no terminal to ask for a password on; --password-stdin reads it")
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer
