"""Orders that are handed in: tallied, followed, and pushed over HTTP into what is watched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tercera.model import CUSTOMER, Counting, Match, Period, SubjectId
from tercera.orders import Scope
from tercera.people import Permission
from tercera.pushed.order import PushedOrder
from tercera.sources.pushed import PushedSource, Settings, open_source
from tests.servers.dashboard import NOW, Dashboard, dashboard, sweep
from tests.unit.test_shops import SHOPIFY, WOOCOMMERCE, signature

COUNTING = Counting((Match("status", ("returned", "cancelled")),), CUSTOMER, Period.MONTH, "America/Bogota")
BY_SELLER = Counting((Match("status", ("returned",)),), "seller", Period.MONTH, "America/Bogota")
SECRET = "hush-this-is-between-us"


def order(name: str, whose: str = "ana", **changed: Any) -> PushedOrder:
    """A returned one of November."""
    given = {"order_id": name, "customer_id": whose, "status": "returned", "placed_at": "2026-11-05"}
    return PushedOrder.model_validate({**given, **changed})


@pytest.fixture
def source(tmp_path: Path) -> Iterator[PushedSource]:
    """With sellers; nothing was handed in yet."""
    settings = Settings.model_validate({"kind": "pushed", "orders": {"fields": {"seller": "seller"}}})
    with closing(open_source(settings, "America/Bogota", base=tmp_path)) as made:
        yield made


def counted(source: PushedSource, counting: Counting = COUNTING) -> dict[tuple[str, str], int]:
    """How many orders match of each pair."""
    return {(each.subject, each.window): each.matched for each in source.tally(counting, Scope())}


def test_what_is_handed_in_is_tallied(source: PushedSource) -> None:
    """In the rule's zone; by customers and by other fields; customers are known by what came with it."""
    assert counted(source) == {}
    source.store.put(
        [
            order("o1", fields={"seller": "s1"}, customer={"name": "Ana", "email": "ana@example.com"}),
            order(
                "o2", placed_at="2026-12-01T03:00:00Z", fields={"seller": "s1"}, customer={"language": "es"}
            ),
            order("o3", status="delivered"),
            order("o4", "bruno", placed_at="2026-12-01T06:00:00+01:00", status="cancelled", amount="9.95"),
        ]
    )
    assert counted(source) == {("ana", "2026-11"): 2, ("bruno", "2026-12"): 1}
    assert counted(source, BY_SELLER) == {("s1", "2026-11"): 2}
    ana = source.customers(["ana"])["ana"]
    assert (ana.name, ana.email, ana.language) == ("Ana", "ana@example.com", "es")


def test_before_the_first_order(source: PushedSource) -> None:
    """All is as it should be: `tercera check` has nothing to put right, and asks nothing of a user who owns
    the file."""
    looked = list(source.check([COUNTING]))
    assert all(each.ok for each in looked), looked
    assert {each.what: each.detail for each in looked}["rows"] == "there are no orders yet"
    assert "privileges" not in {each.what for each in looked}


def test_changes_are_followed(source: PushedSource) -> None:
    """Whose order is new, went to somebody else, or is gone; from a position kept, nothing is told twice."""
    source.store.put([order("o1"), order("o2", "bruno")])
    with closing(source.changes([CUSTOMER], None)) as changes:
        position = changes.take(1).position
        source.store.put([order("o3", "carla")])
        assert changes.take(10).subjects[CUSTOMER] == {SubjectId("carla")}
        source.store.put([order("o1", "dora")])
        moved = changes.take(10)
        assert moved.subjects[CUSTOMER] == {SubjectId("dora")}
        assert "o1" in moved.moved
        source.store.forget("o2", NOW)
        gone = changes.take(10)
        assert gone.subjects[CUSTOMER] == {SubjectId("bruno")}
        assert ("bruno", "2026-11") not in counted(source)
    with closing(source.changes([CUSTOMER], position)) as again:
        told = again.take(10)
        assert {SubjectId("carla"), SubjectId("dora"), SubjectId("bruno")} <= told.subjects[CUSTOMER]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Dashboard]:
    """A dashboard over orders that are handed in."""
    source = {"kind": "pushed", "shopify": {"secret": SECRET}, "woocommerce": {"secret": SECRET}}
    with dashboard(tmp_path, orders={}, source=source) as made:
        yield made


