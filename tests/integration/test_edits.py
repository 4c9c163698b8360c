"""The configuration of a living ledger is edited: what is told, what is not, and what is said of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tercera.acts.deciding import discard_of_channel
from tercera.app import App, open_app, utc_now
from tercera.config.reading import reading_of
from tercera.cycle import Report, cycle
from tercera.cycle.edits import told_of_edits
from tercera.cycle.looking import Swept
from tercera.deliver import deliver
from tercera.errors import NotFoundError
from tercera.ledger import Ledger, open_ledger
from tercera.model import RuleId, State, SubjectId
from tercera.mongo import settings as mongodb
from tercera.people import Actor, Via
from tercera.rules.meaning import last_edit
from tests.e2e.shop import OPERATIONS, Files, Inbox, configuration, files_source, this_month
from tests.servers.smtp import Security, SmtpServer

Configuration = dict[str, Any]
ME = Actor("me", Via.CLI)
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
        self.server = server
        self.inbox = Inbox(server)
        self.later = timedelta(0)
        """How far the clock is ahead."""

        self.configured = configuration(files_source(), server, rejects={"max_share": 1})
        self.configured["rules"][0] |= {"when": {"status": ["returned"]}}
        self.run()
        self.inbox.expect(
            self.opened("ana", 3),
            self.opened("bea", 5),
            self.opened("dora", 4),
            (OPERATIONS, "Tercera: 3 changes (3 new)"),
        )

    def run(self, *subjects: str) -> Report:
        """A sweep (or a look at some) and a delivery, as a new process does them with what is configured."""
        with self.opened_app() as (app, ledger), ledger.hold():
            report = cycle(
                app.settings.rules,
                app.source,
                ledger,
                app.terms(),
                now=app.clock(),
                clock=app.clock,
                subjects={SubjectId(each) for each in subjects} or None,
            )
            deliver(app.delivery(ledger), threading.Event())
        return report

    def edit(self, edit: Edit) -> Swept:
        """Sweeps with the edited configuration; a second sweep has nothing to add. Gives what the first one
        came to for the only rule."""
        (swept,) = self.run_edited(edit).swept
        (again,) = self.run().swept
        assert again.edit is None
        assert set(again.transitions) <= {"unchanged"}
        return swept

    @contextmanager
    def opened_app(self) -> Iterator[tuple[App, Ledger]]:
        """With what is configured now."""
        path = self.files.folder / "tercera.yaml"
        path.write_text(yaml.safe_dump(self.configured, sort_keys=False), encoding="utf-8")
        with open_app(path, lambda: utc_now() + self.later) as app, app.ledger() as ledger:
            yield app, ledger

    def run_edited(self, edit: Edit) -> Report:
        """Sweeps and delivers with the edited configuration."""
        self.configured = deepcopy(self.configured)
        edit(self.configured)
        return self.run()

    def checked(self) -> list[str]:
        """What `tercera check` says of edits."""
        with self.opened_app() as (app, ledger):
            found = told_of_edits(ledger, app.settings.rules, app.terms().reading, app.routes)
            return [f"{each.what}: {each.detail}" for each in found]

    def arrived(self) -> list[str]:
        """Who got a mail since it was last looked, whatever it says."""
        return self.inbox.recipients()

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
    with shop.opened_app() as (_, ledger):
        cursor = ledger.cursor(RuleId("repeat-returns"))
    assert cursor is not None
    last = last_edit(cursor.meaning)
    assert last is not None
    assert (last.what, last.untold) == (("levels",), 1)
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
    shop.edit(with_levels(notice=3, warning=7, critical=10))
    assert shop.levels() == dict.fromkeys(TOLD, "notice")
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
    for looked_at, standing in ((), 4), ((), 4), (("ana", "bea"), 2):
        failed = str(shop.run(*looked_at).failed[RuleId("repeat-returns")])
        assert f"not one order in the watched windows, where alerts stand ({standing})" in failed
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


def test_the_orders_of_one_customer_may_go(shop: Shop) -> None:
    """As long as somebody has any, that is news of this customer."""
    for name in ("ana0", "ana1", "ana2"):
        del shop.files.orders[name]
    shop.files.write()
    shop.run("ana")
    shop.inbox.expect(shop.retracted("ana"), (OPERATIONS, "Tercera: 1 change (1 retracted)"))


def test_a_rule_that_is_renamed_is_the_same(shop: Shop) -> None:
    """Its alerts and silences go with it; nobody is told; it goes on where it was."""
    report = shop.run_edited(lambda edited: rule(edited).update(id="many-returns", title="Many returns"))
    assert report.renamed == {"repeat-returns": "many-returns"}
    assert shop.levels() == TOLD
    shop.inbox.expect()
    shop.gone("ana0")
    shop.inbox.expect(shop.retracted("ana"), (OPERATIONS, "Tercera: 1 change (1 retracted)"))


def test_two_rules_that_swap_their_ids(shop: Shop) -> None:
    """Each keeps its alerts: nobody is told of the other's."""
    other = {"id": "calls", "when": {"status": ["cancelled"]}, "levels": {"few": 2}, "notify": ["operations"]}
    shop.run_edited(lambda edited: edited["rules"].append(rule(edited) | other))
    shop.inbox.expect((OPERATIONS, "Tercera: 1 change (1 new)"))

    def swap(edited: Configuration) -> None:
        first, second = edited["rules"]
        first["id"], second["id"] = second["id"], first["id"]

    report = shop.run_edited(swap)
    assert report.renamed == {"repeat-returns": "calls", "calls": "repeat-returns"}
    assert shop.levels() == TOLD | {"caro": "few"}
    shop.inbox.expect()


