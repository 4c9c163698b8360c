"""The rival of delivery: for each mail connect, STARTTLS, log in, send, quit, as a notebook does.

Its mails have the subject, the text and the HTML of those that tercera sends, written beforehand.
"""

from __future__ import annotations

import smtplib
import ssl
import sys
import time
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from bench.mailserver import AUTHORITY, PASSWORD, SAMPLE, USER
from tercera.demo.mailbox import HOST


@dataclass(frozen=True, slots=True)
class Letter:
    """What every customer reads."""

    subject: str
    text: str
    html: str


def send_all(folder: Path, port: int, mails: int) -> float:
    """Sends so many mails, each to another customer; gives the seconds that it took."""
    context = ssl.create_default_context(cafile=folder / AUTHORITY)
    letter = _letter(folder / SAMPLE)
    began = time.perf_counter()
    for number in range(mails):
        with smtplib.SMTP(HOST, port, "localhost", timeout=30) as server:
            server.starttls(context=context)
            server.login(USER, PASSWORD)
            server.send_message(_mail(letter, number))
    return time.perf_counter() - began


def _letter(sample: Path) -> Letter:
    mail = message_from_bytes(sample.read_bytes(), policy=policy.default)
    text, html = mail.iter_parts()
    return Letter(mail["Subject"], text.get_content(), html.get_content())


def _mail(letter: Letter, number: int) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = letter.subject
    mail["From"] = "Shop <operations@example.com>"
    mail["To"] = f"bigcolors_{1_300_000_000 + number}@example.com"
    mail.set_content(letter.text)
    mail.add_alternative(letter.html, subtype="html")
    return mail


if __name__ == "__main__":
    print(send_all(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
