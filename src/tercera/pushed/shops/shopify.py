"""Shopify's order webhooks (`orders/create`, `orders/updated`, `orders/cancelled`, `orders/delete`, …).

The status of an order is told by several fields there. Here it is, the first that fits: `cancelled`,
`returned` (all that was bought came back, or all was refunded), `partly_returned`, else what became of the
shipment (`fulfilled`, `partial`), else of the payment (`paid`, `pending`, …).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from tercera.pushed.order import PushedOrder
from tercera.pushed.shops import NOTHING, News, UnreadableError, document, is_hmac_of

SIGNATURE, TOPIC = "x-shopify-hmac-sha256", "x-shopify-topic"
_BACK = ("return", "legacy_restock")
"""How an item of a refund was put back into stock, where it had been sent out."""


def is_signed(secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether Shopify sent it: by the app's client secret."""
    return is_hmac_of(secret, body, headers.get(SIGNATURE))


def read(topic: str, body: bytes) -> News:
    """What the message tells. UnreadableError: it is no order."""
    if not topic.startswith("orders/"):
        return NOTHING
    told = document(body, "Shopify")
    if topic == "orders/delete":
        return News(gone=_id(told))
    try:
        order = _order(told)
    except (ValidationError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableError(f"Shopify: {topic} holds no order that can be read: {error}") from None
    return News(order=order)


def _order(told: dict[str, Any]) -> PushedOrder:
    customer = told.get("customer") or {}
    email = told.get("email") or customer.get("email")
    name = " ".join(filter(None, (customer.get("first_name"), customer.get("last_name")))) or None
    return PushedOrder.model_validate(
        {
            "order_id": _id(told),
            # A guest has no number: the address tells them apart.
            "customer_id": str(customer.get("id") or (email or "").lower()),
            "status": _status(told),
            "placed_at": told.get("processed_at") or told["created_at"],
            "amount": told.get("current_total_price") or told.get("total_price"),
            "changed_at": told.get("updated_at"),
            "customer": {"name": name, "email": email, "language": told.get("customer_locale")},
        }
    )


def _id(told: dict[str, Any]) -> str:
    if not told.get("id"):
        raise UnreadableError("Shopify: the message has no id of an order")
    return str(told["id"])


def _status(told: dict[str, Any]) -> str:
    if told.get("cancelled_at"):
        return "cancelled"
    bought = sum(int(line.get("quantity", 0)) for line in told.get("line_items") or ())
    back = sum(
        int(item.get("quantity", 0))
        for refund in told.get("refunds") or ()
        for item in refund.get("refund_line_items") or ()
        if item.get("restock_type") in _BACK
    )
    paid = told.get("financial_status")
    if paid == "refunded" or 0 < bought <= back:
        return "returned"
    if back:
        return "partly_returned"
    return str(told.get("fulfillment_status") or paid or "open")
