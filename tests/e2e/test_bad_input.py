"""Whatever is wrong with a configuration, a file or a value: the right exit code, one clear line for each
mistake, no traceback, and nobody unheard because of somebody else's row."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tercera.config.web import WebSettings
from tercera.web.server import listening_socket
from tests.e2e.process import Tercera
from tests.e2e.shop import (
    OPERATIONS,
    RULE,
    SECRETS,
    Files,
    Inbox,
    configuration,
    files_source,
    text_of,
    this_month,
)
from tests.servers.smtp import Security, SmtpServer

HEADER = "order_id,customer_id,placed_at,status,amount\n"


@pytest.fixture
def tercera(tmp_path: Path) -> Tercera:
    """A shop whose files are what is wrong; it has no mail to send."""
    made = Tercera(tmp_path)
    Files(tmp_path)
    made.configure(
        {"timezone": "UTC", "source": files_source(), "rules": [{**RULE, "notify": []}], "channels": {}}
    )
    return made


def complaint(tercera: Tercera, *arguments: str, code: int) -> str:
    """The one line that a command that fails leaves on stderr."""
    (line,) = tercera.rejected(*arguments, code=code)
    assert line.startswith("error: ")
    return line


def rows(count: int = 3, **values: str) -> str:
    """Good rows of one customer, all in one month; `values` replace those of the first."""
    good = {"customer": "c_1", "placed": "2023-06-09", "status": "returned", "amount": "1"}
    lines = []
    for number in range(count):
        row = {"order": f"S{number}", **good, **(values if number == 0 else {})}
        lines.append(",".join(row.values()) + "\n")
    return "".join(lines)


def test_every_mistake_of_a_configuration_at_once(tercera: Tercera) -> None:
    """Each with its line, its path and the nearest valid name."""
    (tercera.folder / "tercera.yaml").write_text(
        """\
timezone: America/Bogotá
source:
  kind: files
  orders: {path: orders.csv, custommer_id: buyer, formats: ["%Q"]}
rules:
  - id: Repeat Returns
    title: Returns
    when: {state: [returned]}
    within: fortnight
    levels: {notice: 3, warning: 3}
    notify: [custoner]
channels:
  customer: {kind: emial, to: customer}
