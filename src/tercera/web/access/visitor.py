"""Whoever a request comes from."""

from __future__ import annotations

from dataclasses import dataclass, field

from tercera.people import Actor, Permission, Via


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who was let in: by a session (then `session` is its secret, and writes need the `csrf` token)
    or by the key of a token. `address` is the network address."""

    name: str
    permissions: frozenset[Permission]
    via: Via
    address: str | None
    session: str | None = field(default=None, repr=False)
    csrf: str = field(default="", repr=False)

    @property
    def actor(self) -> Actor:
        """Who the audit log calls them, and where they come from."""
        return Actor(self.name, self.via, self.address)

    def may(self, permission: Permission) -> bool:
        """Whether they may."""
        return permission in self.permissions
