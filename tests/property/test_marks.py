"""Marks tell values apart, and pairs are found by them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tercera.model import Evidence, SubjectId, Tally, WindowId
from tercera.rules.pairs import NOWHERE, PairIndex, of_pairs
from tercera.tally.columns import mark_of
from tercera.tally.marks import Marks, of_rows, of_runs, of_texts

Rows = list[dict[str, Any]]
Pairs = list[tuple[str, str]]

texts = (
    st.none() | st.text("aé\0", max_size=5) | st.sampled_from(["x" * 127, "x" * 128, "x" * 129, "y" * 300])
)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "id": texts,
            "number": st.none() | st.integers(-(2**63), 2**63 - 1),
            "money": st.none() | st.sampled_from([Decimal("-0.0001"), Decimal("19.9"), Decimal("1e20")]),
            "nothing": st.none(),
        }
    ),
    max_size=12,
)
SCHEMA = pa.schema(
    [("id", pa.string()), ("number", pa.int64()), ("money", pa.decimal128(38, 4)), ("nothing", pa.null())]
)


@settings(max_examples=80, deadline=None)
@given(rows, rows)
def test_equal_rows_have_one_mark_and_others_have_others(some: Rows, others: Rows) -> None:
    """Whatever stands beside them in their columns, and wherever a column was cut."""
    whole = pa.Table.from_pylist(some + others, SCHEMA)
    marks = of_rows(whole).tolist()
    assert of_rows(whole.slice(len(some))).tolist() == marks[len(some) :]
    seen: dict[Any, int] = {}
    for row, mark in zip(some + others, marks, strict=True):
        assert seen.setdefault(tuple(map(row.get, SCHEMA.names)), mark) == mark
    assert len(set(seen.values())) == len(seen)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), min_size=1, max_size=8))
def test_runs_differ_by_their_rows_and_their_order(runs: list[list[str]]) -> None:
    """A tally is its evidence, in order."""
    ends = np.cumsum([0, *map(len, runs)])
    marks = of_runs(of_texts(pa.array([each for run in runs for each in run])), ends).tolist()
    assert (
        len(set(zip(map(tuple, runs), marks, strict=True))) == len(set(marks)) == len(set(map(tuple, runs)))
    )


def test_names_that_come_again_have_the_marks_that_they_have_alone() -> None:
    """Few different texts are told apart once."""
    names = ["returned", "cancelled", None] * 5
    alone = [of_texts(pa.array([name], pa.string())).tolist()[0] for name in names]
    assert of_texts(pa.array(names)).tolist() == alone


pairs = st.lists(
    st.tuples(st.sampled_from(["a", "b", "", "ñ" * 90]), st.sampled_from(["2023-06", "2023-W26"])),
    unique=True,
)


ALIKE: dict[str, Callable[[str, str], int]] = {
    "the same": lambda subject, window: 0,
    "neighbours": lambda subject, window: "ab ñ".index(subject[:1]) * 2 + len(window) % 2,
    "the last ones": lambda subject, window: 2**64 - 1 - len(subject),
}


@settings(max_examples=80, deadline=None)
@given(pairs, pairs, st.sampled_from([None, *ALIKE]))
def test_pairs_are_found_where_they_stand(among: Pairs, asked: Pairs, alike: str | None) -> None:
    """Also if all of them had one mark, or marks that begin alike."""

    def columns(chosen: Pairs) -> tuple[pa.Array, pa.Array, Marks]:
        subjects, windows = (pa.array([pair[at] for pair in chosen], pa.string()) for at in (0, 1))
        if alike is None:
            return subjects, windows, of_pairs(subjects, windows)
        return subjects, windows, np.array([ALIKE[alike](*pair) for pair in chosen], np.uint64)

    found = PairIndex(*columns(among)).find(*columns(asked)).tolist()
    assert found == [among.index(pair) if pair in among else NOWHERE for pair in asked]


def test_the_mark_of_a_tally_is_of_all_but_its_pair_and_its_other_orders() -> None:
    """Whoever has the same orders has the same mark; any difference of one of them is seen."""
    day = date(2023, 6, 1)
    shown = Evidence("o1", day, "returned", Decimal(3))
    tally = Tally(SubjectId("ana"), WindowId("2023-06"), 1, 4, Decimal(3), day, day, (shown,))
    assert mark_of(replace(tally, subject=SubjectId("bob"), orders=9)) == mark_of(tally)
    others = [
        replace(tally, matched=2),
        replace(tally, amount=None),
        replace(tally, first_at=None),
        replace(tally, last_at=date(2023, 6, 2)),
        replace(tally, evidence=()),
        replace(tally, evidence=(replace(shown, order_id="o2"),)),
        replace(tally, evidence=(replace(shown, status="cancelled"),)),
        replace(tally, evidence=(replace(shown, amount=Decimal(4)),)),
    ]
    assert len({mark_of(each) for each in [tally, *others]}) == 1 + len(others)
