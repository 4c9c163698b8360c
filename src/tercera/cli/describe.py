"""An alert, its tally, history and notices, as JSON and as tables: what several commands show."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tercera.cli.output import console, table, visible

if TYPE_CHECKING:
    from tercera.ledger import AlertHistory, Circuit, Delivery
    from tercera.model import Alert, Doubts, Tally
    from tercera.telling.silences import Decision


def when(moment: datetime) -> str:
    """A moment for people."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def alert_json(alert: Alert) -> dict[str, Any]:
    """An alert with its tally."""
    return {
        "id": alert.id,
        "rule": alert.rule,
        "customer": alert.subject,
        "window": alert.window,
        "state": alert.standing.state,
        "level": alert.standing.level,
        "opened_at": alert.opened_at,
        "changed_at": alert.changed_at,
        **tally_json(alert.tally),
    }


def tally_json(tally: Tally) -> dict[str, Any]:
    """The counts and the evidence."""
    return {
        "matched": tally.matched,
        "orders": tally.orders,
        "amount": tally.amount,
        "first_at": tally.first_at,
        "last_at": tally.last_at,
        "evidence": [
            {"order_id": one.order_id, "placed_at": one.placed_at, "status": one.status, "amount": one.amount}
            for one in tally.evidence
        ],
    }


def history_json(history: AlertHistory) -> dict[str, Any]:
    """An alert with its transitions and notices."""
    return {
        **alert_json(history.alert),
        "transitions": [
            {
                "at": step.at,
                "reason": step.reason,
                "before": step.before,
                "level": step.after.level,
                "state": step.after.state,
                "matched": step.matched,
                "told": step.speaks,
                "muted": step.muted,
                "title": step.title,
                "doubtful": dict(step.doubtful),
            }
            for step in history.steps
        ],
        "notices": [delivery_json(delivery) for delivery in history.deliveries],
        "decisions": [decision_json(decision) for decision in history.decisions],
    }


def decision_json(decision: Decision) -> dict[str, Any]:
    """What somebody decided."""
    from dataclasses import asdict

    about = asdict(decision)
    return {"id": about.pop("id"), "customer": about.pop("subject"), **about}


def decision_words(decision: Decision) -> str:
    """`Silence 4 of rule x for customer y until …, by ana: parcel strike`."""
    about = (
        f"alert {decision.alert}"
        if decision.alert is not None
        else " ".join(
            f"{what} {name}"
            for what, name in (("rule", decision.rule), ("customer", decision.subject))
            if name is not None
        )
    )
    ending = f" until {when(decision.until)}" if decision.until else ""
    ended = f", ended {when(decision.ended_at)}" if decision.ended_at else ""
    why = f": {decision.reason}" if decision.reason else ""
    kind = decision.kind.value.capitalize()
    return visible(f"{kind} {decision.id} of {about}{ending}{ended}, by {decision.author}{why}")


def delivery_json(delivery: Delivery) -> dict[str, Any]:
    """A notice with its receipts."""
    from dataclasses import asdict

    return asdict(delivery)


def circuit_json(circuit: Circuit) -> dict[str, Any]:
    """A channel that is left alone."""
    from dataclasses import asdict

    return asdict(circuit)


def circuit_words(circuit: Circuit) -> str:
    """`customer is left alone since … until …, after 3 failures: nobody listens there`."""
    times = f"since {when(circuit.opened_at)}, next try {when(circuit.retry_at)}"
    tried = f"{circuit.failures} failure{'s' if circuit.failures > 1 else ''}"
    return visible(f"Channel {circuit.channel} is left alone {times} ({tried}): {circuit.words}")


_DOUBTS = {
    "no_order_id": "no order id",
    "invalid_order_id": "an order id that is none",
    "no_date": "no date",
    "unreadable_date": "no readable date",
    "no_status": "no status",
    "invalid_status": "a status that is none",
}


def doubts_words(counted: int, doubtful: Doubts) -> str:
    """`2 counted, 1 more has no readable date`."""
    told = (f"{count} more {'has' if count == 1 else 'have'} {_DOUBTS[reason]}" for reason, count in doubtful)
    return ", ".join([f"{counted} counted", *told])


def _money(amount: Decimal | None) -> str:
    """Cents, and more only where the source has more."""
    if amount is None:
        return ""
    cents = amount.quantize(Decimal("0.01"))
    return f"{cents if cents == amount else amount:,}"


def print_evidence(tally: Tally) -> None:
    """The matching orders as a table."""
    if not tally.evidence:
        return
    rows = table(None, "order", "placed", "status", "amount", right=("amount",))
    for one in tally.evidence:
        rows.add_row(visible(one.order_id), str(one.placed_at), visible(one.status), _money(one.amount))
    console().print(rows)
    if (more := tally.matched - len(tally.evidence)) > 0:
        console().print(f"… and {more} more")


def print_history(history: AlertHistory) -> None:
    """Every transition, and every notice with the server's words."""
    from tercera.telling.watch import is_reserved

    own = is_reserved(history.alert.rule)
    steps = (
        table(None, "when", "what", "found")
        if own
        else table(None, "when", "what", "level", "count", right=("count",))
    )
    for step in history.steps:
        levels = f"{step.before or '–'} → {step.after.level or '–'}"
        what = f"{step.reason} ({step.muted})" if step.muted else step.reason
        said = (visible(step.title),) if own else (levels, str(step.matched))
        steps.add_row(when(step.at), what, *said)
    console().print(steps)
    for decision in history.decisions:
        console().print(f"{when(decision.at)} · {decision_words(decision)}")
    if not history.deliveries:
        nobody = "nobody is told of this by the rule, or it was a silent baseline"
        nobody = "there was no operations channel, or it is silenced" if own else nobody
        console().print(f"No notices: {nobody}.")
        return
    rows = table(None, "notice", "to", "by", "state", "when", "the server's words", right=("notice",))
    for each in history.deliveries:
        rows.add_row(
            str(each.id),
            visible(each.recipient or "–"),
            visible(each.channel),
            each.state,
            when(each.receipts[-1].at) if each.receipts else "–",
            visible(each.words or each.problem or ""),
        )
    console().print(rows)