def test_a_rule_that_is_taken_out_and_put_back(shop: Shop) -> None:
    """Its alerts stand meanwhile; what changed is told when it is back, and nothing else."""
    other = {"id": "calls", "when": {"status": ["lost"]}, "notify": ["operations"]}
    taken = rule(shop.configured)
    shop.run_edited(lambda edited: edited.update(rules=[taken | other]))
    assert shop.levels() == TOLD
    shop.files.returned("ana", shop.month, "ana3", "ana4")
    shop.run_edited(lambda edited: edited.update(rules=[taken | other, taken]))
    shop.inbox.expect(shop.escalated("ana", 5), (OPERATIONS, "Tercera: 1 change (1 up)"))


def test_another_period(shop: Shop) -> None:
    """Alerts of months stand until the months are over for good; then they are closed, and nobody is told."""
    shop.edit(lambda edited: rule(edited).update(within="day", levels={"notice": 6}))
    assert shop.levels() == TOLD
    shop.edit(lambda edited: rule(edited).update(grace="0d"))
    assert shop.levels() == TOLD
    shop.later = timedelta(days=32)
    shop.run()
    assert shop.levels() == {}
    shop.inbox.expect()


def test_a_channel_that_is_renamed_is_the_same(shop: Shop) -> None:
    """What waits for it goes out, and who heard by it hears the end."""
    shop.server.answer("ana@example.com", "451 4.3.0 later", times=1)
    shop.returned("ana", "ana3", "ana4")
    shop.inbox.expect((OPERATIONS, "Tercera: 1 change (1 up)"))

    def renamed(edited: Configuration) -> None:
        for old, new in (("customer", "buyers"), ("operations", "team")):
            edited["channels"][new] = edited["channels"].pop(old)
        rule(edited).update(notify=["buyers", "team"])

    shop.later = timedelta(hours=1)
    report = shop.run_edited(renamed)
    assert report.renamed_channels == {"customer": "buyers", "operations": "team"}
    shop.inbox.expect(shop.escalated("ana", 5))
    shop.gone("bea0", "bea1", "bea2")
    shop.inbox.expect(shop.retracted("bea"), (OPERATIONS, "Tercera: 1 change (1 retracted)"))


def test_a_channel_that_is_taken_out_while_something_waits(shop: Shop) -> None:
    """It waits until the channel is back, or somebody puts it aside; the check says so."""
    shop.server.answer("ana@example.com", "451 4.3.0 later", times=1)
    shop.returned("ana", "ana3", "ana4")
    shop.inbox.expect((OPERATIONS, "Tercera: 1 change (1 up)"))
    channel = shop.configured["channels"]["customer"]

    def taken_out(edited: Configuration) -> None:
        del edited["channels"]["customer"]
        rule(edited).update(notify=["operations"])

    shop.later = timedelta(hours=1)
    shop.run_edited(taken_out)
    assert any("1 notices wait for it" in line for line in shop.checked())
    shop.inbox.expect()
    shop.run_edited(lambda edited: edited["channels"].update(customer=channel))
    shop.later = timedelta(hours=2)
    shop.run()
    shop.inbox.expect(shop.escalated("ana", 5))


