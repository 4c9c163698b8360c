"""Quiet hours and limits: what may not go out yet goes out later, once, in order, and counts as untried."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tercera.ledger import Ledger, open_ledger
from tercera.messages import NoticeState
from tercera.telling.rates import Rate
from tercera.telling.timing import Hours, Quiet, Timing
from tests.integration.ledger_changes import (
    ENGINES,
    commit,
    escalated,
    ledger_kept_by,
    opened,
    retracted,
    to_customer,
    to_operations,
)
from tests.integration.post import Post, mail
from tests.servers.smtp import Security, SmtpServer

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NIGHT = Hours(Quiet(time(20), time(8)))
SENT = NoticeState.SENT


@pytest.fixture
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """On SQLite, unless a test is for both."""
    kept = ledger_kept_by(getattr(request, "param", "sqlite"), tmp_path)
    with kept as address, open_ledger(address) as made:
        yield made


both_engines = pytest.mark.parametrize("ledger", ENGINES, indirect=True)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SmtpServer]:
    with SmtpServer(tmp_path, security=Security.NONE, login=False) as running:
        yield running


def post(ledger: Ledger, server: SmtpServer, now: datetime, **timing: Any) -> Post:
    """A channel to customers with this timing, at this moment."""
    made = Timing(**timing)
    return Post(ledger, {"customer": mail(server.port)}, {"customer": made}, now=now)


def received(server: SmtpServer) -> list[str]:
    """The names of those who got mails, in the order of arrival."""
    return [mail.recipient.partition("@")[0] for mail in server.accepted]


@both_engines
def test_what_comes_up_at_night_goes_out_in_the_morning(ledger: Ledger, server: SmtpServer) -> None:
    """All of a thread, in its order; nothing was tried meanwhile."""
    evening = datetime(
        2024, 10, 26, 20, 30, tzinfo=UTC
    )  # half past ten in Madrid, whose clocks change tonight
    commit(ledger, opened("ana"), now=evening)
    commit(ledger, escalated("ana"), now=evening)
    commit(ledger, retracted("ana"), now=evening)
    out = post(ledger, server, evening, zone="Europe/Madrid", hours=NIGHT)
    assert out.deliver() == {}
    assert ledger.post.next_due(evening) == datetime(2024, 10, 27, 7, tzinfo=UTC)  # eight o'clock, in winter
    assert (ledger.post.waiting(), out.attempts()) == (3, 0)
    assert out.deliver(timedelta(hours=10, minutes=29)) == {}
    assert server.connections == 0
    assert out.deliver(MINUTE) == {SENT: 3}
    subjects = [mail.mail["X-Tercera-Reason"] for mail in server.accepted]
    assert subjects == ["alert; opened", "alert; escalated", "alert; retracted"]


def test_the_customers_own_clock_counts(ledger: Ledger, server: SmtpServer) -> None:
    """Where the directory has a zone; else the channel's."""
    noon = datetime(2024, 6, 5, 12, tzinfo=UTC)  # seven in Bogotá, nine at night in Tokyo
    for name, zone in (
        ("ana", "Asia/Tokyo"),
        ("bea", None),
        ("eva", "Nowhere/At_All"),
        ("ida", "Europe/Madrid"),
    ):
        draft = to_customer(name)
        assert draft.customer is not None
        commit(
            ledger, opened(name, replace(draft, customer=replace(draft.customer, timezone=zone))), now=noon
        )
    out = post(ledger, server, noon, zone="America/Bogota", hours=NIGHT)
    assert out.deliver() == {SENT: 1}
    assert received(server) == ["ida"]
    assert out.deliver(HOUR) == {SENT: 2}
    assert received(server) == ["ida", "bea", "eva"]
    assert out.deliver(10 * HOUR) == {SENT: 1}


def test_working_days(ledger: Ledger, server: SmtpServer) -> None:
    """A Friday evening's notices go out on Monday, also an urgent one behind one that is not."""
    friday = datetime(2024, 6, 7, 21, tzinfo=UTC)
    hours = replace(NIGHT, days=frozenset({0, 1, 2, 3, 4}))
    commit(ledger, opened("ana"), now=friday)
    commit(ledger, opened("bea"), now=friday)
    commit(ledger, escalated("bea"), now=friday)
    out = post(ledger, server, friday, hours=hours, urgent=frozenset({"warning"}))
    assert out.deliver() == {}  # the urgent one waits for what comes before it in its thread
    assert ledger.post.next_due(friday) == datetime(2024, 6, 10, 8, tzinfo=UTC)
    assert out.deliver(2 * DAY + 11 * HOUR) == {SENT: 3}


def test_an_urgent_level_is_told_at_night(ledger: Ledger, server: SmtpServer) -> None:
    """What is not urgent waits."""
    night = datetime(2024, 6, 7, 23, tzinfo=UTC)
    commit(ledger, opened("ana"), opened("bea"), now=night - 12 * HOUR)
    out = post(ledger, server, night - 12 * HOUR, hours=NIGHT, urgent=frozenset({"warning"}))
    assert out.deliver() == {SENT: 2}
    commit(ledger, escalated("ana"), opened("eva"), now=night)
    assert out.deliver(12 * HOUR) == {SENT: 1}
    assert received(server)[-1] == "ana"


