"""An alert in words, as mails to operations say it."""

from __future__ import annotations

from dataclasses import dataclass

from tercera.app import App
from tercera.ledger import AlertHistory
from tercera.messages import Notice, NoticeKind
from tercera.model import Customer, Level
from tercera.rendering.charts import Course, course_of
from tercera.rendering.view import NoticeView, view_notice
from tercera.rendering.words import Words
from tercera.rules import Rule, judge
from tercera.web.site import Site


@dataclass(frozen=True, slots=True)
class Told:
    """An alert as people read it. `why` is one sentence; `since` the order that crossed the line (None: the
    evidence does not reach it); `course` how its orders came about, where there is something to draw."""

    rule: Rule
    view: NoticeView
    why: str
    since: str | None
    course: Course | None


def rule_of(app: App, rule: str) -> Rule | None:
    """The rule, as long as it is configured."""
    return next((each for each in app.settings.rules if each.id == rule), None)


def told_of(site: Site, history: AlertHistory, words: Words) -> Told | None:
    """An alert of a rule that is configured, with the customer's name where a notice carried it."""
    rule = rule_of(site.app, history.alert.rule)
    if rule is None:
        return None
    name = site.ledger.views.names([history.alert.id]).get(history.alert.id)
    return told(site.app, rule, history, name, words)


def told(app: App, rule: Rule, history: AlertHistory, name: str | None, words: Words) -> Told | None:
    """None for an alert of which the rule can't say anything any more: its windows are others now."""
    notice = _notice(app, rule, history, name)
    try:
        view = view_notice(notice, False, words)
    except ValueError:
        return None
    change = "opened" if view.change == "closed" and notice.level else view.change
    return Told(
        rule,
        view,
        words.say(f"operations.{change}.lead", view.matched, **view.values),
        judge(rule, history.alert.tally).since,
        course_of(notice),
    )


def _notice(app: App, rule: Rule, history: AlertHistory, name: str | None) -> Notice:
    alert, last = history.alert, history.steps[-1]
    level = next((each for each in rule.levels if each.name == alert.standing.level), None)
    return Notice(
        id=0,
        kind=NoticeKind.ALERT,
        alert=alert.id,
        step=last.seq,
        rule=alert.rule,
        title=rule.title,
        per=rule.counting.per,
        subject=alert.subject,
        window=alert.window,
        period=rule.counting.within,
        reason=last.reason,
        level=alert.standing.level,
        threshold=_threshold(level),
        before=last.before,
        tally=alert.tally,
        at=alert.changed_at if last.tally == alert.tally else app.clock(),
        customer=Customer(alert.subject, name) if name else None,
        currency=app.currency,
        levels=rule.levels,
        doubtful=last.doubtful,
    )


def _threshold(level: Level | None) -> int | None:
    return level.threshold if level else None
