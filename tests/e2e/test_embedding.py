"""Tercera inside another program."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from tercera import Tercera
from tercera.app import open_app
from tercera.errors import NotFoundError
from tercera.model import Reason, State
from tercera.people import Via
from tests.servers.dashboard import NOW, RULE, SHOP, sweep, write_shop


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A shop that was swept once."""
    write_shop(tmp_path, SHOP)
    files = {
        "kind": "files",
        "orders": {"path": "orders.csv", "amount": "amount", "currency": "EUR"},
        "customers": {"path": "customers.csv"},
    }
    log = {name: {"kind": "log", "to": str(tmp_path / name)} for name in ("customer", "operations")}
    told = {"timezone": "America/Bogota", "source": files, "rules": [RULE], "channels": log}
    (tmp_path / "tercera.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")
    look(tmp_path / "tercera.yaml")
    return tmp_path / "tercera.yaml"


def look(config: Path) -> None:
    """A sweep, as the daemon makes it."""
    with open_app(config, lambda: NOW) as app, app.ledger() as ledger:
        sweep(app, ledger)


@pytest.fixture
def tercera(config: Path) -> Iterator[Tercera]:
    """Opened on the same ledger."""
    with Tercera(config, clock=lambda: NOW) as opened:
        yield opened


def test_reading(tercera: Tercera) -> None:
    """Alerts, one with its history, what is true now, what would have been."""
    assert [each.subject for each in tercera.alerts(state="open")] == ["carla_3", "bruno_2", "ana_1"]
    assert [each.level for each in tercera.alerts(customer="bruno_2")] == ["critical"]
    assert list(tercera.alerts(state=State.CLOSED)) == []
    (alert,) = tercera.alerts(customer="ana_1")
    assert [step.reason for step in tercera.alert(alert.id).steps] == [Reason.OPENED]
    found = tercera.evaluate("dora_4", "2026-11")
    assert (found.tally.matched, found.finding.level, found.silence) == (1, None, "below")
    assert tercera.backtest(first=date(2026, 11, 1)).by_window == {"2026-11": 2}
    with pytest.raises(NotFoundError):
        tercera.alert(99)
    with pytest.raises(NotFoundError):
        tercera.evaluate("dora_4", "2026-11", rule="unknown")


def test_deciding(tercera: Tercera, config: Path) -> None:
    """As on the command line, with a line in the audit log."""
    week = NOW + timedelta(days=7)
    first = tercera.acknowledge(1, author="crm")
    assert tercera.acknowledge(1, author="shop") == first
    tercera.snooze(1, until=week, author="crm", reason="asked")
    tercera.dismiss(2, author="crm", reason="a partner")
    tercera.silence(customer="dora_4", until=week, author="crm", reason="moving")
    kinds = [each.kind for each in tercera.alert(1).decisions]
    assert kinds == ["acknowledge", "snooze"]
    with pytest.raises(NotFoundError):
        tercera.dismiss(99, author="crm", reason="x")
    with open_app(config) as app, app.ledger() as ledger:
        deeds = [(each.action, each.actor, each.via) for each in ledger.people.deeds()]
    assert deeds == [(kind, "crm", Via.PYTHON) for kind in ("silence", "dismiss", "snooze", "acknowledge")]


def test_following_survives_restarts(config: Path) -> None:
    """What was being handled when the program ended comes again; what was handled does not."""
    with Tercera(config, clock=lambda: NOW) as tercera:
        assert list(tercera.follow("crm", wait=False)) == [], "a new reader begins with what is new"
        assert [each.subject for each in tercera.transitions()] == ["ana_1", "bruno_2", "carla_3"]
        here = tercera.position()
    more = {"dora_4": [("2026-11-05", "returned")] * 6, "eva_5": [("2026-11-05", "cancelled")] * 3}
    write_shop(config.parent, {**SHOP, **more})
    look(config)
    seen = []
    for _ in range(4):  # a program that ends in the middle of the second transition that it sees
        with Tercera(config, clock=lambda: NOW) as tercera:
            for number, each in enumerate(tercera.follow("crm", wait=False)):
                seen.append(each.subject)
                if number == 1:
                    break
    with Tercera(config, clock=lambda: NOW) as tercera:
        assert [each.subject for each in tercera.transitions(here)] == ["dora_4", "eva_5"]
    assert seen == ["dora_4", "eva_5", "eva_5"]


def test_following_waits_for_more(config: Path) -> None:
    """Until it is closed."""
    with Tercera(config, clock=lambda: NOW) as tercera:
        assert list(tercera.follow("crm", wait=False)) == []
        write_shop(config.parent, {**SHOP, "eva_5": [("2026-11-05", "cancelled")] * 3})
        followed = tercera.follow("crm", every=0.01)
        look(config)
        assert next(followed).subject == "eva_5"
        tercera.close()
        assert next(followed, None) is None


def test_importing_is_instant() -> None:
    """Nothing of the product is loaded before it is asked for."""
    program = (
        "import sys, tercera; assert tercera.__version__; "
        "assert not [name for name in sys.modules if name.startswith('tercera.')]; "
        "assert 'sqlalchemy' not in sys.modules; from tercera import Tercera; assert Tercera.__doc__"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
