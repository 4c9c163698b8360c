"""The Apprise channel: its plain JSON service on a real web server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tercera.channels.apprise import Settings, open_channel
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
        channel, unreachable = open_channel(settings), open_channel(_settings(free_port()))
        yield WebHarness(
            server,
            settings,
            channel,
            unreachable,
            ("team", "duty"),
            _read,
            keeps_connection=False,
            check_connects=False,
        )


def _settings(port: int) -> Settings:
    urls = {name: f"json://user:{TOKEN}@127.0.0.1:{port}/{name}" for name in ("team", "duty")}
    return Settings.model_validate({"language": "es", "urls": urls, "timeout": 0.5})


def _read(request: Request) -> Received:
    payload = json.loads(request.body)
    key = payload["message"].rpartition(" ")[2]
    text = f"{payload['title']}\n\n{payload['message']}\n"
    return Received(request.path.strip("/"), key, text)
