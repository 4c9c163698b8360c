"""The Slack channel on a real web server that answers like Slack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tercera.channels.slack import Settings, open_channel
from tests.contract.channels import Answer, Received
from tests.contract.channels._web import TOKEN, WebHarness
from tests.servers.free_port import free_port
from tests.servers.http import Request, WebServer

ANSWERS = tuple(Answer)


@contextmanager
def running(folder: Path) -> Iterator[WebHarness]:
    """See `HarnessModule`."""
    with WebServer() as server:
        settings = _settings(server.port)
        (host,) = settings.recipients
        channel, unreachable = open_channel(settings), open_channel(_settings(free_port()))
        yield WebHarness(server, settings, channel, unreachable, (host, host), partial(_read, host))


def _settings(port: int) -> Settings:
    url = f"http://127.0.0.1:{port}/services/T000/B000/{TOKEN}"
    return Settings.model_validate({"language": "es", "url": url, "allow_private": True, "timeout": 0.5})


def _read(host: str, request: Request) -> Received:
    payload = json.loads(request.body)
    text = json.dumps(payload, indent=1, ensure_ascii=False)
    return Received(host, payload["blocks"][0]["block_id"], text + "\n")
