"""A look at some customers finds what a sweep would have found about them, at a cost that goes by them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tercera.cycle import Report, cycle
from tercera.cycle.sweep import Terms
from tercera.ledger import Ledger, open_ledger
from tercera.model import Counting, Level, Match, Period, RuleId, State, SubjectId, WindowId
from tercera.rules import Listener, Rule
from tercera.sources import load
from tercera.telling.routing import Route, Routes
from tests.integration.ledger_changes import ENGINES, ledger_kept_by

NOW = datetime(2023, 6, 20, tzinfo=UTC)
DAY = timedelta(days=1)
TERMS = Terms(Routes({"customer": Route("customer", None)}))
COUNTING = Counting((Match("status", ("returned",)),), "customer", Period.MONTH, "UTC")
RULE = Rule(
    RuleId("r"), "Returns", COUNTING, (Level("notice", 2),), (Listener("customer"),), timedelta(days=30)
)
NAMES = ("ana", "bea", "eva")


class Shop:
    """Customers by how many orders of June they returned."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self.folder = folder
        self.ledger = ledger
        self.now = NOW

    def look(self, *names: str, rule: Rule = RULE, **returned: int) -> Report:
        """A cycle a day later, over these customers or all."""
        self.now += DAY
        rows = ["order_id,customer_id,placed_at,status"]
        rows += [
            f"{who}{n},{who},2023-06-01,returned" for who, count in returned.items() for n in range(count)
        ]
        rows += [f"{who}-kept,{who},2023-06-01,delivered" for who in NAMES]
        (self.folder / "orders.csv").write_text("\n".join(rows) + "\n")
        (self.folder / "customers.csv").write_text("id,name,email\n")
        files = load("files")
        settings = files.Settings.model_validate(
            {"kind": "files", "orders": {"path": "orders.csv"}, "customers": {"path": "customers.csv"}}
        )
        source = files.open_source(settings, "UTC", base=self.folder)
        subjects = {SubjectId(name) for name in names} if names else None
        report = cycle(
            [rule], source, self.ledger, TERMS, now=self.now, clock=lambda: self.now, subjects=subjects
        )
        source.close()
        assert not report.failed
        return report

    def states(self) -> dict[str, State]:
        """Of every alert."""
        return {alert.subject: alert.standing.state for alert in self.ledger.alerts()}


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """On SQLite, unless a test is for both."""
    kept = ledger_kept_by(getattr(request, "param", "sqlite"), tmp_path)
    with kept as address, open_ledger(address) as ledger:
        made = Shop(tmp_path, ledger)
        made.look(ana=2)
        yield made


@pytest.mark.parametrize("shop", ENGINES, indirect=True)
def test_only_these_customers_are_looked_at(shop: Shop) -> None:
    """The others wait for the next sweep, which finds everything else, and nothing twice."""
    checked = shop.ledger.checked_through(RULE.id)
    shop.look("bea", bea=2, eva=2)
    assert shop.states() == {"ana": State.OPEN, "bea": State.OPEN}
    assert shop.ledger.checked_through(RULE.id) == checked
    report = shop.look(bea=2, eva=2)
    assert shop.states() == {"ana": State.RETRACTED, "bea": State.OPEN, "eva": State.OPEN}
    assert report.swept[0].transitions.total() == 3
    assert shop.look(bea=2, eva=2).told == 0


def test_what_fell_is_found_also_in_a_window_that_is_over(shop: Shop) -> None:
    """A standing alert of a customer is looked at for as long as a sweep would."""
    shop.now += 40 * DAY
    shop.look("ana")
    assert shop.states() == {"ana": State.RETRACTED}


def test_a_part_is_no_sign_that_all_is_well(shop: Shop) -> None:
    """It counts neither as the last good cycle nor as a survey of the orders."""
    good = shop.ledger.diary.heart().last_good
    surveys = shop.ledger.diary.rejects()
    shop.look("bea")
    assert shop.ledger.diary.heart().last_good == good
    assert shop.ledger.diary.rejects() == surveys
    assert shop.ledger.diary.last_runs(1)[0].kind == "part"


def test_a_first_sweep_looks_at_all(shop: Shop) -> None:
    """Also after the rule was changed: what is a baseline must not be news later."""
    changed = replace(RULE, levels=(Level("notice", 1),))
    shop.look("bea", rule=changed, ana=2, bea=1, eva=1)
    assert set(shop.states()) == {"ana", "bea", "eva"}


def test_the_ledger_is_asked_for_these_alone(shop: Shop) -> None:
    """Every question goes by an index, and none walks through the alerts that stand."""
    statements: list[tuple[str, Any]] = []
    event.listen(
        shop.ledger._engine,
        "before_cursor_execute",
        lambda _c, _u, statement, parameters, *_: statements.append((statement, parameters)),
    )
    subjects = [SubjectId(f"c{number}") for number in range(100)]
    shop.ledger.known_pairs(RULE.id, [(subject, WindowId("2023-06")) for subject in subjects])
    shop.ledger.standing_pairs(RULE.id, subjects)
    shop.ledger.watched_windows(RULE.id)
    connection = sqlite3.connect(str(shop.ledger._engine.url.database))
    plans = [
        [step[3] for step in connection.execute("EXPLAIN QUERY PLAN " + statement, parameters)]
        for statement, parameters in statements
        if statement.startswith(("SELECT", "WITH"))
    ]
    connection.close()
    assert plans[0] == [
        "SEARCH alerts USING INDEX sqlite_autoindex_alerts_1 (rule=? AND window=? AND subject=?)"
    ]
    assert plans[1] == ["SEARCH alerts USING INDEX ix_alerts_subject (subject=?)"]
    assert len(plans) == 3
    of_a_state = [
        "SEARCH alerts USING COVERING INDEX ix_alerts_rule_state_window_level (rule=? AND state=?)",
        "SEARCH alerts USING COVERING INDEX ix_alerts_rule_state_window_level "
        "(rule=? AND state=? AND window>?)",
    ]
    assert [step for step in plans[2] if "alerts" in step] == of_a_state * 2  # open, and taken back
