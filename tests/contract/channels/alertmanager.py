"""The Alertmanager channel on a real web server that asks for a token."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tercera.channels.alertmanager import Settings, open_channel
from tests.contract.channels import Answer, Received
from tests.contract.channels._web import TOKEN, WebHarness
from tests.servers.free_port import free_port
from tests.servers.http import Request, WebServer

ANSWERS = tuple(Answer)
STAYS = timedelta(hours=24)


@contextmanager
def running(folder: Path) -> Iterator[WebHarness]:
    """See `HarnessModule`."""
    with WebServer(needs=f"Bearer {TOKEN}") as server:
        settings = _settings(server.port)
        (host,) = settings.recipients
        channel, unreachable = open_channel(settings), open_channel(_settings(free_port()))

        def read(request: Request) -> Received:
            assert request.path == "/api/v2/alerts"
            alerts = json.loads(request.body)
            for alert in alerts:
                alert["endsAt"] = _from_now(alert["endsAt"])
            key = alerts[0]["annotations"]["reference"].rpartition(" ")[2]
            return Received(host, key, json.dumps(alerts, indent=1, ensure_ascii=False) + "\n")

        yield WebHarness(server, settings, channel, unreachable, (host, host), read)


def _settings(port: int) -> Settings:
    url = f"http://127.0.0.1:{port}"
    return Settings.model_validate({"language": "es", "url": url, "token": TOKEN, "timeout": 0.5})


def _from_now(text: str) -> str:
    """The only thing that differs between two tries is when an alert ends, which is told from now on."""
    ahead = datetime.fromisoformat(text) - datetime.now(UTC)
    assert timedelta(minutes=-1) < ahead - STAYS <= timedelta()
    return "a day from now"
