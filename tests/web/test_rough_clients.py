"""Clients that are slow, greedy or broken, and what the log may tell of them."""

from __future__ import annotations

import select
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tercera.people import Permission
from tercera.web.server import listening_socket, serving
from tercera.web.site import Site
from tests.servers.dashboard import PASSWORD, Dashboard

PATIENCE = 0.5


@pytest.fixture(scope="module")
def hurried(standing: Dashboard) -> Iterator[Dashboard]:
    """The same dashboard, served with little patience."""
    site = Site(standing.app, standing.ledger, standing.app.keys, patience=PATIENCE)
    with serving(site, listening_socket(standing.app.settings.web, 3)) as listening:
        yield replace(standing, url=listening.url)


def connected(site: Dashboard) -> socket.socket:
    """A connection to the server."""
    host, port = site.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def until_closed(connection: socket.socket) -> bytes:
    """What the server says before it ends the connection."""
    said = b""
    try:
        while some := connection.recv(65_536):
            said += some
    except ConnectionResetError:
        pass
    return said


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HT", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "],
    ids=["nothing", "half a line", "half of the headers"],
)
def test_headers_that_do_not_come(hurried: Dashboard, sent: bytes) -> None:
    """The connection ends."""
    with closing(connected(hurried)) as connection:
        connection.sendall(sent)
        began = time.monotonic()
        assert until_closed(connection) == b""
        assert time.monotonic() - began > PATIENCE / 2


def test_headers_of_a_second_request_that_do_not_come(hurried: Dashboard) -> None:
    """One good request earns no patience for the next."""
    with closing(connected(hurried)) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hea")
        assert b'{"status":"ok"}' in until_closed(connection)


def test_headers_byte_by_byte(hurried: Dashboard) -> None:
    """Each byte that comes does not buy time for the next."""
    with closing(connected(hurried)) as connection:
        connection.settimeout(0.02)
        began, ended = time.monotonic(), False
        while not ended and time.monotonic() - began < 20:
            try:
                connection.sendall(b"X")
                ended = connection.recv(1) == b""
            except TimeoutError:
                continue
            except (ConnectionResetError, BrokenPipeError):
                ended = True
    assert ended


def test_a_body_that_does_not_come(hurried: Dashboard) -> None:
    """It is answered with 408, as a problem, and the connection ends; others are served meanwhile."""
    key = hurried.key(Permission.ACT)
    head = (
        "POST /api/v1/alerts/1/acknowledge HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\nContent-Length: 100\r\n\r\n{{"
    )
    with closing(connected(hurried)) as connection, hurried.client() as other:
        connection.sendall(head.encode())
        assert other.get("/healthz").status_code == 200
        said = until_closed(connection)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in said


def test_a_body_that_nobody_reads(hurried: Dashboard) -> None:
    """Refused before it came; the rest of it is not waited for."""
    with closing(connected(hurried)) as connection:
        connection.sendall(b"POST /api/v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        said = until_closed(connection)
    assert said.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 408 "))


def test_many_slow_ones_at_once(hurried: Dashboard) -> None:
    """Nobody else waits for them: they hold no thread."""
    slow = [connected(hurried) for _ in range(100)]
    try:
        for connection in slow:
            connection.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n")
        with hurried.program(Permission.READ) as program:
            assert program.get("/api/v1/alerts").status_code == 200
    finally:
        for connection in slow:
            connection.close()


def has_ended(connection: socket.socket) -> bool:
    """Whether the server ends it within some seconds, while nothing is read here."""
    began = time.monotonic()
    while time.monotonic() - began < 20:
        if select.select([], [], [connection], 0.05)[2] or connection.getsockopt(
            socket.SOL_SOCKET, socket.SO_ERROR
        ):
            return True
        try:
            connection.send(b"G", socket.MSG_DONTWAIT)
        except BlockingIOError:
            continue
        except (ConnectionResetError, BrokenPipeError):
            return True
    return False


def test_an_answer_that_is_not_taken(hurried: Dashboard) -> None:
    """The connection ends, and with it what was to be written."""
    key = hurried.key(Permission.READ)
    asked = f"GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n"
    with closing(connected(hurried)) as connection:
        connection.sendall(asked.encode() * 200)
        assert has_ended(connection)


def test_more_questions_than_can_be_answered(hurried: Dashboard) -> None:
    """What comes ahead is kept only so far."""
    asked = b"GET /static/tercera.css HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with closing(connected(hurried)) as connection:
        assert was_cut_off(connection, asked * 1000)


def test_headers_without_end(hurried: Dashboard) -> None:
    """More than any browser sends is refused before it is all there."""
    with closing(connected(hurried)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        assert was_cut_off(connection, b"X-More: of this\r\n" * 1000)


def was_cut_off(connection: socket.socket, what: bytes) -> bool:
    """Whether the server ends the connection when it gets this over and over; 100 MB at most."""
    try:
        for _ in range(100_000_000 // len(what)):
            connection.sendall(what)
    except (ConnectionResetError, BrokenPipeError):
        return True
    return False


@pytest.mark.parametrize("path", ["/api/v1/alerts/1/acknowledge", "/login"])
@pytest.mark.parametrize("told", [True, False], ids=["told before", "in chunks"])
def test_bodies_that_are_too_long(standing: Dashboard, path: str, told: bool) -> None:
    """413; for programs, as a problem."""
    body = b"x" * (1 << 20) + b"x"
    with standing.program(Permission.ACT) as program:
        answer = program.post(path, content=body if told else iter([body[:-1], body[-1:]]))
    assert answer.status_code in ((413,) if path.startswith("/api") else (413, 422))
    if path.startswith("/api"):
        assert answer.json()["status"] == 413


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"authorization": "Bearer"}, 401),
        ({"authorization": "Bearer " + "x" * 5000}, 401),
        ({"authorization": "Bearer tercera_\xff\xfe"}, 401),
        ({"authorization": "Basic YTpi"}, 401),
        ({"cookie": "tercera=\xff; ;=;"}, 401),
        ({"host": "evil.example"}, 400),
        ({"host": "localhost:x"}, 400),
        ({"accept-language": "\xff,;;q=x," * 300}, 401),
        ({"x-forwarded-for": "'; DROP TABLE alerts"}, 401),
    ],
)
def test_headers_that_are_none(standing: Dashboard, headers: dict[str, str], expected: int) -> None:
    """Each gets a plain refusal, never a defect."""
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    with httpx.Client(base_url=standing.url, timeout=30) as nobody:
        assert nobody.get("/api/v1/alerts", headers=raw).status_code == expected


