"""A digest as a table for spreadsheets: CSV after RFC 4180, in UTF-8 with the mark that Excel looks for.

Cells that a spreadsheet would take for a formula are defused by an apostrophe
(https://owasp.org/www-community/attacks/CSV_Injection): an order's id is written by strangers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date

from tercera.messages import Message, Notice
from tercera.model import Placed
from tercera.rendering.plain import one_line
from tercera.rendering.view import by_size, change_of

COLUMNS = (
    "rule", "level", "before", "change", "customer_id", "name", "email", "window", "matched", "orders",
    "amount", "currency", "first_date", "last_date", "order_ids", "alert_id",
)  # fmt: skip

LARGEST = 5_000_000
"""Bytes: mail servers refuse messages of much more than ten megabytes."""

CELL = 30_000
"""Characters: Excel takes no more than 32,767 in one cell."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def sheet(message: Message) -> bytes:
    """Every notice of a message as a row, as the mail orders them. What has no room is counted."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    notices = by_size(message)
    for place, notice in enumerate(notices):
        writer.writerow(_row(notice))
        if written.tell() > LARGEST:
            writer.writerow([f"{len(notices) - place - 1} more rows have no room: tercera alerts lists them"])
            break
    return written.getvalue().encode("utf-8-sig", "replace")


def name_of(message: Message) -> str:
    """`tercera-2023-06-20.csv`, after the day of the newest notice."""
    return f"tercera-{max(notice.at for notice in message.notices):%Y-%m-%d}.csv"


def safe(text: str) -> str:
    """The text as one cell that no spreadsheet calculates."""
    line = one_line(text, CELL)
    return f"'{line}" if line.startswith(_FORMULA) or text.startswith(_FORMULA) else line


def _row(notice: Notice) -> list[str]:
    return list(_cells(notice))


def _cells(notice: Notice) -> Iterator[str]:
    tally, customer = notice.tally, notice.customer
    yield safe(notice.rule)
    yield safe(notice.level or "")
    yield safe(notice.before or "")
    yield change_of(notice)
    yield safe(notice.subject)
    yield safe((customer.name or "") if customer else "")
    yield safe((customer.email or "") if customer else "")
    yield notice.window
    yield str(tally.matched)
    yield str(tally.orders)
    yield "" if tally.amount is None else format(tally.amount, "f")  # a number of ours: it may be negative
    yield notice.currency or ""
    yield _day(tally.first_at)
    yield _day(tally.last_at)
    yield safe("; ".join(each.order_id for each in tally.evidence))
    yield str(notice.alert)


def _day(placed: Placed | None) -> str:
    if placed is None:
        return ""
    return date(placed.year, placed.month, placed.day).isoformat()
