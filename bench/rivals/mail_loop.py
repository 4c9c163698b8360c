"""The rival of delivery: for each mail connect, STARTTLS, log in, send, quit, as a notebook does."""

from __future__ import annotations

import smtplib
import ssl
import time
from email.message import EmailMessage


def send_all(
    host: str, port: int, login: tuple[str, str], context: ssl.SSLContext, addresses: list[str]
) -> float:
    """Sends one mail to each address; gives the seconds that it took."""
    began = time.perf_counter()
    for number, address in enumerate(addresses):
        with smtplib.SMTP(host, port, timeout=30) as server:
            server.starttls(context=context)
            server.login(*login)
            server.send_message(_mail(number, address))
    return time.perf_counter() - began


def _mail(number: int, address: str) -> EmailMessage:
    orders = [f"6465208fbc1391265257{number:04x}{each}" for each in range(3)]
    mail = EmailMessage()
    mail["Subject"] = "Returned and cancelled orders info"
    mail["From"] = "operations@example.com"
    mail["To"] = address
    mail.set_content(f"Hello {address}, 3 of your orders in 2023-06 came back: {', '.join(orders)}")
    items = "".join(f"<li>{order}</li>" for order in orders)
    mail.add_alternative(f"<p>Hello {address}, in 2023-06 came back:</p><ul>{items}</ul>", subtype="html")
    return mail
