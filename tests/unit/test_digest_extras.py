"""What a digest brings beside its words: a table for spreadsheets, and pictures."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import date, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tercera.channels.email import Settings, Smtp, open_channel
from tercera.messages import Message, NoticeKind, Problem
from tercera.model import Customer, Evidence, Level, Period, Reason
from tercera.rendering import charts
from tercera.rendering.sheet import COLUMNS, sheet
from tercera.rendering.words import words_for
from tercera.signing import Keys
from tercera.telling.links import Links
from tests.samples import make_message, make_notice

LEVELS = (Level("notice", 3), Level("warning", 5), Level("critical", 10))
SERVER = Smtp(host="localhost", sender="Tienda Colores <avisos@tienda.example>")
EN = words_for("en")
assert EN is not None


def digest(count: int = 2) -> Message:
    """So many alerts, and a customer who could not be told."""
    notices = [
        make_notice(
            matched=3 + number % 9,
            id=number + 1,
            alert=number + 1,
            customer=Customer(f"c-{number}", f"Customer {number}", f"c{number}@example.com"),
            levels=LEVELS,
        )
        for number in range(count)
    ]
    untold = make_notice(kind=NoticeKind.UNDELIVERED, problem=Problem.REFUSED, id=count + 1, levels=LEVELS)
    return make_message(
        *notices, untold, for_customer=False, digest=True, recipient="ops@example.com", language="en"
    )


def mail(message: Message, **settings: bool) -> EmailMessage:
    """As a mail program reads it."""
    channel = open_channel(Settings(to=("ops@example.com",), server=SERVER, **settings))
    read = message_from_bytes(channel.compose(message).content, policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def rows(content: bytes) -> list[list[str]]:
    """As a spreadsheet reads it."""
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def test_a_digest_has_its_rows_attached_and_its_pictures_inside() -> None:
    """Text, HTML with a picture for each alert, and the table; every picture is shown, and told in words."""
    read = mail(digest(2))
    kinds = [part.get_content_type() for part in read.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "image/png", "image/png", "text/csv"]
    body = read.get_body(("html",))
    assert body is not None
    html = body.get_content()
    for part in read.walk():
        if part.get_content_type() == "image/png":
            assert part.get_content().startswith(b"\x89PNG")
            assert f'src="cid:{part["Content-ID"][1:-1]}"' in html
    assert html.count('alt="Chart of Customer') == 2
    (attached,) = read.iter_attachments()
    assert attached.get_filename() == "tercera-2023-06-20.csv"
    assert len(rows(attached.get_content().encode() if isinstance(attached.get_content(), str) else b"")) == 4


@pytest.mark.parametrize(("answers", "place"), [(True, "answer"), (False, "alerts")])
def test_each_row_leads_to_the_dashboard(answers: bool, place: str) -> None:
    """To its answer, or, where mails answer nothing, to its page: in HTML and in text."""
    links = Links("https://tercera.example.com", Keys(b"0" * 32), timedelta(days=30), answers=answers)
    channel = open_channel(Settings(to=("ops@example.com",), server=SERVER)).linked(links)
    read = message_from_bytes(channel.compose(digest(2)).content, policy=policy.default)
    assert isinstance(read, EmailMessage)
    for kind in ("plain", "html"):
        body = read.get_body((kind,))
        assert body is not None
        led = set(re.findall(rf"https://tercera\.example\.com/{place}/[12]\b", body.get_content()))
        assert len(led) == 2, kind


def test_only_the_largest_have_a_picture() -> None:
    """Twelve of twenty, from the top; all rows are in the table."""
    read = mail(digest(20))
    assert sum(part.get_content_type() == "image/png" for part in read.walk()) == 12
    assert mail(digest(1), charts=False, attachment=False).get_content_type() == "multipart/alternative"


def test_the_same_message_is_the_same_mail_on_every_try() -> None:
    """With its pictures and its table."""
    channel = open_channel(Settings(to=("ops@example.com",), server=SERVER))
    assert channel.compose(digest()).content == channel.compose(digest()).content


def test_a_picture_that_fails_stops_no_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mail goes without it."""

    def fail(*_: object) -> bytes:
        raise RuntimeError("no fonts")

    monkeypatch.setattr(charts, "draw", fail)
    kinds = [part.get_content_type() for part in mail(digest()).walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "text/csv"]


