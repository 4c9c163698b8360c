"""Who may do what: users with roles, and tokens that may do a part of what their user may. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Permission(StrEnum):
    """What a request needs. The scopes of a token are some of these."""

    READ = "read"  # see alerts, customers, rules, deliveries
    ACT = "act"  # acknowledge, snooze, dismiss, silence, release, discard, retry
    ADMIN = "admin"  # users, tokens, the audit log, unmasked settings
    PUSH = "push"  # hand in orders
    METRICS = "metrics"  # figures for a monitoring system


class Role(StrEnum):
    """What a user is."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    @property
    def permissions(self) -> frozenset[Permission]:
        """What users of this role may do."""
        match self:
            case Role.VIEWER:
                return frozenset({Permission.READ, Permission.METRICS})
            case Role.OPERATOR:
                return frozenset({Permission.READ, Permission.METRICS, Permission.ACT})
            case Role.ADMIN:
                return frozenset(Permission)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in. `identity` is who they are to the OpenID provider; `password` says whether
    they have one."""

    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None = None
    identity: str | None = None
    password: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """A key for programs, in the name of a user. The key itself is shown once and never kept."""

    id: int
    name: str
    user: str
    scopes: frozenset[Permission]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it still opens anything."""
        return self.revoked_at is None and now < self.expires_at


class Via(StrEnum):
    """By which way somebody acted."""

    PAGE = "page"
    API = "api"
    MAIL = "mail"  # a signed link
    CLI = "cli"
    PYTHON = "python"  # another program that has Tercera inside


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of the audit log: who did what to what, when and by which way. `address` is the network
    address it came from."""

    at: datetime
    actor: str
    via: Via
    action: str
    object: str
    detail: str = ""
    address: str | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts: who, by which way, and from which network address."""

    name: str
    via: Via
    address: str | None = None

    def did(self, at: datetime, action: str, what: str, detail: str = "") -> Deed:
        """The line of the audit log that says so."""
        return Deed(at, self.name, self.via, action, what, detail, self.address)
