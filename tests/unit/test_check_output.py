"""How `tercera check` looks on a terminal."""

from __future__ import annotations

import pytest

from tercera.cli.checks import _show, _show_verdict, _wrapped
from tercera.indexes.advice import Figures, index_check
from tercera.indexes.costs import Cost
from tercera.indexes.needs import Index, Need, Purpose, advise
from tercera.orders import Check


def lines(capsys: pytest.CaptureFixture[str], each: Check) -> list[str]:
    """What is shown of one check."""
    _show(each)
    return capsys.readouterr().out.splitlines()


def test_what_is_found_stands_in_one_column(capsys: pytest.CaptureFixture[str]) -> None:
    """A mark, what was looked at, and beside it all that is said of it."""
    assert lines(capsys, Check("ledger", True, "sqlite:///tercera.db")) == [
        "✓ ledger                sqlite:///tercera.db"
    ]
    assert lines(
        capsys, Check("orders", False, "are not there", "correct the name", ("there is Orders",))
    ) == [
        "✗ orders                are not there",
        "                        there is Orders",
        "                        → correct the name",
    ]


def test_a_statement_can_be_copied(capsys: pytest.CaptureFixture[str]) -> None:
    """It stands on a line of its own, whole; what is advice and no fault has its own mark."""
    need = Need(Purpose.LIVE, ("customer_id", "placed_at"), equality=1, required=False)
    [advice] = advise([Index("_id_", ("_id",))], [need])
    figures = Figures("documents", "a look reads", 1_000, Cost(1_000, 0, 0.4), None, Cost(9, 9, 0.01, True))
    statement = 'db.getCollection("orders").createIndex({"customer_id": 1})'
    assert lines(capsys, index_check(advice, figures, statement, "mongosh")) == [
        "! index for live looks  none; it is needed to follow changes live",
        "                        a look reads all 1,000 documents in 0.4 s",
        "                        with the index below: about 9 index keys and about 9 documents in 10 ms "
        "(estimated)",
        "                        → `tercera check --fix` creates it; or, in mongosh:",
        f"    {statement}",
    ]


def test_what_is_stored_can_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Names of tables and the words of servers are shown as text."""
    (line,) = lines(capsys, Check("orders", True, "\x1b[2Jgone [red]x[/red]"))
    assert line == "✓ orders                ·[2Jgone [red]x[/red]"


def test_a_number_stays_with_its_unit() -> None:
    """Lines break before it."""
    assert _wrapped("a sweep reads all 1,006,311 documents twice in 1.2 s", 50) == [
        "a sweep reads all 1,006,311 documents twice in",
        "1.2 s",
    ]


@pytest.mark.parametrize(
    ("wrong", "advised", "said"),
    [
        (0, 0, "All that a run needs is there."),
        (0, 2, "All that a run needs is there; 2 could be better (!)."),
        (1, 0, "1 thing to put right (✗)."),
        (3, 1, "3 things to put right (✗); 1 could be better (!)."),
    ],
)
def test_the_last_line_counts(
    capsys: pytest.CaptureFixture[str], wrong: int, advised: int, said: str
) -> None:
    """So that nobody has to look for marks."""
    _show_verdict(wrong, advised)
    assert capsys.readouterr().out.strip() == said