email: {host: localhost, sender: nobody, password: "${SMTP_PASSWORD}"}
schdule: {every: 1m}
"""
    )
    lines = tercera.rejected("check", code=2)
    found = {tuple(re.findall(r"tercera.yaml:(\d+): ([\w.]+)", line)[0]): line for line in lines}
    assert len(found) == len(lines)
    assert {
        ("1", "timezone"),
        ("4", "source.orders.custommer_id"),
        ("4", "source.orders.formats.0"),
        ("6", "rules.0.id"),
        ("9", "rules.0.within"),
        ("13", "channels.customer.kind"),
        ("14", "email.password"),
        ("15", "schdule"),
    } <= found.keys()
    assert "did you mean customer_id?" in found["4", "source.orders.custommer_id"]
    assert "did you mean email?" in found["13", "channels.customer.kind"]
    assert "did you mean schedule?" in found["15", "schdule"]
    assert "SMTP_PASSWORD" in found["14", "email.password"]


def test_names_that_do_not_agree(tercera: Tercera) -> None:
    """A channel and an order field that nobody defined, each with the nearest that somebody did."""
    rule = {**RULE, "when": {"state": ["returned"]}, "notify": ["custoner"]}
    channel = {"kind": "email", "to": ["ops@example.com"]}
    tercera.configure(
        {
            "timezone": "UTC",
            "source": files_source(),
            "rules": [rule],
            "channels": {"customer": channel},
            "email": {"host": "localhost", "sender": "alerts@example.com"},
        }
    )
    field, notify = sorted(tercera.rejected("backtest", code=2), key=lambda line: "notify" in line)
    assert "rules.0.when.state: is no order field; did you mean status?" in field
    assert "rules.0.notify.0: 'custoner' is no channel; did you mean customer?" in notify


def test_no_configuration(tercera: Tercera) -> None:
    """Missing, empty, or no YAML."""
    assert "there is no such file; `tercera init` writes one" in complaint(
        tercera, "run", "-c", "other.yaml", code=2
    )
    (tercera.folder / "empty.yaml").write_text("")
    assert "holds no settings" in complaint(tercera, "run", "-c", "empty.yaml", code=2)
    (tercera.folder / "broken.yaml").write_text("timezone: [UTC\nsource: {")
    assert re.match(r"error: broken.yaml:\d+: ", complaint(tercera, "run", "-c", "broken.yaml", code=2))


def test_names_that_are_not_there(tercera: Tercera) -> None:
    """An unknown rule, alert, window, state or command; a ledger that does not exist yet."""
    assert "no rule 'nope'; known: repeat-returns" in complaint(tercera, "backtest", "--rule", "nope", code=5)
    assert "'2023-13' is not a month; write it like 2023-06" in complaint(
        tercera, "why", "c_1", "2023-13", code=2
    )
    assert "no ledger at" in complaint(tercera, "alerts", code=4)
    assert "'lost' is no state" in complaint(tercera, "alerts", "--state", "lost", code=2)
    assert "No such command 'runn'" in complaint(tercera, "runn", code=2)
    tercera.run("run", "--once")
    assert "no rule 'nope'" in complaint(tercera, "alerts", "--rule", "nope", code=5)
    assert "'2023-6' is no window" in complaint(tercera, "alerts", "--window", "2023-6", code=2)
    assert "None of these is dead or undeliverable" in tercera.run("deliveries", "retry", "99").out
    assert "99" in complaint(tercera, "alerts", "show", "99", code=5)


def test_people_and_keys(tercera: Tercera) -> None:
    """What is no role, no scope or no duration, and where nobody can be asked for a password."""
    for arguments, words in (
        (("users", "add", "ana"), "--password-stdin"),
        (("users", "add", "ana", "--role", "king", "--no-password"), "viewer, operator, admin"),
        (("tokens", "add", "crm", "--user", "ana", "--scope", "reed"), "'reed' is no scope; there are: read"),
        (("tokens", "add", "crm", "--user", "ana", "--for", "10y"), "30d ("),
    ):
        assert words in complaint(tercera, *arguments, code=2)


def test_nobody_to_hand_orders_to(tercera: Tercera) -> None:
    """A daemon whose port another program has would not hear of the orders that shops send: it says so."""
    with listening_socket(WebSettings(port=0), 0) as other:
        port = other.getsockname()[1]
        web = {"port": port}
        rule = {**RULE, "notify": []}
        tercera.configure(
            {"timezone": "UTC", "source": {"kind": "pushed"}, "rules": [rule], "channels": {}, "web": web}
        )
        said = complaint(tercera, "run", code=1)
    assert f"port {port}" in said
    assert "--no-web" in said


def test_a_file_that_is_no_ledger(tercera: Tercera) -> None:
    """It is named and left as it is."""
    ledger = tercera.folder / "tercera.db"
    ledger.write_text("a shopping list\n" * 100)
    for command in (("run", "--once"), ("alerts",), ("deliveries", "retry")):
        line = complaint(tercera, *command, code=4)
        assert "tercera.db" in line
        assert "not a database" in line
    assert ledger.read_text() == "a shopping list\n" * 100


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"order_id,customer,placed_at,status,amount\n", "has no column 'customer_id'"),
        (HEADER.encode("utf-16"), "encoding: utf-16"),
        (b"\x00" * 500, "has no header"),
        (b"a" * 200_000 + b",b\n", "can't be read"),
    ],
    ids=["empty", "missing column", "utf-16", "nothing but nulls", "a monstrous header"],
)
def test_a_file_that_can_not_be_read(tercera: Tercera, content: bytes, words: str) -> None:
    """Exit code 3, and which file it is."""
    (tercera.folder / "orders.csv").write_bytes(content)
    line = complaint(tercera, "backtest", "--json", code=3)
    assert "orders.csv" in line
    assert words in line


def test_a_status_that_no_order_has(tercera: Tercera) -> None:
    """A backtest of nothing says that it is the rule, and which statuses there are."""
    (tercera.folder / "orders.csv").write_text(HEADER + rows(status="canceled"))
    report = tercera.json("backtest")
    assert (report["alerts"], report["instead"]) == (0, [])
    (tercera.folder / "orders.csv").write_text(HEADER + rows().replace("returned", "Returned"))
    assert tercera.json("backtest")["instead"] == ["Returned"]
    assert "No order at all meets `when` (status: returned, cancelled)" in tercera.run("backtest").out


def test_a_database_in_a_file_is_no_table_of_orders(tercera: Tercera) -> None:
    """The address to give is told."""
    told = complaint(tercera, "init", "--uri", "data/shop.db", "--yes", "--config", "other.yaml", code=3)
    assert "its address is sqlite:///data/shop.db" in told


def test_a_terminal_that_lacks_the_marks(tercera: Tercera) -> None:
    """It shows others in their place; the command does what it does."""
    poor = Tercera(tercera.folder, {"PYTHONIOENCODING": "ascii"}, fresh=True)
    told = poor.run("check", code=1).out
    assert "+ configuration         tercera.yaml: 1 rule" in told
    assert "x customers with an id  0" in told
    assert "-> fill the file" in told


def test_a_place_that_can_not_be_written(tercera: Tercera) -> None:
    """That is no defect of ours."""
    (tercera.folder / "x.csv.part").mkdir()
    told = complaint(tercera, "simulate", "orders", "x.csv", code=1)
    assert "x.csv.part" in told
    assert "see that the folder is there and may be written" in told
    assert "defect" not in told


def test_a_missing_file(tercera: Tercera) -> None:
    """Also for a run, which then has read nothing."""
    (tercera.folder / "orders.csv").unlink()
    assert "there is no file 'orders.csv'" in complaint(tercera, "backtest", code=3)
    answer = tercera.run("run", "--once", code=3)
    (line,) = answer.complaints
    assert "there is no file 'orders.csv'" in line


def test_a_truncated_parquet_file(tercera: Tercera) -> None:
    """Half a file is refused as a whole: half of the orders would be a wrong answer."""
    tercera.run("simulate", "orders", "orders.parquet", "--orders", "2000")
    whole = (tercera.folder / "orders.parquet").read_bytes()
    (tercera.folder / "orders.parquet").write_bytes(whole[: len(whole) // 2])
    source = files_source()
    source["orders"]["path"] = "orders.parquet"
    tercera.configure({"timezone": "UTC", "source": source, "rules": [{**RULE, "notify": []}]})
    assert "orders.parquet can't be read" in complaint(tercera, "backtest", code=3)


@pytest.mark.parametrize(
    ("content", "rejects", "alerts"),
    [
        (HEADER, {}, 0),
        (HEADER + rows(4, placed="\0\0"), {"unreadable_date": 1}, 1),
        (HEADER + rows(4, customer="x" * 1_000_000), {"invalid_customer_id": 1}, 1),
        (HEADER + rows(4, customer="x" * 10_000_000), {"unreadable_row": 1}, 1),
        (HEADER + rows(4, order=""), {"no_order_id": 1}, 1),
        (HEADER + rows(4, customer="Se\udcf1or"), {"unreadable_row": 1}, 1),
        # A quote that nobody closes goes on to the end of the file: those lines are all counted.
        (HEADER + rows() + 'S9,"c_1,2023-06-09\n' + rows(2), {"unreadable_row": 3}, 1),
    ],
    ids=[
        "header only", "nulls", "a megabyte", "ten megabytes", "no id", "another encoding", "an open quote",
    ],
)  # fmt: skip
def test_rows_that_can_not_be_judged(
    tercera: Tercera, content: str, rejects: dict[str, int], alerts: int
) -> None:
    """They are counted with their reason, and the other rows count as ever."""
    (tercera.folder / "orders.csv").write_bytes(content.encode("utf-8", "surrogateescape"))
    report = tercera.json("backtest")
    assert {reason: count["rows"] for reason, count in report["rejects"].items()} == rejects
    assert report["alerts"] == alerts


HOSTILE = [
    "Eve\r\nBcc: victim@example.com",
    "Eve\nSubject: You won",
    '=HYPERLINK("http://evil.example","Eve")',
    "<script>alert(1)</script>",
    "{{ cycler.__init__.__globals__ }}{% for x in y %}",
    "\x1b[31mEve\x07",
    "a" * 5000,
]


def test_hostile_names_and_order_ids(tmp_path: Path) -> None:
    """In the mail, read again, they are text: no header more, no markup, no recipient more."""
    month = this_month()
    with SmtpServer(tmp_path, security=Security.NONE, login=False) as server:
        tercera, shop = Tercera(tmp_path, SECRETS), Files(tmp_path)
        for number, name in enumerate(HOSTILE):
            shop.customers[f"c_{number}"] = (name, f"c{number}@example.com")
            for each in range(3):
                shop.orders[f"{name[:500]} {each}"] = (f"c_{number}", month.day(3), "returned")
        shop.customers["c_99"] = ("Eve", "eve@example.com\r\nBcc: victim@example.com")
        for each in range(3):
            shop.orders[f"E{each}"] = ("c_99", month.day(3), "returned")
        shop.write()
        tercera.configure(configuration(files_source(), server))
        report = tercera.json("run", "--once")
        assert report["transitions"] == {"opened": len(HOSTILE) + 1}
        assert report["notices"]["undeliverable"] == 1

        subject = f"Tiene 3 pedidos devueltos en {month.spanish}"
        mails = Inbox(server).expect(
            *((f"c{number}@example.com", subject) for number in range(len(HOSTILE))),
            (OPERATIONS, f"Tercera: {len(HOSTILE) + 1} changes ({len(HOSTILE) + 1} new)"),
        )
    for mail in (one.mail for one in mails.values()):
        assert set(mail.keys()) == {
            "Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
            "MIME-Version", "Content-Type", *(name for name in mail if name.startswith("X-Tercera-")),
        }  # fmt: skip
        page = mail.get_body(("html",))
        assert page is not None
        tags = _Tags()
        tags.feed(str(page.get_content()))
        assert not tags.seen & {"script", "iframe", "form", "input"}
        assert not [link for link in tags.links if "evil" in link]
    script = mails["c3@example.com", subject]
    assert "Hola, <script>alert(1)</script>:" in text_of(script)
    assert "{{ cycler.__init__.__globals__ }}" in text_of(mails["c4@example.com", subject])
    assert "\x1b" not in text_of(mails["c5@example.com", subject])
    shown = tercera.run("alerts").out + tercera.run("why", "c_5", month.id).out
    assert "\x1b[31m" not in shown


class _Tags(HTMLParser):
    """Which elements a page has, and where they lead."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        """Called for each."""
        self.seen.add(tag)
        self.links += [value for name, value in attributes if name in ("href", "src") and value]
