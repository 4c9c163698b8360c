"""What is certain of very many pairs at once is what a look at each of them says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tercera.ledger import KnownAlerts
from tercera.ledger.codec import digest_of
from tercera.lifecycle import reconcile
from tercera.model import (
    Counting,
    Evidence,
    Level,
    Match,
    Pair,
    Period,
    Quiet,
    Reason,
    RuleId,
    Standing,
    State,
    SubjectId,
    Tally,
    WindowId,
)
from tercera.relational.expressions.placing import number_of
from tercera.relational.reading import in_columns
from tercera.rules import Rule, everyone, judge
from tercera.rules.evaluation import Evaluation, Remembered, standings
from tercera.tally.columns import TallyColumns
from tercera.windows import parse_window

RULE = Rule(
    RuleId("repeat-returns"),
    "Three or more",
    Counting((Match("status", ("returned",)),), "customer", Period.MONTH, "America/Bogota", evidence=4),
    (Level("notice", 2), Level("warning", 3), Level("critical", 6)),
    everyone("customer"),
    timedelta(days=30),
)
EASING = replace(RULE, on=(*RULE.on, Reason.EASED))
JUNE = parse_window("2023-06", Period.MONTH)
SCHEMA = pa.schema(
    [
        ("subject", pa.string()), ("opens", pa.date32()), ("matched", pa.int64()), ("orders", pa.int64()),
        ("amount", pa.decimal128(38, 4)), ("first", pa.int64()), ("last", pa.int64()), ("place", pa.int64()),
        ("order_id", pa.string()), ("placed", pa.int64()), ("status", pa.string()),
        ("cost", pa.decimal128(18, 4)),
    ]
)  # fmt: skip

pairs = st.tuples(
    st.sampled_from(["a", "b", "c", "06a", "ñ\n"]).map(SubjectId),
    st.sampled_from(["2023-05", "2023-06"]).map(WindowId),
)
costs = st.none() | st.sampled_from([Decimal("1.5000"), Decimal("2.0000")])


@st.composite
def tallies(draw: st.DrawFn) -> dict[Pair, Tally]:
    """A tally for each of a few pairs, as a source gives them: evidence in order, and capped."""
    return {pair: draw(tally_of(pair)) for pair in draw(st.sets(pairs, max_size=8))}


@st.composite
def tally_of(draw: st.DrawFn, pair: Pair) -> Tally:
    """Some matching orders of a pair."""
    matched = draw(st.integers(0, 7))
    month = parse_window(pair[1], Period.MONTH).start
    orders = tuple(
        Evidence(f"o{number}", month + timedelta(days=number), draw(st.sampled_from("rc")), draw(costs))
        for number in range(matched)
    )
    amounts = [each.amount for each in orders if each.amount is not None]
    days = [each.placed_at for each in orders]
    return Tally(
        *pair,
        matched,
        orders=0,
        amount=sum(amounts, Decimal(0)) if amounts else None,
        first_at=days[0] if days else None,
        last_at=days[-1] if days else None,
        evidence=orders[: RULE.counting.evidence],
    )


levels = st.sampled_from([None, "notice", "warning", "critical", "one that is gone"])
alerts = st.builds(Standing, st.sampled_from(State), levels, levels, st.booleans())


def columns_of(found: Sequence[Tally], batch: int) -> list[TallyColumns]:
    """As the embedded engine would give them, so many rows at a time."""
    rows = [row for tally in found for row in rows_of(tally)]
    table = pa.Table.from_pylist(rows, SCHEMA)
    return list(in_columns(table.to_batches(max_chunksize=batch), RULE.counting))


def rows_of(tally: Tally) -> list[dict[str, object]]:
    """One for each piece of evidence, or one."""
    pair = {
        "subject": tally.subject,
        "opens": parse_window(tally.window, Period.MONTH).start,
        "matched": tally.matched,
        "orders": tally.orders,
        "amount": tally.amount,
        "first": None if tally.first_at is None else number_of(tally.first_at),
        "last": None if tally.last_at is None else number_of(tally.last_at),
    }
    shown = [
        {
            "place": place,
            "order_id": each.order_id,
            "placed": number_of(each.placed_at),
            "status": each.status,
            "cost": each.amount,
        }
        for place, each in enumerate(tally.evidence)
    ]
    return [pair | each for each in shown or [{}]]


Known = dict[Pair, tuple[Standing, str]]
"""An alert of each pair, and the mark of the tally that it was written with."""


def look(
    found: dict[Pair, Tally],
    known: Known,
    before: Remembered | None,
    day: date,
    batch: int,
    rule: Rule = RULE,
) -> tuple[set[Pair], Remembered | None]:
    """One sweep: which pairs were found unmoved without a look, which has to be true; what it remembers."""
    now = parse_window("2023-06", Period.MONTH).starts_at("UTC") + timedelta(days=(day - JUNE.start).days)
    rows = [
        (number, *pair, each.state.value, each.level, each.peak, mark, each.spoken)
        for number, (pair, (each, mark)) in enumerate(known.items())
    ]
    stand = standings(rule, KnownAlerts(rows).columns())
    evaluation, skipped = Evaluation(rule, stand, before, now), set[Pair]()
    for columns in columns_of(list(found.values()), batch):
        told = list(columns.tell(None))
        certain, unsure = evaluation.decide(columns)
        undecided, moved = unsure.tolist(), certain.tolist()
        assert list(columns.tell(unsure)) == [told[place] for place in undecided]
        assert list(columns.pairs(certain)) == [(told[at].subject, told[at].window) for at in moved]
        same = []
        for place, tally in enumerate(told):
            assert tally == found[tally.subject, tally.window]
            standing, digest = known.get((tally.subject, tally.window), (None, ""))
            is_same = standing is not None and digest == digest_of(tally)
            steps = [
                reconcile(
                    rule,
                    parse_window(tally.window, Period.MONTH),
                    standing,
                    judge(RULE, tally),
                    now,
                    baseline=baseline,
                    quiet=quiet,
                )
                for baseline in (False, True)
                for quiet in (None, *Quiet)
            ]
            if place in moved:
                is_open = standing is not None and standing.state is State.OPEN
                assert all(step.is_change for step in steps) or (is_open and not is_same)
            elif place not in undecided:
                skipped.add((tally.subject, tally.window))
                assert standing is None or standing.state is State.CLOSED or is_same
                assert not any(step.is_change or step.speaks for step in steps)
            elif is_same and standing is not None and standing.state is State.OPEN:
                same.append(place)
        evaluation.looked(columns, same)
    unseen = [list(known)[place] for place in evaluation.unseen()]
    assert set(unseen) == {
        pair for pair, each in known.items() if each[0].state is not State.CLOSED and pair not in found
    }
    return skipped, evaluation.remembered()


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_what_is_certain_is_what_a_look_says(data: st.DataObject) -> None:
    """Over several sweeps: whatever orders, alerts and the clock did between them."""
    known: Known = {}
    found: dict[Pair, Tally] = {}
    before, rule = None, data.draw(st.sampled_from([RULE, EASING]))
    for _ in range(3):
        found = {pair: tally for pair, tally in found.items() if data.draw(st.booleans())} | data.draw(
            tallies()
        )
        for pair in data.draw(st.sets(pairs, max_size=6)):
            mark = digest_of(found[pair]) if pair in found and data.draw(st.booleans()) else "old"
            known[pair] = (data.draw(alerts), mark)
        day = data.draw(st.sampled_from([date(2023, 6, 20), date(2023, 7, 2), date(2023, 9, 1)]))
        _, before = look(found, known, before, day, data.draw(st.sampled_from([1, 3, 100])), rule)


@settings(deadline=None, max_examples=60)
@given(tallies(), st.sampled_from([1, 100]))
def test_what_stands_unmoved_is_looked_at_once(found: dict[Pair, Tally], batch: int) -> None:
    """In the second sweep nothing is looked at but what should be told or closed."""
    known: Known = {}
    for pair, tally in found.items():
        if (level := judge(RULE, tally).level) is not None:
            known[pair] = (Standing(State.OPEN, level.name, level.name, spoken=True), digest_of(tally))
    first, before = look(found, known, None, date(2023, 6, 20), batch)
    again, _ = look(found, known, before, date(2023, 6, 20), batch)
    assert first == set(found) - set(known)
    assert again == set(found)
