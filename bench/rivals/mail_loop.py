"""The rival of delivery: for each mail connect, STARTTLS, log in, send, quit, as a notebook does."""

from __future__ import annotations

import smtplib
import ssl
import sys
import time
from email.message import EmailMessage
from pathlib import Path

from bench.mailserver import AUTHORITY, PASSWORD, USER
from tercera.mailbox import HOST


def send_all(certificates: Path, port: int, mails: int) -> float:
    """Sends so many mails, each to another customer; gives the seconds that it took."""
    context = ssl.create_default_context(cafile=certificates / AUTHORITY)
    began = time.perf_counter()
    for number in range(mails):
        with smtplib.SMTP(HOST, port, "localhost", timeout=30) as server:
            server.starttls(context=context)
            server.login(USER, PASSWORD)
            server.send_message(_mail(number))
    return time.perf_counter() - began


def _mail(number: int) -> EmailMessage:
    customer = f"bigcolors_{1_300_000_000 + number}"
    orders = [f"6465208fbc139126{number:06x}{each:02x}" for each in range(3)]
    mail = EmailMessage()
    mail["Subject"] = "Returned and cancelled orders info"
    mail["From"] = "operations@example.com"
    mail["To"] = f"{customer}@example.com"
    mail.set_content(f"Hello {customer}, 3 of your orders in 2023-06 came back: {', '.join(orders)}")
    items = "".join(f"<li>{order}</li>" for order in orders)
    mail.add_alternative(f"<p>Hello {customer}, in 2023-06 came back:</p><ul>{items}</ul>", subtype="html")
    return mail


if __name__ == "__main__":
    print(send_all(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
