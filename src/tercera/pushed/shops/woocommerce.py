"""WooCommerce's order webhooks (`order.created`, `order.updated`, `order.deleted`, `order.restored`).

The status is the shop's own word (`processing`, `completed`, `cancelled`, `refunded`, …); an order that was
refunded in part, and is not cancelled, is `partly_refunded`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from tercera.pushed.order import PushedOrder
from tercera.pushed.shops import NOTHING, News, UnreadableError, document, is_hmac_of

SIGNATURE, TOPIC = "x-wc-webhook-signature", "x-wc-webhook-topic"
_ENDED = ("cancelled", "refunded", "failed", "trash")


def is_signed(secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether the shop sent it: by the secret of the webhook."""
    return is_hmac_of(secret, body, headers.get(SIGNATURE))


def read(topic: str, body: bytes) -> News:
    """What the message tells. A new webhook greets with a form that has no topic. UnreadableError: it is no
    order."""
    resource, _, event = topic.partition(".")
    if resource != "order":
        return NOTHING
    told = document(body, "WooCommerce")
    if not told.get("id"):
        raise UnreadableError("WooCommerce: the message has no id of an order")
    if event == "deleted":
        return News(gone=str(told["id"]))
    try:
        return News(order=_order(told))
    except (ValidationError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableError(f"WooCommerce: {topic} holds no order that can be read: {error}") from None


def _order(told: dict[str, Any]) -> PushedOrder:
    billing = told.get("billing") or {}
    email = billing.get("email") or None
    name = " ".join(filter(None, (billing.get("first_name"), billing.get("last_name")))) or None
    return PushedOrder.model_validate(
        {
            "order_id": str(told["id"]),
            # A guest has the number 0: the address tells them apart.
            "customer_id": str(told.get("customer_id") or (email or "").lower()),
            "status": _status(told),
            "placed_at": _utc(told["date_created_gmt"]),
            "amount": told.get("total"),
            "changed_at": _utc(told["date_modified_gmt"]) if told.get("date_modified_gmt") else None,
            "customer": {"name": name, "email": email},
        }
    )


def _status(told: dict[str, Any]) -> str:
    status = str(told["status"])
    return "partly_refunded" if told.get("refunds") and status not in _ENDED else status


def _utc(text: str) -> str:
    """WooCommerce writes these times without an offset."""
    return f"{text}Z"