def test_the_columns_of_the_table() -> None:
    """One row for each notice, largest first; days are days, amounts are plain numbers."""
    big = make_notice(Reason.ESCALATED, 5, id=2, alert=13)
    tally = replace(big.tally, first_at=date(2023, 6, 3), last_at=date(2023, 6, 11))
    head, first, second = rows(
        sheet(make_message(make_notice(), replace(big, tally=tally), for_customer=False))
    )
    assert tuple(head) == COLUMNS
    assert first == [
        "repeat-returns", "warning", "notice", "escalated", "bigcolors_1381618804", "Ana María Pérez",
        "ana@example.com", "2023-06", "5", "14", "299512.5000", "EUR", "2023-06-03", "2023-06-11",
        "MX-1001; MX-1002; MX-1003; MX-1004; MX-1005", "13",
    ]  # fmt: skip
    assert second[3] == "opened"


HOSTILE = st.text(st.sampled_from("=+-@\t\r\n,;\"' aé\0＝1"), max_size=12)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_cell_is_a_formula(name: str, subject: str, order: str) -> None:
    """Whatever strangers write, every row has its columns, and no text begins as a formula does."""
    evidence = (Evidence(order, date(2023, 6, 3), "returned"),)
    customer = Customer(subject, name, f"{name}@example.com")
    notice = make_notice(matched=3, evidence=evidence, customer=customer)
    head, row = rows(sheet(make_message(notice, for_customer=False)))
    assert len(row) == len(head)
    for cell in row:
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))


@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=30),
    st.sampled_from([Period.WEEK, Period.MONTH, Period.QUARTER, Period.YEAR]),
)
def test_the_course_of_any_window(days: list[int], period: Period) -> None:
    """It rises by every order, stays within its window, and shows the crossed levels and one more."""
    window = {
        Period.WEEK: "2023-W24",
        Period.MONTH: "2023-06",
        Period.QUARTER: "2023-Q2",
        Period.YEAR: "2023",
    }
    first = {Period.WEEK: date(2023, 6, 12), Period.MONTH: date(2023, 6, 1), Period.QUARTER: date(2023, 4, 1)}
    length = {Period.WEEK: 7, Period.MONTH: 30, Period.QUARTER: 91, Period.YEAR: 365}[period]
    start = first.get(period, date(2023, 1, 1))
    evidence = [
        Evidence(f"o{n}", start + timedelta(days=day % length), "returned") for n, day in enumerate(days)
    ]
    notice = make_notice(
        matched=len(days), evidence=evidence, window=window[period], period=period, levels=LEVELS
    )
    course = charts.course_of(notice)
    assert course is not None
    places, counts = zip(*course.steps, strict=True)
    assert list(places) == sorted(set(places))
    assert list(counts) == sorted(set(counts))
    assert counts[-1] == len(days)
    assert 0 <= places[0] <= places[-1] < course.until <= length
    crossed = [level for level in LEVELS if level.threshold <= len(days)]
    assert list(course.levels[: len(crossed)]) == crossed
    assert len(course.levels) <= len(crossed) + 1
    assert EN is not None
    assert charts.specification(course, EN)["width"] == charts.WIDTH


def test_there_is_no_picture_of_a_day_or_of_nothing() -> None:
    """A line needs more than one day, and an order."""
    assert charts.course_of(make_notice(Reason.RETRACTED, 0)) is None
    assert charts.course_of(make_notice(window="2023-06-03", period=Period.DAY)) is None
