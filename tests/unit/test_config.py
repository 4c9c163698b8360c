"""The configuration: read as written, or refused with every mistake, its line, and the nearest valid name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tercera.app import App
from tercera.config import load_settings
from tercera.errors import ConfigError
from tercera.model import Match, Reason
from tercera.rules import Listener
from tercera.starter import Answers, starter_text
from tercera.telling.watch import Limits

GOOD = """\
timezone: America/Bogota
source:
  kind: mongodb
  uri: ${ATLAS_URI}
  database: ${DB_NAME}
  orders:
    collection: Orders
    order_id: shipping_id
    customer_id: order_vendor_dbname
    status: shipping_status
    placed_at: shipping_date
    formats: ["%Y-%m-%d"]
    valid: {customer_id: '^(\\w+_\\d+|[0-9A-Za-z]{24})$'}
  customers: {collection: Clients, id: identificationNumber, name: name, email: email}
rules:
  - id: repeat-returns
    title: Three or more returned or cancelled orders in a month
    when: {status: [returned, cancelled]}
    within: month
    levels: {notice: 3, warning: 5, critical: 10}
    notify: [customer, operations]
channels:
  customer: {kind: email, to: customer, language: es}
  operations: {kind: email, to: [ops@example.com], digest: true}
email: {host: smtp.ethereal.email, port: 587, security: starttls, username: "${SMTP_USER}", password: "${SMTP_PASSWORD}", sender: "${SENDER_EMAIL}"}
schedule: {every: 1m}
"""  # noqa: E501 - as the documentation shows it
ENVIRONMENT = {
    "ATLAS_URI": "mongodb://reader:geheim@127.0.0.1/",
    "DB_NAME": "RocketfyProject",
    "SMTP_USER": "user",
    "SMTP_PASSWORD": "hunter2: #x",
    "SENDER_EMAIL": "alerts@example.com",
}


def mistakes(path: Path, text: str, environment: dict[str, str] = ENVIRONMENT) -> list[str]:
    """What is wrong with a configuration."""
    (path / "tercera.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load_settings(path / "tercera.yaml", environment)
    return raised.value.mistakes


def test_the_documented_shape_is_read(tmp_path: Path) -> None:
    """The example of the documentation, with its secrets from the environment and out of sight."""
    (tmp_path / "tercera.yaml").write_text(GOOD)
    settings = load_settings(tmp_path / "tercera.yaml", ENVIRONMENT)
    (rule,) = settings.rules
    assert [(level.name, level.threshold) for level in rule.levels] == [
        ("notice", 3),
        ("warning", 5),
        ("critical", 10),
    ]
    assert rule.counting.zone == "America/Bogota"
    assert rule.grace == timedelta(days=30)
    assert settings.operations == "operations"
    assert settings.ledger == f"sqlite:///{tmp_path}/tercera.db"
    assert settings.channels["customer"].server.password.get_secret_value() == "hunter2: #x"
    assert "geheim" not in repr(settings)
    assert "hunter2" not in repr(settings)


def test_every_mistake_at_once(tmp_path: Path) -> None:
    """Each with its line, its path and the nearest valid name."""
    wrong = (
        GOOD.replace("America/Bogota", "America/Bogata")
        .replace("customer_id: order_vendor", "custmer_id: order_vendor")
        .replace("notify: [customer, operations]", "notify: [customer, operation]")
        .replace("within: month", "within: moth")
        .replace("kind: email, to: customer", "kind: emial, to: customer")
        .replace("every: 1m", "every: soon")
        .replace("when: {status:", "when: {sttus:")
    )
    found = mistakes(tmp_path, wrong)
    assert found == sorted(found, key=lambda mistake: int(mistake.split(":")[1]))
    text = "\n".join(found)
    for words in (
        "tercera.yaml:1: timezone: 'America/Bogata' is no IANA time zone",
        "tercera.yaml:9: source.orders.custmer_id: is not known here; did you mean customer_id?",
        "tercera.yaml:19: rules.0.within: ",
        "tercera.yaml:23: channels.customer.kind: 'emial' is no kind of channel; did you mean email?",
        "tercera.yaml:26: schedule.every: 'soon' is no duration",
        "tercera.yaml:21: rules.0.notify.1: 'operation' is no channel; did you mean operations?",
        "tercera.yaml:18: rules.0.when.sttus: is no order field; did you mean status?",
    ):
        assert words in text


def test_what_must_agree_is_checked_when_the_parts_are_right(tmp_path: Path) -> None:
    """Names of channels and fields, with the nearest one that exists."""
    wrong = GOOD.replace("[customer, operations]", "[customer, operation]").replace(
        "{status: [r", "{sttus: [r"
    )
    assert mistakes(tmp_path, wrong) == [
        "tercera.yaml:18: rules.0.when.sttus: is no order field; did you mean status?",
        "tercera.yaml:21: rules.0.notify.1: 'operation' is no channel; did you mean operations?",
    ]


def test_notify_takes_three_forms(tmp_path: Path) -> None:
    """Names, channels by level, entries that say more: all mean listeners."""

    def read(notify: str, customers: str = "name: name") -> tuple[Listener, ...]:
        text = GOOD.replace("[customer, operations]", notify).replace("name: name", customers)
        (tmp_path / "tercera.yaml").write_text(text)
        return load_settings(tmp_path / "tercera.yaml", ENVIRONMENT).rules[0].notify

    assert read("[customer, operations]") == (Listener("customer"), Listener("operations"))
    assert read("operations") == (Listener("operations"),)
    assert read("{notice: customer, critical: [operations, customer]}") == (
        Listener("customer", ("notice",)),
        Listener("operations", ("critical",)),
        Listener("customer", ("critical",)),
    )
    entry = (
        "{to: operations, levels: [critical], on: [opened, closed], when: {status: [returned]}, "
        "customer: {segment: {in: [VIP], ignore_case: true}, paying: true}}"
    )
    assert read(f"[customer, {entry}]", "fields: {segment: tier, paying: paid}") == (
        Listener("customer"),
        Listener(
            "operations",
            ("critical",),
            (Reason.OPENED, Reason.CLOSED),
            (Match("status", ("returned",)),),
            (Match("paying", ("true",)), Match("segment", ("VIP",), ignore_case=True)),
        ),
    )


def test_every_mistake_of_notify_at_once(tmp_path: Path) -> None:
    """Each with its path and the nearest name that there is."""
    entries = """
      - custmer
      - {to: [operations, opertions], levels: [critcal], on: [openned], when: {stat: x}, customer: {emial: x}}
      - {to: customer, levls: [notice]}
      - 7
