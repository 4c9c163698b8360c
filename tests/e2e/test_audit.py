"""What is done on the command line stands in the audit log: who, by which way, what, to what."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from tercera.cli.main import cli
from tercera.ledger import open_ledger
from tercera.people import Deed, Via
from tests.e2e.process import Tercera
from tests.e2e.shop import SECRETS, Files, configuration, files_source, this_month
from tests.integration.ledger_changes import ENGINES, ledger_kept_by
from tests.servers.smtp import SmtpServer

ANA = ("--author", "Ana")
BECAUSE = ("--reason", "because")

NO_DEEDS = {
    "alerts show", "backtest", "held", "kinds", "schema", "silence list", "why",  # they only look
    "demo", "import", "init", "simulate customers", "simulate orders",  # files
    "ledger upgrade", "run", "serve",  # what they do is in the ledger itself: its version, its runs
}  # fmt: skip
"""The commands that write nothing into the audit log."""


@pytest.fixture(params=ENGINES)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where the ledger is kept, by each engine that can."""
    with ledger_kept_by(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def tercera(tmp_path: Path, address: str, mail_server: SmtpServer) -> Tercera:
    """Two customers with an alert each, held back by the guard."""
    folder = tmp_path / "shop"
    folder.mkdir()
    shop, month = Files(folder), this_month()
    for name in ("ana", "ben"):
        shop.customer(name, f"{name}@example.com")
        shop.returned(name, month, *(f"{name}-{number}" for number in range(3)))
    made = Tercera(folder, {**SECRETS, "LOGNAME": "omar"})
    guard = {"min_notices": 1, "max_notices": 1}
    made.configure(configuration(files_source(), mail_server, guard=guard, ledger=address))
    assert made.json("run", "--once")["held"] == 2
    return made


def written(address: str) -> list[Deed]:
    """The audit log, the oldest first."""
    with open_ledger(address) as ledger:
        return ledger.people.deeds()[::-1]


def test_every_command_about_alerts_is_in_the_audit_log(tercera: Tercera, address: str) -> None:
    """In the name that `--author` says, else of whoever is logged in; what fails, or only looks, is not."""
    rule = ("--rule", "repeat-returns")
    silence = tercera.json("silence", "add", "--customer", "cleo", *rule, "--for", "7d", *BECAUSE)
    tercera.run("silence", "end", str(silence["id"]), *ANA)
    tercera.run("ack", "1", *ANA)
    tercera.run("snooze", "1", "--for", "1d", *BECAUSE)
    tercera.run("dismiss", "2", *BECAUSE, *ANA)
    tercera.run("release", *rule, *ANA)
    tercera.run("discard")
    tercera.run("deliveries", "retry", "7", "--channel", "customer", *ANA)

    tercera.run("deliveries", "retry", "--dry-run")
    for arguments in (
        ("silence", "end", "99"),
        ("ack", "99"),
        ("dismiss", "1", "--reason", " "),
        ("release", "--rule", "nope"),
        ("discard", "--rule", "nope"),
    ):
        tercera.run(*arguments, code=None)

    found = [(each.actor, each.action, each.object, each.detail) for each in written(address)]
    assert found == [
        ("omar", "silence", "customer cleo, rule repeat-returns", "because"),
        ("Ana", "end", "decision 1", "silence of customer cleo, rule repeat-returns"),
        ("Ana", "acknowledge", "alert 1", ""),
        ("omar", "snooze", "alert 1", "because"),
        ("Ana", "dismiss", "alert 2", "because"),
        ("Ana", "release", "rule repeat-returns", "0 released, 4 discarded"),
        ("omar", "discard", "all rules", "0 discarded"),
        ("Ana", "retry", "notice 7 of channel customer", "0 due again, 0 withheld"),
    ]
    assert {(each.via, each.address) for each in written(address)} == {(Via.CLI, None)}


def test_who_lets_people_in_is_in_the_audit_log(tercera: Tercera, address: str) -> None:
    """Users, links and tokens, without a secret; what fails is not."""
    tercera.run("users", "add", "vera", "--no-password", *ANA)
    tercera.run("users", "change", "vera", "--role", "operator")
    key = tercera.json("tokens", "add", "crm", "--user", "vera", "--scope", "read", *ANA)["key"]
    tercera.run("tokens", "revoke", "1")
    link = tercera.run("users", "link", "vera").out.rpartition("=")[2].strip()
    tercera.run("users", "disable", "vera", *ANA)
    tercera.run("users", "change", "vera")
    for arguments in (
        ("users", "add", "vera", "--no-password"),
        ("users", "add", "no name", "--no-password"),
        ("users", "disable", "nobody"),
        ("users", "link", "nobody"),
        ("tokens", "add", "crm", "--user", "nobody"),
        ("tokens", "revoke", "9"),
    ):
        tercera.run(*arguments, code=None)

    deeds = written(address)
    assert [(each.actor, each.action, each.object, each.detail) for each in deeds if each.id != 5] == [
        ("Ana", "user added", "user vera", "role viewer"),
        ("omar", "user changed", "user vera", "role operator"),
        ("Ana", "token added", "token 1", "crm, of user vera: read"),
        ("omar", "token revoked", "token 1", "crm"),
        ("Ana", "user changed", "user vera", "disabled"),
        ("omar", "user changed", "user vera", "enabled"),
    ]
    assert (deeds[4].action, deeds[4].object) == ("link made", "user vera")
    assert {(each.via, each.address) for each in deeds} == {(Via.CLI, None)}
    assert len(link) > 40
    assert key not in str(deeds)
    assert link not in str(deeds)


def test_a_ledger_that_moves_takes_its_audit_log_along(tmp_path: Path, mail_server: SmtpServer) -> None:
    """Whose first new line says who moved it."""
    Files(tmp_path).write()
    tercera = Tercera(tmp_path, SECRETS)
    tercera.configure(configuration(files_source(), mail_server))
    tercera.run("silence", "add", "--customer", "cleo", "--for", "7d", *BECAUSE, *ANA)
    size = tercera.json("ledger", "backup", "kept.db", "--author", "Ben")["bytes"]
    tercera.rejected("ledger", "backup", "kept.db", code=4)
    tercera.configure(configuration(files_source(), mail_server, ledger="sqlite:///new.db"))
    tercera.run("ledger", "adopt", "tercera.db", *ANA)
    found = [(each.actor, each.action, each.object) for each in written(f"sqlite:///{tmp_path}/new.db")]
    assert found == [
        ("Ana", "silence", "customer cleo"),
        ("Ben", "backup", "file kept.db"),
        ("Ana", "adopt", "ledger tercera.db"),
    ]
    kept = written(f"sqlite:///{tmp_path}/new.db")[1]
    assert kept.detail == f"0 alerts, {size:,} bytes"


def test_a_copy_matters_more_than_its_line(tmp_path: Path, mail_server: SmtpServer) -> None:
    """Of a ledger that takes no line (here an old one, which had no audit log) there is a copy all the same;
    it stays of its version, and the command says what is missing."""
    Files(tmp_path).write()
    tercera = Tercera(tmp_path, SECRETS)
    tercera.configure(configuration(files_source(), mail_server))
    tercera.run("run", "--once")
    with closing(sqlite3.connect(tmp_path / "tercera.db")) as old:
        old.execute("DROP TABLE audit")
    outcome = tercera.run("ledger", "backup", "kept.db")
    assert "The audit log has no line about this copy" in outcome.err
    assert "checked. To restore it" in outcome.out
    with closing(sqlite3.connect(tmp_path / "tercera.db")) as old:
        assert old.execute("SELECT count(*) FROM sqlite_master WHERE name = 'audit'").fetchone() == (0,)


def test_a_new_command_says_whether_it_acts() -> None:
    """One that acts takes `--author`; the others are named here."""

    def commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, set[str]]]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from commands(command, (*words, name))
            else:
                yield " ".join((*words, name)), {each.name for each in command.params}

    found = dict(commands(get_command(cli)))
    assert {name for name, options in found.items() if "author" not in options} == NO_DEEDS
