"""A customer's windows as the source counts them now: matching and other orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tercera.errors import SourceError
from tercera.model import SubjectId, Tally
from tercera.orders import Scope
from tercera.rendering.words import Words
from tercera.rules import Rule, judge
from tercera.web.page import tone
from tercera.web.site import Site
from tercera.web.views.bars import Bar, BarChart, bar_chart
from tercera.web.views.history import last_windows, mark_of
from tercera.windows import Window

SPANS = (24, 60)
"""How many windows are shown, shortly and at length."""

WIDTH, HEIGHT = 760, 190


@dataclass(frozen=True, slots=True)
class Row:
    """A window with what is counted in it and the level that this reaches."""

    window: Window
    name: str
    tally: Tally
    level: str | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """The windows, the earliest first, and their chart; `problem` is why the source could not be asked."""

    rows: Sequence[Row]
    chart: BarChart | None
    problem: str = ""

    @property
    def orders(self) -> int:
        """In all of the windows."""
        return sum(row.tally.orders for row in self.rows)


def timeline(site: Site, rule: Rule, subject: SubjectId, words: Words, span: int) -> Timeline:
    """The last `span` windows of one customer."""
    counting = rule.counting
    windows = last_windows(counting.within, counting.zone, site, span)
    pairs = {(subject, window.id) for window in windows}
    scope = Scope(start=windows[0].start, end=windows[-1].end, at_least=0, pairs=pairs)
    try:
        tallies = {tally.window: tally for tally in site.app.source.tally(counting, scope)}
    except SourceError as error:
        return Timeline((), None, str(error))
    rows = [_row(rule, window, tallies.get(window.id), subject, words) for window in windows]
    bars = [_bar(site, rule, row, words) for row in rows]
    return Timeline(rows, bar_chart(bars, width=WIDTH, height=HEIGHT))


def _row(rule: Rule, window: Window, tally: Tally | None, subject: SubjectId, words: Words) -> Row:
    counted = tally or Tally(subject, window.id, 0, 0)
    level = judge(rule, counted).level
    return Row(window, words.window(window), counted, level.name if level else None)


def _bar(site: Site, rule: Rule, row: Row, words: Words) -> Bar:
    matched, orders = row.tally.matched, row.tally.orders
    shown = tone(site, rule.id, row.level) if row.level else "under"
    title = words.say("customers.bar", orders, window=row.name, matched=words.number(matched))
    mark = mark_of(row.window, words)
    return Bar(((shown, matched), ("other", orders - matched)), mark, title)
