"""What the rest of the dashboard looks at, on every engine."""

from __future__ import annotations

from datetime import timedelta

from tercera.ledger import Ledger, Precision
from tercera.messages import NoticeState
from tercera.model import RejectCount, RejectReason, Survey
from tercera.telling.silences import Decision, DecisionKind
from tests.integration.ledger_changes import NOW, RULE, commit, opened

LATER = NOW + timedelta(hours=1)


def decided(ledger: Ledger, kind: DecisionKind, alert: int, hours: int | None = None) -> Decision:
    """Somebody decides about an alert."""
    until = NOW + timedelta(hours=hours) if hours is not None else None
    return ledger.decide(
        Decision(kind, None, None, None, until, "omar", "because", NOW, alert=alert)
    ).decision


def test_notices_page_by_page(ledger: Ledger) -> None:
    """Each once, in every state and of all, however many are due at the same moment."""
    commit(ledger, *(opened(f"customer_{number}") for number in range(1, 8)))
    for state in (None, NoticeState.PENDING):
        seen, place = [], None
        while True:
            page = ledger.reports.notices(state, None, place, 2)
            seen += [each.id for each in page.notices]
            if (place := page.after) is None:
                break
        assert seen == sorted((each.id for each in ledger.post.deliveries()), reverse=True)
    assert ledger.reports.notices(NoticeState.DEAD, None, None, 2).notices == ()
    assert ledger.reports.notices(None, "none", None, 2).notices == ()


def test_how_right_a_rule_was(ledger: Ledger) -> None:
    """One answer for each alert: dismissed counts above acknowledged, and not when it was ended."""
    commit(ledger, *(opened(f"customer_{number}") for number in range(1, 5)))
    assert ledger.reports.precision() == {}
    for alert in (1, 1, 2, 3):
        decided(ledger, DecisionKind.ACKNOWLEDGE, alert)
    decided(ledger, DecisionKind.DISMISS, 2)
    ended = decided(ledger, DecisionKind.DISMISS, 3)
    decided(ledger, DecisionKind.SNOOZE, 4, hours=1)
    ledger.end_decision(ended.id, LATER)
    assert ledger.reports.precision() == {RULE: Precision(acknowledged=2, dismissed=1)}


def test_silences_that_hold_and_that_are_over(ledger: Ledger) -> None:
    """By their end and by whoever ended them; the newest first, a page at a time."""
    commit(ledger, opened("customer_1"))
    for hours in (1, 2, None):
        decided(ledger, DecisionKind.SNOOZE if hours else DecisionKind.DISMISS, 1, hours)
    decided(ledger, DecisionKind.ACKNOWLEDGE, 1)

    def ids(*, over: bool, before: int | None = None) -> list[int]:
        found = ledger.reports.silences(LATER, over=over, before=before, limit=10)
        return [each.id for each in found]

    assert ids(over=False) == [3, 2]
    assert ids(over=False, before=3) == [2]
    assert ids(over=True) == [1]


def test_what_runs_read_and_rejected(ledger: Ledger) -> None:
    """Of a rule, the newest first, with what went wrong."""
    rejects = {reason: RejectCount(3, 1) for reason in (RejectReason.NO_DATE, RejectReason.NO_STATUS)}
    for error in (None, "away"):
        run = ledger.diary.begin_run("sweep", NOW)
        ledger.diary.record_rejects(run, RULE, Survey(100, 90, rejects if error is None else {}))
        ledger.diary.finish_run(run, LATER, {}, error)
    last, first = ledger.reports.runs_of(RULE, 5)
    assert (last.rows, last.rejects, last.error) == (100, 0, "away")
    assert (first.orders, first.rejects, first.finished_at) == (90, 6, LATER)
    runs, rejected = ledger.reports.rejected()
    assert runs == [NOW, NOW]
    assert [(each.reason, each.rows) for each in rejected] == [(reason, 3) for reason in sorted(rejects)]
