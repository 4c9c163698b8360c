"""How the data and Tercera itself are: what `check`, `run` and `alerts` say of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tercera.cli.describe import when

if TYPE_CHECKING:
    from tercera.ledger import Ledger
    from tercera.model import Survey


def health_json(ledger: Ledger) -> dict[str, Any]:
    """When a cycle last succeeded, the newest order that was seen (where `freshness` looks for it), the share
    of rejects by rule, how following the changes goes (None where nobody ever did), and what the data watch
    has found and is not over."""
    heart = ledger.heart()
    return {
        "last_good_cycle": heart.last_good,
        "last_error": heart.error,
        "newest_order": _newest(ledger),
        "reject_share": {rule: share(survey) for rule, survey in ledger.rejects().items()},
        "live": _live(ledger),
        "open": [
            {"alert": alert.id, "rule": alert.rule, "subject": alert.subject, "since": alert.changed_at}
            for alert in ledger.watch_alerts()
        ],
    }


def health_lines(ledger: Ledger) -> Iterator[str]:
    """The same for people."""
    found = health_json(ledger)
    last: datetime | None = found["last_good_cycle"]
    parts = [f"last good cycle {when(last)}" if last else "no cycle has succeeded yet"]
    if found["newest_order"]:
        parts.append(f"newest order {found['newest_order']}")
    parts += [f"{part:.1%} rejects ({rule})" for rule, part in found["reject_share"].items()]
    yield "; ".join(parts)
    if found["live"]:
        yield _live_line(found["live"])
    for each in found["open"]:
        yield (
            f"found something: {each['rule']} of {each['subject']}, since "
            f"{when(each['since'])}; `tercera alerts show {each['alert']}`"
        )


def share(survey: Survey) -> float:
    """Of the rows that were read, how many could not be judged."""
    rejected = sum(count.rows for count in survey.rejects.values())
    return round(rejected / survey.rows, 4) if survey.rows else 0.0


_LATELY = 100
"""Runs over which repairs are counted."""


def _live(ledger: Ledger) -> dict[str, Any] | None:
    from tercera.ledger import LIVE

    followed = ledger.followed()
    if followed is None:
        return None
    runs = [run for run in ledger.last_runs(_LATELY) if run.kind == LIVE]
    return {
        "since": followed.since,
        "read_through": followed.moved_at,
        "lost_at": followed.lost_at,
        "lost": followed.lost,
        "repaired": sum(run.summary.get("repaired", 0) for run in runs),
    }


def _live_line(live: dict[str, Any]) -> str:
    parts = [f"changes followed since {when(live['since'])}, the last of {when(live['read_through'])}"]
    if live["lost_at"]:
        parts.append(f"history lost {when(live['lost_at'])} ({live['lost']})")
    parts.append(f"{live['repaired']:,} customers that sweeps had to repair")
    return "; ".join(parts)


def _newest(ledger: Ledger) -> str | None:
    found = (run.summary.get("newest") for run in ledger.last_runs(20))
    return next((newest for newest in found if newest), None)
