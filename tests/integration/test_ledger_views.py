"""What pages and programs look at: searched, sorted, page by page, on every engine."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tercera.errors import NotFoundError
from tercera.ledger import AlertLine, Care, Ledger, PlaceError, Sorting, Wanted
from tercera.messages import NoticeState
from tercera.model import Reason, State, SubjectId, WindowId
from tercera.telling.silences import Decision, DecisionKind
from tests.hostile import HOSTILE
from tests.integration.ledger_changes import (
    CLOSED,
    JUNE,
    NOW,
    RULE,
    change,
    commit,
    escalated,
    opened,
    retracted,
    to_operations,
)

LATER = NOW + timedelta(hours=1)


def subjects(ledger: Ledger, wanted: Wanted) -> list[str]:
    """Of the first page."""
    return [line.subject for line in ledger.views.alerts(wanted, NOW, limit=50).lines]


def decided(ledger: Ledger, kind: DecisionKind, alert: int, hours: int | None = None) -> Decision:
    """Somebody decides about an alert."""
    until = NOW + timedelta(hours=hours) if hours is not None else None
    return ledger.decide(
        Decision(kind, None, None, None, until, "omar", "because", NOW, alert=alert)
    ).decision


@pytest.fixture
def some(ledger: Ledger) -> Ledger:
    """Nine alerts: 1 to 6 open, 7 taken back, 8 closed, 9 of a longer list of orders, moved an hour later."""
    commit(ledger, *(opened(f"customer_{number}") for number in range(1, 8)))
    commit(ledger, change("customer_8", after=CLOSED))
    commit(ledger, change("Gone_%9", matched=12), now=LATER)
    commit(ledger, escalated("customer_2"), now=LATER)
    commit(ledger, retracted("customer_7", opened("customer_7").transition.after or CLOSED), now=LATER)
    return ledger


@pytest.mark.parametrize("sorting", Sorting)
@pytest.mark.parametrize("descending", [True, False])
def test_pages_make_up_the_list(some: Ledger, sorting: Sorting, descending: bool) -> None:
    """There and back again, in steps of two, every alert is met once, also those that are equal."""
    wanted = Wanted(sorting=sorting, descending=descending)
    whole = some.views.alerts(wanted, NOW, limit=50).lines
    forth: list[AlertLine] = []
    page = some.views.alerts(wanted, NOW, limit=2)
    assert page.before is None
    while True:
        forth += page.lines
        if page.after is None:
            break
        page = some.views.alerts(wanted, NOW, limit=2, place=page.after)
    back = list(page.lines)
    while page.before is not None:
        page = some.views.alerts(wanted, NOW, limit=2, place=page.before)
        back = [*page.lines, *back]
    assert tuple(forth) == tuple(back) == whole
    assert len(whole) == 9
    values: dict[Sorting, list[Any]] = {
        Sorting.CHANGED: [line.changed_at for line in whole],
        Sorting.OPENED: [line.id for line in whole],
        Sorting.COUNT: [line.matched for line in whole],
    }
    if sorting in values:
        assert values[sorting] == sorted(values[sorting], reverse=descending)
    assert list(some.views.every_alert(wanted, NOW)) == list(whole)


def test_what_is_wanted(some: Ledger) -> None:
    """Each filter narrows the list; text means what it says, also where databases read signs."""
    assert subjects(some, Wanted(state=State.RETRACTED)) == ["customer_7"]
    assert subjects(some, Wanted(levels=("warning", "critical"))) == ["customer_2"]
    assert subjects(some, Wanted(subject=SubjectId("customer_3"))) == ["customer_3"]
    assert subjects(some, Wanted(window=WindowId("2023-07"))) == []
    assert subjects(some, Wanted(text="gone")) == ["Gone_%9"]
    assert subjects(some, Wanted(text="_%")) == ["Gone_%9"]
    assert subjects(some, Wanted(text="customer_4-1")) == ["customer_4"]  # an order
    assert subjects(some, Wanted(text="returned")) == []  # a status is no order
    assert len(subjects(some, Wanted(text="ana ñ"))) == 9  # a name that notices carry
    assert some.views.count_alerts(Wanted(state=State.OPEN), NOW) == 7
    assert some.views.count_alerts(Wanted(), NOW, most=3) == 3
    for text in HOSTILE:
        written = text.encode("utf-8", "replace").decode()
        assert subjects(some, Wanted(text=written)) == [], text


def test_what_people_decided(some: Ledger) -> None:
    """A list knows who is looked after, as long as that holds."""
    decided(some, DecisionKind.ACKNOWLEDGE, 1)
    decided(some, DecisionKind.SNOOZE, 2, hours=2)
    decided(some, DecisionKind.DISMISS, 3)
    decided(some, DecisionKind.ACKNOWLEDGE, 3)
    ended = decided(some, DecisionKind.SNOOZE, 4, hours=2)
    some.end_decision(ended.id, NOW)
    page = some.views.alerts(Wanted(sorting=Sorting.OPENED, descending=False), NOW, limit=4)
    care = [Care.ACKNOWLEDGED, Care.SNOOZED, Care.DISMISSED, Care.NONE]
    assert [line.care for line in page.lines] == care
    assert page.lines[1].until == NOW + timedelta(hours=2)
    assert page.lines[0].name == "Ana Ñandú"
    assert subjects(some, Wanted(care=Care.SNOOZED)) == ["customer_2"]
    assert some.views.count_alerts(Wanted(care=Care.NONE), NOW) == 6
    assert some.views.count_alerts(Wanted(care=Care.NONE), NOW + timedelta(hours=3)) == 7


@pytest.mark.parametrize("sorting", Sorting)
def test_a_place_that_no_page_gave(ledger: Ledger, sorting: Sorting) -> None:
    """Is refused in words, whatever it holds."""
    forged = [
        "x",
        "é",
        "W10",
        "[" * 3000,
        "WzEsMSx0cnVlLDFd",
        "WzEsLTEsdHJ1ZV0",
        "Wzk5OTk5OTk5OTk5OTk5OTk5OTksMSx0cnVlXQ",
    ]
    forged += ["WyJcdWQ4MDAiLDEsdHJ1ZV0", "W1tdLDEsdHJ1ZV0", "WzkyMjMzNzIwMzY4NTQ3NzU4MDcsMSwidHJ1ZSJd"]
    for text in forged:
        with pytest.raises(PlaceError, match="first page"):
            ledger.views.alerts(Wanted(sorting=sorting), NOW, limit=5, place=text)


def test_figures_are_renewed_when_something_happens(some: Ledger) -> None:
    """They are what the tables say, before and after one more alert."""
    figures = some.views.figures(LATER)
    assert figures.open == {(RULE, "notice"): 6, (RULE, "warning"): 1}
    assert figures.moved == {Reason.OPENED: 1, Reason.ESCALATED: 1, Reason.RETRACTED: 1}
    assert figures.notices == {NoticeState.PENDING: 11}
    commit(some, opened("another"), now=LATER)
    assert some.views.figures(LATER).moved[Reason.OPENED] == 2
    assert [move.subject for move in some.views.last_moves(2)] == ["another", "Gone_%9"]


def test_what_windows_brought(some: Ledger) -> None:
    """Alerts by level, customers, matching orders; a window without any is in it."""
    july, june = some.views.window_sums([RULE], [WindowId("2023-07"), JUNE])
    assert (july.total, july.customers, july.matched) == (0, 0, 0)
    assert june.alerts == {(RULE, "notice"): 7, (RULE, "warning"): 1, (RULE, None): 1}
    assert (june.customers, june.matched) == (9, 5 * 3 + 5 + 1 + 3 + 12)


def test_a_message_as_it_was_written(ledger: Ledger) -> None:
    """Whatever became of it: the same that was handed to the channel."""
    commit(ledger, opened("ana", to_operations("digest")), opened("bo", to_operations("digest")))
    (claimed,) = ledger.post.claim(NOW, 10)
    assert ledger.views.message(claimed.key) == claimed
    with pytest.raises(NotFoundError, match="no message 'none'"):
        ledger.views.message("none")


def test_a_customer(some: Ledger) -> None:
    """Their alerts, what was told of them, what was decided."""
    decided(some, DecisionKind.ACKNOWLEDGE, 2)
    two = SubjectId("customer_2")
    assert [line.id for line in some.views.alerts_of(two, NOW)] == [2]
    assert [each.reason for each in some.views.deliveries_of(two)] == [Reason.ESCALATED, Reason.OPENED]
    assert [each.kind for each in some.views.decisions_of(two)] == [DecisionKind.ACKNOWLEDGE]
    assert [alert.subject for alert in some.views.whole_alerts([3, 99, 1])] == ["customer_3", "customer_1"]
    assert some.views.whole_alerts([1])[0] == some.alert(1).alert
