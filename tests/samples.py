"""Notices and messages as the outbox would give them, for tests of channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tercera.messages import Holding, Message, Notice, NoticeKind
from tercera.model import (
    CUSTOMER,
    Counting,
    Customer,
    Evidence,
    Level,
    Match,
    Period,
    Reason,
    RejectCount,
    RejectReason,
    RuleId,
    SubjectId,
    Survey,
    Tally,
    WindowId,
)
from tercera.rules import Rule
from tercera.telling.statement import STATEMENTS, Ranked, WindowFigures, statement_text
from tercera.telling.watch import (
    Following,
    Heart,
    Limits,
    Measured,
    Watched,
    beating,
    measure_following,
    measure_freshness,
    measure_heart,
    measure_rejects,
)
from tercera.windows import parse_window

ANA = Customer("bigcolors_1381618804", "Ana María Pérez", "ana@example.com", "es")
AT = datetime(2023, 6, 20, 9, 30, tzinfo=ZoneInfo("America/Bogota"))


def make_evidence(count: int, statuses: Sequence[str] = ("cancelled", "returned")) -> tuple[Evidence, ...]:
    """Orders two days apart, from the third of June 2023 on."""
    return tuple(
        Evidence(
            f"MX-{1001 + number}",
            date(2023, 6, 3) + timedelta(days=2 * number),
            statuses[number % len(statuses)],
            Decimal("59900.5000") + number,
        )
        for number in range(count)
    )


def make_notice(
    reason: Reason = Reason.OPENED,
    matched: int = 3,
    *,
    evidence: Sequence[Evidence] | None = None,
    customer: Customer | None = ANA,
    window: str = "2023-06",
    period: Period = Period.MONTH,
    **changes: Any,
) -> Notice:
    """A notice about Ana: the third of her orders came back, unless said otherwise."""
    level, threshold = _level(matched)
    orders = make_evidence(matched) if evidence is None else tuple(evidence)
    amounts = [order.amount for order in orders if order.amount is not None]
    subject = SubjectId(changes.pop("subject", customer.id if customer else ANA.id))
    values: dict[str, Any] = {
        "id": 1,
        "kind": NoticeKind.ALERT,
        "alert": 12,
        "step": 1,
        "rule": RuleId("repeat-returns"),
        "title": "Three or more returned or cancelled orders in a month",
        "per": "customer",
        "level": level,
        "threshold": threshold,
        "before": {Reason.OPENED: None, Reason.EASED: "critical"}.get(reason, "notice"),
        "at": AT,
        "currency": "EUR",
    } | changes
    return Notice(
        subject=subject,
        window=WindowId(window),
        period=period,
        reason=reason,
        customer=customer,
        tally=Tally(
            subject,
            WindowId(window),
            matched,
            matched + 9,
            sum(amounts, Decimal(0)) if amounts else None,
            evidence=orders,
        ),
        **values,
    )


def make_message(
    *notices: Notice,
    key: str = "a1b2c3d4-12-1",
    recipient: str = "ana@example.com",
    language: str = "es",
    for_customer: bool = True,
    digest: bool = False,
    thread: tuple[str, ...] = (),
) -> Message:
    """A message of these notices, or of one about Ana."""
    return Message(
        key=key,
        channel="customer" if for_customer else "operations",
        recipient=recipient,
        language=language,
        for_customer=for_customer,
        digest=digest,
        notices=notices or (make_notice(),),
        thread=thread,
    )


def make_held(count: int = 600, examples: int = 10, **changes: Any) -> Message:
    """What operations is told of when the blast guard held back so many alerts."""
    detail = Holding(count, AT + timedelta(days=7)).text
    notices = (
        make_notice(
            matched=3 + number % 4,
            kind=NoticeKind.HELD,
            id=number + 1,
            alert=12 + number,
            customer=Customer(f"c-{number}", f"Customer {number}", f"c{number}@example.com"),
            detail=detail,
        )
        for number in range(examples)
    )
    return make_message(*notices, for_customer=False, digest=True, **changes)


def make_statement(window: str = "2023-05", standing: int = 14, before: int = 11, **changes: Any) -> Message:
    """What became of a month."""
    rule = Rule(
        RuleId("repeat-returns"),
        "Three or more returned or cancelled orders in a month",
        Counting((Match("status", ("returned",)),), CUSTOMER, Period.MONTH, "America/Bogota"),
        (Level("notice", 3), Level("warning", 5), Level("critical", 10)),
        (),
        timedelta(days=30),
    )
    final = {"notice": standing - 4, "warning": 3, "critical": 1} if standing > 4 else {"notice": standing}
    figures = WindowFigures(
        standing + 5,
        standing + 2,
        final,
        {"notice": standing - 2, "warning": 5, "critical": 2},
        {"opened": standing + 5, "escalated": 6, "retracted": 5, "closed": standing},
        [Ranked(SubjectId("bigcolors_1381618804"), 12, "critical"), Ranked(SubjectId("c-9"), 7, "warning")],
    )
    rejects = {RejectReason.UNREADABLE_DATE: RejectCount(7, 2), RejectReason.NO_CUSTOMER: RejectCount(41, 0)}
    parsed = parse_window(window, Period.MONTH)
    detail = statement_text(
        rule,
        parsed,
        figures,
        WindowFigures(before, before, {"notice": before}),
        Survey(18_230, rejects=rejects),
        AT,
    )
    notice = replace(
        make_notice(Reason.CLOSED, customer=None),
        kind=NoticeKind.STATEMENT,
        rule=STATEMENTS,
        subject=SubjectId(rule.id),
        title="repeat-returns in 2023-05: 14 stand at a level, 11 the month before; 19 alerts in all",
        per="rule",
        level=None,
        threshold=None,
        before=None,
        window=WindowId(window),
        tally=Tally(SubjectId(rule.id), WindowId(window), standing, standing + 5),
        detail=detail,
    )
    return make_message(notice, **{"for_customer": False, "recipient": "ops@example.com", **changes})


LIMITS = Limits("America/Bogota", max_age=timedelta(days=2), max_pause=timedelta(minutes=15))
"""From where on operations hears of the data."""


def make_watched(watched: Watched = Watched.REJECTS, *, over: bool = False, **changes: Any) -> Message:
    """What operations is told of when the data watch found something, or when it is over."""
    measured = _measured(watched, over=over)
    notice = replace(
        make_notice(Reason.RETRACTED if over else Reason.OPENED, customer=None),
        kind=NoticeKind.WATCH,
        rule=RuleId(watched),
        subject=measured.subject,
        title=measured.words,
        per="rule" if watched is Watched.REJECTS else "watch",
        level=None if over else "watch",
        threshold=None,
        before="watch" if over else None,
        tally=Tally(measured.subject, WindowId("2023-06"), measured.count, measured.out_of),
        step=2 if over else 1,
        detail=measured.detail,
    )
    return make_message(notice, **{"for_customer": False, "recipient": "ops@example.com", **changes})


def _measured(watched: Watched, *, over: bool) -> Measured:
    match watched:
        case Watched.REJECTS:
            sample = {
                "order_id": "MX-2001",
                "customer_id": ANA.id,
                "placed_at": "9 de junio",
                "status": "returned",
            }
            rejects = {
                RejectReason.UNREADABLE_DATE: RejectCount(1 if over else 111, 0 if over else 38, (sample,)),
                RejectReason.NO_CUSTOMER: RejectCount(7, 2, ({**sample, "customer_id": None},)),
            }
            return measure_rejects(RuleId("repeat-returns"), Survey(940, 930, rejects), LIMITS)
        case Watched.FRESHNESS:
            newest = AT - timedelta(hours=1 if over else 60)
            return measure_freshness(newest, None, LIMITS, AT)
        case Watched.HEARTBEAT:
            error = "MongoDB at db.example.com:27017 can't be reached: timed out; check the uri"
            heart = Heart(AT - timedelta(minutes=20), AT - timedelta(days=9), error)
            return beating(LIMITS, AT) if over else measure_heart(heart, LIMITS, AT, started=None)
        case Watched.FOLLOWING:
            error = "MongoDB at db.example.com:27017 is a standalone server, which tells of no changes"
            broken = Following(AT - timedelta(minutes=20), error)
            return measure_following(Following() if over else broken, AT)


def _level(matched: int) -> tuple[str | None, int | None]:
    for name, threshold in (("critical", 10), ("warning", 5), ("notice", 3)):
        if matched >= threshold:
            return name, threshold
    return None, None
