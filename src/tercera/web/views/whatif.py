"""What any threshold would have said, as a page shows it: bars, sums, and the numbers that a slider needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain

from tercera.app import App
from tercera.model import Counting, Period, WindowId
from tercera.questions.whatif import WhatIf, what_if
from tercera.rendering.words import Words
from tercera.web.background import Answer
from tercera.web.site import Site
from tercera.windows import parse_window

PATIENCE = 0.8
"""Seconds that a page waits for a tally before it says that one is under way."""

LARGEST = 60_000
"""Characters of numbers that a page may carry; with more, each threshold is asked of the server."""

TALL = 100
"""Units of the highest bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A window: how many alerts it would have had, and how many with what is configured; in numbers and in
    units of the picture."""

    id: WindowId
    name: str
    alerts: int
    today: int
    tall: float
    tall_today: float


@dataclass(frozen=True, slots=True)
class WhatIfView:
    """One threshold beside the configured one. `numbers` is JSON, None where it would be too much."""

    threshold: int
    configured: int
    highest: int
    bars: tuple[Bar, ...]
    alerts: int
    customers: int
    today: int
    customers_today: int
    numbers: str | None


def tallied(site: Site, counting: Counting, *, anew: bool = False) -> Answer[WhatIf]:
    """The tally of history that a rule's counting asks for, as far as it is known."""
    return site.background.ask(
        ("what if", _meaning(counting)), _work(site, counting), site.now, wait=PATIENCE, anew=anew
    )


def _meaning(counting: Counting) -> str:
    return repr((counting.when, counting.per, counting.within, counting.zone))


def _work(site: Site, counting: Counting) -> Callable[[], WhatIf]:
    def work() -> WhatIf:
        app = App(site.app.settings, site.app.clock)  # with a source of its own: this may take long
        try:
            return what_if(counting, app.source, app.clock())
        finally:
            app.close()

    return work


def view(found: WhatIf, threshold: int | None, configured: int, period: Period, words: Words) -> WhatIfView:
    """At a threshold, or at the configured one without."""
    chosen = min(max(threshold or configured, 1), max(found.highest, configured))
    alerts, today = found.alerts(chosen), found.alerts(configured)
    most = max([*alerts.values(), *today.values()], default=0) or 1
    bars = tuple(
        Bar(
            window,
            words.window(parse_window(window, period)),
            count,
            today[window],
            round(count * TALL / most, 1),
            round(today[window] * TALL / most, 1),
        )
        for window, count in alerts.items()
    )
    return WhatIfView(
        threshold=chosen,
        configured=configured,
        highest=max(found.highest, configured),
        bars=bars,
        alerts=sum(alerts.values()),
        customers=found.subjects(chosen),
        today=sum(today.values()),
        customers_today=found.subjects(configured),
        numbers=_numbers(found, configured),
    )


def _numbers(found: WhatIf, configured: int) -> str | None:
    text = json.dumps(
        {
            "windows": [_flat(counts) for counts in found.windows.values()],
            "customers": _flat(found.customers),
            "configured": configured,
        },
        separators=(",", ":"),
    )
    return text if len(text) <= LARGEST else None


def _flat(counts: Mapping[int, int]) -> list[int]:
    return list(chain.from_iterable(counts.items()))