def placed(name: str, **changed: Any) -> dict[str, Any]:
    """An order as JSON."""
    return {
        "order_id": name,
        "customer_id": "ana",
        "status": "returned",
        "placed_at": "2026-11-05",
        **changed,
    }


def test_pushed_orders_become_alerts(shop: Dashboard) -> None:
    """One, an array, lines; the same again changes nothing; three are an alert."""
    with shop.program(Permission.PUSH) as program:
        assert program.post("/api/v1/orders", json=placed("o1")).json() == {"accepted": 1, "older": 0}
        array = [placed("o1"), placed("o2")]
        assert program.post("/api/v1/orders", json=array).json() == {"accepted": 2, "older": 0}
        lines = "\n".join(json.dumps(placed(name)) for name in ("o2", "o3")) + "\n"
        kind = {"content-type": "application/x-ndjson"}
        assert program.post("/api/v1/orders", content=lines, headers=kind).json()["accepted"] == 2
    sweep(shop.app, shop.ledger)
    (alert,) = shop.ledger.alerts()
    assert (alert.subject, alert.tally.matched) == ("ana", 3)


def test_a_wrong_batch_is_not_kept(shop: Dashboard) -> None:
    """Each wrong line is named; a key without the right may hand nothing in."""
    lines = json.dumps(placed("o1")) + "\n" + json.dumps(placed("o2", placed_at="0000-00-00"))
    with shop.program(Permission.PUSH) as program:
        answer = program.post(
            "/api/v1/orders", content=lines, headers={"content-type": "application/x-ndjson"}
        )
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert [each["line"] for each in answer.json()["errors"]] == [2]
        assert program.post("/api/v1/orders", content=b"x" * (17 << 20)).status_code == 413
    with shop.program(Permission.READ) as reader:
        assert reader.post("/api/v1/orders", json=placed("o1")).status_code == 403
    with shop.client() as nobody:
        assert nobody.post("/api/v1/orders", json=placed("o1")).status_code == 401
    assert list(shop.app.source.tally(COUNTING, Scope())) == []


@pytest.mark.parametrize(
    ("shop_system", "topic", "message"),
    [("shopify", "orders/updated", SHOPIFY), ("woocommerce", "order.updated", WOOCOMMERCE)],
)
def test_a_shop_sends(shop: Dashboard, shop_system: str, topic: str, message: dict[str, Any]) -> None:
    """With a right signature it is kept, once however often it comes; with a wrong one it is refused."""
    names = {
        "shopify": ("x-shopify-hmac-sha256", "x-shopify-topic"),
        "woocommerce": ("x-wc-webhook-signature", "x-wc-webhook-topic"),
    }[shop_system]
    cancelled = {**message, "cancelled_at": "2026-11-22T10:00:00-05:00", "status": "cancelled"}
    body = json.dumps(cancelled).encode()
    path = f"/hooks/{shop_system}"
    with shop.client() as sender:
        for mark in ("", signature("another secret", body), signature(SECRET, body + b" ")):
            assert (
                sender.post(path, content=body, headers={names[0]: mark, names[1]: topic}).status_code == 401
            )
        right = {names[0]: signature(SECRET, body), names[1]: topic}
        for _ in range(3):
            assert sender.post(path, content=body, headers=right).json() == {"status": "kept"}
        (tally,) = shop.app.source.tally(COUNTING, Scope())
        assert tally.matched == 1
        broken = b'{"id": 5}'
        answer = sender.post(
            path, content=broken, headers={names[0]: signature(SECRET, broken), names[1]: topic}
        )
        assert answer.status_code == 422
        assert sender.post("/hooks/magento", content=b"{}").status_code == 404
    assert SECRET not in answer.text
