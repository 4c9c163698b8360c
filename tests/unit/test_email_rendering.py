"""What mails say, and what strangers' text can't make of them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tercera.channels.email import EmailChannel, Settings, Smtp, open_channel
from tercera.errors import ConfigError, DeliveryError
from tercera.messages import Message, NoticeKind, Problem
from tercera.model import Customer, Evidence, Period, Reason, RejectReason
from tercera.notation.addresses import is_address, parse_address
from tercera.rendering.plain import one_line
from tercera.rendering.words import languages, words_for
from tercera.telling.watch import Watched
from tercera.windows import parse_window
from tests.samples import (
    AT,
    make_evidence,
    make_held,
    make_message,
    make_notice,
    make_statement,
    make_watched,
)
from tests.snapshots import assert_snapshot

SERVER = Smtp(host="localhost", sender="Tienda Colores <avisos@tienda.example>")


def channel(reply_to: str | None = None, templates: Path | None = None, language: str = "en") -> EmailChannel:
    return open_channel(
        Settings(
            to="customer",
            reply_to=reply_to,
            templates=templates,
            language=language,
            server=SERVER,
            charts=False,
            attachment=False,
        )
    )


CHANNEL = channel(reply_to="Tienda Colores <hola@tienda.example>")

UNTOLD = make_notice(kind=NoticeKind.UNDELIVERED, problem=Problem.REFUSED, detail="550 5.1.1 no such user")
UNKNOWN = replace(make_notice(matched=4), id=2, customer=None, problem=Problem.NO_ENTRY)
QUESOS = Customer("64b2c0ffee1234567890abcd", "Quesos del Norte S. L.", "q@example.com")

MAY = tuple(
    replace(each, order_id=f"M-{each.order_id}", placed_at=date(2023, 5, 9)) for each in make_evidence(5)
)
CANCELLED = make_evidence(3, ("cancelled",))

MESSAGES = {
    **{
        f"customer-{reason}": make_message(make_notice(reason, matched))
        for reason, matched in {
            Reason.OPENED: 3,
            Reason.ESCALATED: 5,
            Reason.EASED: 4,
            Reason.RETRACTED: 1,
            Reason.CLOSED: 3,
        }.items()
    },
    "customer-retracted-to-none": make_message(make_notice(Reason.RETRACTED, 0)),
    "customer-two": make_message(make_notice(), make_notice(matched=5, evidence=MAY, window="2023-05", id=2)),
    "customer-several": make_message(
        make_notice(Reason.ESCALATED, 5),
        make_notice(window="2023-Q2", period=Period.QUARTER, evidence=CANCELLED, id=2),
        make_notice(Reason.RETRACTED, 0, window="2023-05", id=3),
    ),
    "customer-capped": make_message(make_notice(matched=60, evidence=make_evidence(4))),
    **{
        f"operations-{reason}": make_message(make_notice(reason, matched), for_customer=False)
        for reason, matched in {
            Reason.OPENED: 3,
            Reason.ESCALATED: 5,
            Reason.EASED: 4,
            Reason.RETRACTED: 1,
            Reason.CLOSED: 3,
        }.items()
    },
    "operations-problem": make_message(
        make_notice(problem=Problem.BAD_EMAIL, detail="'ana at example' is no e-mail address"),
        for_customer=False,
    ),
    "operations-doubtful": make_message(
        make_notice(doubtful=((RejectReason.NO_DATE, 1), (RejectReason.UNREADABLE_DATE, 2))),
        for_customer=False,
    ),
    "undelivered-one": make_message(UNTOLD, for_customer=False),
    "undelivered-two": make_message(UNTOLD, replace(UNTOLD, id=2, customer=None), for_customer=False),
    "held": make_held(),
    "held-one": make_held(count=1, examples=1),
    "statement": make_statement(),
    "statement-one": make_statement(standing=1, before=1),
    "statement-two": make_message(
        *make_statement("2023-04", 11, 14).notices, *make_statement().notices, for_customer=False, digest=True
    ),
    **{
        f"watch-{watched.name.lower()}{'-over' if over else ''}": make_watched(watched, over=over)
        for watched in Watched
        for over in (False, True)
    },
    "digest": make_message(
        make_notice(),
        make_notice(Reason.ESCALATED, 5, customer=QUESOS, id=3),
        make_notice(Reason.RETRACTED, 1, customer=QUESOS, id=4),
        UNKNOWN,
        replace(UNTOLD, id=5),
        for_customer=False,
        digest=True,
    ),
}
LOOKED_AT = (
    "customer-opened",
    "customer-several",
    "operations-problem",
    "undelivered-two",
    "held",
    "digest",
    "watch-rejects",
    "statement",
)
WITHOUT_ORDERS = (NoticeKind.UNDELIVERED, NoticeKind.WATCH, NoticeKind.STATEMENT)


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("name", MESSAGES)
def test_the_text_of_each_kind_of_mail(name: str, language: str) -> None:
    """Every audience reads every reason in its language, as it was found right."""
    letter = CHANNEL.letters.write(replace(MESSAGES[name], language=language))
    assert_snapshot(f"email/{name}.{language}.txt", f"{letter.subject}\n\n{letter.text}")


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("name", LOOKED_AT)
def test_the_html_of_each_kind_of_mail(name: str, language: str) -> None:
    """One picture of each layout was looked at."""
    letter = CHANNEL.letters.write(replace(MESSAGES[name], language=language))
    assert_snapshot(f"email/{name}.{language}.html", letter.html)


@pytest.mark.parametrize("name", MESSAGES)
def test_text_and_html_say_the_same_orders(name: str) -> None:
    """Whoever reads plain text misses no order, no customer and no amount."""
    message = MESSAGES[name]
    letter = CHANNEL.letters.write(message)
    shown = _visible(letter.html)
    for notice in message.notices:
        if not (message.digest or notice.kind in WITHOUT_ORDERS):
            for order in notice.tally.evidence:
                assert order.order_id in letter.text
                assert order.order_id in shown
        if not message.for_customer and notice.per != "watch":
            assert notice.subject in letter.text
            assert notice.subject in shown


def test_customers_read_no_internal_words() -> None:
    """No rule, level, alert number or status code reaches a customer."""
    for name, message in MESSAGES.items():
        if message.for_customer:
            letter = CHANNEL.letters.write(message)
            for text in (letter.subject, letter.text, _visible(letter.html)):
                for internal in (
                    "repeat-returns",
                    "notice",
                    "warning",
                    "critical",
                    "cancelled",
                    "tercera",
                    "Three",
                ):
                    assert internal not in text, (name, internal)


def test_answers_are_invited_where_somebody_reads_them() -> None:
    """Without `reply_to` nobody is asked to answer a mail."""
    assert "responda a este mensaje" in CHANNEL.letters.write(make_message()).text
    assert "responda" not in channel().letters.write(make_message()).text


def test_an_unknown_status_stays_as_it_is() -> None:
    """A status without a translation is quoted, not guessed."""
    notice = make_notice(evidence=make_evidence(3, ("novedad transportadora",)))
    letter = CHANNEL.letters.write(make_message(notice))
    assert letter.subject == "Tiene 3 pedidos con estado «novedad transportadora» en junio de 2023"
    assert "· novedad transportadora ·" in letter.text


def test_without_amounts_there_is_no_amount_column() -> None:
    """Orders without amounts leave no empty column and no total."""
    evidence = [replace(order, amount=None) for order in make_evidence(3)]
    letter = CHANNEL.letters.write(make_message(make_notice(evidence=evidence)))
    assert "Importe" not in letter.html
    assert "Total" not in letter.html + letter.text


def test_every_language_says_everything() -> None:
    """The phrase files have the same keys, the same values to fill in, and every plural a general form."""
    found = {}
    for language in languages():
        source = files("tercera.rendering").joinpath("phrases", f"{language}.toml").read_text("utf-8")
        words = words_for(language)
        assert words is not None
        assert tomllib.loads(source)
        found[language] = {key: _fields(phrase) for key, phrase in words.phrases.items()}
    keys = found.pop("en")
    assert found
    for language, others in found.items():
        assert others.keys() == keys.keys(), language
        for key, fields in others.items():
            # Where a language needs no preposition or count it may leave it out, but never invent one.
            assert fields <= keys[key] | {"count", "window", "orders", "in_window", "of_window"}, (
                language,
                key,
            )


@pytest.mark.parametrize(
    ("period", "window", "es", "en"),
    [
        (Period.DAY, "2023-06-09", "el 9 de junio de 2023", "on June 9, 2023"),
        (
            Period.WEEK,
            "2023-W23",
            "en la semana del 5 de junio al 11 de junio de 2023",
            "in the week of June 5 to June 11, 2023",
        ),
        (
            Period.WEEK,
            "2020-W53",
            "en la semana del 28 de diciembre de 2020 al 3 de enero de 2021",
            "in the week of December 28, 2020 to January 3, 2021",
        ),
        (Period.MONTH, "2023-06", "en junio de 2023", "in June 2023"),
        (Period.QUARTER, "2023-Q2", "en el 2.º trimestre de 2023", "in Q2 2023"),
        (Period.YEAR, "2023", "en 2023", "in 2023"),
    ],
)
def test_windows_in_words(period: Period, window: str, es: str, en: str) -> None:
    """A window is said as people say it."""
    for language, expected in (("es", es), ("en", en)):
        words = words_for(language)
        assert words is not None
        assert words.window(parse_window(window, period), "in") == expected


@pytest.mark.parametrize(
    ("amount", "currency", "language", "expected"),
    [
        ("59900.5000", "EUR", "es", "59.900,50\xa0€"),
        ("59900.5000", "EUR", "en", "€59,900.50"),
        ("59900.0000", "COP", "es-CO", "$59.900,00"),
        ("1234.0000", "JPY", "en", "¥1,234"),
        ("12.3450", "USD", "en", "$12.345"),
        ("12.3450", None, "es", "12,345"),
        ("1200.0000", None, "en", "1,200.00"),
        ("-3.5000", "USD", "en", "-$3.50"),
    ],
)
def test_amounts(amount: str, currency: str | None, language: str, expected: str) -> None:
    """Money is written as its locale does, and no fraction of it is hidden."""
    words = words_for(language)
    assert words is not None
    assert words.amount(Decimal(amount), currency) == expected


def test_days_stay_days_and_moments_show_their_own_clock() -> None:
    """A date gets no midnight; a moment is not moved to another zone."""
    words = words_for("en")
    assert words is not None
    assert words.placed(date(2023, 6, 9)) == "Jun 9, 2023"
    moment = datetime(2023, 6, 9, 23, 30, tzinfo=ZoneInfo("America/Bogota"))
    assert words.placed(moment).replace("\u202f", " ") == "Jun 9, 2023, 11:30 PM"


def test_equal_moments_in_two_zones_read_differently() -> None:
    """Whichever comes first: a moment is shown on its own clock, not on that of an equal one before it."""
    words = words_for("en")
    assert words is not None
    here = datetime(2023, 6, 9, 23, 30, tzinfo=ZoneInfo("America/Bogota"))
    there = here.astimezone(ZoneInfo("Europe/Madrid"))
    assert here == there
    read = [words.placed(moment).replace("\u202f", " ") for moment in (here, there, here)]
    assert read == ["Jun 9, 2023, 11:30 PM", "Jun 10, 2023, 6:30 AM", "Jun 9, 2023, 11:30 PM"]


@pytest.mark.parametrize("tag", ["es", "ES", "es-CO", "es_MX", "es-XX", "es-419"])
def test_a_region_that_nobody_knows_is_no_obstacle(tag: str) -> None:
    """Any Spanish is Spanish."""
    assert CHANNEL.letters.write(make_message(language=tag)).subject.startswith("Tiene 3 pedidos")


@pytest.mark.parametrize("tag", ["fr", "", "zz", "español", "../../etc"])
def test_a_language_without_phrases_falls_back(tag: str) -> None:
    """The channel's language is read instead."""
    assert CHANNEL.letters.write(make_message(language=tag)).subject.startswith("You have 3")


