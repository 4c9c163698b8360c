"""What a sweep needs to know of the alerts there are: little of each, of very many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice
from typing import Any

import pyarrow as pa
from sqlalchemy import BindParameter, CompoundSelect, Connection, Select, bindparam, func, select, union_all

from tercera.ledger import codec
from tercera.ledger.batches import batched
from tercera.ledger.tables import alerts
from tercera.model import Pair, RuleId, Standing, State, SubjectId, WindowId


@dataclass(frozen=True, slots=True)
class Known:
    """An alert without its tally; `digest` is that of the tally (see `digest_of`)."""

    id: int
    standing: Standing
    digest: str


class KnownAlerts(Mapping[Pair, Known]):
    """Alerts by their pairs. Of very many, most are never looked at: they are held as columns, and a value is
    made of one when it is."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        """`rows` are those of `_query`."""
        self._table = _table(iter(rows))

    @cached_property
    def _by_pair(self) -> dict[Pair, Known]:
        return self.some(None)

    def __getitem__(self, pair: Pair) -> Known:
        return self._by_pair[pair]

    def __iter__(self) -> Iterator[Pair]:
        return iter(self._by_pair)

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def columns(self) -> pa.Table:
        """Their subjects, windows, states, levels, peaks and digests; texts that many share are coded."""
        return self._table.select(list(_TYPES)[1:7])

    def some(self, places: Sequence[int] | None) -> dict[Pair, Known]:
        """Those at some places in the columns, or all."""
        chosen = self._table if places is None else self._table.take(pa.array(places, pa.int64()))
        rows = zip(*(each.to_pylist() for each in chosen.cast(_PLAIN).columns), strict=True)
        return {
            (subject, window): Known(number, codec.standing_of(state, level, peak, spoken=spoken), digest)
            for number, subject, window, state, level, peak, digest, spoken in rows
        }


_TEXT = pa.string()
_CODED = pa.dictionary(pa.int32(), _TEXT)
_TYPES = {
    "id": pa.int64(), "subject": _TEXT, "window": _CODED, "state": _CODED, "level": _CODED, "peak": _CODED,
    "digest": _TEXT, "spoken": pa.bool_(),
}  # fmt: skip
_PLAIN = pa.schema((name, _TEXT if kind == _CODED else kind) for name, kind in _TYPES.items())
"""The same, as values are made of them: Arrow makes one of a code a hundred times as slowly."""

_AT_ONCE = 10_000
"""Rows that are held as values."""


def _table(rows: Iterator[Sequence[Any]]) -> pa.Table:
    parts = []
    while some := list(islice(rows, _AT_ONCE)):
        values = zip(_TYPES.values(), zip(*some, strict=True), strict=True)
        parts.append(pa.table([pa.array(own, kind) for kind, own in values], list(_TYPES)))
    if not parts:
        return pa.schema(_TYPES.items()).empty_table()
    return pa.concat_tables(parts).unify_dictionaries().combine_chunks()


def known(connection: Connection, rule: RuleId, windows: Collection[WindowId] | None) -> KnownAlerts:
    """The alerts of a rule in these windows, or in all (None)."""
    if windows is None:
        return KnownAlerts(connection.execute(_query(rule)))
    some = batched(sorted(set(windows)))
    answers = (connection.execute(_query_of_windows(), {"rule": rule, "windows": each}) for each in some)
    return KnownAlerts(row for answer in answers for row in answer)


def known_pairs(connection: Connection, rule: RuleId, pairs: Collection[Pair]) -> KnownAlerts:
    """The alerts of a rule for these pairs: costs what they are, not what there is."""
    subjects: dict[WindowId, list[SubjectId]] = defaultdict(list)
    for subject, window in sorted(pairs):
        subjects[window].append(subject)
    found: list[codec.AnyRow] = []
    for window, own in subjects.items():
        for some in batched(own):
            query = _query(rule).where(alerts.c.window == window, alerts.c.subject.in_(some))
            found += connection.execute(query)
    return KnownAlerts(found)


def standing_pairs(connection: Connection, rule: RuleId, subjects: Collection[SubjectId]) -> set[Pair]:
    """The pairs of these subjects whose alerts are not closed."""
    return {
        (row.subject, row.window)
        for some in batched(sorted(subjects))
        for row in connection.execute(
            select(alerts.c.subject, alerts.c.window).where(
                alerts.c.subject.in_(some),
                alerts.c.rule.concat("") == rule,  # written so that no engine begins with all of the rule's
                alerts.c.state != State.CLOSED.value,
            )
        )
    }


def watched_windows(connection: Connection, rule: RuleId) -> set[WindowId]:
    """The windows of alerts that are not closed."""
    found = connection.execute(_watched_windows(), {"rule": rule}).scalars()
    return {window for window in found if window is not None}


@cache
def _watched_windows() -> CompoundSelect[*tuple[Any, ...]]:
    """Put together once: that costs more than asking."""
    return union_all(*(_windows(state) for state in State if state is not State.CLOSED))


def _windows(state: State) -> Select[*tuple[Any, ...]]:
    """The windows of a `rule`'s alerts in a state, each found from the one before it: one step of the index
    for each, where DISTINCT walks through every alert. https://wiki.postgresql.org/wiki/Loose_indexscan"""
    of_these = alerts.c.rule == bindparam("rule"), alerts.c.state == state.value
    first = select(func.min(alerts.c.window).label("window")).where(*of_these)
    steps = first.cte(f"{state.value}_steps", recursive=True)
    following = select(func.min(alerts.c.window)).where(*of_these, alerts.c.window > steps.c.window)
    steps = steps.union_all(
        select(following.correlate(steps).scalar_subquery()).where(steps.c.window.is_not(None))
    )
    return select(steps.c.window)


@cache
def _query_of_windows() -> Select[*tuple[Any, ...]]:
    """Of a `rule` in `windows`. Put together once, as it is asked in every sweep of every rule."""
    return _query(bindparam("rule")).where(alerts.c.window.in_(bindparam("windows", expanding=True)))


def _query(rule: RuleId | BindParameter[RuleId]) -> Select[*tuple[Any, ...]]:
    return select(
        alerts.c.id, alerts.c.subject, alerts.c.window,
        alerts.c.state, alerts.c.level, alerts.c.peak, alerts.c.digest, alerts.c.spoken,
    ).where(alerts.c.rule == rule)  # fmt: skip
