"""Every channel beside e-mail in one configuration: what a sweep decides reaches each of them, once."""

from __future__ import annotations

import json
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tercera.app import open_app
from tercera.config import load_settings
from tercera.cycle import cycle
from tercera.deliver import deliver
from tercera.errors import ConfigError
from tercera.messages import NoticeState
from tests.servers.free_port import free_port
from tests.servers.http import WebServer

CONFIGURATION = """\
timezone: UTC
source: {{kind: files, orders: {{path: orders.csv}}}}
rules:
  - {{id: repeat-returns, title: Three returns in a month, when: {{status: returned}}, levels: {{notice: 3}},
     notify: [partner, room, on-call, audit, phones]}}
channels:
  partner: {{kind: webhook, url: "{url}/hook", secret: "${{SECRET}}", allow_private: true}}
  room: {{kind: slack, url: "{url}/room", allow_private: true, digest: true}}
  on-call: {{kind: alertmanager, url: "{url}"}}
  audit: {{kind: log, to: audit.jsonl}}
  phones: {{kind: apprise, urls: {{duty: "{phone}/duty", boss: "{phone}/boss"}}}}
"""
ENVIRONMENT = {"SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
HEAD = "order_id,customer_id,status,placed_at"
NOW = datetime(2023, 6, 20, 12, tzinfo=UTC)


def write(folder: Path, server: WebServer, *orders: str) -> Path:
    """A configuration and its orders."""
    place = f"127.0.0.1:{server.port}"
    text = CONFIGURATION.format(url=f"http://{place}", phone=f"json://{place}")
    (folder / "tercera.yaml").write_text(text, encoding="utf-8")
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in ENVIRONMENT.items()))
    (folder / "orders.csv").write_text("\n".join([HEAD, *orders, ""]), encoding="utf-8")
    return folder / "tercera.yaml"


def swept(path: Path, now: datetime) -> Counter[NoticeState]:
    """One sweep and one delivery."""
    with open_app(path, clock=lambda: now) as app, app.ledger() as ledger, ledger.hold():
        cycle(app.settings.rules, app.source, ledger, app.terms(), now=now, clock=app.clock)
        return deliver(app.delivery(ledger), threading.Event())


def orders(returned: int) -> list[str]:
    """Of two customers; so many of Ana's came back."""
    ana = [f"a-{n},ana,{'returned' if n < returned else 'delivered'},2023-06-0{n + 1}" for n in range(4)]
    return [*ana, *(f"b-{n},ben,returned,2023-06-1{n}" for n in range(3))]


def test_an_alert_reaches_every_channel_and_its_retraction_too(tmp_path: Path) -> None:
    """Nobody hears anything twice; digests are one message."""
    with WebServer() as server:
        path = write(tmp_path, server, *orders(3))
        first = swept(path, NOW)
        again = swept(path, NOW + timedelta(hours=1))
        (tmp_path / "orders.csv").write_text("\n".join([HEAD, *orders(2), ""]), encoding="utf-8")
        later = swept(path, NOW + timedelta(hours=2))
    assert (first[NoticeState.SENT], again.total(), later[NoticeState.SENT]) == (12, 0, 6)
    heard = Counter(request.path for request in server.taken)
    assert heard == {"/hook": 3, "/room": 2, "/api/v2/alerts": 3, "/duty": 3, "/boss": 3}
    hooks = [json.loads(request.body) for request in server.taken if request.path == "/hook"]
    assert sorted((each["type"], each["data"]["subject"]) for each in hooks) == [
        ("alert.opened", "ana"),
        ("alert.opened", "ben"),
        ("alert.retracted", "ana"),
    ]
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert Counter(line["type"] for line in lines) == {"alert.opened": 2, "alert.retracted": 1}
    assert len({line["id"] for line in lines}) == 3
    _check_alerts(server)


def _check_alerts(server: WebServer) -> None:
    """Ana's alert was ended by its own labels, Ben's stands."""
    posts: list[dict[str, Any]] = []
    for request in server.taken:
        posts += json.loads(request.body) if request.path == "/api/v2/alerts" else []
    now = datetime.now(UTC)
    last = {
        json.dumps(alert["labels"], sort_keys=True): datetime.fromisoformat(alert["endsAt"]) > now
        for alert in posts
    }
    standing = {json.loads(labels)["customer"]: goes_on for labels, goes_on in last.items()}
    assert standing == {"ana": False, "ben": True}


def test_one_channel_that_is_away_keeps_no_other(tmp_path: Path) -> None:
    """Its notices wait; what was sent is not sent again when it is back."""
    with WebServer() as server:
        path = write(tmp_path, server, *orders(3))
        text = path.read_text()
        away = text.replace(f"{server.port}/room", f"{free_port()}/room")
        path.write_text(away)
        outcomes = swept(path, NOW)
        assert (outcomes[NoticeState.SENT], outcomes[NoticeState.PENDING]) == (10, 2)
        path.write_text(text)
        assert swept(path, NOW + timedelta(days=1))[NoticeState.SENT] == 2
    assert Counter(request.path for request in server.taken)["/room"] == 1


def test_routes_and_what_is_written_show_no_secret(tmp_path: Path) -> None:
    """Recipients are hosts, names of files and names of one's own."""
    with WebServer() as server:
        path = write(tmp_path, server)
        with open_app(path) as app:
            shown = repr(app.settings) + repr(app.routes) + repr(app.channels)
            routes = {name: route.to for name, route in app.routes.by_name.items()}
        assert routes == {
            "partner": (f"127.0.0.1:{server.port}",),
            "room": (f"127.0.0.1:{server.port}",),
            "on-call": (f"127.0.0.1:{server.port}",),
            "audit": ("audit.jsonl",),
            "phones": ("duty", "boss"),
        }
    assert ENVIRONMENT["SECRET"] not in shown
    assert not [word for word in ("/hook", "/room", "/duty") if word in shown]


@pytest.mark.parametrize(
    "channel",
    [
        "{kind: webhook, url: 'https://example.com/geheim', secret: geheim}",
        "{kind: webhook, url: 'http://example.com/geheim', secret: ['geheim']}",
        "{kind: webhook, url: 7, secret: 99999}",
        "{kind: slack, url: 'geheim'}",
        "{kind: alertmanager, url: 'https://u:geheim@example.com'}",
        "{kind: alertmanager, url: 'http://example.com', token: geheim}",
        "{kind: apprise, urls: 'json://geheim'}",
        "{kind: apprise, urls: {'geh eim': 1}}",
        "{kind: log, too: geheim}",
    ],
)
def test_mistakes_are_told_without_their_secrets(tmp_path: Path, channel: str) -> None:
    """With the line and the key."""
    with WebServer() as server:
        path = write(tmp_path, server)
    text = path.read_text().replace("  audit:", f"  wrong: {channel}\n  audit:")
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(path, ENVIRONMENT)
    told = str(caught.value)
    assert "channels.wrong" in told
    assert "tercera.yaml:10" in told
    assert "geheim" not in told
    assert "99999" not in told
