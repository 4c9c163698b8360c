"""The configuration of a living ledger is edited: what is told, what is not, and what is said of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tercera.app import open_app
from tercera.cycle import Report, cycle
from tercera.cycle.looking import Swept
from tercera.deliver import deliver
from tercera.ledger import open_ledger
from tercera.model import RuleId, State
from tests.e2e.shop import OPERATIONS, Files, Inbox, configuration, files_source, this_month
from tests.servers.smtp import Security, SmtpServer

Configuration = dict[str, Any]
Edit = Callable[[Configuration], object]


class Shop:
    """A month with alerts at two levels, all told: ana has 3 returns, bea 5, caro 2 and 2 cancelled, dora 4;
    lia had 3 last month."""

    def __init__(self, folder: Path, server: SmtpServer) -> None:
        self.month = this_month()
        self.files = Files(folder)
        for customer, count in (("ana", 3), ("bea", 5), ("caro", 2), ("dora", 4)):
            self.files.customer(customer, f"{customer}@example.com")
            self.files.returned(customer, self.month, *(f"{customer}{each}" for each in range(count)))
        for each in range(2):
            self.files.orders[f"cancelled{each}"] = ("caro", self.month.day(5 + each), "cancelled")
        self.files.customer("lia", "lia@example.com")
        self.files.returned("lia", self.month.before, "lia0", "lia1", "lia2")
        self.inbox = Inbox(server)
        self.configured = configuration(files_source(), server, rejects={"max_share": 1})
        self.configured["rules"][0] |= {"when": {"status": ["returned"]}}
        self.run()
        self.inbox.expect(
            self.opened("ana", 3),
            self.opened("bea", 5),
            self.opened("dora", 4),
            (OPERATIONS, "Tercera: 3 changes (3 new)"),
        )

    def run(self) -> Report:
        """A sweep and a delivery, as a new process does them with what is configured now."""
        path = self.files.folder / "tercera.yaml"
        path.write_text(yaml.safe_dump(self.configured, sort_keys=False), encoding="utf-8")
        with open_app(path) as app, app.ledger() as ledger, ledger.hold():
            report = cycle(
                app.settings.rules, app.source, ledger, app.terms(), now=app.clock(), clock=app.clock
            )
            deliver(app.delivery(ledger), threading.Event())
        return report

    def edit(self, edit: Edit) -> Swept:
        """Sweeps with the edited configuration; a second sweep has nothing to add. Gives what the first one
        came to for the only rule."""
        self.configured = deepcopy(self.configured)
        edit(self.configured)
        (swept,) = self.run().swept
        (again,) = self.run().swept
        assert again.edit is None
        assert set(again.transitions) <= {"unchanged"}
        return swept

    def levels(self) -> dict[str, str | None]:
        """Of the open alerts of this month, by subject."""
        with open_ledger(f"sqlite:///{self.files.folder / 'tercera.db'}") as ledger:
            found = ledger.alerts(state=State.OPEN, limit=100)
        return {each.subject: each.standing.level for each in found if each.window == self.month.id}

    def returned(self, customer: str, *names: str) -> None:
        """More orders, and a sweep."""
        self.files.returned(customer, self.month, *names)
        self.run()

    def gone(self, *names: str) -> None:
        """Fewer orders, and a sweep."""
        for name in names:
            del self.files.orders[name]
        self.files.write()
        self.run()

    def opened(self, customer: str, count: int) -> tuple[str, str]:
        """A first mail."""
        return f"{customer}@example.com", f"Tiene {count} pedidos devueltos en {self.month.spanish}"

    def escalated(self, customer: str, count: int) -> tuple[str, str]:
        """A later one."""
        return f"{customer}@example.com", f"Ya son {count} pedidos devueltos en {self.month.spanish}"

    def retracted(self, customer: str) -> tuple[str, str]:
        """The last one."""
        return f"{customer}@example.com", f"Rectificación sobre sus pedidos de {self.month.spanish}"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Told of its month."""
    with SmtpServer(tmp_path, security=Security.NONE, login=False) as server:
        yield Shop(tmp_path, server)


def rule(edited: Configuration) -> dict[str, Any]:
    """The only one."""
    found: dict[str, Any] = edited["rules"][0]
    return found


def what(swept: Swept) -> tuple[str, ...]:
    """Was edited."""
    assert swept.edit is not None
    return swept.edit.what


def with_levels(**levels: int) -> Edit:
    """The rule has these."""
    return lambda edited: rule(edited).update(levels=levels)


TOLD = {"ana": "notice", "bea": "warning", "dora": "notice"}


def test_a_raised_level_takes_nothing_back(shop: Shop) -> None:
    """Who is below it now is not told so; who is above it is not told again; reaching it is news."""
    report = shop.edit(with_levels(notice=4, warning=6, critical=10))
    shop.inbox.expect()
    assert (what(report), report.edited) == (("levels",), 1)
    assert shop.levels() == {"bea": "notice", "dora": "notice"}
    shop.returned("ana", "ana3")
    shop.inbox.expect(shop.opened("ana", 4), (OPERATIONS, "Tercera: 1 change (1 new)"))
    shop.returned("bea", "bea5")
    shop.inbox.expect(shop.escalated("bea", 6), (OPERATIONS, "Tercera: 1 change (1 up)"))


