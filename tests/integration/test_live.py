"""Live looks: they count together where one counts per cycle, and keep the position with what they write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tercera.cycle import cycle
from tercera.cycle.live import GATHERS, LONGEST, Live
from tercera.cycle.sweep import Swept, Terms
from tercera.errors import ConflictError
from tercera.following.desk import Desk
from tercera.following.looking import Looker
from tercera.following.owners import Owners
from tercera.ledger import LIVE, Lease, Ledger, Position, open_ledger
from tercera.messages import NoticeState
from tercera.model import Counting, Level, Match, Period, RuleId, SubjectId
from tercera.orders import Source
from tercera.rules import Rule, everyone
from tercera.sources import load
from tercera.tally.changes import Batch
from tercera.telling.guard import Guard
from tercera.telling.routing import Route, Routes
from tests.integration.ledger_changes import ENGINES, ledger_kept_by

NOW = datetime(2023, 6, 20, tzinfo=UTC)
ROUTES = Routes(
    {"customer": Route("customer", None), "team": Route("team", ("team@example.com",), digest=True)}
)
TERMS = Terms(ROUTES, Guard(max_notices=3, max_share=1))
COUNTING = Counting((Match("status", ("returned",)),), "customer", Period.MONTH, "UTC")
RULE = Rule(
    RuleId("r"), "Returns", COUNTING, (Level("notice", 2),), everyone("customer", "team"), timedelta(days=30)
)
NAMES = ("ana", "bea", "eva", "ida", "una")


class Shop:
    """Customers by how many orders of June they returned."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self.folder = folder
        self.ledger = ledger
        self.now = NOW
        self.write()
        self.source: Source = self._open()
        self.live = Live(self.source, ledger, TERMS, lambda: self.now)
        assert not cycle([RULE], self.source, ledger, TERMS, now=self.now, clock=lambda: self.now).failed

    def write(self, **returned: int) -> None:
        """The orders, whole."""
        rows = ["order_id,customer_id,placed_at,status"]
        rows += [
            f"{who}{n},{who},2023-06-01,returned" for who, count in returned.items() for n in range(count)
        ]
        rows += [f"{who}-kept,{who},2023-06-01,delivered" for who in NAMES]
        (self.folder / "orders.csv").write_text("\n".join(rows) + "\n")
        entries = [f"{who},{who.title()},{who}@example.com" for who in NAMES]
        (self.folder / "customers.csv").write_text("\n".join(["id,name,email", *entries]) + "\n")

    def look(self, *names: str, position: Position | None = None, **returned: int) -> Swept:
        """A look at these, a second later."""
        self.now += timedelta(seconds=1)
        self.write(**returned)
        subjects = {SubjectId(name) for name in names}
        swept = self.live.look(RULE, subjects, self.live.gathering([RULE], self.now), position)
        self.live.round_is_over()
        assert swept is not None
        return swept

    def _open(self) -> Source:
        files = load("files")
        settings = files.Settings.model_validate(
            {"kind": "files", "orders": {"path": "orders.csv"}, "customers": {"path": "customers.csv"}}
        )
        source: Source = files.open_source(settings, "UTC", base=self.folder)
        return source


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """On SQLite, unless a test is for both; swept once, with nothing to tell."""
    kept = ledger_kept_by(getattr(request, "param", "sqlite"), tmp_path)
    with kept as address, open_ledger(address) as ledger:
        made = Shop(tmp_path, ledger)
        yield made
        made.source.close()


def test_looks_are_one_run(shop: Shop) -> None:
    """However many they are; after a sweep, or ten minutes, another one. None is a sign that all is well."""
    good = shop.ledger.diary.heart().last_good
    shop.look("ana", ana=2)
    shop.look("bea", ana=2, bea=2)
    assert [run.kind for run in shop.ledger.diary.last_runs(5)] == [LIVE, "sweep"]
    shop.now += LONGEST
    shop.look("eva", ana=2, bea=2, eva=2)
    shop.live.end_run()
    last, before, _ = shop.ledger.diary.last_runs(5)
    assert (before.kind, before.summary["looks"], before.summary["transitions"]) == (LIVE, 2, {"opened": 2})
    assert (last.kind, last.summary["looks"]) == (LIVE, 1)
    assert shop.ledger.diary.heart().last_good == good


def test_the_guard_counts_looks_together(shop: Shop) -> None:
    """What would be too much for one cycle is too much in small steps."""
    told: dict[str, int] = {}
    for name in NAMES:
        told[name] = 2
        swept = shop.look(name, position=None, **told)
        assert (swept.told, swept.held) == ((1, 0) if len(told) <= 3 else (0, 1))