# Strangers' text


HOSTILE = (
    "a\r\nBcc: victim@example.com",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\u202emoc.elpmaxe\u202c",
    "{{ 7 * 7 }}{% raw %}",
    "{name} {0.__class__} %s",
    "=?utf-8?q?Bcc=3A?=",
    "\x00\x07\x1b[31m\x7f\x85\u2028\u2029",
    "x" * 10_000_000,
    "a" + "\u0301" * 5000,
    "'; rm -rf / #",
    "\ud800\udfff",
    "",
    "   ",
)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("for_customer", [True, False])
def test_hostile_fields_stay_text(text: str, for_customer: bool, several: bool) -> None:
    """Whatever a name, an id or a status holds: same headers, same tags, no controls, a bounded length."""
    hostile = make_notice(
        evidence=[Evidence(text or "-", date(2023, 6, 3), text, Decimal(1))] * 3,
        customer=Customer(text or "-", text, text, "es"),
        title=text,
        per=text,
        level=text,
        before=text,
        detail=text,
        problem=Problem.REFUSED,
    )
    notices = (hostile, replace(hostile, id=2, reason=Reason.RETRACTED)) if several else (hostile,)
    usual = (make_notice(), make_notice(Reason.RETRACTED, 1, id=2)) if several else (make_notice(),)
    mail = _mail(make_message(*notices, for_customer=for_customer))
    innocent = _mail(make_message(*usual, for_customer=for_customer))
    assert mail.keys() == innocent.keys()
    assert str(mail["To"]) == "ana@example.com"
    assert len(str(mail["Subject"])) <= 160
    body = _part(mail, "html")
    assert "<script" not in body
    assert "<img" not in body
    assert "49" not in str(mail["Subject"])
    for part in (str(mail["Subject"]), _part(mail, "plain"), body):
        assert not re.search(
            r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]", part
        )
    assert len(body) < 60_000 * len(notices)
    assert _tags(body) <= _tags(_part(innocent, "html")) | {"b", "br"}


