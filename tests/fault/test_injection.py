"""Hostile text in every field that an order or a customer carries, through the whole product: every channel
and every command. It steers no terminal, begins no header, tag, formula or log line, and runs nothing."""

from __future__ import annotations

import csv
import json
import re
from io import StringIO
from pathlib import Path

import pytest

from tests.e2e.process import Tercera
from tests.e2e.shop import OPERATIONS, SECRETS, configuration, files_source, this_month
from tests.hostile import HOSTILE
from tests.servers.http import WebServer
from tests.servers.smtp import Accepted, SmtpServer

WRITABLE = [text for text in HOSTILE if "\ud800" not in text and "\0" not in text and len(text) < 1000] + [
    "Ana\r\nBcc: everybody@evil.example",
    "\x1b]0;owned\x07\x1b[2J",
    "\x9b31m\u202egnp.exe",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "</td></tr></table><img src=x onerror=alert(1)>",
]
"""What a file can hold at all."""

_STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
SECRET = "whsec_bm90IGEgc2VjcmV0LCBvbmx5IGZvciB0ZXN0cw=="


def _status(text: str) -> str:
    """The text, but where a configuration that names it would fill something in."""
    return "returned" if "${" in text else text


@pytest.fixture
def tercera(tmp_path: Path) -> Tercera:
    """A customer for each text, who carries it in every field."""
    month = this_month()
    with (tmp_path / "orders.csv").open("w", encoding="utf-8", newline="") as file:
        orders = csv.writer(file)
        orders.writerow(["order_id", "customer_id", "placed_at", "status", "amount"])
        for number, text in enumerate(WRITABLE):
            for each in range(3):
                orders.writerow([f"{text} {each}", f"{text} {number}", month.day(3), _status(text), text])
    with (tmp_path / "customers.csv").open("w", encoding="utf-8", newline="") as file:
        customers = csv.writer(file)
        customers.writerow(["id", "name", "email", "language"])
        for number, text in enumerate(WRITABLE):
            customers.writerow([f"{text} {number}", text, f"c{number}@example.com", text])
        customers.writerow(["x", "x", "x", "x"])
    return Tercera(tmp_path, SECRETS)


def test_every_field_through_every_channel_and_command(tercera: Tercera, tmp_path: Path) -> None:
    """Mails, their parts and attachment, webhooks, the log channel, and what each command prints."""
    folder = tmp_path / "mail server"
    folder.mkdir()
    with SmtpServer(folder) as server, WebServer() as web:
        written = configuration(files_source(), server, guard={"max_share": 1})
        written["source"]["customers"]["language"] = "language"
        written["rules"][0]["when"] = {"status": [_status(text) for text in WRITABLE]}
        written["rules"][0]["notify"] = ["customer", "operations", "hook", "slack", "alertmanager", "log"]
        address = f"http://127.0.0.1:{web.port}/"
        written["channels"] |= {
            "hook": {"kind": "webhook", "url": address, "secret": SECRET, "allow_private": True},
            "slack": {"kind": "slack", "url": address, "allow_private": True},
            "alertmanager": {"kind": "alertmanager", "url": address},
            "log": {"kind": "log", "to": "told.log"},
        }
        tercera.configure(written)
        report = tercera.json("run", "--once")
        assert report["transitions"] == {"opened": len(WRITABLE)}
        assert report["notices"]["dead"] == report["notices"]["pending"] == 0
    assert {mail.recipient for mail in server.accepted} == {
        OPERATIONS, *(f"c{number}@example.com" for number in range(len(WRITABLE))),
    }  # fmt: skip
    for mail in server.accepted:
        _check_mail(mail)
    for request in web.taken:
        json.loads(request.body)
        assert b"forged" not in {line.strip()[:8] for line in request.body.splitlines()}
    lines = (tmp_path / "told.log").read_text(encoding="utf-8").split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(WRITABLE)
    assert all(json.loads(line)["type"] == "alert.opened" for line in lines)
    _check_commands(tercera)


def _check_mail(accepted: Accepted) -> None:
    mail = accepted.mail
    assert "evil.example" not in str(mail["To"]) + str(mail["Cc"]) + str(mail["Bcc"])
    assert mail["Bcc"] is None
    for header in ("Subject", "To", "From"):
        assert len(mail.get_all(header) or []) == 1
    for part in mail.walk():
        if part.get_content_maintype() != "text":
            continue
        text = str(part.get_content())
        assert "SMTP_PASSWORD" not in text or "${SMTP_PASSWORD}" in text, "nothing is filled in"
        assert SECRETS["SMTP_PASSWORD"] not in text
        assert "49 $" not in text, "a template was run"
        assert "<class" not in text, "a template was run"
        if part.get_content_subtype() == "html":
            assert not re.search(r"<(script|img src=x|!channel)", text)
        if part.get_content_subtype() == "csv":
            for row in csv.reader(StringIO(text.lstrip("\ufeff"))):
                assert not [cell for cell in row if cell[:1] in "=+-@\t\r" and cell], row
        else:
            assert not _STEERING.search(text.replace("\r\n", "\n").replace("\t", " ")), text


def _check_commands(tercera: Tercera) -> None:
    """Nothing that a command prints steers a terminal or forges a line."""
    numbers = [alert["id"] for alert in tercera.json("alerts", "--limit", "100")["alerts"]]
    commands = [
        ["alerts"],
        ["deliveries"],
        ["backtest"],
        ["run", "--once"],
        ["alerts", "show", str(numbers[0])],
    ]
    commands += [["why", f"{text} {number}", this_month().id] for number, text in enumerate(WRITABLE[:1])]
    for command in commands:
        answer = tercera.run(*command, code=None)
        shown = answer.out + answer.err
        assert not _STEERING.search(shown), (command, _STEERING.search(shown))
        assert SECRETS["SMTP_PASSWORD"] not in shown
