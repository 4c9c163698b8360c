"""One bad notice never stops the others: they go out in the same call, and it keeps its reason."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tercera.errors import ConfigError
from tercera.ledger import Ledger
from tercera.messages import Draft, Message, NoticeState, Session
from tests.integration.ledger_changes import address, commit, new_ledger, opened, to_customer
from tests.integration.post import NOW, OPERATIONS, Post, hook, mail
from tests.servers.http import WebServer
from tests.servers.smtp import Act, Security, SmtpServer

NAMES = ("ana", "bea", "eva", "ida", "lea")
BAD = "bea"
DEAD, PENDING = NoticeState.DEAD, NoticeState.PENDING


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with new_ledger(tmp_path) as made:
        yield made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SmtpServer]:
    with SmtpServer(tmp_path, security=Security.NONE, login=False) as running:
        yield running


def of_bea(**changes: Any) -> Draft:
    """Her notice, spoilt."""
    draft = to_customer(BAD)
    assert draft.customer is not None
    return replace(draft, customer=replace(draft.customer, **changes))


SPOILT: dict[str, Callable[[], Draft]] = {
    "a name with line breaks": lambda: of_bea(name="Bea\r\nBcc: everybody@example.com\r\n\r\nhello"),
    "a name with half a character": lambda: of_bea(name="Bea \ud83d"),
    "a name of a megabyte": lambda: of_bea(name="x" * 1_000_000),
    "a name with control characters": lambda: of_bea(name="B\0e\x1b[2Ja\u202e"),
    "an address that is none": lambda: replace(to_customer(BAD), recipient="bea@@example"),
    "an address with a line break": lambda: replace(to_customer(BAD), recipient="bea@example.com\r\nDATA"),
    "a language that nobody speaks": lambda: replace(to_customer(BAD), language="xx"),
}


@pytest.mark.parametrize("spoilt", SPOILT)
@pytest.mark.parametrize("kind", ["email", "webhook"])
def test_whatever_a_notice_holds_the_others_go_out(
    ledger: Ledger, server: SmtpServer, spoilt: str, kind: str
) -> None:
    """It goes out clean, or it waits or is dead with a reason; nobody else hears of it."""
    commit_one_by_one(ledger, SPOILT[spoilt]())
    with WebServer() as web:
        post = Post(ledger, {"customer": mail(server.port) if kind == "email" else hook(web.port)})
        outcomes = post.deliver()
    assert outcomes[NoticeState.SENT] >= len(NAMES) - 1
    assert sum(outcomes.values()) == len(NAMES)
    assert ledger.channels.circuits() == {}
    states = post.states()
    assert {states[f"{name}@example.com"] for name in NAMES if name != BAD} == {NoticeState.SENT}
    assert not [mail for mail in server.accepted if "everybody" in mail.recipient or mail.mail["Bcc"]]


def commit_one_by_one(ledger: Ledger, bad: Draft) -> None:
    """Each in a transaction of its own, the bad one among them."""
    for name in NAMES:
        commit(ledger, opened(name, *([bad] if name == BAD else [])))


def test_a_template_that_fails_for_one_customer(ledger: Ledger, server: SmtpServer, tmp_path: Path) -> None:
    """Hers waits, with the template's name and line."""
    own = tmp_path / "templates"
    own.mkdir()
    fails = "{% if mail.notices[0].subject == 'bea' %}{{ mail.nothing.of_the_kind }}{% endif %}"
    (own / "customer.subject.txt").write_text(fails + "{{ brand }}")
    commit(ledger, *(opened(name) for name in NAMES))
    post = Post(ledger, {"customer": mail(server.port, templates=str(own))})
    assert post.deliver() == {NoticeState.SENT: 4, PENDING: 1}
    (waiting,) = ledger.post.deliveries(PENDING)
    assert waiting.recipient == "bea@example.com"
    assert "template customer" in str(waiting.words)


