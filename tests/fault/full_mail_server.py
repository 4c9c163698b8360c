"""A mail server that refuses, hangs, breaks off or shows an expired certificate: everybody is told in the
end, once, or operations hears why not. For `make fault`."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from tercera.app import App, open_app
from tercera.cycle import cycle
from tercera.deliver import deliver
from tercera.messages import NoticeState
from tests.e2e.shop import OPERATIONS, SECRETS, Files, configuration, files_source, this_month
from tests.servers.certificates import make_certificates
from tests.servers.smtp import Act, SmtpServer

CUSTOMERS = ("ana", "bea", "eva", "ida", "lea")
SENDER = "alerts@shop.example.com"


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Five customers with three returns each."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    files, month = Files(tmp_path), this_month()
    for name in CUSTOMERS:
        files.customer(name, f"{name}@example.com")
        files.returned(name, month, *(f"{name}{number}" for number in range(3)))
    return files


@contextmanager
def opened(shop: Files, server: SmtpServer, clock: Clock) -> Iterator[App]:
    """Tercera over these files, that waits a second for an answer."""
    written = configuration(files_source(), server, guard={"max_share": 1})
    written["email"]["timeout"] = 1
    path = shop.folder / "tercera.yaml"
    path.write_text(yaml.safe_dump(written), encoding="utf-8")
    with open_app(path, clock) as app:
        yield app


def sweep_and_deliver(app: App, *, sweep: bool = True) -> Counter[NoticeState]:
    """As `tercera run --once` does it."""
    with app.ledger() as ledger:
        if sweep:
            rules = app.settings.rules
            report = cycle(rules, app.source, ledger, app.terms(), now=app.clock(), clock=app.clock)
            assert not report.failed
        return deliver(app.delivery(ledger), threading.Event())


def settle(app: App, clock: Clock) -> None:
    """Delivers for two days, every four hours."""
    for _ in range(12):
        clock.now += timedelta(hours=4)
        sweep_and_deliver(app, sweep=False)


def told(server: SmtpServer) -> Counter[str]:
    """How many different mails each recipient got; each repeat must be the same mail, word for word."""
    different: dict[str, tuple[str, bytes]] = {}
    for one in server.accepted:
        message_id = str(one.mail["Message-ID"])
        assert different.setdefault(message_id, (one.recipient, one.content)) == (one.recipient, one.content)
    return Counter(recipient for recipient, _ in different.values())


ONCE_EACH = Counter({OPERATIONS: 1} | {f"{name}@example.com": 1 for name in CUSTOMERS})
Fault = Callable[[SmtpServer], None]
PASSING: dict[str, Fault] = {
    "421 to the sender": lambda server: server.answer(SENDER, "421 4.3.2 going down", at="MAIL", times=3),
    "451 to the recipient": lambda server: server.answer("eva@example.com", "451 4.3.0 later", times=2),
    "451 to the mail": lambda server: server.answer("eva@example.com", "451 later", at="DATA", times=2),
    "hangs": lambda server: server.answer("eva@example.com", Act.HANG, times=1),
    "drops": lambda server: server.answer("eva@example.com", Act.DROP, times=2),
    "drops in DATA": lambda server: server.answer("eva@example.com", Act.DROP_IN_DATA, at="DATA", times=2),
    "keeps it and drops": lambda server: server.answer(
        "eva@example.com", Act.KEEP_AND_DROP, at="DATA", times=2
    ),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_what_passes(shop: Files, tmp_path: Path, fault: Fault) -> None:
    """Everybody is told once in the end; only what the server kept without a word comes again."""
    clock, folder = Clock(), tmp_path / "mail server"
    folder.mkdir()
    with SmtpServer(folder) as server, opened(shop, server, clock) as app:
        fault(server)
        sweep_and_deliver(app)
        settle(app, clock)
        assert told(server) == ONCE_EACH
        with app.ledger() as ledger:
            assert {each.state for each in ledger.post.deliveries()} == {NoticeState.SENT}
        sweep_and_deliver(app)
        assert told(server) == ONCE_EACH


def test_a_refusal_for_good(shop: Files, tmp_path: Path) -> None:
    """550: that customer is not told, operations hears so once, all the others are told."""
    clock, folder = Clock(), tmp_path / "mail server"
    folder.mkdir()
    with SmtpServer(folder) as server, opened(shop, server, clock) as app:
        server.answer("eva@example.com", "550 5.1.1 no such user")
        sweep_and_deliver(app)
        settle(app, clock)
        assert told(server) == ONCE_EACH - Counter(["eva@example.com"]) + Counter([OPERATIONS])


def test_an_expired_certificate(shop: Files, tmp_path: Path) -> None:
    """Nothing is handed over or given up, for days; when it is renewed, everybody is told once."""
    clock = Clock()
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    with SmtpServer(old, certificates=make_certificates(old, expired=True)) as server:
        with opened(shop, server, clock) as app:
            sweep_and_deliver(app)
            settle(app, clock)
            with app.ledger() as ledger:
                deliveries = ledger.post.deliveries()
            assert {each.state for each in deliveries} == {NoticeState.PENDING}
        assert (server.accepted, server.logins) == ([], 0)
    with SmtpServer(new) as server, opened(shop, server, clock) as app:
        settle(app, clock)
        assert told(server) == ONCE_EACH
