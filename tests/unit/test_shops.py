"""What Shopify and WooCommerce send, as their documentation gives it, shortened to what is read and more."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from tercera.pushed.shops import NOTHING, UnreadableError, shopify, woocommerce

SHOPIFY: dict[str, Any] = {
    "id": 820982911946154508,
    "admin_graphql_api_id": "gid://shopify/Order/820982911946154508",
    "cancel_reason": None,
    "cancelled_at": None,
    "created_at": "2026-11-05T16:09:54-05:00",
    "currency": "USD",
    "current_total_price": "398.00",
    "customer_locale": "es-CO",
    "email": "jon@example.com",
    "financial_status": "paid",
    "fulfillment_status": "fulfilled",
    "name": "#9999",
    "processed_at": "2026-11-05T16:09:54-05:00",
    "test": False,
    "total_price": "398.00",
    "updated_at": "2026-11-06T10:00:00-05:00",
    "customer": {
        "id": 115310627314723954,
        "email": "john@example.com",
        "first_name": "John",
        "last_name": "Smith",
    },
    "line_items": [
        {"id": 866550311766439020, "quantity": 1, "price": "199.00"},
        {"id": 141249953214522974, "quantity": 1, "price": "199.00"},
    ],
    "refunds": [],
}

WOOCOMMERCE: dict[str, Any] = {
    "id": 727,
    "parent_id": 0,
    "number": "727",
    "order_key": "wc_order_58d2d042d1d",
    "status": "processing",
    "currency": "USD",
    "date_created": "2026-11-22T16:28:02",
    "date_created_gmt": "2026-11-22T19:28:02",
    "date_modified": "2026-11-22T16:28:08",
    "date_modified_gmt": "2026-11-22T19:28:08",
    "total": "29.35",
    "customer_id": 26,
    "billing": {
        "first_name": "John",
        "last_name": "Doe",
        "country": "US",
        "email": "john.doe@example.com",
        "phone": "(555) 555-5555",
    },
    "refunds": [],
}


def signature(secret: str, body: bytes) -> str:
    """As both shops make it."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def refunded(*restocked: str) -> dict[str, Any]:
    """A refund of so many single items."""
    items = [{"quantity": 1, "restock_type": each} for each in restocked]
    return {"id": 1, "order_id": SHOPIFY["id"], "refund_line_items": items}


def read_shopify(**changed: Any) -> Any:
    """The order of a message."""
    return shopify.read("orders/updated", json.dumps({**deepcopy(SHOPIFY), **changed}).encode()).order


def read_woocommerce(**changed: Any) -> Any:
    """The order of a message."""
    return woocommerce.read("order.updated", json.dumps({**deepcopy(WOOCOMMERCE), **changed}).encode()).order


def test_an_order_of_shopify() -> None:
    """Ids are text, times keep their offset, the customer comes with it."""
    order = read_shopify()
    assert (order.order_id, order.customer_id) == ("820982911946154508", "115310627314723954")
    assert order.placed_at == datetime(2026, 11, 5, 21, 9, 54, tzinfo=UTC)
    assert order.changed_at == datetime(2026, 11, 6, 15, tzinfo=UTC)
    assert order.amount == Decimal("398.00")
    assert (order.customer.name, order.customer.email, order.customer.language) == (
        "John Smith",
        "jon@example.com",
        "es-CO",
    )


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, "fulfilled"),
        ({"fulfillment_status": None}, "paid"),
        ({"fulfillment_status": "partial"}, "partial"),
        ({"cancelled_at": "2026-11-06T09:00:00-05:00"}, "cancelled"),
        ({"cancelled_at": "2026-11-06T09:00:00-05:00", "financial_status": "refunded"}, "cancelled"),
        ({"financial_status": "refunded"}, "returned"),
        ({"refunds": [refunded("return")]}, "partly_returned"),
        ({"refunds": [refunded("return"), refunded("return")]}, "returned"),
        ({"refunds": [refunded("no_restock")], "financial_status": "partially_refunded"}, "fulfilled"),
    ],
)
def test_the_status_of_an_order_of_shopify(changed: dict[str, Any], status: str) -> None:
    """Told by several fields: the first that fits."""
    assert read_shopify(**changed).status == status


def test_a_guest_is_known_by_the_address() -> None:
    """In small letters; a shop without either has an order of nobody, which is refused."""
    assert read_shopify(customer=None, email="Ana@Example.com").customer_id == "ana@example.com"
    assert read_woocommerce(customer_id=0).customer_id == "john.doe@example.com"
    with pytest.raises(UnreadableError, match="customer_id"):
        read_shopify(customer=None, email=None)


def test_an_order_of_woocommerce() -> None:
    """Its times without an offset are in UTC."""
    order = read_woocommerce()
    assert (order.order_id, order.customer_id, order.status) == ("727", "26", "processing")
    assert order.placed_at == datetime(2026, 11, 22, 19, 28, 2, tzinfo=UTC)
    assert order.changed_at == datetime(2026, 11, 22, 19, 28, 8, tzinfo=UTC)
    assert (order.customer.name, order.customer.email) == ("John Doe", "john.doe@example.com")
    assert read_woocommerce(refunds=[{"id": 1, "total": "-10.00"}]).status == "partly_refunded"
    assert read_woocommerce(refunds=[{"id": 1, "total": "-29.35"}], status="refunded").status == "refunded"


def test_an_order_that_is_gone() -> None:
    """Only its id is told."""
    assert shopify.read("orders/delete", b'{"id": 820982911946154508}').gone == "820982911946154508"
    assert woocommerce.read("order.deleted", b'{"id": 727}').gone == "727"


def test_what_is_no_order() -> None:
    """Other topics, and WooCommerce's greeting, are nothing; a broken order says so."""
    assert shopify.read("products/update", b"{}") is NOTHING
    assert woocommerce.read("", b"webhook_id=3") is NOTHING
    for system, topic in ((shopify, "orders/create"), (woocommerce, "order.created")):
        for body in (b"", b"[]", b"{}", b'{"id": 1}', b'{"id": 1, "customer": 3, "billing": 4}', b"\xff"):
            with pytest.raises(UnreadableError):
                system.read(topic, body)


@pytest.mark.parametrize("shop", [shopify, woocommerce])
def test_a_signature(shop: ModuleType) -> None:
    """By the secret, of these very bytes."""
    body = json.dumps(SHOPIFY).encode()
    right = signature("hush", body)
    assert shop.is_signed("hush", body, {shop.SIGNATURE: right})
    for headers in (
        {},
        {shop.SIGNATURE: ""},
        {shop.SIGNATURE: signature("other", body)},
        {shop.SIGNATURE: "ñ"},
    ):
        assert not shop.is_signed("hush", body, headers)
    assert not shop.is_signed("hush", body + b" ", {shop.SIGNATURE: right})
