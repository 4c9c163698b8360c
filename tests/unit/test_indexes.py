"""Which index serves a need, and which is proposed."""

from __future__ import annotations

import pytest

from tercera.indexes.needs import HIDDEN, Fit, Index, Need, Proposal, Purpose, advise, fit_of

SWEEP = Need(Purpose.SWEEP, ("placed_at",), ("customer_id", "status", "order_id"))
LIVE = Need(Purpose.LIVE, ("customer_id", "placed_at"), equality=1)
OWN = Index("_id_", ("_id",))


@pytest.mark.parametrize(
    ("paths", "need", "fit"),
    [
        (("placed_at", "customer_id", "status", "order_id"), SWEEP, Fit.COVERING),
        (("placed_at", "order_id", "amount", "status", "customer_id"), SWEEP, Fit.COVERING),
        (("placed_at",), SWEEP, Fit.LEADING),
        (("placed_at", "status"), SWEEP, Fit.LEADING),
        (("customer_id", "placed_at"), SWEEP, Fit.NONE),
        (("shop", "placed_at", "customer_id", "status", "order_id"), SWEEP, Fit.NONE),
        (("customer_id", "placed_at"), LIVE, Fit.COVERING),
        (("customer_id", "placed_at", "status"), LIVE, Fit.COVERING),
        (("customer_id",), LIVE, Fit.PARTLY),
        (("customer_id", "status", "placed_at"), LIVE, Fit.PARTLY),
        (("placed_at", "customer_id"), LIVE, Fit.NONE),
        ((), LIVE, Fit.NONE),
    ],
)
def test_an_index_serves_by_what_it_begins_with(paths: tuple[str, ...], need: Need, fit: Fit) -> None:
    """The compared field first, then the range; what is beside them only spares opening the row."""
    assert fit_of(Index("i", paths), need) is fit


def test_what_serves_is_left_alone() -> None:
    """The best of several is told, and nothing is proposed."""
    wide = Index("wide", ("placed_at", "customer_id", "status", "order_id"))
    sweep, live = advise(
        [OWN, Index("narrow", ("placed_at",)), wide, Index("c", LIVE.leading)], [SWEEP, LIVE]
    )
    assert (sweep.fit, sweep.index, sweep.proposal) == (Fit.COVERING, wide, None)
    assert (live.fit, live.index, live.proposal) == (Fit.COVERING, Index("c", LIVE.leading), None)


def test_two_indexes_are_all_that_is_proposed() -> None:
    """One for sweeps, which holds what they read, and one for looks at single customers."""
    sweep, live = advise([OWN], [SWEEP, LIVE])
    assert sweep.proposal == Proposal("tercera_sweep", ("placed_at", "customer_id", "status", "order_id"))
    assert live.proposal == Proposal("tercera_live", ("customer_id", "placed_at"))


def test_what_is_proposed_serves_the_next_need_too() -> None:
    """Rules that count for the same field share an index."""
    assert [bool(each.proposal) for each in advise([], [LIVE, LIVE])] == [True, False]


@pytest.mark.parametrize(
    "flaw", ["partial", "sparse", "of the collation es", "of arrays (multikey)", "hashed"]
)
def test_an_index_with_a_flaw_serves_nothing(flaw: str) -> None:
    """It is named, so that nobody wonders why another one is proposed."""
    flawed = Index("by_date", SWEEP.paths, flaw)
    [advice] = advise([flawed], [SWEEP])
    assert (advice.fit, advice.index, advice.passed_over) == (Fit.NONE, None, (flawed,))
    assert advice.proposal == Proposal("tercera_sweep", SWEEP.paths)


def test_a_hidden_index_of_the_same_fields_is_to_be_shown_again() -> None:
    """No engine has two of them, and somebody hid it on purpose: nothing is created."""
    hidden = Index("by_date", SWEEP.paths, HIDDEN)
    [advice] = advise([hidden], [SWEEP])
    assert (advice.proposal, advice.unhide) == (None, hidden)
    [other] = advise([Index("by_date", ("placed_at",), HIDDEN)], [SWEEP])
    assert other.unhide is None
    assert other.proposal


def test_an_index_that_becomes_needless_is_named_and_one_name_never_used_twice() -> None:
    """It begins as the proposal does; nothing is dropped."""
    existing = [
        Index("tercera_sweep", ("placed_at",)),
        Index("shop", ("shop",)),
        Index("tercera_sweep_2", ("x",)),
    ]
    [advice] = advise(existing, [SWEEP])
    assert (advice.fit, advice.proposal) == (
        Fit.LEADING,
        Proposal("tercera_sweep_3", SWEEP.paths, contains=("tercera_sweep",)),
    )


def test_a_part_is_better_than_nothing() -> None:
    """An index on the customer alone is told, and the better one proposed."""
    [advice] = advise([Index("by_customer", ("customer_id",))], [LIVE])
    assert (advice.fit, advice.index) == (Fit.PARTLY, Index("by_customer", ("customer_id",)))
    assert advice.proposal == Proposal("tercera_live", LIVE.paths, contains=("by_customer",))