"""
    assert mistakes(tmp_path, GOOD.replace("[customer, operations]", entries)) == [
        "tercera.yaml:22: rules.0.notify.0: 'custmer' is no channel; did you mean customer?",
        "tercera.yaml:23: rules.0.notify.1.on.0: 'openned' is not known here; did you mean opened?",
        "tercera.yaml:23: rules.0.notify.1.to.1: 'opertions' is no channel; did you mean operations?",
        "tercera.yaml:23: rules.0.notify.1.levels.0: 'critcal' is no level of this rule; did you mean "
        "critical?",
        "tercera.yaml:23: rules.0.notify.1.when.stat: 'stat' is no order field; did you mean status?",
        "tercera.yaml:23: rules.0.notify.1.customer.emial: 'emial' is no customer field; did you mean email?",
        "tercera.yaml:24: rules.0.notify.2.levls: is not known here; did you mean levels?",
        "tercera.yaml:25: rules.0.notify.3: is no channel; write its name, or {to: name, levels: [...]}",
    ]
    by_level = "{notce: customer, critical: [operatons], warning: {to: customer}}"
    assert mistakes(tmp_path, GOOD.replace("[customer, operations]", by_level)) == [
        "tercera.yaml:21: rules.0.notify: warning: name a channel, or a list of channels",
        "tercera.yaml:21: rules.0.notify.notce: 'notce' is no level of this rule; did you mean notice?",
        "tercera.yaml:21: rules.0.notify.critical.0: 'operatons' is no channel; did you mean operations?",
    ]
    per_status = GOOD.replace("within: month", "within: month\n    per: status").replace(
        "[customer, operations]", "[{to: operations, customer: {language: es}}]"
    )
    assert mistakes(tmp_path, per_status) == [
        "tercera.yaml:22: rules.0.notify.0.customer: the rule counts per status, and only customers are in "
        "the directory"
    ]


def test_a_missing_variable_is_named(tmp_path: Path) -> None:
    """All of them, each where it is used."""
    found = mistakes(tmp_path, GOOD, {"ATLAS_URI": "mongodb://127.0.0.1/"})
    assert found[0].startswith("tercera.yaml:5: source.database: the environment variable DB_NAME is not set")
    assert "add it to .env" in found[0]
    assert sum("is not set" in mistake for mistake in found) == 4


def test_an_address_that_is_not_there_yet_is_one_mistake(tmp_path: Path) -> None:
    """Not a wrong address as well, which is what nothing would be."""
    source = "  kind: sql\n  uri: ${SHOP_URI}\n  orders: {table: orders}\n  customers: {table: people}\n"
    before, rest = GOOD.split("source:\n")
    (mistake,) = mistakes(tmp_path, f"{before}source:\n{source}rules:{rest.split('rules:')[1]}")
    assert "source.uri: the environment variable SHOP_URI is not set" in mistake


def test_no_secret_is_shown_when_its_neighbour_is_wrong(tmp_path: Path) -> None:
    """A message quotes what is wrong, never what came from the environment."""
    environment = {**ENVIRONMENT, "SENDER_EMAIL": "geheim no address", "ATLAS_URI": "postgres://u:geheim@h/"}
    text = "\n".join(mistakes(tmp_path, GOOD.replace("port: 587", "port: 99999999"), environment))
    assert "email.port" in text
    assert "hunter2" not in text
    assert "u:geheim" not in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no settings"),
        ("- a\n", "holds no settings"),
        ("a: [1\n", "is no YAML"),
        ("a: 1\na: 2\n", "stands twice (again in line 2)"),
        ("timezone: UTC\n", "source: is missing"),
    ],
)
def test_files_that_are_no_configuration(tmp_path: Path, text: str, words: str) -> None:
    """One clear mistake each."""
    assert any(words in mistake for mistake in mistakes(tmp_path, text))


@pytest.mark.parametrize(
    "address",
    [
        "postgres://tercera:pa55word@db/shop",
        "postgresql+asyncpg://tercera:pa55word@db/shop",
        "mysql://tercera:pa55word@db/shop",
    ],
)
def test_a_ledger_somewhere_else(tmp_path: Path, address: str) -> None:
    """What can be one is said, and no password."""
    (mistake,) = mistakes(tmp_path, f"ledger: {address}\n{GOOD}")
    assert "write one like sqlite:///tercera.db or postgresql+psycopg://" in mistake
    assert "pa55word" not in mistake


def test_a_ledger_on_postgresql(tmp_path: Path) -> None:
    """Its address stays as it is written, with its secret filled in; relative paths are those of files."""
    more = "ledger: postgresql+psycopg://tercera:${LEDGER_PASSWORD}@db.example.com/shop\nlease: 30s\n"
    (tmp_path / "tercera.yaml").write_text(more + GOOD)
    settings = load_settings(tmp_path / "tercera.yaml", {**ENVIRONMENT, "LEDGER_PASSWORD": "pa55word"})
    assert settings.ledger == "postgresql+psycopg://tercera:pa55word@db.example.com/shop"
    assert settings.lease == timedelta(seconds=30)
    assert "pa55word" not in App(settings).ledger_shown


def test_a_password_of_the_ledger_that_is_not_encoded(tmp_path: Path) -> None:
    """Nothing of it is shown, as what stands behind its @ would be."""
    address = "postgresql+psycopg://tercera:${LEDGER_PASSWORD}@db.example.com/shop"
    secret = {**ENVIRONMENT, "LEDGER_PASSWORD": "pa@55word"}
    (mistake,) = mistakes(tmp_path, f"ledger: {address}\n{GOOD}", secret)
    assert "ledger: has more than one @; write" in mistake
    assert "55word" not in mistake


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file and one in another encoding."""
    with pytest.raises(ConfigError, match="there is no such file; `tercera init` writes one"):
        load_settings(tmp_path / "nowhere.yaml")
    (tmp_path / "latin.yaml").write_bytes("timezone: Bogotá".encode("latin-1"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_settings(tmp_path / "latin.yaml")


def test_secrets_from_files_defaults_and_dotenv(tmp_path: Path) -> None:
    """`${file:…}`, `${NAME:-otherwise}`, and a .env beside the file that the environment overrides."""
    (tmp_path / "secret").write_text("from a file\n")
    (tmp_path / ".env").write_text("TERCERA_TEST_DATABASE=shop\nATLAS_URI=mongodb://127.0.0.1/\n")
    text = (
        GOOD.replace("${SMTP_PASSWORD}", "${file:secret}")
        .replace("${SMTP_USER}", "${TERCERA_TEST_USER:-somebody}")
        .replace("${DB_NAME}", "${TERCERA_TEST_DATABASE}")
        .replace("${SENDER_EMAIL}", "a@example.com")
    )
    (tmp_path / "tercera.yaml").write_text(text)
    settings = load_settings(tmp_path / "tercera.yaml")
    server = settings.channels["customer"].server
    assert (server.username, server.password.get_secret_value()) == ("somebody", "from a file")
    assert settings.source.database == "shop"


def test_a_dotenv_in_another_encoding(tmp_path: Path) -> None:
    """As some editors save it: with a mark in front it is read, in UTF-16 it is said what it is not."""
    (tmp_path / "tercera.yaml").write_text(GOOD)
    lines = "\n".join(f"{name}='{value}'" for name, value in ENVIRONMENT.items())
    (tmp_path / ".env").write_text(lines, encoding="utf-8-sig")
    assert load_settings(tmp_path / "tercera.yaml").source.database == "RocketfyProject"
    (tmp_path / ".env").write_text(lines, encoding="utf-16")
    with pytest.raises(ConfigError, match=r"\.env: is not UTF-8 .*save it as UTF-8"):
        load_settings(tmp_path / "tercera.yaml")


def test_a_status_named_no_is_text(tmp_path: Path) -> None:
    """YAML's booleans and numbers don't eat values of the database."""
    (tmp_path / "tercera.yaml").write_text(GOOD.replace("[returned, cancelled]", "[no, 4, returned]"))
    (match,) = load_settings(tmp_path / "tercera.yaml", ENVIRONMENT).rules[0].counting.when
    assert match.values == ("no", "4", "returned")


@pytest.mark.parametrize("kind", ["mongodb", "files"])
def test_what_init_writes_is_a_good_configuration(tmp_path: Path, kind: str) -> None:
    """For each kind of source, with values that look like YAML."""
    answers = Answers(kind=kind, orders="a: [b", amount="x # y", date_format="%d/%m/%Y", customer_key="'id'")
    (tmp_path / "tercera.yaml").write_text(starter_text(answers), encoding="utf-8")
    environment = {**ENVIRONMENT, "MONGODB_URI": "mongodb://127.0.0.1/", "SMTP_HOST": "127.0.0.1"}
    settings = load_settings(tmp_path / "tercera.yaml", environment)
    assert settings.source.orders.amount == "x # y"
    assert settings.source.customers.id == "'id'"


def test_the_data_watch(tmp_path: Path) -> None:
    """Rejects are watched unless told otherwise; the rest when it is asked for. The ping's URL stays out of
    sight."""
    path = tmp_path / "tercera.yaml"
    path.write_text(GOOD)
    settings = load_settings(path, ENVIRONMENT)
    assert settings.watch == Limits("America/Bogota", 0.05, 20, None, None)
    assert settings.ping is None
    path.write_text(
        GOOD + "rejects: {max_share: 20%, min_rows: 5}\nfreshness: {max_age: 2d}\n"
        "heartbeat: {max_age: 15m, ping: https://hc-ping.com/geheim}\n"
    )
    settings = load_settings(path, ENVIRONMENT)
    assert settings.watch == Limits("America/Bogota", 0.2, 5, timedelta(days=2), timedelta(minutes=15))
    assert "geheim" not in repr(settings)


@pytest.mark.parametrize(
    ("heartbeat", "words"),
    [
        ("{max_age: 1m}", "1m is no longer than the pause between sweeps, which can be 0:01:00; give more"),
        ("{}", "give max_age"),
        ("{ping: http://example.com/geheim}", "must begin with https://"),
        ("{ping: https://u:geheim@example.com/}", "holds a login"),
        ("{ping_failed: geheim}", "is no URL"),
    ],
)
def test_a_heartbeat_that_is_none(tmp_path: Path, heartbeat: str, words: str) -> None:
    """Each mistake with its remedy, and without the URL."""
    [mistake] = mistakes(tmp_path, GOOD + f"heartbeat: {heartbeat}\n")
    assert "heartbeat" in mistake
    assert words in mistake
    assert "geheim" not in mistake


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("operation", "'operation' is no channel; did you mean operations?"),
        ("customer", "'customer' writes to customers; a statement is for operations"),
        ("duty", "'duty' takes alerts; a statement is none: name another channel"),
    ],
)
def test_who_gets_statements(tmp_path: Path, named: str, words: str) -> None:
    """Channels that there are, and that are for people who are not the customer."""
    text = GOOD.replace(
        "  customer: {kind", "  duty: {kind: alertmanager, url: http://127.0.0.1:9093}\n  customer: {kind"
    )
    [mistake] = mistakes(tmp_path, text.replace("within: month", f"statement: [{named}]"))
    assert mistake.endswith(words)
    (tmp_path / "tercera.yaml").write_text(text.replace("within: month", "statement: [operations]"))
    assert load_settings(tmp_path / "tercera.yaml", ENVIRONMENT).rules[0].statement == ("operations",)


