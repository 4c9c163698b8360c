"""What a template sees: a message in one language, every text of it clean and formatted.

Templates get nothing else: no settings, no addresses but those that they show, nothing that can be called but
`say`.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tercera.messages import Holding, Message, Notice, NoticeKind, Problem
from tercera.model import CUSTOMER, Reason
from tercera.rendering.closed import StatementView, view_statement
from tercera.rendering.plain import one_line
from tercera.rendering.watched import WatchView, view_watch
from tercera.rendering.words import Words
from tercera.telling.links import Links
from tercera.telling.watch import is_reserved
from tercera.windows import parse_window

NAME_LENGTH = 80
ID_LENGTH = 60
ROWS = 500
"""How many rows a digest shows: mail clients cut longer ones off in the middle."""


@dataclass(frozen=True, slots=True)
class OrderView:
    """One matching order: `placed` and `amount` as the locale writes them, `amount` "" when it has none."""

    id: str
    placed: str
    status: str
    amount: str


@dataclass(frozen=True, slots=True)
class ChartView:
    """A picture in the mail: `source` is what an `img` names, `alt` what it shows, in words."""

    source: str
    alt: str
    width: int


@dataclass(frozen=True, slots=True)
class NoticeView:
    """One notice. `who` is the name and the id; `change` is the reason's key (`opened`, … or `undelivered`,
    `held`); `values` are what phrases about it may hold. `held` is how many alerts are held back, where it is
    an example of them, and else 0. `page` and `answer` are links to the dashboard, or "". `watch` is what the
    data watch found, and `statement` what became of a window, where it is of that."""

    change: str
    who: str
    name: str
    subject: str
    per: str
    email: str
    title: str
    rule: str
    window: str
    window_id: str
    matched: int
    orders_total: int
    counted: str
    level: str
    before: str
    level_line: str
    orders: tuple[OrderView, ...]
    more: int
    amount: str
    problem: str
    alert: int
    step: int
    decided: str
    command: str
    held: int
    values: Mapping[str, str]
    watch: WatchView | None = None
    statement: StatementView | None = None
    chart: ChartView | None = None
    page: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class MessageView:
    """All notices of a message (`notices`), the same apart (`alerts`, `undelivered`; capped for a digest: of
    `total`, `more` are left out) and how often each change occurs (`changes`, most frequent first)."""

    language: str
    channel: str
    notices: tuple[NoticeView, ...]
    alerts: tuple[NoticeView, ...]
    undelivered: tuple[NoticeView, ...]
    total: int
    more: int
    changes: tuple[tuple[str, int], ...]


def view_message(message: Message, words: Words, links: Links | None = None) -> MessageView:
    """The view of a message, its digest rows with the largest counts first. Customers get no links."""
    changes = Counter(change_of(notice) for notice in message.notices)
    in_order = message.for_customer or message.notices[0].kind is NoticeKind.STATEMENT
    notices = message.notices if in_order else by_size(message)
    views = tuple(view_notice(notice, message.for_customer, words) for notice in notices[:ROWS])
    if links is not None and not message.for_customer:
        views = tuple(
            replace(view, page=links.page(notice), answer=links.answer(notice, message.recipient))
            for view, notice in zip(views, notices, strict=False)
        )
    return MessageView(
        language=words.language,
        channel=one_line(message.channel),
        notices=views,
        alerts=tuple(view for view in views if view.change != "undelivered"),
        undelivered=tuple(view for view in views if view.change == "undelivered"),
        total=len(notices),
        more=len(notices) - len(views),
        changes=tuple(sorted(changes.items(), key=lambda item: (-item[1], _place(item[0])))),
    )


def by_size(message: Message) -> tuple[Notice, ...]:
    """The notices, those with the largest counts first."""
    return tuple(sorted(message.notices, key=lambda notice: (-notice.tally.matched, notice.id)))


def _place(change: str) -> int:
    """Where a change stands among others that are as frequent: reasons in the order of an alert's life."""
    reasons = [reason.value for reason in Reason]
    return reasons.index(change) if change in reasons else len(reasons)


def view_notice(notice: Notice, for_customer: bool, words: Words) -> NoticeView:
    """The view of one notice for one audience: a customer reads statuses in their own language, operations
    as they stand in the source."""
    tally, customer = notice.tally, notice.customer
    holding = Holding.read(notice.detail) if notice.kind is NoticeKind.HELD and notice.detail else None
    name = one_line(customer.name or "", NAME_LENGTH) if customer else ""
    subject = one_line(notice.subject, ID_LENGTH)
    who = f"{name} ({subject})" if name and name != subject else subject
    values = _values(notice, who, words) | _held_values(notice, holding, words)
    return NoticeView(
        change=change_of(notice),
        who=who,
        name=name,
        subject=subject,
        per=_per(notice.per, words),
        email=one_line((customer.email or "") if customer else ""),
        title=one_line(notice.title, 200),
        rule=one_line(notice.rule),
        window=values["window"],
        window_id=notice.window,
        matched=tally.matched,
        orders_total=tally.orders,
        counted=_counted(notice, words) if for_customer else _with_doubts(notice, words),
        level=one_line(notice.level or ""),
        before=one_line(notice.before or ""),
        level_line=_level_line(notice, words),
        orders=_orders(notice, for_customer, words),
        more=tally.matched - len(tally.evidence),
        amount=words.amount(tally.amount, notice.currency) if tally.amount is not None else "",
        problem="" if holding else _problem(notice, words),
        alert=notice.alert,
        step=notice.step,
        decided=_moment(notice.at, words),
        command=_command(notice, subject),
        held=holding.count if holding else 0,
        values=values,
        watch=view_watch(notice, words) if notice.kind is NoticeKind.WATCH else None,
        statement=view_statement(notice, words) if notice.kind is NoticeKind.STATEMENT else None,
    )


