"""The `alertmanager` channel: alerts of a Prometheus Alertmanager, which routes, groups and silences them.

An alert there is what its labels say. The level is one of them, so that routes can match on it; a change of
level therefore ends the alert of the old level and begins one of the new. Nothing is sent again and again:
an alert stays for `stays_hours`, or until Tercera retracts, eases, escalates or closes it.
https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from tercera.channels._endpoint import Endpoint, parse_url
from tercera.channels._http import Connection, HttpChannel, HttpSettings, Server, accepted, server
from tercera.messages import Message, Notice, NoticeKind
from tercera.model import CUSTOMER, Reason
from tercera.rendering.brief import write_brief
from tercera.rendering.plain import one_line

__all__ = ["Settings", "alerts", "open_channel"]

_OURS = (401, 403, 404, 405)
_LINES = 20
_ENDS = (Reason.RETRACTED, Reason.CLOSED)
_LABEL = r"^[a-zA-Z_][a-zA-Z0-9_]*$"
_RESERVED = frozenset({"rule", "per", "customer", "subject", "window", "level", "severity", "alertname"})
_LONGEST = 200

Labels = tuple[tuple[str, str], ...]


def _url(url: str) -> str:
    endpoint = parse_url(url)
    if "?" in endpoint.target:
        raise ValueError("the url holds a ?query; write it up to the part before /api/v2")
    return url


def _header_text(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("a token has no blanks and no characters beyond ASCII")
    return secret


class Settings(HttpSettings):
    """Alerts of a Prometheus Alertmanager."""

    kind: Literal["alertmanager"] = "alertmanager"
    url: Annotated[str, AfterValidator(_url)] = Field(
        description="its address, like `http://alertmanager:9093`; with the path that it is served under"
    )
    username: str | None = Field(None, description="for one behind basic authentication")
    password: SecretStr | None = Field(None, description="write `${ALERTMANAGER_PASSWORD}`, not the password")
    token: Annotated[SecretStr, AfterValidator(_header_text)] | None = Field(
        None, description="sent as `Authorization: Bearer`, instead of a login"
    )
    allow_plain_auth: bool = Field(
        False, description="true sends password or token to another machine without encryption"
    )
    alertname: str = Field("TerceraAlert", min_length=1, description="the label `alertname` of every alert")
    severity: dict[str, str] = Field(
        {"notice": "info"}, description="level → label `severity`; a level that is not here is its own"
    )
    labels: dict[Annotated[str, Field(pattern=_LABEL)], str] = Field(
        default_factory=dict, description="more labels for every alert, like `{team: returns}`"
    )
    stays_hours: Annotated[float, Field(gt=0, le=24 * 366)] = Field(
        24, description="hours until an alert ends there by itself"
    )

    @model_validator(mode="after")
    def _holds_together(self) -> Settings:
        if bool(self.username) != bool(self.password) or (self.username and self.token):
            raise ValueError("give username and password, or a token, or neither")
        if self.username and ":" in self.username:
            raise ValueError("a username has no colon")
        authenticated = self.username or self.token
        if authenticated and not (self.endpoint.secure or self.endpoint.is_loopback or self.allow_plain_auth):
            raise ValueError(
                f"http:// would send the login to {self.endpoint.place} in the clear: "
                "use https:// (or allow_plain_auth: true)"
            )
        if taken := sorted(_RESERVED & self.labels.keys()):
            raise ValueError(f"labels: {', '.join(taken)} are set by Tercera; choose other names")
        return self

    @property
    def endpoint(self) -> Endpoint:
        """The URL, read."""
        return parse_url(self.url)

    @property
    def recipients(self) -> tuple[str, ...]:
        """Its host."""
        return (self.endpoint.place,)

    @property
    def authorization(self) -> str | None:
        """The header's value."""
        if self.token:
            return f"Bearer {self.token.get_secret_value()}"
        if self.username and self.password:
            login = f"{self.username}:{self.password.get_secret_value()}"
            return f"Basic {base64.b64encode(login.encode()).decode('ascii')}"
        return None


def open_channel(settings: Settings) -> AlertmanagerChannel:
    """The channel of these settings. Connects to nothing. ConfigError: the CA file can't be used."""
    password = [secret.get_secret_value() for secret in (settings.password, settings.token) if secret]
    header = [settings.authorization.partition(" ")[2]] if settings.authorization else []
    other = server(settings, settings.endpoint, allow_private=True, secrets=[*password, *header])
    return AlertmanagerChannel(settings, other)


