"""The way in for whoever sits at this machine: a link that logs an admin in once. It is for a terminal alone,
never for a log."""

from __future__ import annotations

from datetime import datetime, timedelta

from tercera.acts.admitting import add_user, offer_login
from tercera.ledger import Ledger
from tercera.people import Actor, Role, User, Via

LOCAL = "local"
"""The user that such a link logs in where there are no others."""


def local_link(ledger: Ledger, url: str, now: datetime, lasts: timedelta) -> str | None:
    """A link for the user `local`; None where there are others, or where somebody disabled it."""
    known = ledger.people.users()
    others = any(each.disabled_at is None and each.name != LOCAL for each in known)
    disabled = any(each.disabled_at is not None and each.name == LOCAL for each in known)
    return None if others or disabled else link_of(ledger, LOCAL, url, now, lasts)


def link_of(ledger: Ledger, name: str, url: str, now: datetime, lasts: timedelta) -> str:
    """A link that logs a user in once. One who is not there yet becomes an admin without a password: there is
    no other way in under this name."""
    actor = Actor(name, Via.CLI)
    if ledger.people.user(name) is None:
        add_user(ledger, actor, User(name, Role.ADMIN, now))
    secret = offer_login(ledger, actor, name, now, lasts)
    return f"{url}/enter?token={secret}"