@pytest.mark.parametrize(
    ("cron", "enough"), [("*/5 8-20 * * 1-5", "3d"), ("0 8 1 * *", "5w"), ("0 * * * *", "2h")]
)
def test_a_heartbeat_knows_the_nights_and_weekends_of_a_cron_line(
    tmp_path: Path, cron: str, enough: str
) -> None:
    """Its longest pause counts, not its shortest."""
    text = GOOD.replace("{every: 1m}", f"{{cron: '{cron}'}}")
    [mistake] = mistakes(tmp_path, text + "heartbeat: {max_age: 30m}\n")
    assert "no longer than the pause between sweeps" in mistake
    (tmp_path / "tercera.yaml").write_text(text + f"heartbeat: {{max_age: {enough}}}\n")
    assert load_settings(tmp_path / "tercera.yaml", ENVIRONMENT).watch is not None


LIVE = GOOD.replace("{every: 1m}", "{live: true}")


def test_live_sweeps_every_ten_minutes_beside(tmp_path: Path) -> None:
    """Unless it is told otherwise; what changes within a fifth of a second is looked at together."""
    (tmp_path / "tercera.yaml").write_text(LIVE)
    schedule = load_settings(tmp_path / "tercera.yaml", ENVIRONMENT).schedule
    assert (schedule.live, schedule.every, schedule.debounce) == (
        True,
        timedelta(minutes=10),
        timedelta(milliseconds=200),
    )
    (tmp_path / "tercera.yaml").write_text(LIVE.replace("live: true", "live: true, every: 1h, debounce: 1s"))
    schedule = load_settings(tmp_path / "tercera.yaml", ENVIRONMENT).schedule
    assert (schedule.every, schedule.debounce) == (timedelta(hours=1), timedelta(seconds=1))


def test_live_needs_a_source_that_tells_of_changes(tmp_path: Path) -> None:
    """As it is set up; the mistake says what to do."""
    [mistake] = mistakes(
        tmp_path, LIVE.replace("kind: mongodb", "kind: mongodb\n  read_preference: secondary")
    )
    assert "schedule.live" in mistake
    assert "read from the primary" in mistake


def test_live_heartbeats_are_longer_than_its_sweeps(tmp_path: Path) -> None:
    """Which are what says that all is well."""
    [mistake] = mistakes(tmp_path, LIVE + "heartbeat: {max_age: 10m}\n")
    assert "between sweeps" in mistake


def test_a_debounce_is_for_live(tmp_path: Path) -> None:
    """Nobody waits for one otherwise."""
    [mistake] = mistakes(tmp_path, GOOD.replace("{every: 1m}", "{every: 1m, debounce: 1s}"))
    assert "live" in mistake