class AlertmanagerChannel(HttpChannel):
    """Posts alerts to one Alertmanager."""

    def __init__(self, settings: Settings, server: Server) -> None:
        super().__init__(server)
        self._settings = settings

    def post(self, connection: Connection, message: Message) -> str:
        """See `HttpChannel`. An alert that is posted again is the same one to Alertmanager."""
        body = json.dumps(alerts(message, self._settings, datetime.now(UTC))).encode("ascii")
        headers = {"Content-Type": "application/json"}
        return self._asked(connection, "POST", "alerts", headers, body)

    def check(self) -> str:
        """Asks for its status, which needs the same login."""
        connection = Connection(self.server)
        try:
            self._asked(connection, "GET", "status", {}, None)
            return f"{connection.check()} and is an Alertmanager"
        finally:
            connection.close()

    def _asked(
        self, connection: Connection, method: str, what: str, headers: dict[str, str], body: bytes | None
    ) -> str:
        endpoint = self.server.endpoint
        if self._settings.authorization:
            headers["Authorization"] = self._settings.authorization
        target = f"{endpoint.target.rstrip('/')}/api/v2/{what}"
        return accepted(endpoint.place, connection.request(method, target, headers, body), ours=_OURS)


def alerts(message: Message, settings: Settings, now: datetime) -> list[dict[str, Any]]:
    """What is posted. Where two notices of a message speak of one alert, the later one counts."""
    found: dict[Labels, dict[str, Any]] = {}
    for notice in message.notices:
        for labels, ends_at in _standing(notice, settings, now):
            found.pop(labels, None)
            found[labels] = {
                "labels": dict(labels),
                "annotations": _annotations(message, notice, settings.language),
                "startsAt": min(notice.at, now).astimezone(UTC).isoformat(),
                "endsAt": ends_at.isoformat(),
            }
    return list(found.values())


def _standing(notice: Notice, settings: Settings, now: datetime) -> Iterator[tuple[Labels, datetime]]:
    """The alerts that a notice ends (those of the level that held), and the one that it begins."""
    lasting = now + timedelta(hours=settings.stays_hours)
    if notice.kind is NoticeKind.UNDELIVERED:
        yield _labels(notice, settings, f"{settings.alertname}Untold", notice.level), lasting
        return
    if notice.kind is NoticeKind.HELD:
        yield _held_labels(notice, settings), lasting
        return
    if notice.kind is NoticeKind.STATEMENT:
        return  # the configuration refuses this: it is no alert
    if notice.kind is NoticeKind.WATCH:
        yield _watch_labels(notice, settings), now if notice.reason in _ENDS else lasting
        return
    over = notice.reason in _ENDS
    if notice.before is not None and (over or notice.before != notice.level):
        yield _labels(notice, settings, settings.alertname, notice.before), now
    if notice.level is not None:
        yield _labels(notice, settings, settings.alertname, notice.level), now if over else lasting


def _labels(notice: Notice, settings: Settings, alertname: str, level: str | None) -> Labels:
    """Always the same for one alert and level. `subject` says whom where a rule counts otherwise."""
    per_customer = notice.per in (CUSTOMER, "customer_id")
    about = {"customer": notice.subject} if per_customer else {"per": notice.per, "subject": notice.subject}
    standing = {"level": level, "severity": settings.severity.get(level, level)} if level else {}
    named = {
        **settings.labels,
        "alertname": alertname,
        "rule": notice.rule,
        **about,
        "window": notice.window,
        **standing,
    }
    return tuple(sorted((name, _label(value)) for name, value in named.items()))


def _watch_labels(notice: Notice, settings: Settings) -> Labels:
    """One alert for each thing that is watched: `rule` says which, `subject` of what."""
    named = {
        **settings.labels,
        "alertname": f"{settings.alertname}Watch",
        "rule": notice.rule,
        "subject": notice.subject,
        "severity": settings.severity.get("warning", "warning"),
    }
    return tuple(sorted((name, _label(value)) for name, value in named.items()))


def _held_labels(notice: Notice, settings: Settings) -> Labels:
    """One alert for all that is held back of a rule, whatever the examples are."""
    named = {**settings.labels, "alertname": f"{settings.alertname}Held", "rule": notice.rule}
    return tuple(sorted((name, _label(value)) for name, value in named.items()))


def _label(value: str) -> str:
    """A clean line. What had to be changed for that is told apart by its hash."""
    clean = one_line(value, _LONGEST)
    if clean != value:
        clean += " #" + hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()[:8]
    return clean


def _annotations(message: Message, notice: Notice, language: str) -> dict[str, str]:
    alone = replace(message, notices=(notice,), digest=False)
    brief = write_brief(message if notice.kind is NoticeKind.HELD else alone, language, _LINES)
    facts = [f"{label}: {value}" for label, value in brief.facts]
    lines = [f"• {line}" for line in brief.lines] + ([brief.more] if brief.more else [])
    return {
        "summary": brief.headline,
        "description": "\n".join([*facts, *lines]),
        "reference": " · ".join(part for part in (brief.reference, message.key) if part),
        "explain": brief.command,
    }
