"""Orders as well-known shop programs keep or export them, with names as these have and values made up."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from tests.made_up_shops import Shop

_r = random.Random(7)


def _time() -> datetime:
    return datetime(2026, 1, 1) + timedelta(minutes=_r.randrange(300 * 1440))


def shopify(orders: int = 400) -> Shop:
    """Its export: no customer but an address, a status of the payment and one of the shipping."""
    rows = []
    for number in range(orders):
        who, when = _r.randrange(80), f"{_time():%Y-%m-%d %H:%M:%S} -0500"
        rows.append(
            {
                "Name": f"#{1000 + number}",
                "Email": f"c{who}@example.com",
                "Financial Status": _r.choices(["paid", "refunded", "voided"], [8, 1, 1])[0],
                "Paid at": when,
                "Fulfillment Status": _r.choice(["fulfilled", "unfulfilled"]),
                "Currency": "USD",
                "Subtotal": "10.00",
                "Total": "13.00",
                "Created at": when,
                "Lineitem price": "10.00",
                "Billing Name": f"Ann {who}",
                "Id": str(5_000_000 + number),
                "Vendor": "Acme",
            }
        )
    return {"orders_export_1.csv": rows}


def magento(orders: int = 300) -> Shop:
    """Tables that are called like parts of it, state beside status, amounts in two currencies."""
    rows = [
        {
            "entity_id": number,
            "state": _r.choice(["complete", "closed", "canceled"]),
            "status": _r.choices(["complete", "canceled", "pending_payment"], [6, 1, 1])[0],
            "customer_id": _r.randrange(80),
            "increment_id": f"{100_000_000 + number}",
            "created_at": _time(),
            "updated_at": _time(),
            "grand_total": 10.5,
            "tax_amount": 1.0,
            "order_currency_code": "EUR",
            "quote_id": number,
        }
        for number in range(orders)
    ]
    people = [
        {"entity_id": number, "email": f"c{number}@example.com", "firstname": "A", "lastname": "B"}
        for number in range(80)
    ]
    items = [{"item_id": n, "order_id": n % 300, "sku": "x", "created_at": _time()} for n in range(600)]
    return {"sales_order_item": items, "sales_order": rows, "customer_entity": people}


def woocommerce(orders: int = 300) -> Shop:
    """Times that are called GMT, users beside posts."""
    rows = [
        {
            "id": number,
            "status": _r.choices(["wc-completed", "wc-cancelled", "wc-refunded"], [7, 1, 1])[0],
            "currency": "EUR",
            "total_amount": 10.0,
            "customer_id": _r.randrange(1, 60),
            "date_created_gmt": _time(),
            "date_updated_gmt": _time(),
            "parent_order_id": 0,
        }
        for number in range(orders)
    ]
    users = [
        {
            "ID": number,
            "user_login": f"u{number}",
            "user_email": f"u{number}@example.com",
            "display_name": "U",
        }
        for number in range(1, 61)
    ]
    posts = [{"ID": n, "post_author": 1, "post_date": _time(), "post_status": "publish"} for n in range(90)]
    return {"wp_posts": posts, "wp_users": users, "wp_wc_orders": rows}


def odoo(orders: int = 300) -> Shop:
    """Customers are partners; the users are those who sell."""
    rows = [
        {
            "id": number,
            "name": f"S{number:05d}",
            "state": _r.choices(["sale", "done", "cancel", "draft"], [6, 2, 1, 1])[0],
            "date_order": _time(),
            "write_date": _time(),
            "partner_id": _r.randrange(70),
            "user_id": _r.randrange(5),
            "amount_untaxed": 9.0,
            "amount_total": 10.0,
        }
        for number in range(orders)
    ]
    partners = [
        {"id": number, "name": f"P {number}", "email": f"p{number}@example.com", "lang": "es_ES"}
        for number in range(70)
    ]
    return {
        "res_users": [{"id": number, "login": f"u{number}@example.com"} for number in range(5)],
        "res_partner": partners,
        "sale_order": rows,
    }
