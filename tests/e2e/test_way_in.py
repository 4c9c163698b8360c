"""On a terminal: a link that lets in whoever sits there. In a log or a pipe: none."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.e2e.process import Tercera
from tests.e2e.shop import RULE

LINK = re.compile(r"http://127\.0\.0\.1:\d+/enter\?token=[\w-]+")


@contextmanager
def on_a_terminal(folder: Path, *command: str) -> Iterator[str]:
    """A command that somebody watches; gives the link that it prints, and ends it as Ctrl-C does."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tercera", *command],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, start_new_session=True,
        env={**os.environ, "TERM": "dumb"},
    )  # fmt: skip
    os.close(theirs)
    printed = ""
    try:
        while not (found := LINK.search(printed)) or not printed.rstrip("\x1b[0m").endswith("\n"):
            printed += os.read(ours, 4096).decode()
        yield found[0]
        process.send_signal(signal.SIGINT)
        try:
            while os.read(ours, 4096):
                pass
        except OSError:  # the other side is closed
            pass
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@contextmanager
def let_in(link: str) -> Iterator[httpx.Client]:
    """A browser that used a link."""
    url, _, token = link.partition("/enter?token=")
    with httpx.Client(base_url=url, timeout=30) as browser:
        assert browser.post("/enter", data={"token": token}).status_code == 303
        yield browser


def test_the_demo_shows_its_dashboard(tmp_path: Path) -> None:
    """While the shop lives, and with all that an admin sees; Ctrl-C ends it."""
    with on_a_terminal(tmp_path, "demo", "--orders", "60") as link, let_in(link) as browser:
        assert '<a href="/mailbox"' in browser.get("/").text
        for path in ("/mailbox", "/audit", "/rules/repeat-returns"):
            assert browser.get(path).status_code == 200, path
        assert httpx.post(link.partition("?")[0], data={"token": link.partition("=")[2]}).status_code == 401


def test_serve_lets_in_whoever_sits_there(tmp_path: Path) -> None:
    """By a link on their terminal, again when it is started again; in a pipe it only says what to do."""
    configure(tmp_path)
    for _ in range(2):
        with on_a_terminal(tmp_path, "serve", "--port", "0") as link, let_in(link) as browser:
            assert "local" in browser.get("/").text
    serve = [sys.executable, "-m", "tercera", "serve", "--port", "0"]
    with subprocess.Popen(
        serve, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tmp_path, text=True
    ) as piped:
        assert piped.stdout is not None
        said = piped.stdout.readline()
        piped.send_signal(signal.SIGTERM)
        said += piped.stdout.read()
    assert "The dashboard is at" in said
    assert "token=" not in said


def configure(folder: Path) -> None:
    """A shop without orders."""
    (folder / "orders.csv").write_text("order_id,customer_id,status,placed_at\n")
    Tercera(folder).configure(
        {
            "timezone": "UTC",
            "source": {"kind": "files", "orders": {"path": "orders.csv"}},
            "rules": [RULE | {"notify": []}],
        }
    )