def test_a_retry_keeps_the_hours(ledger: Ledger, server: SmtpServer) -> None:
    """A mail that is put off in the evening is not tried again at night."""
    evening = datetime(2024, 6, 5, 19, 59, 50, tzinfo=UTC)
    server.answer("ana@example.com", "451 4.3.0 later", times=1)
    commit(ledger, opened("ana"), now=evening)
    out = post(ledger, server, evening, hours=NIGHT)
    assert out.deliver() == {NoticeState.PENDING: 1}
    assert out.deliver(30 * SECOND) == {}
    assert out.deliver(11 * HOUR) == {}
    assert out.deliver(HOUR) == {SENT: 1}


def test_hours_that_change_change_for_what_waits(ledger: Ledger, server: SmtpServer) -> None:
    """As soon as it is due: what was put off is looked at again by the settings of then."""
    evening = datetime(2024, 6, 5, 21, tzinfo=UTC)
    commit(ledger, opened("ana"), now=evening)
    assert post(ledger, server, evening, hours=NIGHT).deliver() == {}
    later = Hours(Quiet(time(20), time(10)))
    assert post(ledger, server, evening + 11 * HOUR, hours=later).deliver() == {}
    assert post(ledger, server, evening + 13 * HOUR, hours=later).deliver() == {SENT: 1}


@both_engines
def test_a_channels_limit(ledger: Ledger, server: SmtpServer) -> None:
    """Ten in a minute, over batches and restarts: the others take their turn in order, none is lost."""
    start = datetime(2024, 6, 5, 12, tzinfo=UTC)
    names = [f"c{number:02}" for number in range(35)]
    commit(ledger, *(opened(name) for name in names), now=start)
    counts = []
    for step in range(10):
        out = post(ledger, server, start + step * 20 * SECOND, per_channel=Rate(10, MINUTE))
        counts.append(out.deliver().get(SENT, 0))
    assert counts == [10, 0, 0, 10, 0, 0, 10, 0, 0, 5]
    assert received(server) == names
    assert out.attempts() == 35


@both_engines
def test_a_limit_of_each_recipient(ledger: Ledger, server: SmtpServer) -> None:
    """Two a day to each: the third waits until the first is a day old; others are not kept back."""
    start = datetime(2024, 6, 5, 12, tzinfo=UTC)
    limit = {"per_recipient": Rate(2, DAY)}
    commit(ledger, opened("ana"), opened("bea"), now=start)
    assert post(ledger, server, start, **limit).deliver() == {SENT: 2}
    commit(ledger, opened("ana", window="2023-07"), opened("ana", window="2023-08"), now=start)
    commit(ledger, opened("bea", window="2023-07"), now=start)
    assert post(ledger, server, start + HOUR, **limit).deliver() == {SENT: 2}
    assert Counter(received(server)) == {"ana": 2, "bea": 2}
    assert ledger.post.next_due(start + HOUR) == start + DAY
    assert post(ledger, server, start + DAY - SECOND, **limit).deliver() == {}
    assert post(ledger, server, start + DAY, **limit).deliver() == {SENT: 1}


@both_engines
def test_a_limit_of_a_fixed_recipient(ledger: Ledger, server: SmtpServer) -> None:
    """Operations, who got very many mails before."""
    start = datetime(2024, 6, 5, 12, tzinfo=UTC)
    commit(ledger, *(opened(f"c{number}", to_operations()) for number in range(3)), now=start)
    channels = {"operations": mail(server.port, to=["ops@example.com"])}
    out = Post(ledger, channels, {"operations": Timing(per_recipient=Rate(1, HOUR))}, now=start)
    assert [out.deliver(step * HOUR) for step in (0, 1, 1, 1)] == [{SENT: 1}, {SENT: 1}, {SENT: 1}, {}]


def test_hours_and_limits_together(ledger: Ledger, server: SmtpServer) -> None:
    """What waited for the morning goes out at the pace that is allowed."""
    night = datetime(2024, 6, 5, 23, tzinfo=UTC)
    commit(ledger, *(opened(f"c{number}") for number in range(5)), now=night)
    out = post(ledger, server, night, hours=NIGHT, per_channel=Rate(2, HOUR))
    assert out.deliver() == {}
    assert [out.deliver(step * HOUR).get(SENT, 0) for step in (9, 1, 1, 1)] == [2, 2, 1, 0]


def test_limits_are_counted_without_reading_what_is_old(ledger: Ledger, server: SmtpServer) -> None:
    """By the index on the receipts' time for a channel, by that on the recipient for a customer."""
    commit(ledger, opened("ana"))
    statements: list[tuple[str, Any]] = []
    event.listen(
        ledger._engine,
        "before_cursor_execute",
        lambda _c, _u, statement, parameters, *_: statements.append((statement, parameters)),
    )
    now = datetime(2024, 6, 5, tzinfo=UTC)
    ledger.post.sent_by("customer", None, now, 10)
    ledger.post.sent_by("operations", "ops@example.com", now, 10)
    ledger.post.sent_to("customer", ["ana@example.com"], now)
    connection = sqlite3.connect(str(ledger._engine.url.database))
    plans = [
        [step[3] for step in connection.execute("EXPLAIN QUERY PLAN " + statement, parameters)]
        for statement, parameters in statements
        if statement.startswith("SELECT")
    ]
    connection.close()
    assert plans[0][0] == plans[1][0] == "SEARCH receipts USING INDEX ix_receipts_at (at>?)"
    assert plans[2][0].startswith("SEARCH messages USING COVERING INDEX ix_messages_channel_recipient_bundle")
    assert not [step for plan in plans for step in plan if "SCAN" in step or "TEMP" in step]