def test_what_waits_for_a_channel_that_is_gone_is_put_aside(shop: Shop) -> None:
    """By somebody, and for good; not of a channel that is there."""
    shop.server.answer("ana@example.com", "451 4.3.0 later", times=1)
    shop.returned("ana", "ana3", "ana4")
    shop.inbox.expect((OPERATIONS, "Tercera: 1 change (1 up)"))
    with shop.opened_app() as (app, ledger), pytest.raises(NotFoundError, match="take it out first"):
        discard_of_channel(app, ledger, ME, "customer")
    channel = shop.configured["channels"].pop("customer")
    rule(shop.configured).update(notify=["operations"])
    with shop.opened_app() as (app, ledger):
        assert discard_of_channel(app, ledger, ME, "customer") == 1
    assert not any("wait for it" in line for line in shop.checked())
    shop.later = timedelta(days=1)
    shop.run_edited(lambda edited: edited["channels"].update(customer=channel))
    shop.inbox.expect()


def test_the_check_tells_what_an_edit_will_lead_to(shop: Shop) -> None:
    """Before the sweep does it."""
    assert shop.checked() == []
    shop.configured = deepcopy(shop.configured)
    with_levels(notice=4, warning=5, critical=10)(shop.configured)
    assert "edited since its last sweep (levels)" in shop.checked()[0]
    rule(shop.configured).update(id="other")
    assert [line.split(":")[0] for line in shop.checked()] == ["rule repeat-returns"]


def test_whom_an_edited_list_tells(shop: Shop) -> None:
    """A channel that is new to a rule hears of the next step, not of what stands; one that left, nothing."""

    def listed(edited: Configuration) -> None:
        edited["channels"]["boss"] = {"kind": "email", "to": ["boss@example.com"]}
        rule(edited).update(notify=["customer", "boss"])

    shop.edit(listed)
    shop.inbox.expect()
    shop.returned("dora", "dora4")
    arrived = shop.arrived()
    assert sorted({mail.split("@")[0] for mail in arrived}) == ["boss", "dora"]
    shop.gone("ana0")
    shop.inbox.expect(shop.retracted("ana"))


def test_windows_that_a_longer_grace_brings_back(shop: Shop) -> None:
    """What came about in them while they were over is recorded in silence."""
    shop.edit(lambda edited: rule(edited).update(grace="0d"))
    shop.files.returned("caro", shop.month.before, "late0", "late1", "late2")
    shop.run()
    shop.edit(lambda edited: rule(edited).update(grace="60d"))
    shop.inbox.expect()
    shop.files.returned("caro", shop.month.before, "late3", "late4")
    shop.run()
    mail = ("caro@example.com", f"Ya son 5 pedidos devueltos en {shop.month.before.spanish}")
    assert [each for each in shop.arrived() if each == mail[0]] == [mail[0]]


def test_who_asks_a_server_and_how_is_no_edit() -> None:
    """Which server and which database it is, is one; nothing of the address is kept."""

    def reading(uri: str, **more: object) -> dict[str, str]:
        source = {"kind": "mongodb", "uri": uri, "database": "shop", "orders": {"collection": "orders"}}
        return reading_of(mongodb.Settings.model_validate(source | more))

    there = reading("mongodb://a:secret@one:1,two:2/?tls=true")
    assert there == reading("mongodb://b:other@two:2,one:1/", timeout=5)
    assert set(there) == {"kind", "server", "database", "orders.collection"}
    moved, other = reading("mongodb://three:3/"), reading("mongodb://two:2,one:1/", database="staging")
    assert [name for name in there if there[name] != moved[name]] == ["server"]
    assert [name for name in there if there[name] != other[name]] == ["database"]
    assert not any("secret" in mark or "one" in mark for mark in there.values())
