"""What is written to the ledger is what is read from it, to the last character."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tercera.ledger import digest_of, open_ledger
from tercera.messages import Bundle, Change, Draft, NoticeKind
from tercera.model import (
    Customer,
    Evidence,
    Period,
    Placed,
    Reason,
    RuleId,
    Standing,
    State,
    SubjectId,
    Tally,
    Transition,
    WindowId,
)
from tests.integration.ledger_changes import ledger_kept_by

OPEN = Standing(State.OPEN, "notice", "notice", spoken=True)

# The last private character of Unicode stands for NUL on PostgreSQL, which refuses that.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\U0010fffd"), min_size=1) | st.sampled_from(
    ["\0", "a\0b", "=1+1", "\r\nBcc: x", "Ñandú 🦤", "'\"\\", "2023"]
)
amounts = st.none() | st.decimals(allow_nan=False, allow_infinity=False)
offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments: st.SearchStrategy[Placed] = st.dates() | st.datetimes(timezones=offsets | st.just(UTC))
orders = st.builds(Evidence, texts, moments, texts, amounts)
tallies = st.builds(
    Tally,
    texts.map(SubjectId),
    st.just(WindowId("2023-06")),
    st.integers(0, 2**60),
    st.integers(0, 2**60),
    amounts,
    st.none() | moments,
    st.none() | moments,
    st.lists(orders, max_size=4).map(tuple),
)
people = st.none() | st.builds(
    Customer, texts, st.none() | texts, st.none() | texts, st.none() | st.sampled_from(["es", "en"])
)


several = st.lists(tallies, max_size=5, unique_by=lambda tally: tally.subject)


@settings(deadline=None, max_examples=60)
@given(several, people)
def test_tallies_and_customers_come_back_whole(found: list[Tally], person: Customer | None) -> None:
    """From a SQLite file."""
    _write_and_read("sqlite", found, person)


@settings(deadline=None, max_examples=10)
@given(several, people)
def test_they_come_back_whole_from_postgresql(found: list[Tally], person: Customer | None) -> None:
    """Fewer of them: each takes a database of its own."""
    _write_and_read("postgresql", found, person)


def test_nul_comes_back_from_postgresql() -> None:
    """Which refuses that character in a text."""
    tally = Tally(SubjectId("a\0b"), WindowId("2023-06"), 3, 3)
    _write_and_read("postgresql", [tally], Customer("a\0b", "\0"))


def _write_and_read(engine: str, found: list[Tally], person: Customer | None) -> None:
    """Money to the digit, days as days, instants as instants, any text; in alerts, steps and messages."""
    rule, now = RuleId("r"), datetime(2023, 6, 20, tzinfo=UTC)
    draft = Draft(NoticeKind.ALERT, "mail", "a@example.com", "es", True, person, bundle=Bundle("b"))
    with (
        tempfile.TemporaryDirectory() as directory,
        ledger_kept_by(engine, Path(directory)) as address,
        open_ledger(address) as ledger,
    ):
        ledger.commit(
            [
                Change(
                    rule, "t", "customer", Period.MONTH, 3, tally,
                    Transition(Reason.OPENED, None, OPEN, speaks=True), None, (draft,),
                )
                for tally in found
            ],
            rule=rule,
            cursor=None,
            run=1,
            now=now,
        )  # fmt: skip
        alerts = ledger.alerts()[::-1]
        assert [_exact(alert.tally) for alert in alerts] == [_exact(tally) for tally in found]
        assert [ledger.alert(alert.id).steps[0].tally for alert in alerts] == found
        notices = [notice for message in ledger.post.claim(now, 10) for notice in message.notices]
        assert [(notice.tally, notice.customer) for notice in notices] == [(tally, person) for tally in found]
        known = ledger.known(rule, None)
        assert {pair: each.digest for pair, each in known.items()} == {
            (tally.subject, tally.window): digest_of(tally) for tally in found
        }


@given(tallies, tallies)
def test_digests_differ_when_anything_does(one: Tally, other: Tally) -> None:
    """And are equal when nothing does. How many other orders there are is not looked at by every sweep."""
    same = _kept(replace(one, orders=0)) == _kept(replace(other, orders=0))
    assert (digest_of(one) == digest_of(other)) == same


def _exact(tally: Tally) -> tuple[object, ...]:
    """Equality in Python forgets the scale of money and the offset of times; this does not."""
    return (tally, _kept(tally))


def _kept(tally: Tally) -> str:
    """All but the pair, which a digest is always of."""
    return repr(
        (
            tally.matched,
            tally.orders,
            _money(tally.amount),
            _text(tally.first_at),
            _text(tally.last_at),
            [
                (each.order_id, _text(each.placed_at), each.status, _money(each.amount))
                for each in tally.evidence
            ],
        )
    )


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _text(moment: date | None) -> str | None:
    return None if moment is None else moment.isoformat()