def test_an_edit_that_is_undone_leaves_no_trace_with_customers(shop: Shop) -> None:
    """Nobody is told again of what they were told of before, and a real end is still told."""
    shop.edit(with_levels(notice=6, warning=8, critical=10))
    assert shop.levels() == {}
    shop.edit(with_levels(notice=3, warning=5, critical=10))
    shop.inbox.expect()
    assert shop.levels() == TOLD
    shop.gone("ana0")
    shop.inbox.expect(shop.retracted("ana"), (OPERATIONS, "Tercera: 1 change (1 retracted)"))


def test_a_lowered_level_is_news_in_the_open_window_alone(shop: Shop) -> None:
    """To whoever crosses it now, and to nobody else."""
    shop.edit(with_levels(notice=2, warning=4, critical=10))
    shop.inbox.expect(
        shop.opened("caro", 2), shop.escalated("dora", 4), (OPERATIONS, "Tercera: 2 changes (1 new, 1 up)")
    )


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ({"info": 3, "warning": 5, "critical": 10}, {"ana": "info", "bea": "warning", "dora": "info"}),
        ({"notice": 3, "critical": 10}, {"ana": "notice", "bea": "notice", "dora": "notice"}),
        ({"low": 3, "high": 5, "top": 10}, {"ana": "low", "bea": "high", "dora": "low"}),
    ],
    ids=["renamed", "removed", "all renamed"],
)
def test_levels_that_are_renamed_or_removed(
    shop: Shop, levels: dict[str, int], expected: dict[str, str]
) -> None:
    """Nobody is told; alerts stand at the level as it is called now; the next one is told."""
    shop.edit(with_levels(**levels))
    shop.inbox.expect()
    assert shop.levels() == expected
    shop.returned("bea", "bea5", "bea6", "bea7", "bea8", "bea9")
    shop.inbox.expect(shop.escalated("bea", 10), (OPERATIONS, "Tercera: 1 change (1 up)"))


def test_a_level_between_is_news_to_those_who_are_there(shop: Shop) -> None:
    """Dora, with 4, and not bea, who was told of a higher one."""
    shop.edit(with_levels(notice=3, more=4, warning=5, critical=10))
    shop.inbox.expect(shop.escalated("dora", 4), (OPERATIONS, "Tercera: 1 change (1 up)"))


def test_other_statuses(shop: Shop) -> None:
    """Wider is news to whoever crosses a line by it; narrower takes nothing back."""
    shop.edit(lambda edited: rule(edited).update(when={"status": ["returned", "cancelled"]}))
    subject = f"Tiene 4 pedidos devueltos o cancelados en {shop.month.spanish}"
    shop.inbox.expect(("caro@example.com", subject), (OPERATIONS, "Tercera: 1 change (1 new)"))
    report = shop.edit(lambda edited: rule(edited).update(when={"status": ["cancelled"]}))
    shop.inbox.expect()
    assert (what(report), shop.levels()) == (("when",), {})


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("source.orders.formats", "formats", ["%d.%m.%Y"]),
        ("source.orders.valid", "valid", {"customer_id": "^nobody$"}),
        ("source.orders.placed_at", "placed_at", "amount"),
        ("source.orders.path", "path", "customers.csv"),
    ],
)
def test_a_source_that_is_read_in_another_way(shop: Shop, name: str, setting: str, value: object) -> None:
    """A mistake in it takes nothing back, and putting it right tells nothing again."""
    orders = shop.configured["source"]["orders"]
    before = dict(orders)
    if setting == "path":
        (shop.files.folder / "other.csv").write_text("order_id,customer_id,placed_at,status,amount\n")
        value = "other.csv"
    report = shop.edit(lambda edited: edited["source"]["orders"].update({setting: value}))
    assert (what(report), report.edited, shop.levels()) == ((name,), 3, {})
    shop.edit(lambda edited: edited["source"].update(orders=before))
    assert shop.levels() == TOLD
    shop.inbox.expect()


def test_another_subject_begins_anew(shop: Shop) -> None:
    """Customers are not told that the rule counts sellers now."""
    report = shop.edit(lambda edited: rule(edited).update(per="status", notify=["operations"]))
    shop.inbox.expect((OPERATIONS, "Tercera: 1 change (1 new)"))
    assert (what(report), report.edited) == (("per",), 3)


def test_an_emptied_source_takes_nothing_back(shop: Shop) -> None:
    """The sweep fails and says so until orders are there again, or somebody says that they are gone."""
    there = dict(shop.files.orders)
    shop.files.orders.clear()
    shop.files.write()
    for _ in range(2):
        failed = str(shop.run().failed[RuleId("repeat-returns")])
        assert "not one order in the watched windows, where 4 alerts stand" in failed
    assert shop.levels() == TOLD
    shop.files.orders |= there
    shop.files.write()
    shop.run()
    shop.inbox.expect()
    shop.files.orders.clear()
    shop.files.write()
    shop.edit(lambda edited: edited.update(guard={"max_share": 1}))
    mails = [shop.retracted(customer) for customer in TOLD]
    shop.inbox.expect(*mails, (OPERATIONS, "Tercera: 3 changes (3 retracted)"))
