"""Channels over HTTP, on real web servers: whom they call, what they make of answers, how connections end."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tercera.channels import alertmanager, slack, webhook
from tercera.errors import ConfigError, DeliveryError
from tercera.messages import Channel
from tests.samples import make_message
from tests.servers.certificates import make_certificates
from tests.servers.free_port import free_port
from tests.servers.http import Act, WebServer

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def server() -> Iterator[WebServer]:
    """Without encryption."""
    with WebServer() as running:
        yield running


def hook(url: str, **settings: Any) -> Channel:
    """A webhook channel."""
    values = {"url": url, "secret": SECRET, "allow_private": True, "timeout": 5} | settings
    return webhook.open_channel(webhook.Settings.model_validate(values))


def refused(channel: Channel) -> DeliveryError:
    """How it fails to send."""
    with channel.session() as session, pytest.raises(DeliveryError) as caught:
        session.send(make_message())
    return caught.value


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "2130706433", "[::ffff:127.0.0.1]"])
def test_this_machine_is_not_called(server: WebServer, host: str) -> None:
    """However its address is written, unless the settings allow it."""
    channel = hook(f"https://{host}:{server.port}/", allow_private=False)
    error = refused(channel)
    assert (error.permanent, error.code) == (False, None)
    assert "allow_private" in error.reason
    with pytest.raises(DeliveryError, match="allow_private"):
        channel.check()
    assert server.connections == 0


class Resolver:
    """A name server that answers a name differently every time. Addresses are answered as they are."""

    def __init__(self, *answers: list[str]) -> None:
        self.asked = 0
        self._answers = list(answers)
        self._real = socket.getaddrinfo

    def __call__(self, host: str, port: int, *rest: Any, **more: Any) -> Any:
        if host != "rebound.example.com":
            return self._real(host, port, *rest, **more)
        self.asked += 1
        return [entry for each in self._answers.pop(0) for entry in self._real(each, port, *rest, **more)]


def test_one_private_address_among_others_is_enough(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that also leads here is not called at all."""
    monkeypatch.setattr(socket, "getaddrinfo", Resolver(["1.1.1.1", "127.0.0.1"]))
    error = refused(hook(f"https://rebound.example.com:{server.port}/", allow_private=False))
    assert "127.0.0.1" in error.reason
    assert server.connections == 0


def test_the_address_that_was_looked_at_is_called(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is asked for once: what it would answer the second time does not matter."""
    resolver = Resolver(["127.0.0.1"], ["192.0.2.1"])
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    with hook(f"http://rebound.example.com:{server.port}/").session() as session:
        session.send(make_message())
    assert (resolver.asked, len(server.taken)) == (1, 1)
    assert server.taken[0].headers["Host"] == f"rebound.example.com:{server.port}"


def test_the_next_address_is_tried(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a name has several and the first does not answer."""
    monkeypatch.setattr(socket, "getaddrinfo", Resolver(["127.0.0.2", "127.0.0.1"]))
    with hook(f"http://rebound.example.com:{server.port}/").session() as session:
        session.send(make_message())
    assert len(server.taken) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(server: WebServer, status: int) -> None:
    """They may lead anywhere. Once the url is put right, the message goes out."""
    with WebServer() as other:
        server.answer(status, headers={"Location": f"http://127.0.0.1:{other.port}/"})
        error = refused(hook(f"http://127.0.0.1:{server.port}/"))
        assert (error.permanent, error.code) == (False, status)
        assert "redirects are not followed" in error.reason
        assert other.connections == 0


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass(server: WebServer, status: int) -> None:
    """Carries the code, and when the server wants to see us again."""
    server.answer(status, "later\r\nplease", {"Retry-After": "120"})
    error = refused(hook(f"http://127.0.0.1:{server.port}/"))
    assert (error.permanent, error.code) == (False, status)
    assert "later please" in error.reason
    assert "come again in 120 s" in error.reason
    assert error.retry_after == timedelta(seconds=120)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 422])
def test_what_is_for_good(server: WebServer, status: int) -> None:
    """A partner's program has decided."""
    server.answer(status, "no such customer")
    error = refused(hook(f"http://127.0.0.1:{server.port}/"))
    assert (error.permanent, error.code) == (True, status)
    assert "no such customer" in error.reason


@pytest.mark.parametrize(
    ("status", "words"), [(403, "invalid_token"), (404, "no_service"), (410, "channel_is_archived")]
)
def test_slack_without_its_webhook(server: WebServer, status: int, words: str) -> None:
    """The message is good: it waits, and the channel is left alone, until the url leads somewhere."""
    server.answer(status, words)
    settings = slack.Settings.model_validate(
        {"url": f"http://127.0.0.1:{server.port}/services/T0/B0/abcdefgh", "allow_private": True}
    )
    error = refused(slack.open_channel(settings))
    assert (error.permanent, error.code) == (False, None)
    assert words in error.reason