@pytest.mark.parametrize("header", ["If-None-Match", "Idempotency-Key", "Accept", "Content-Type"])
def test_odd_values_of_headers_that_mean_something(standing: Dashboard, header: str) -> None:
    """With a good key, too."""
    with standing.program(*Permission) as program:
        for value in ("\xff", '"', "W/", "," * 5000, "a;b=c;;", "x" * 300):
            raw = [(header.encode(), value.encode("latin-1"))]
            for method, path in (("GET", "/api/v1/alerts"), ("POST", "/api/v1/alerts/1/dismiss")):
                assert program.request(method, path, headers=raw).status_code in (200, 415, 422)
            assert program.get("/metrics", headers=raw).status_code == 200


def test_nothing_secret_is_in_the_log(site: Dashboard, tmp_path: Path) -> None:
    """Keys, cookies, links and passwords of requests that went well, that did not, and that met a defect."""
    now = site.clock()
    key, link = site.key(*Permission), site.ledger.people.offer_login("ada", now, now.replace(year=2100))
    log = tmp_path / "log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "tercera", "serve", "-c", str(site.folder / "tercera.yaml")]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            url = _url_in(log)
            secrets = [key, link, PASSWORD]
            with httpx.Client(base_url=url, timeout=60) as client:
                bearer = {"authorization": f"Bearer {key}"}
                assert client.get("/api/v1/alerts", headers=bearer).status_code == 200
                assert client.get("/api/v1/alerts/0", headers=bearer).status_code == 422
                client.post("/api/v1/users", headers=bearer, json={"name": "x", "password": PASSWORD})
                made = client.post("/api/v1/tokens", headers=bearer, json={"name": "n", "user": "ada"})
                secrets.append(made.json()["key"])
                client.post("/login", data={"name": "ada", "password": PASSWORD})
                secrets.append(client.cookies["tercera"])
                client.get("/enter", params={"token": link})
                client.post("/enter", data={"token": link})
                secrets.append(client.cookies["tercera"])
                (site.folder / "orders.csv").write_bytes(b"\x00broken")
                client.get("/api/v1/why?customer=a&window=2026-11", headers=bearer)
                with closing(sqlite3.connect(site.folder / "tercera.db")) as ledger:
                    ledger.execute("ALTER TABLE alerts RENAME TO elsewhere")
                broken = client.get("/api/v1/alerts", headers=bearer)
                assert broken.status_code >= 500
                secrets_shown = [secret for secret in secrets if secret in broken.text]
        finally:
            process.terminate()
            process.wait()
    written = log.read_text("utf-8")
    assert secrets_shown == []
    assert [secret for secret in secrets if secret in written] == []


def _url_in(log: Path) -> str:
    """Where it says that it listens."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        for word in log.read_text("utf-8").replace(";", " ").split():
            if word.startswith("http://127.0.0.1:"):
                return word
    raise AssertionError(log.read_text("utf-8"))


def test_an_answer_goes_at_once(standing: Dashboard) -> None:
    """Its body does not wait for word that its head has arrived: 40 ms, every time."""
    with standing.client() as client:
        took = []
        for _ in range(20):
            began = time.perf_counter()
            client.get("/healthz")
            took.append(time.perf_counter() - began)
    assert min(took) < 0.035
