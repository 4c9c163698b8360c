"""What the process says of its work, one event a line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import structlog

from tercera.cycle import Report
from tercera.cycle.looking import Swept
from tercera.cycle.watching import Moved
from tercera.errors import DeliveryError

log = structlog.get_logger("tercera")


def told_of_cycle(report: Report) -> None:
    """Each rule's sweep, or why there was none."""
    for old, new in report.renamed.items():
        log.info("rule was renamed", rule=new, was=old, remark="its alerts went with it")
    for before, after in report.renamed_channels.items():
        log.info("channel was renamed", channel=after, was=before, remark="what waits for it goes out")
    for swept in report.swept:
        _told_of_sweep(swept)
    told_of_watch(report.watched)
    for rule in report.elsewhere:
        log.info("swept by another instance", rule=rule)
    for rule, error in report.failed.items():
        log.warning("sweep failed, will be tried again", rule=rule, error=str(error))


def told_of_watch(moved: Iterable[Moved]) -> None:
    """In the log, also where there is no channel to tell operations by."""
    for each in moved:
        log.warning(
            "data watch",
            alert=each.measured.watched,
            about=each.measured.subject,
            what=each.transition.reason,
            remark=each.measured.words,
        )


def told_of_delivery(outcomes: Mapping[Any, int]) -> None:
    """How many messages became what."""
    if outcomes:
        log.info("delivered", **_counts(outcomes))


def told_of_channel(channel: str, away: DeliveryError | None) -> None:
    """One that is left alone, or back."""
    if away is None:
        log.info("channel is back", channel=channel)
    else:
        log.warning("channel is left alone", channel=channel, error=away.reason, remark="nothing is lost")


def _told_of_sweep(swept: Swept) -> None:
    log.info(
        "swept",
        rejects={str(reason): count.rows for reason, count in swept.survey.rejects.items()},
        rule=swept.rule,
        rows=swept.survey.rows,
        first_sweep=swept.baseline,  # `baseline` is a count of transitions
        held=swept.held,
        silenced=swept.silenced,
        **_counts(swept.transitions),
    )
    if swept.edit:
        log.info(
            "rule was edited",
            rule=swept.rule,
            what=list(swept.edit.what),
            untold=swept.edited,
            remark="what fell by the edit is told to nobody",
        )
    if swept.held:
        log.warning("held back", rule=swept.rule, alerts=swept.held, remark="see tercera held")


def _counts(counts: Mapping[Any, int]) -> dict[str, int]:
    return {str(name): number for name, number in counts.items()}