@given(st.text(max_size=300), st.integers(4, 120))
@example("a\r\nb", 120)
def test_one_line_is_one_visible_line(text: str, limit: int) -> None:
    """What strangers wrote becomes one bounded line, and cleaning it again changes nothing."""
    line = one_line(text, limit)
    assert len(line) <= limit
    assert "\n" not in line
    assert line.replace("\u200c", "").replace("\u200d", "").isprintable()
    assert one_line(line, limit) == line


@given(st.text(max_size=60))
@example("a@b\r\nBcc: c@d")
@example("a@b, c@d")
@example('"a b"@example.com')
def test_an_address_is_one_address(text: str) -> None:
    """What passes as an address can't hold a second one, a header or a command."""
    if is_address(text):
        assert not re.search(r"[\s<>,;:\"()\[\]\x00-\x1f]", text.strip(" "))
        assert parse_address(text).domain.isascii()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ana",
        "@",
        "ana@",
        "@example.com",
        "a@b@c.example",
        "ana@exa mple.com",
        "ana@-x.com",
        "a..b@c.com",
        "Ana <ana@example.com>",
        "ana@example.com,bo@example.com",
        "ana@[127.0.0.1]",
        "ana@127.0.0.1",
        "x" * 65 + "@c.com",
    ],
)
def test_what_is_no_address(text: str) -> None:
    """A remark, two addresses, a name with an address: none is an address, and the words say so."""
    with pytest.raises(ValueError, match="is no e-mail address"):
        parse_address(text)


