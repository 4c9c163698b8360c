"""What becomes of a mail when the server refuses it, puts it off, is away or vanishes in the middle."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tercera.app import App
from tercera.config import load_settings
from tercera.deliver import deliver
from tests.e2e.process import Tercera
from tests.e2e.shop import (
    OPERATIONS,
    SECRETS,
    Files,
    Inbox,
    Month,
    configuration,
    files_source,
    text_of,
    this_month,
)
from tests.servers.free_port import free_port
from tests.servers.smtp import Act, SmtpServer

NEW = "Tercera: 1 change (1 new)"


@pytest.fixture
def month() -> Month:
    """The shop's current month."""
    return this_month()


@pytest.fixture
def shop(tmp_path: Path, month: Month) -> Files:
    """One customer with three returns."""
    folder = tmp_path / "shop"
    folder.mkdir()
    files = Files(folder)
    files.customer("ana", "ana@example.com", "Ana")
    files.returned("ana", month, "A1", "A2", "A3")
    return files


@pytest.fixture
def tercera(shop: Files, mail_server: SmtpServer) -> Tercera:
    """Configured for these files and the mail server."""
    made = Tercera(shop.folder, SECRETS)
    made.configure(configuration(files_source(), mail_server))
    return made


def deliver_later(tercera: Tercera, later: timedelta, **environment: str) -> Counter[Any]:
    """Delivers as a run would at another time, by the same code in this process."""
    settings = load_settings(tercera.folder / "tercera.yaml", {**SECRETS, **environment})
    app = App(settings, lambda: datetime.now(UTC) + later)
    with app.ledger() as ledger, ledger.hold():
        return deliver(app.delivery(ledger), threading.Event())


def states(tercera: Tercera) -> dict[str, str]:
    """Each recipient's last notice."""
    found = tercera.json("deliveries")["deliveries"]
    return {one["recipient"]: one["state"] for one in reversed(found)}


def first_mail(month: Month) -> tuple[str, str]:
    """What Ana is told."""
    return "ana@example.com", f"Tiene 3 pedidos devueltos en {month.spanish}"


def test_an_address_that_is_refused_for_good(tercera: Tercera, mail_server: SmtpServer, month: Month) -> None:
    """The notice is dead with the server's words, operations reads them once, and nothing is tried again
    until somebody says so; then it is the same mail."""
    inbox = Inbox(mail_server)
    mail_server.answer("ana@example.com", "550 5.1.1 no such user here", times=2)
    assert tercera.json("run", "--once")["notices"] == {
        "sent": 2,
        "pending": 0,
        "dead": 1,
        "undeliverable": 0,
    }
    told = (OPERATIONS, "A customer could not be told: Ana (ana)")
    mails = inbox.expect((OPERATIONS, NEW), told)
    assert "550 5.1.1 no such user here" in text_of(mails[told])

    (dead,) = tercera.json("deliveries", "--state", "dead")["deliveries"]
    assert dead["recipient"] == "ana@example.com"
    assert dead["receipts"][-1]["code"] == 550
    assert "550 5.1.1 no such user here" in dead["receipts"][-1]["words"]
    tercera.json("run", "--once")
    inbox.expect()

    assert tercera.json("deliveries", "retry", str(dead["id"])) == {"retried": 1, "withheld": 0}
    assert tercera.json("run", "--once")["notices"]["dead"] == 1
    inbox.expect()  # operations knows already

    assert tercera.json("deliveries", "retry") == {"retried": 1, "withheld": 0}
    assert tercera.json("run", "--once")["notices"]["sent"] == 1
    mail = inbox.expect(first_mail(month))[first_mail(month)].mail
    assert mail["Message-ID"] == f"<{dead['message']}@shop.example.com>"


def test_a_mail_that_is_put_off(tercera: Tercera, mail_server: SmtpServer, month: Month) -> None:
    """4xx: the notice waits, is not tried before it is due, and then goes out under the same Message-ID."""
    inbox = Inbox(mail_server)
    mail_server.answer("ana@example.com", "451 4.3.0 try again later", at="DATA", times=2)
    assert tercera.json("run", "--once")["notices"]["pending"] == 1
    inbox.expect((OPERATIONS, NEW))
    (waiting,) = tercera.json("deliveries", "--state", "pending")["deliveries"]
    assert (waiting["attempts"], waiting["receipts"][-1]["code"]) == (1, 451)
    due = datetime.fromisoformat(waiting["due_at"]) - datetime.fromisoformat(waiting["receipts"][-1]["at"])
    assert timedelta(seconds=15) <= due <= timedelta(seconds=30)

    assert tercera.json("run", "--once")["notices"] == {
        "sent": 0,
        "pending": 0,
        "dead": 0,
        "undeliverable": 0,
    }
    assert deliver_later(tercera, timedelta(seconds=31)) == {"pending": 1}
    (waiting,) = tercera.json("deliveries", "--state", "pending")["deliveries"]
    due = datetime.fromisoformat(waiting["due_at"]) - datetime.fromisoformat(waiting["receipts"][-1]["at"])
    assert timedelta(seconds=30) <= due <= timedelta(seconds=60)
    inbox.expect()

    assert deliver_later(tercera, timedelta(minutes=2)) == {"sent": 1}
    mail = inbox.expect(first_mail(month))[first_mail(month)].mail
    assert mail["Message-ID"] == f"<{waiting['message']}@shop.example.com>"
    assert deliver_later(tercera, timedelta(days=2)) == {}
    inbox.expect()