def test_customers_hear_at_once_and_digests_gather(shop: Shop) -> None:
    """The team gets one message for a minute of looks."""
    began = shop.now + timedelta(seconds=1)
    shop.look("ana", ana=2)
    shop.look("bea", ana=2, bea=2)
    customers = shop.ledger.post.claim(shop.now, 10)
    assert {message.recipient for message in customers} == {"ana@example.com", "bea@example.com"}
    assert shop.ledger.post.claim(began + GATHERS - timedelta(microseconds=1), 10) == []
    (digest,) = shop.ledger.post.claim(began + GATHERS, 10)
    assert {notice.subject for notice in digest.notices} == {"ana", "bea"}
    assert shop.ledger.counts().notices == {NoticeState.PENDING: 4}


@pytest.mark.parametrize("shop", ENGINES, indirect=True)
def test_the_position_is_written_with_what_it_led_to(shop: Shop) -> None:
    """And not without; nobody writes one whose right to follow another has taken."""
    with shop.ledger.following() as lease:
        shop.ledger.begin_following(Position("1", NOW, lease))
        shop.look("ana", position=Position("2", NOW, lease))
        assert _position(shop) == "1"
        shop.look("ana", position=Position("3", NOW, lease), ana=2)
        assert _position(shop) == "3"
        shop.ledger.move_on(Position("4", NOW, lease))
        shop.ledger.begin_following(Position("5", NOW, lease), lost="too old")
    followed = shop.ledger.followed()
    assert followed is not None
    assert (followed.position, followed.lost, followed.lost_at) == ("5", "too old", NOW)
    assert lease is not None
    if shop.ledger.instances() or lease.token:  # on PostgreSQL leases change hands
        with shop.ledger.following(), pytest.raises(ConflictError):
            shop.look("bea", position=Position("6", NOW, lease), ana=2, bea=2)
        assert _position(shop) == "5"


def _position(shop: Shop) -> str:
    followed = shop.ledger.followed()
    assert followed is not None
    return followed.position


@pytest.mark.parametrize("shop", ENGINES, indirect=True)
def test_whose_an_order_was_is_told_by_evidence(shop: Shop) -> None:
    """Of the alerts that stand, as they are now; whose evidence is cut may have had any."""
    owners = Owners(shop.ledger)
    assert owners.of(RULE.id, {"ana0"}) == set()
    shop.look("ana", "bea", ana=2, bea=2)
    assert owners.of(RULE.id, {"ana0", "else"}) == {"ana"}
    shop.look("ana", bea=2)
    assert owners.of(RULE.id, {"ana0", "bea1"}) == {"bea"}
    assert owners.of(RULE.id, {"else"}) == set()


def test_a_rule_that_is_being_swept_is_left_alone(shop: Shop) -> None:
    """By another thread of this process, too."""
    gathering = shop.live.gathering([RULE], shop.now)
    with shop.ledger.sweeping(RULE.id):
        assert shop.live.look(RULE, {SubjectId("ana")}, gathering, None) is None
    assert shop.live.look(RULE, {SubjectId("ana")}, gathering, None) is not None


def test_only_a_sweep_says_what_is_old_news(shop: Shop) -> None:
    """A rule that was changed waits for one."""
    assert shop.live.is_ready(RULE)
    assert not shop.live.is_ready(replace(RULE, levels=(Level("notice", 1),)))


def test_nobody_is_looked_at_before_that_sweep(shop: Shop) -> None:
    """Who changes meanwhile waits, and the position with them; the sweep has looked at them then."""
    changed = replace(RULE, levels=(Level("notice", 1),))
    times = iter(range(0, 10_000, 100))
    desk = Desk({RULE.id: "customer"}, debounce=0, clock=lambda: next(times))
    looker = Looker([changed], shop.live, desk, lambda: None)
    lease = Lease("follow", 1, timedelta(seconds=60))
    shop.ledger.begin_following(Position("0", NOW, lease))
    desk.note(desk.begin(lease), Batch({"customer": frozenset({SubjectId("ana")})}, position="1"))
    shop.write(ana=1)
    looker.look(0)
    assert (shop.ledger.alerts(), _position(shop)) == ([], "0")
    mark = desk.sweep_begins()
    assert mark is not None
    assert not cycle([changed], shop.source, shop.ledger, TERMS, now=shop.now, clock=lambda: shop.now).failed
    desk.sweep_ended(mark, {RULE.id: []})
    looker.look(0)
    [alert] = shop.ledger.alerts()
    assert (alert.subject, _position(shop)) == ("ana", "1")
