"""What each window brought, as charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from tercera.ledger import WindowSum
from tercera.model import Period, RuleId
from tercera.rendering.words import Words
from tercera.rules import Rule
from tercera.web.page import tone
from tercera.web.site import Site
from tercera.web.views.bars import Bar, BarChart, bar_chart
from tercera.windows import Window, window_of, window_of_day

SHOWN = {Period.DAY: 30, Period.WEEK: 26, Period.MONTH: 18, Period.QUARTER: 12, Period.YEAR: 10}
"""How many windows back."""

TONES = ("calm", "low", "middle", "high")


@dataclass(frozen=True, slots=True)
class Months:
    """The windows with their sums, and three charts of them."""

    sums: Sequence[tuple[str, WindowSum]]
    alerts: BarChart
    customers: BarChart
    orders: BarChart


def last_windows(period: Period, zone: str, site: Site, count: int) -> list[Window]:
    """Up to the one that is open now, the earliest first."""
    found = [window_of(site.now(), period, zone)]
    while len(found) < count:
        found.append(window_of_day(found[-1].start - timedelta(days=1), period))
    return found[::-1]


def mark_of(window: Window, words: Words) -> str:
    """What stands below a bar: a year where it begins, else as little as tells windows apart."""
    match window.period:
        case Period.MONTH:
            return (
                str(window.start.year)
                if window.start.month == 1
                else words.short_day(window.start, Period.YEAR)
            )
        case Period.QUARTER | Period.YEAR:
            return str(window.id)
        case _:
            return words.short_day(window.start, Period.WEEK)


def months_of(site: Site, rules: Sequence[Rule], words: Words) -> Months:
    """What the last windows brought for rules of one period; of the earliest third, what is before the first
    alert is left out."""
    period, zone = rules[0].counting.within, rules[0].counting.zone
    windows = last_windows(period, zone, site, SHOWN[period])
    sums = site.ledger.views.window_sums([rule.id for rule in rules], [window.id for window in windows])
    begun = next((place for place, each in enumerate(sums) if each.total), len(sums))
    left_out = min(begun, len(sums) // 3)
    windows, sums = windows[left_out:], sums[left_out:]
    named = [words.window(window) for window in windows]
    marks = [mark_of(window, words) for window in windows]
    told = list(zip(marks, named, sums, strict=True))
    return Months(
        sums=list(zip(named, sums, strict=True)),
        alerts=bar_chart([_by_level(site, mark, name, each, words) for mark, name, each in told]),
        customers=bar_chart(
            [
                Bar(
                    (("plain", each.customers),),
                    mark,
                    f"{name}: {words.say('overview.customers_of', each.customers)}",
                )
                for mark, name, each in told
            ]
        ),
        orders=bar_chart(
            [
                Bar(
                    (("plain", each.matched),),
                    mark,
                    f"{name}: {words.say('overview.orders_of', each.matched)}",
                )
                for mark, name, each in told
            ]
        ),
    )


def _by_level(site: Site, mark: str, name: str, each: WindowSum, words: Words) -> Bar:
    counts = dict.fromkeys(TONES, 0)
    for (rule, level), count in each.alerts.items():
        counts[tone(site, RuleId(rule), level)] += count
    told = [
        f"{level or words.say('overview.taken_back')} {words.number(count)}"
        for level, count in _levels(each).items()
    ]
    said = ", ".join(told) or "0"
    return Bar(tuple(counts.items()), mark, f"{name}: {said}")


def _levels(each: WindowSum) -> dict[str | None, int]:
    found: dict[str | None, int] = {}
    for (_, level), count in each.alerts.items():
        found[level] = found.get(level, 0) + count
    return found
