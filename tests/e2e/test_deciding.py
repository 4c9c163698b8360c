"""What people decide, through the command line: held notices, silences, decisions about single alerts."""

from __future__ import annotations

from pathlib import Path

import pytest

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
from tests.servers.smtp import SmtpServer

GUARD = {"max_notices": 20}


@pytest.fixture
def tercera(tmp_path: Path, mail_server: SmtpServer) -> Tercera:
    """A shop in files whose guard lets twenty alerts through at once."""
    folder = tmp_path / "shop"
    folder.mkdir()
    made = Tercera(folder, SECRETS)
    made.configure(configuration(files_source(), mail_server, guard=GUARD, schedule={"every": "1s"}))
    return made


def broken(shop: Files, month: Month, customers: int) -> None:
    """A status sync breaks: every order of every customer is called returned."""
    for number in range(customers):
        shop.customers[f"c{number}"] = (f"Customer {number}", f"c{number}@example.com")
        for order in range(3):
            shop.orders[f"{number}-{order}"] = (f"c{number}", month.day(2 + order), "returned")
    shop.write()


def repaired(shop: Files, customers: int) -> None:
    """The first so many customers' orders are delivered after all."""
    for name, (customer, day, _) in shop.orders.items():
        if int(customer[1:]) < customers:
            shop.orders[name] = (customer, day, "delivered")
    shop.write()


def opened(month: Month) -> str:
    """What a customer's mail is about."""
    return f"Tiene 3 pedidos devueltos en {month.spanish}"


def test_a_broken_status_sync(tercera: Tercera, mail_server: SmtpServer) -> None:
    """Held, told to operations once, repaired, and released as far as it is still true."""
    month, inbox, shop = this_month(), Inbox(mail_server), Files(tercera.folder)
    broken(shop, month, 30)
    report = tercera.json("run", "--once")
    assert (report["held"], report["silenced"], report["notices"]["sent"]) == (30, 0, 10)
    subject = "30 alerts are held back: repeat-returns"
    mail = inbox.expect((OPERATIONS, subject))[OPERATIONS, subject]
    assert "tercera release --rule repeat-returns" in text_of(mail)
    assert "and 20 more alerts" in text_of(mail)
    assert tercera.json("why", "c1", month.id)["why_not"] == "held"

    repaired(shop, 28)
    assert "30" in tercera.run("held").out
    tercera.json("run", "--once")
    [held] = tercera.json("held")["held"]
    assert (held["rule"], held["alerts"], held["still_true"], held["notices"]) == (
        "repeat-returns",
        30,
        2,
        60,
    )
    assert tercera.json("release", "--rule", "repeat-returns") == {"released": 4, "discarded": 56}
    tercera.json("run", "--once")
    inbox.expect(
        ("c28@example.com", opened(month)),
        ("c29@example.com", opened(month)),
        (OPERATIONS, "Tercera: 2 changes (2 new)"),
    )
    assert tercera.run("held").out == "Nothing is held back.\n"
    assert tercera.json("discard") == {"discarded": 0}


def test_a_release_while_the_daemon_runs(tercera: Tercera, mail_server: SmtpServer) -> None:
    """It sends what was released, and goes on."""
    month, inbox, shop = this_month(), Inbox(mail_server), Files(tercera.folder)
    with tercera.started("run") as daemon:
        daemon.event("swept")
        broken(shop, month, 21)
        assert daemon.event("held back")["alerts"] == 21
        daemon.event("delivered")
        inbox.expect((OPERATIONS, "21 alerts are held back: repeat-returns"))
        assert tercera.json("release") == {"released": 42, "discarded": 0}
        daemon.event("delivered")
        daemon.event("swept")
        daemon.process.terminate()
        assert daemon.ended() == 0
    inbox.expect(
        (OPERATIONS, "Tercera: 21 changes (21 new)"),
        *((f"c{number}@example.com", opened(month)) for number in range(21)),
    )


def test_silences(tercera: Tercera, mail_server: SmtpServer) -> None:
    """A silenced customer is told when the silence is ended; the decisions stand in the alert's history."""
    month, inbox, shop = this_month(), Inbox(mail_server), Files(tercera.folder)
    tercera.json("run", "--once")
    added = tercera.json("silence", "add", "--customer", "c0", "--for", "7d", "--reason", "parcels were lost")
    assert (added["kind"], added["customer"], added["rule"]) == ("silence", "c0", None)
    broken(shop, month, 1)
    assert tercera.json("run", "--once")["silenced"] == 1
    inbox.expect()
    assert tercera.json("why", "c0", month.id)["why_not"] == "silenced"
    assert "parcels were lost" in tercera.run("silence", "list").out

    tercera.json("silence", "end", str(added["id"]))
    assert tercera.run("silence", "list").out == "Nothing is silenced.\n"
    tercera.json("run", "--once")
    inbox.expect(("c0@example.com", opened(month)), (OPERATIONS, "Tercera: 1 change (1 new)"))

    alert = str(tercera.json("alerts")["alerts"][0]["id"])
    tercera.json("ack", alert, "--author", "Ana")
    tercera.json("snooze", alert, "--until", "2999-01-01T08:30", "--reason", "waits for the carrier")
    tercera.json("dismiss", alert, "--reason", "a test account", "--author", "Ben")
    again = tercera.json("ack", alert, "--author", "Ben")
    assert (again["author"], again["already"]) == ("Ana", True)
    assert "Nothing was written; this stands since" in tercera.run("ack", alert).out
    history = tercera.json("alerts", "show", alert)
    assert [each["kind"] for each in history["decisions"]] == ["acknowledge", "snooze", "dismiss"]
    assert [each["muted"] for each in history["transitions"]] == ["silenced", None]
    assert history["decisions"][1]["until"].startswith("2999-01-01T13:30")
    shown = tercera.run("alerts", "show", alert).out
    assert "a test account" in shown
    assert "opened (silenced)" in shown
    shop.orders |= {f"more-{number}": ("c0", month.day(9), "returned") for number in range(9)}
    shop.write()
    assert tercera.json("run", "--once")["silenced"] == 1
    inbox.expect()


def test_decisions_that_can_not_be_taken(tercera: Tercera) -> None:
    """Each says what is missing, or what is not there."""
    Files(tercera.folder)
    tercera.json("run", "--once")
    because = ("--reason", "because")
    for arguments, code, words in (
        (("silence", "add", "--for", "1d", *because), 2, "--customer, --rule or both"),
        (("silence", "add", "--customer", "c0", *because), 2, "either --until or --for"),
        (("silence", "add", "--customer", "c0", "--for", "soon", *because), 2, "is no duration"),
        (("silence", "add", "--customer", "c0", "--until", "2020-01-01", *because), 2, "is over already"),
        (("silence", "add", "--customer", "c0", "--until", "someday", *because), 2, "someday"),
        (("silence", "add", "--customer", "c0", "--for", "1d", "--reason", " "), 2, "--reason is empty"),
        (("silence", "add", "--rule", "nope", "--for", "1d", *because), 5, "no rule 'nope'"),
        (("silence", "end", "7"), 5, "no silence 7 in force"),
        (("ack", "7"), 5, "no alert 7"),
        (("dismiss", "7", *because), 5, "no alert 7"),
        (("release", "--rule", "nope"), 5, "no rule 'nope'"),
    ):
        [line] = tercera.rejected(*arguments, code=code)
        assert words in line, arguments
