"""What every page and resource works with."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from fastapi import Depends, Request

from tercera.app import App
from tercera.ledger import Ledger
from tercera.people import Actor
from tercera.signing import Keys
from tercera.web.access.openid import OpenId
from tercera.web.access.throttle import Throttle
from tercera.web.background import Background
from tercera.web.prompt import PATIENCE
from tercera.web.turns import Turns

PREFIX = "/api/v1"
"""Where the API is mounted."""


@dataclass(frozen=True)
class Site:
    """The configured Tercera and its ledger. `mails` is the folder of the demo's own mail server, and None
    outside the demo."""

    app: App
    ledger: Ledger
    keys: Keys
    mails: Path | None = None
    throttle: Throttle = field(default_factory=Throttle)
    background: Background = field(default_factory=Background)
    turns: Turns = field(default_factory=Turns)
    """Of what is dear."""
    patience: float = PATIENCE
    """Seconds that the parts of a request may take to come, and an answer to be taken."""
    closing: threading.Event = field(default_factory=threading.Event)
    """Set when the server stops: what streams without end, ends."""

    @cached_property
    def openid(self) -> OpenId | None:
        """The provider that people may log in at."""
        web = self.app.settings.web
        if web.openid is None or web.url is None:
            return None
        return OpenId(web.openid, self.keys, f"{web.url}/login/openid/back")

    def now(self) -> datetime:
        """The app's clock."""
        return self.app.clock()

    @property
    def zone(self) -> ZoneInfo:
        """In which times are shown."""
        return ZoneInfo(self.app.settings.timezone)

    @property
    def is_secure(self) -> bool:
        """Whether browsers come over TLS."""
        url = self.app.settings.web.url
        return url is not None and url.startswith("https:")

    @property
    def cookie(self) -> str:
        """The session's cookie; `__Host-` binds it to this host where TLS allows it."""
        return "__Host-tercera" if self.is_secure else "tercera"

    def origins(self, request: Request) -> set[str]:
        """Where pages of ours come from."""
        found = {f"{request.url.scheme}://{request.headers.get('host', '')}"}
        if (url := self.app.settings.web.url) is not None:
            found.add(url)
        return found

    @property
    def hosts(self) -> list[str]:
        """The names that a request may call us by: who uses another had it changed to our address."""
        web = self.app.settings.web
        named = {"localhost", "127.0.0.1", "[::1]", "::1"}
        if web.url is not None and (host := urlsplit(web.url).hostname) is not None:
            named.add(host)
        return ["*"] if web.url is None and web.host not in named else sorted(named)

    def record(self, actor: Actor, action: str, what: str, detail: str = "") -> None:
        """Adds a line to the audit log about what changes nothing in the ledger."""
        self.ledger.people.record(actor.did(self.now(), action, what, detail))


def site_of(request: Request) -> Site:
    """The site that a request came to."""
    return cast(Site, request.app.state.site)


Here = Annotated[Site, Depends(site_of)]
"""The site, as a dependency."""
