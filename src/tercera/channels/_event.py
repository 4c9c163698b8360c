"""A message as JSON for machines: what webhooks carry and log lines hold. docs/howto/channels.md explains it.

Amounts are text, so that no digit is lost; what was a calendar day stays one. The text is plain ASCII: no
character of an order can end a line, and none can't be encoded.
"""

from __future__ import annotations

import json
from datetime import UTC
from decimal import Decimal
from typing import Any

from tercera.messages import Holding, Message, Notice, NoticeKind
from tercera.model import Placed, Reason
from tercera.rendering.brief import headline
from tercera.rendering.view import view_notice
from tercera.rendering.words import Words, words_for
from tercera.windows import parse_window

VERSION = 1
"""Goes up when a key changes its meaning or goes away. New keys may come at any time."""

_WITH_FIGURES = (NoticeKind.WATCH, NoticeKind.STATEMENT)

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True).encode


def event_text(message: Message, language: str) -> str:
    """The event of a message as one line of JSON: the same text, however often it is tried."""
    return _encode(event(message, language))


def event(message: Message, language: str) -> dict[str, Any]:
    """`{type, version, id, timestamp, channel, recipient, data}`; a digest's data is `{notices: […]}`. What
    the blast guard held back also says how many there are and until when they wait."""
    words = words_for(message.language) or words_for(language)
    assert words is not None, f"{language!r} has no phrases, and the settings let it pass"
    told = [_notice(notice, words) for notice in message.notices]
    several = message.digest or len(told) > 1
    data = {**_holding(message.notices[0]), "notices": told} if several else told[0]
    is_digest = several and message.notices[0].kind is not NoticeKind.HELD
    return {
        "type": "digest" if is_digest else told[0]["type"],
        "version": VERSION,
        "id": message.key,
        "timestamp": max(notice.at for notice in message.notices).astimezone(UTC).isoformat(),
        "channel": message.channel,
        "recipient": message.recipient,
        "data": data,
    }


def event_type(notice: Notice) -> str:
    """`alert.opened`, …, `customer.untold`, `guard.held`, `watch.opened`, `watch.over`, `statement`.

    A baseline that is told after all is an opening.
    """
    if notice.kind is NoticeKind.UNDELIVERED:
        return "customer.untold"
    if notice.kind is NoticeKind.HELD:
        return "guard.held"
    if notice.kind is NoticeKind.STATEMENT:
        return "statement"
    if notice.kind is NoticeKind.WATCH:
        return "watch.over" if notice.reason is Reason.RETRACTED else "watch.opened"
    opened = notice.reason in (Reason.BASELINE, Reason.UNCHANGED)
    return f"alert.{Reason.OPENED if opened else notice.reason}"


def _holding(notice: Notice) -> dict[str, Any]:
    if notice.kind is not NoticeKind.HELD or notice.detail is None:
        return {}
    holding = Holding.read(notice.detail)
    return {"held": holding.count, "held_until": holding.until.isoformat(), "rule": notice.rule}


def _notice(notice: Notice, words: Words) -> dict[str, Any]:
    tally, window = notice.tally, parse_window(notice.window, notice.period)
    return {
        "type": event_type(notice),
        "summary": headline(view_notice(notice, False, words), words),
        "alert": notice.alert,
        "step": notice.step,
        "rule": notice.rule,
        "title": notice.title,
        "per": notice.per,
        "subject": notice.subject,
        "customer": _customer(notice),
        "window": notice.window,
        "period": notice.period,
        "window_start": window.start.isoformat(),
        "window_end": window.end.isoformat(),
        "reason": notice.reason,
        "level": notice.level,
        "threshold": notice.threshold,
        "before": notice.before,
        "matched": tally.matched,
        "orders": tally.orders,
        "doubtful": dict(notice.doubtful),
        "amount": _money(tally.amount),
        "currency": notice.currency,
        "first_at": _placed(tally.first_at),
        "last_at": _placed(tally.last_at),
        "evidence": [
            {
                "order_id": each.order_id,
                "placed_at": _placed(each.placed_at),
                "status": each.status,
                "amount": _money(each.amount),
            }
            for each in tally.evidence
        ],
        "problem": notice.problem,
        "detail": None if notice.kind in _WITH_FIGURES else notice.detail,
        "decided_at": notice.at.isoformat(),
        **_figures(notice),
    }


def _figures(notice: Notice) -> dict[str, Any]:
    """Of a notice of our own: what was measured, under the name of its kind."""
    if notice.kind not in _WITH_FIGURES:
        return {}
    return {notice.kind.value: json.loads(notice.detail or "{}")}


def _customer(notice: Notice) -> dict[str, str | None] | None:
    customer = notice.customer
    if customer is None:
        return None
    return {
        "id": customer.id,
        "name": customer.name,
        "email": customer.email,
        "language": customer.language,
    }


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _placed(placed: Placed | None) -> str | None:
    return None if placed is None else placed.isoformat()