def test_international_domains_travel_in_ascii() -> None:
    """An address at a domain beyond ASCII works with every server."""
    address = parse_address("ana@correo-ñandú.example")
    assert address.mailbox == "ana@xn--correo-and-z9a5i.example"
    assert address.domain.encode().decode("idna") == "correo-ñandú.example"


# The mail itself


def test_the_same_message_gives_the_same_bytes() -> None:
    """A retry can be recognised, byte for byte; another message differs."""
    message = make_message()
    assert CHANNEL.compose(message) == CHANNEL.compose(replace(message, attempts=3))
    assert CHANNEL.compose(message).content != CHANNEL.compose(replace(message, key="other")).content


def test_headers() -> None:
    """Ids come from the keys, the date is the decision's, and no vacation note is asked for."""
    mail = _mail(make_message(key="k-3", thread=("k-1", "k-2")))
    assert mail["Message-ID"] == "<k-3@tienda.example>"
    assert mail["In-Reply-To"] == "<k-2@tienda.example>"
    assert mail["References"] == "<k-1@tienda.example> <k-2@tienda.example>"
    assert mail["Date"].datetime == AT
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Reply-To"] == "Tienda Colores <hola@tienda.example>"
    assert (mail["X-Tercera-Alert"], mail["X-Tercera-Reason"]) == ("12", "alert; opened")
    assert not mail.defects


