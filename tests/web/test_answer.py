"""Answering an alert from a mail: only its form does, in the name of whom the mail went to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_binary_file, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tercera.demo.mailbox import Mailbox
from tercera.people import Via
from tests.servers.dashboard import RULE, Dashboard, dashboard

URL = "https://tercera.example.com"
OPERATIONS = "ops@shop.example.com"


@pytest.fixture
def mails(tmp_path: Path) -> Iterator[Mailbox]:
    """A mail server of the test's own."""
    with Mailbox(tmp_path / "mail") as made:
        yield made


@pytest.fixture
def shop(tmp_path: Path, mails: Mailbox) -> Iterator[Dashboard]:
    """A shop that mails operations, alert by alert, and customers."""
    folder = tmp_path / "shop"
    folder.mkdir()
    server = {
        "host": "127.0.0.1",
        "port": mails.port,
        "security": "none",
        "sender": "alerts@shop.example.com",
    }
    channels = {
        "customer": {"kind": "email", "to": "customer"},
        "operations": {"kind": "email", "to": [OPERATIONS]},
    }
    web = {"port": 0, "url": URL, "secret": "0123456789abcdef" * 4}
    with dashboard(folder, email=server, channels=channels, rules=[RULE], web=web) as made:
        yield made


def of(mails: Mailbox, recipient: str) -> list[EmailMessage]:
    """What was sent to somebody."""
    found = []
    for path in mails.mails():
        with path.open("rb") as file:
            mail = message_from_binary_file(file, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        if recipient in str(mail["To"]):
            found.append(mail)
    return found


def part(mail: EmailMessage, kind: str) -> str:
    """The text or the HTML."""
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def link_about(mails: Mailbox, customer: str) -> str:
    """The path of the answer's link in the mail about a customer."""
    mail = next(each for each in of(mails, OPERATIONS) if customer in part(each, "plain"))
    found = re.search(rf"{re.escape(URL)}(/answer/\S+)", part(mail, "plain"))
    assert found
    return found[1]


def test_operations_can_answer_and_customers_cannot(shop: Dashboard, mails: Mailbox) -> None:
    """Both parts of the mail lead there; a customer's mail leads nowhere."""
    path = link_about(mails, "bruno_2")
    mail = next(each for each in of(mails, OPERATIONS) if "bruno_2" in part(each, "plain"))
    assert f"{URL}{path}?do=dismiss" in part(mail, "html")
    customers = of(mails, "bruno_2@example.com")
    assert customers
    for each in customers:
        assert URL not in part(each, "plain") + part(each, "html")


def test_looking_changes_nothing_and_the_form_does(shop: Dashboard, mails: Mailbox) -> None:
    """A scanner that fetches every link decides nothing; a form that is sent twice decides once."""
    path = link_about(mails, "bruno_2")
    with shop.client() as nobody:
        for choice in ("acknowledge", "snooze", "dismiss"):
            assert nobody.get(path, params={"do": choice}).status_code == 200
            assert nobody.head(path).status_code in (200, 405)
        assert shop.ledger.decisions(shop.clock()) == []
        answers = [nobody.post(path, data={"do": "dismiss", "reason": "a test shop"}) for _ in range(2)]
        assert [each.status_code for each in answers] == [303, 303]
        after, again = (nobody.get(each.headers["location"]) for each in answers)
    (decision,) = shop.ledger.decisions(shop.clock())
    assert (decision.kind, decision.subject, decision.author, decision.reason) == (
        "dismiss",
        "bruno_2",
        OPERATIONS,
        "a test shop",
    )
    assert "Thank you" in after.text
    assert "Thank you" not in again.text
    assert f"{OPERATIONS} called it no problem already" in again.text
    (deed,) = shop.ledger.people.deeds()
    assert (deed.actor, deed.via, deed.action) == (OPERATIONS, Via.MAIL, "dismiss")


def test_what_is_answered_is_named(shop: Dashboard, mails: Mailbox) -> None:
    """By the mail's own sentence: who by name and id, how many, in which month; and by which rule."""
    path = link_about(mails, "bruno_2")
    with shop.client() as nobody:
        for language, sentence, rule in (
            ("en", "bruno_2) has 12 cancelled orders in November 2026.", "The rule: “Three or more"),
            ("es", "bruno_2) tiene 12 pedidos cancelados en noviembre de 2026.", "La regla: «Three or more"),
        ):
            shown = nobody.get(path, headers={"accept-language": language}).text
            assert sentence in shown
            assert rule in shown
            assert "America/Bogota" in shown
            assert '<time datetime="2026-12-22T10:00:00.000-05:00">' in shown
    mail = next(each for each in of(mails, OPERATIONS) if "bruno_2" in part(each, "plain"))
    assert "bruno_2) has 12 cancelled orders in November 2026." in part(mail, "plain")


def test_a_link_that_is_not_ours(shop: Dashboard, mails: Mailbox) -> None:
    """Another alert's number, another name, another time, half a mark: none opens anything."""
    path = link_about(mails, "bruno_2")
    number, until, name, mark = path.removeprefix("/answer/").split(".")
    other = link_about(mails, "ana_1").removeprefix("/answer/").split(".")[0]
    wrong = [
        f"{other}.{until}.{name}.{mark}",
        f"{number}.{int(until, 16) + 1:x}.{name}.{mark}",
        f"{number}.{until}.{name[:-2]}AA.{mark}",
        f"{number}.{until}.{name}.{mark[:-1]}{'0' if mark[-1] != '0' else '1'}",
        f"999999.{until}.{name}.{mark}",
        "x",
        f"{number}.{'f' * 12}.{name}.{mark}",
    ]
    with shop.client() as nobody:
        for each in wrong:
            over = nobody.get(f"/answer/{each}", headers={"accept-language": "es"})
            assert over.status_code == 410, each
            assert "Este enlace es demasiado antiguo" in over.text
            assert nobody.post(f"/answer/{each}", data={"do": "dismiss"}).status_code == 410, each
        foreign = {"origin": "https://evil.example"}
        assert nobody.post(path, data={"do": "dismiss"}, headers=foreign).status_code == 403
        assert nobody.post(path, data={"do": "explode"}).status_code == 422
    assert shop.ledger.decisions(shop.clock()) == []


def test_a_link_ends(shop: Dashboard, mails: Mailbox) -> None:
    """After `web.links_last`, which is 30 days unless told otherwise."""
    path = link_about(mails, "bruno_2")
    now = shop.clock()
    shop.app.clock = lambda: now.replace(month=12, day=23)
    with shop.client() as nobody:
        assert nobody.get(path).status_code == 410
        assert nobody.post(path, data={"do": "dismiss"}).status_code == 410


def test_in_a_browser_by_the_keyboard(shop: Dashboard, mails: Mailbox, browser: Browser) -> None:
    """On a phone, in Spanish, without JavaScript."""
    context = browser.new_context(
        locale="es-CO", java_script_enabled=False, viewport={"width": 390, "height": 800}
    )
    page = context.new_page()
    page.goto(shop.url + link_about(mails, "bruno_2") + "?do=snooze")
    assert page.get_by_label("Silenciar un tiempo").is_checked()
    page.get_by_label("Por qué").fill("se lo preguntamos")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("status").wait_for()
    assert "por ahora no se avisa" in page.get_by_role("status").inner_text()
    context.close()
    (decision,) = shop.ledger.decisions(shop.clock())
    assert decision.kind == "snooze"