@pytest.mark.parametrize(
    ("at", "how", "state"),
    [
        ("RCPT", "550 5.1.1 no such user", DEAD),
        ("RCPT", "451 4.7.1 greylisted", PENDING),
        ("DATA", "554 5.7.1 looks like spam", DEAD),
        ("DATA", "421 4.3.0 your mail hurts", PENDING),
        ("DATA", Act.DROP, PENDING),
        ("DATA", Act.DROP_IN_DATA, PENDING),
        ("RCPT", Act.DROP, PENDING),
    ],
)
def test_whatever_the_server_says_to_one_the_others_go_out(
    ledger: Ledger, server: SmtpServer, at: str, how: str | Act, state: NoticeState
) -> None:
    """In the same call, or after the first pause where it looked like an outage; with the server's words."""
    server.answer("bea@example.com", how, at=at)
    commit(ledger, *(opened(name) for name in NAMES))
    post = Post(ledger, {"customer": mail(server.port)}, operations=None)
    post.deliver()
    if (circuit := ledger.channels.circuits().get("customer")) is not None:
        post.deliver(circuit.retry_at - post.now)
    states = post.states()
    assert states.pop("bea@example.com") is state
    assert set(states.values()) == {NoticeState.SENT}


class Breaking:
    """A channel whose program has a defect: it fails for one message in a way that nobody foresaw."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.sent: list[str] = []

    def session(self) -> AbstractContextManager[Session]:
        """Itself."""
        return self._open()

    @contextmanager
    def _open(self) -> Iterator[Session]:
        yield self

    def send(self, message: Message) -> str:
        """Fails for one."""
        if message.recipient == "bea@example.com":
            raise self.error
        self.sent.append(message.recipient)
        return "ok"

    def check(self) -> str:
        """Nothing to see."""
        return "ok"


@pytest.mark.parametrize(
    "error",
    [
        KeyError("x"),
        UnicodeEncodeError("ascii", "ñ", 0, 1, "ordinal not in range"),
        RecursionError("too deep"),
        MemoryError(),
        AssertionError(),
        OSError(5, "i/o error"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_defect_in_a_channel(ledger: Ledger, error: Exception) -> None:
    """The message waits, the error's name is its receipt, the others go out."""
    commit(ledger, *(opened(name) for name in NAMES))
    channel = Breaking(error)
    post = Post(ledger, {"customer": channel}, operations=OPERATIONS)
    assert post.deliver() == {NoticeState.SENT: 4, PENDING: 1}
    (waiting,) = ledger.post.deliveries(PENDING)
    assert (waiting.recipient, waiting.attempts) == ("bea@example.com", 1)
    assert type(error).__name__ in str(waiting.words)
    assert ledger.channels.circuits() == {}


class Unopenable(Breaking):
    """A channel that can't be opened, say because its CA file is gone."""

    @contextmanager
    def _open(self) -> Iterator[Session]:
        raise ConfigError("ca_file: '/ca.pem' can't be used; name a PEM file")
        yield self


def test_a_channel_that_cant_be_opened(ledger: Ledger) -> None:
    """Is left alone; the others go on, and nothing of it is lost."""
    commit(ledger, opened("ana"), opened("bea", replace(to_customer("bea"), channel="other")))
    post = Post(ledger, {"customer": Unopenable(ValueError()), "other": Breaking(ValueError("x"))})
    assert post.deliver() == {PENDING: 2}
    assert "ca_file" in ledger.channels.circuits()["customer"].words


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE transitions SET evidence = 'no JSON' WHERE alert = 2",
        "UPDATE transitions SET amount = 'no money' WHERE alert = 2",
        "UPDATE transitions SET reason = 'whatever' WHERE alert = 2",
        "UPDATE notices SET customer = '{' WHERE alert = 2",
        "UPDATE notices SET customer = '[1]' WHERE alert = 2",
        "DELETE FROM notices WHERE alert = 2",
    ],
)
def test_a_row_that_cant_be_read(ledger: Ledger, server: SmtpServer, tmp_path: Path, damage: str) -> None:
    """Its message is dead and says so; the others go out."""
    commit(ledger, *(opened(name) for name in NAMES))
    with sqlite3.connect(address(tmp_path).removeprefix("sqlite:///")) as connection:
        connection.execute(damage)
        post = Post(ledger, {"customer": mail(server.port)})
    assert post.deliver() == {NoticeState.SENT: 4}
    (words,) = connection.execute("SELECT words FROM receipts WHERE state = 'dead'").fetchone()
    connection.close()
    assert words.startswith("can't be read from the ledger: ")
    assert ledger.post.next_due(NOW) is None
