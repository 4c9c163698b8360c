"""The webhook channel on a real web server with TLS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tercera.channels.webhook import Settings, open_channel
from tests.contract.channels import Answer, Received
from tests.contract.channels._web import TOKEN, WebHarness
from tests.servers.certificates import make_certificates
from tests.servers.free_port import free_port
from tests.servers.http import Request, WebServer

ANSWERS = tuple(Answer)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@contextmanager
def running(folder: Path) -> Iterator[WebHarness]:
    """See `HarnessModule`."""
    certificates = make_certificates(folder)
    with WebServer(certificates=certificates) as server:
        settings = _settings(server.port, certificates.ca_file)
        unreachable = _settings(free_port(), certificates.ca_file)
        (host,) = settings.recipients
        yield WebHarness(
            server, settings, open_channel(settings), open_channel(unreachable), (host, host), _read
        )


def _settings(port: int, ca_file: Path) -> Settings:
    return Settings.model_validate(
        {
            "language": "es",
            "url": f"https://localhost:{port}/hooks/{TOKEN}",
            "secret": SECRET,
            "allow_private": True,
            "timeout": 0.5,
            "ca_file": ca_file,
        }
    )


def _read(request: Request) -> Received:
    payload = json.loads(request.body)
    assert request.headers["webhook-id"] == payload["id"]
    recipient = payload["recipient"]
    payload["recipient"] = recipient.partition(":")[0]  # without the port, which is another in every run
    text = json.dumps(payload, indent=1, ensure_ascii=False)
    return Received(recipient, payload["id"], text + "\n")