def test_a_connection_that_ends_before_the_answer(
    tercera: Tercera, mail_server: SmtpServer, month: Month
) -> None:
    """A mail that was taken without a word is repeated, and the repeat can be told by its Message-ID."""
    mail_server.answer("ana@example.com", Act.KEEP_AND_DROP, at="DATA", times=1)
    assert tercera.json("run", "--once")["notices"]["pending"] == 1
    assert deliver_later(tercera, timedelta(seconds=31)) == {"sent": 1}
    one, two = (mail for mail in mail_server.accepted if mail.recipient == "ana@example.com")
    assert one.content == two.content


def test_a_mail_server_that_is_away(
    shop: Files, tercera: Tercera, mail_server: SmtpServer, month: Month
) -> None:
    """The run itself succeeds, says what waits and why. The channels are left alone for a while, and then
    everything goes out, once. The outage counts against no notice."""
    for name in ("bea", "eva", "ida", "isa", "lea", "mia"):
        shop.customer(name, f"{name}@example.com")
        shop.returned(name, month, *(f"{name}{number}" for number in range(3)))
    written = configuration(files_source(), mail_server)
    port = mail_server.port
    written["email"]["port"] = "${SMTP_PORT}"
    tercera.configure(written)
    tercera.environment["SMTP_PORT"] = str(free_port())

    inbox = Inbox(mail_server)
    report = tercera.json("run", "--once")
    assert report["transitions"] == {"opened": 7}
    assert report["notices"]["sent"] == 0
    assert set(states(tercera).values()) == {"pending"}
    assert report["waiting"] == 14
    assert report["notices"]["pending"] > 0
    shown = tercera.json("deliveries")
    assert {(one["attempts"], *one["receipts"]) for one in shown["deliveries"]} == {(0,)}
    assert [one["channel"] for one in shown["paused"]] == ["customer", "operations"]
    assert all("nobody listens there" in one["words"] for one in shown["paused"])

    tercera.environment["SMTP_PORT"] = str(port)
    out = tercera.run("run", "--once").out
    assert "Channel customer is left alone since" in " ".join(out.split())
    inbox.expect()
    deliver_later(tercera, timedelta(seconds=31), SMTP_PORT=str(port))
    assert tercera.json("deliveries")["paused"] == []
    subject = first_mail(month)[1]
    names = ("ana", "bea", "eva", "ida", "isa", "lea", "mia")
    inbox.expect(
        *((f"{name}@example.com", subject) for name in names), (OPERATIONS, "Tercera: 7 changes (7 new)")
    )
    assert set(states(tercera).values()) == {"sent"}


def test_a_run_for_people_says_what_waits(tercera: Tercera, mail_server: SmtpServer) -> None:
    """Exit code 0, a line with the count, and where to look."""
    written = configuration(files_source(), mail_server)
    written["email"]["port"] = free_port()
    tercera.configure(written)
    answer = tercera.run("run", "--once")
    assert "Notices: 0 sent, 2 to be tried again" in " ".join(answer.out.split())
    assert "tercera deliveries" in answer.out
    assert answer.err == ""


def test_a_wrong_password_is_never_shown(tercera: Tercera, mail_server: SmtpServer) -> None:
    """The login is refused, the notices wait, and nobody reads the password anywhere."""
    tercera.environment["SMTP_PASSWORD"] = "wrong horse s3cr3t"
    tercera.json("run", "--once")
    answer = tercera.run("deliveries", "--json")
    assert "refused the login of" in answer.out
    check = tercera.run("check", code=1)
    assert "refused the login of" in " ".join(check.out.split())
    for shown in (answer.out, check.out, check.err):
        assert "s3cr3t" not in shown
    assert b"s3cr3t" not in (tercera.folder / "tercera.db").read_bytes()
    assert mail_server.accepted == []
