"""How the data and Tercera itself are: what `check`, `run` and `alerts` say of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tercera.cli.describe import when

if TYPE_CHECKING:
    from tercera.ledger import Ledger


def health_json(ledger: Ledger) -> dict[str, Any]:
    """See `health.Health`; of what was read for each rule, the share of rejects."""
    from dataclasses import asdict

    from tercera.questions.health import health_of, share

    found = health_of(ledger)
    return {
        "last_good_cycle": found.heart.last_good,
        "last_error": found.heart.error,
        "newest_order": found.newest_order,
        "reject_share": {rule: share(survey) for rule, survey in found.surveys.items()},
        "live": asdict(found.live) if found.live else None,
        "open": [
            {"alert": alert.id, "rule": alert.rule, "subject": alert.subject, "since": alert.changed_at}
            for alert in found.found
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


def _live_line(live: dict[str, Any]) -> str:
    parts = [f"changes followed since {when(live['since'])}, the last of {when(live['read_through'])}"]
    if live["lost_at"]:
        parts.append(f"history lost {when(live['lost_at'])} ({live['lost']})")
    parts.append(f"{live['repaired']:,} customers that sweeps had to repair")
    return "; ".join(parts)