def test_long_threads_keep_their_ids_whole() -> None:
    """However many and however long the ids: clients find every one of them again."""
    keys = tuple(f"{'k' * 60}-{number}" for number in range(30))
    raw = CHANNEL.compose(make_message(key="z" * 100, thread=keys)).content
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["References"].split() == [f"<{key}@tienda.example>" for key in keys]
    assert b"=?" not in raw.partition(b"Auto-Submitted")[0].partition(b"Message-ID")[2]
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_a_key_that_no_id_can_hold_is_hashed() -> None:
    """Such a key still gives one valid, unchanging Message-ID."""
    one, other = (_mail(make_message(key=f"a b<{each}>\r\nBcc: x"))["Message-ID"] for each in "xy")
    assert re.fullmatch(r"<[0-9a-f]{64}@tienda\.example>", one)
    assert one != other


def test_non_ascii_subjects_survive() -> None:
    """Long subjects beyond ASCII come back as they were."""
    status = "devolución en tránsito ñandú"
    message = make_message(make_notice(evidence=make_evidence(3, (status,))))
    assert str(_mail(message)["Subject"]) == CHANNEL.letters.write(message).subject
    assert status in str(_mail(message)["Subject"])


# Templates of one's own


def test_own_templates_come_first(tmp_path: Path) -> None:
    """A template of the same name takes the built-in one's place; the others stay."""
    (tmp_path / "customer.subject.txt").write_text(
        "{{ mail.notices[0].matched }} for {{ brand }}\nsecond line"
    )
    letter = channel(templates=tmp_path).letters.write(make_message())
    assert letter.subject == "3 for Tienda Colores second line"
    assert "Hola, Ana María Pérez:" in letter.text


def test_own_templates_can_extend_the_built_in_ones(tmp_path: Path) -> None:
    """`builtin/` names the original."""
    (tmp_path / "customer.html").write_text(
        '{% extends "builtin/customer.html" %}{% block foot %}<b>Hi</b>{% endblock %}'
    )
    html = channel(templates=tmp_path).letters.write(make_message()).html
    assert "<b>Hi</b>" in html
    assert "MX-1001" in html


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("fine\n{{ nonsense }}", "template customer.txt, line 2: 'nonsense' is undefined"),
        ("{{ mail.nonsense }}", "template customer.txt, line 1"),
        ("\n\n{% if %}", "template customer.txt, line 3"),
        ("{{ say('no.such.phrase') }}", "template customer.txt, line 1"),
        ("{{ 1 / 0 }}", "template customer.txt, line 1: division by zero"),
        ('{% include "missing.txt" %}', "missing.txt"),
        ("{{ ''.__class__.__mro__ }}", "template customer.txt, line 1"),
        ("{{ mail.__class__.__init__.__globals__ }}", "template customer.txt, line 1"),
        ("{{ say._words.say.__globals__ }}", "template customer.txt, line 1"),
        ("{{ mail.notices[0].values.update({}) }}", "template customer.txt, line 1"),
        ("{% for x in range(99999999) %}{% endfor %}", "template customer.txt, line 1"),
        ('{% include "../../../../etc/passwd" %}', "template"),
    ],
)
def test_a_template_mistake_keeps_the_message_due(tmp_path: Path, source: str, words: str) -> None:
    """Its name and line are told, the sandbox holds, and the notice is not lost."""
    (tmp_path / "customer.txt").write_text(source)
    with pytest.raises(DeliveryError) as caught:
        channel(templates=tmp_path).compose(make_message())
    assert not caught.value.permanent
    assert words in caught.value.reason


def test_a_template_folder_that_is_none(tmp_path: Path) -> None:
    """A wrong path is told at once."""
    with pytest.raises(ConfigError, match="is no folder"):
        channel(templates=tmp_path / "missing")


def _mail(message: Message) -> EmailMessage:
    mail = message_from_bytes(CHANNEL.compose(message).content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def _part(mail: EmailMessage, subtype: str) -> str:
    part = mail.get_body((subtype,))
    assert part is not None
    content = part.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def _fields(phrase: object) -> set[str]:
    return set(re.findall(r"{(\w+)}", str(phrase)))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: set[str] = set()
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.inside.append(tag)

    def handle_data(self, data: str) -> None:
        if self.inside[-1:] != ["style"]:
            self.text.append(data)


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    return reader


def _visible(html: str) -> str:
    return " ".join(_read(html).text)


def _tags(html: str) -> set[str]:
    return _read(html).tags