@pytest.mark.parametrize(
    ("words", "status"), [("invalid_blocks", 400), ("user_not_found", 400), ("too_many", 413)]
)
def test_slack_refuses_a_message(server: WebServer, words: str, status: int) -> None:
    """For good."""
    server.answer(status, words)
    settings = slack.Settings.model_validate(
        {"url": f"http://127.0.0.1:{server.port}/services/T0/B0/abcdefgh", "allow_private": True}
    )
    error = refused(slack.open_channel(settings))
    assert (error.permanent, error.code) == (True, status)


def test_an_alertmanager_that_wants_a_login() -> None:
    """It is about the settings, not about the alert; `check` says so beforehand."""
    with WebServer(needs="Basic dGVyY2VyYTpodW50ZXIy") as server:
        url = f"http://127.0.0.1:{server.port}/prefix/"
        channel = alertmanager.open_channel(alertmanager.Settings(url=url))
        error = refused(channel)
        assert (error.permanent, error.code) == (False, None)
        with pytest.raises(DeliveryError, match="login"):
            channel.check()
        login = {"url": url, "username": "tercera", "password": "hunter2"}
        channel = alertmanager.open_channel(alertmanager.Settings.model_validate(login))
        assert "is an Alertmanager" in channel.check()
        with channel.session() as session:
            session.send(make_message())
    assert [request.path for request in server.taken] == ["/prefix/api/v2/status", "/prefix/api/v2/alerts"]


def test_an_answer_without_end_is_left(server: WebServer) -> None:
    """A server that sends a byte now and then can't hold a sender: `timeout` is for the whole answer."""
    server.answer(Act.TRICKLE)
    begun = time.monotonic()
    error = refused(hook(f"http://127.0.0.1:{server.port}/", timeout=0.4))
    assert time.monotonic() - begun < 5
    assert (error.permanent, error.code) == (False, None)
    assert "0.4 s" in error.reason


def test_an_answer_that_is_no_http(server: WebServer) -> None:
    """Another kind of server listens there."""
    server.answer(Act.NONSENSE)
    error = refused(hook(f"http://127.0.0.1:{server.port}/"))
    assert (error.permanent, error.code) == (False, None)


def test_a_long_answer_is_cut(server: WebServer) -> None:
    """A receipt holds a line of it, and the next message goes out."""
    server.answer(200, "x" * 1_000_000)
    with hook(f"http://127.0.0.1:{server.port}/").session() as session:
        assert len(session.send(make_message())) <= 300
        assert session.send(make_message(key="next")) == "200 OK: ok"


def test_a_page_of_html_is_no_words(server: WebServer) -> None:
    """Its status is enough."""
    server.answer(502, "<html><body>Bad gateway</body></html>", {"Content-Type": "text/html; charset=utf-8"})
    assert "<html>" not in refused(hook(f"http://127.0.0.1:{server.port}/")).reason


def test_a_connection_that_has_ended_is_opened_anew(server: WebServer) -> None:
    """A server may let an idle one go. Nothing of the next message was handed over then."""
    server.answer(Act.ANSWER_AND_DROP)
    with hook(f"http://127.0.0.1:{server.port}/").session() as session:
        session.send(make_message())
        server.wait_for_disconnection()
        session.send(make_message(key="next"))
    assert [request.connection for request in server.taken] == [1, 2]


def test_a_server_that_says_that_it_closes(server: WebServer) -> None:
    """Its next message goes over a new connection."""
    server.answer(200, "bye", {"Connection": "close"})
    with hook(f"http://127.0.0.1:{server.port}/").session() as session:
        session.send(make_message())
        session.send(make_message(key="next"))
    assert [request.connection for request in server.taken] == [1, 2]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"expired": True}, "expired"),
        ({"names": ("other.example.com",)}, "localhost"),
    ],
)
def test_bad_certificates(tmp_path: Path, made: dict[str, Any], words: str) -> None:
    """Nothing is sent to a server that is not proven to be the right one."""
    certificates = make_certificates(tmp_path, **made)
    with WebServer(certificates=certificates) as server:
        error = refused(hook(f"https://localhost:{server.port}/", ca_file=certificates.ca_file))
        assert (error.permanent, error.code) == (False, None)
        assert words in error.reason
        assert server.seen == []


def test_an_unknown_authority(tmp_path: Path) -> None:
    """The system's authorities have not signed it."""
    with WebServer(certificates=make_certificates(tmp_path)) as server:
        assert "ca_file" in refused(hook(f"https://localhost:{server.port}/")).reason
        assert server.seen == []


def test_no_encryption_where_it_is_expected(server: WebServer) -> None:
    """`https://` to a plain port."""
    error = refused(hook(f"https://127.0.0.1:{server.port}/"))
    assert "https" in error.reason
    assert server.seen == []


def test_a_check_tells_how(tmp_path: Path) -> None:
    """Host and encryption."""
    certificates = make_certificates(tmp_path)
    with WebServer(certificates=certificates) as server:
        line = hook(f"https://localhost:{server.port}/geheimnis", ca_file=certificates.ca_file).check()
    assert line == f"localhost:{server.port} can be reached (TLSv1.3)"


def test_a_ca_file_that_is_none(tmp_path: Path) -> None:
    """Is a mistake of the configuration."""
    with pytest.raises(ConfigError, match="ca_file"):
        hook(f"https://localhost:{free_port()}/", ca_file=tmp_path / "none.pem")