def _command(notice: Notice, subject: str) -> str:
    if notice.kind is NoticeKind.HELD:
        return "tercera held"
    if notice.kind is NoticeKind.STATEMENT:
        return shlex.join(["tercera", "alerts", "--rule", subject, "--window", notice.window])
    if is_reserved(notice.rule):
        return f"tercera alerts show {notice.alert}"
    return shlex.join(["tercera", "why", subject, notice.window])


def _per(per: str, words: Words) -> str:
    return words.say("operations.per.customer") if per in (CUSTOMER, "customer_id") else one_line(per)


def change_of(notice: Notice) -> str:
    """What happened, by the key of its phrases: a reason, or what else the notice tells."""
    if notice.kind is NoticeKind.UNDELIVERED:
        return "undelivered"
    if notice.kind is NoticeKind.HELD:
        return "held"
    # A baseline that is told after all (`--notify-history`) reads like an opening.
    return "opened" if notice.reason in (Reason.BASELINE, Reason.UNCHANGED) else notice.reason.value


def _values(notice: Notice, who: str, words: Words) -> dict[str, str]:
    window = parse_window(notice.window, notice.period)
    the_window = words.window(window, "the")
    return {
        "orders": _orders_in_words(notice, words),
        "who": who,
        "level": one_line(notice.level or ""),
        "before": one_line(notice.before or ""),
        "window": words.window(window),
        "in_window": words.window(window, "in"),
        "of_window": words.window(window, "of"),
        "The_window": the_window[:1].upper() + the_window[1:],
    }


def _held_values(notice: Notice, holding: Holding | None, words: Words) -> dict[str, str]:
    if holding is None:
        return {}
    return {
        "rule": one_line(notice.rule),
        "title": one_line(notice.title, 200),
        "decided": _moment(notice.at, words),
        "until": _moment(holding.until, words),
    }


def _moment(moment: datetime, words: Words) -> str:
    return f"{words.placed(moment)} ({moment.tzname()})"


def _orders_in_words(notice: Notice, words: Words) -> str:
    """`3 returned or cancelled orders`. What was capped, or is gone, is not described by what is left."""
    tally = notice.tally
    statuses = sorted({one_line(each.status, 30) for each in tally.evidence})
    if not statuses or tally.matched > len(tally.evidence) or len(statuses) > 3:
        return words.say("orders.vague", tally.matched)
    if all(words.known(_status_key(status)) for status in statuses):
        names = dict.fromkeys(words.say(_status_key(status), tally.matched) for status in _usual(statuses))
        return words.say("orders.known", tally.matched, statuses=words.any_of(names))
    quoted = (words.say("orders.quote", text=status) for status in statuses)
    return words.say("orders.quoted", tally.matched, statuses=words.any_of(quoted))


def _usual(statuses: Iterable[str]) -> list[str]:
    """ "Returned or cancelled", as people say it, not "cancelled or returned"."""
    return sorted(statuses, reverse=True)


def _status_key(status: str) -> str:
    return f"status.{status.casefold()}"


def _orders(notice: Notice, for_customer: bool, words: Words) -> tuple[OrderView, ...]:
    return tuple(
        OrderView(
            id=one_line(each.order_id, ID_LENGTH),
            placed=words.placed(each.placed_at),
            status=_status(each.status, for_customer, words),
            amount=words.amount(each.amount, notice.currency) if each.amount is not None else "",
        )
        for each in notice.tally.evidence
    )


def _status(status: str, for_customer: bool, words: Words) -> str:
    clean = one_line(status, 40)
    if for_customer and words.known(_status_key(clean)):
        return words.say(_status_key(clean), 1)
    return clean


def _counted(notice: Notice, words: Words) -> str:
    matched, orders = notice.tally.matched, notice.tally.orders
    share = words.share(matched, orders) if orders else "–"
    return words.say("operations.counted_value", orders, matched=words.number(matched), share=share)


def _with_doubts(notice: Notice, words: Words) -> str:
    """`3 of 9 orders (33 %) · 1 more has no readable date`."""
    told = (words.say(f"operations.doubt.{reason}", count) for reason, count in notice.doubtful)
    return " · ".join([_counted(notice, words), *told])


def _level_line(notice: Notice, words: Words) -> str:
    if notice.level is None:
        line = words.say("operations.level_none")
    elif notice.threshold is None:
        line = words.say("operations.level_plain", level=one_line(notice.level))
    else:
        threshold = words.number(notice.threshold)
        line = words.say("operations.level_value", level=one_line(notice.level), threshold=threshold)
    if notice.before and notice.before != notice.level:
        line = words.say("operations.level_was", level=line, before=one_line(notice.before))
    return line


def _problem(notice: Notice, words: Words) -> str:
    if notice.problem is None:
        return ""
    problem = words.say(f"problem.{Problem(notice.problem).value}")
    if not notice.detail:
        return problem
    return words.say("problem.detail", problem=problem, detail=one_line(notice.detail, 300))
