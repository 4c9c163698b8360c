"""A message in a few lines, for chats and other places that have no room for a letter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tercera.messages import Message
from tercera.rendering.closed import StatementView
from tercera.rendering.plain import one_line
from tercera.rendering.view import MessageView, NoticeView, view_message
from tercera.rendering.watched import WatchView
from tercera.rendering.words import Words, words_for

HEADLINE = 150
LINE = 300


@dataclass(frozen=True, slots=True)
class Brief:
    """What happened (`headline`), to whom (`facts`: label and value), and what it rests on (`lines`: orders,
    or each of several alerts; `more` says how many were left out). `reference` names the alert, `command`
    shows why it spoke. Every text is one clean line; `facts` and `command` are of a single alert."""

    headline: str
    facts: tuple[tuple[str, str], ...]
    lines: tuple[str, ...]
    more: str
    reference: str
    command: str


def write_brief(message: Message, language: str, lines: int) -> Brief:
    """The brief of a message, in its language or else `language`, with at most so many lines."""
    words = words_for(message.language) or words_for(language)
    assert words is not None, f"{language!r} has no phrases, and the settings let it pass"
    view = view_message(message, words)
    if all(notice.held for notice in view.notices):
        return _of_held(view, words, lines)
    if len(view.notices) == 1 and (watch := view.notices[0].watch):
        return _of_watch(view.notices[0], watch, words, lines)
    if len(view.notices) == 1 and (statement := view.notices[0].statement):
        return _of_statement(view.notices[0], statement, words, lines)
    if len(message.notices) > 1 or message.digest:
        return _of_several(view, words, lines)
    return _of_one(view.notices[0], words, lines)


def headline(notice: NoticeView, words: Words) -> str:
    """One line that says it: `[notice] Ana (c-17): 3 returned orders in June 2023`."""
    if notice.watch or notice.statement:
        own = notice.watch or notice.statement
        assert own is not None
        return one_line(own.subject, HEADLINE)
    if notice.held:
        return one_line(words.say("held.subject", notice.held, **notice.values), HEADLINE)
    key = "undelivered.subject" if notice.change == "undelivered" else f"operations.{notice.change}.subject"
    count = 1 if notice.change == "undelivered" else notice.matched
    return one_line(words.say(key, count, **notice.values), HEADLINE)


def _of_one(notice: NoticeView, words: Words, lines: int) -> Brief:
    listed = notice.orders[:lines]
    left_out = notice.more + len(notice.orders) - len(listed)
    numbered = words.say("operations.alert_value", alert=notice.alert, step=notice.step)
    return Brief(
        headline=headline(notice, words),
        facts=tuple(_facts(notice, words)),
        lines=tuple(_line(each.id, each.placed, each.status, each.amount) for each in listed),
        more=words.say("orders.more", left_out) if left_out > 0 else "",
        reference=f"{words.say('operations.alert')} {numbered}",
        command=notice.command,
    )


def _facts(notice: NoticeView, words: Words) -> Iterator[tuple[str, str]]:
    found = (
        (words.say("operations.rule"), f"{notice.title} ({notice.rule})"),
        (notice.per, notice.who),
        (words.say("operations.window"), f"{notice.window} ({notice.window_id})"),
        (words.say("operations.level"), notice.level_line),
        (words.say("operations.counted"), notice.counted),
        (words.say("operations.amount"), notice.amount),
        (words.say("operations.email"), notice.email),
        (words.say("operations.problem"), notice.problem),
        (words.say("operations.decided"), notice.decided),
    )
    return ((label, one_line(value, LINE)) for label, value in found if value)


def _of_held(view: MessageView, words: Words, lines: int) -> Brief:
    """Of what the blast guard holds back: until when it waits, the examples, and where to look."""
    notice = view.notices[0]
    shown = view.notices[:lines]
    rule = (words.say("operations.rule"), one_line(f"{notice.title} ({notice.rule})", LINE))
    decided = (words.say("operations.decided"), notice.decided)
    until = (words.say("held.until"), notice.values["until"])
    left_out = notice.held - len(shown)
    return Brief(
        headline=headline(notice, words),
        facts=(rule, decided, until),
        lines=tuple(_line(each.who, each.window, each.level_line, each.counted) for each in shown),
        more=words.say("held.more", left_out) if left_out > 0 else "",
        reference="",
        command=notice.command,
    )


def _of_watch(notice: NoticeView, watch: WatchView, words: Words, lines: int) -> Brief:
    """What the data watch found: the figures, and each reason with what to do."""
    decided = (words.say("operations.decided"), notice.decided)
    numbered = words.say("operations.alert_value", alert=notice.alert, step=notice.step)
    told = (
        _line(
            words.say("watch.line", reason=each.reason, rows=each.rows, matching=each.matching), each.remedy
        )
        for each in watch.findings[:lines]
    )
    return Brief(
        headline=headline(notice, words),
        facts=tuple((label, one_line(value, LINE)) for label, value in (*watch.facts, decided)),
        lines=(*told, *([one_line(watch.remedy, LINE)] if watch.remedy else [])),
        more="",
        reference=f"{words.say('watch.alert')} {numbered}",
        command=notice.command,
    )


def _of_statement(notice: NoticeView, told: StatementView, words: Words, lines: int) -> Brief:
    """What became of a window: the levels, and what led there."""
    levels = (
        words.say(
            "statement.line",
            None,
            name=each.name,
            threshold=each.threshold,
            final=each.final,
            before=each.before,
            peak=each.peak,
        )
        for each in told.levels[:lines]
    )
    facts = ((words.say("statement.rule"), notice.subject), *told.facts)
    return Brief(
        headline=headline(notice, words),
        facts=tuple((label, one_line(value, LINE)) for label, value in facts),
        lines=(one_line(told.change, LINE), *(one_line(line, LINE) for line in levels)),
        more="",
        reference="",
        command=notice.command,
    )


def _of_several(view: MessageView, words: Words, lines: int) -> Brief:
    reasons = (words.say(f"digest.reason.{change}", count) for change, count in view.changes)
    subject = words.say("digest.subject", view.total)
    told = words.say("digest.subject_detail", subject=subject, reasons=", ".join(reasons))
    left_out = view.total - min(lines, len(view.notices))
    return Brief(
        headline=one_line(told, HEADLINE),
        facts=(),
        lines=tuple(_of_several_line(notice, words) for notice in view.notices[:lines]),
        more=words.say("digest.more", left_out) if left_out > 0 else "",
        reference="",
        command="",
    )


def _of_several_line(notice: NoticeView, words: Words) -> str:
    if notice.statement:
        return one_line(notice.statement.subject, LINE)
    problem = f"{words.say('operations.problem')}: {notice.problem}" if notice.problem else ""
    change = words.say(f"reason.{notice.change}")
    return _line(notice.who, notice.window, change, notice.level_line, notice.counted, notice.title, problem)


def _line(*parts: str) -> str:
    return one_line(" · ".join(part for part in parts if part), LINE)
