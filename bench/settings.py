"""The configurations that are measured: the same rule over different sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

VALID = r"^(\w+_\d+|[0-9A-Za-z]{24})$"

_FIELDS = {
    "order_id": "shipping_id",
    "customer_id": "order_vendor_dbname",
    "status": "shipping_status",
    "placed_at": "shipping_date",
    "amount": "amount",
    "formats": ["%Y-%m-%d"],
    "valid": {"customer_id": VALID},
}
_RULE = {
    "id": "repeat-returns",
    "title": "Three or more returned or cancelled orders in a month",
    "when": {"status": ["returned", "cancelled"]},
    "within": "month",
    "levels": {"notice": 3, "warning": 5, "critical": 10},
}
_DIRECTORY = {"id": "identificationNumber", "name": "name", "email": "email", "language": "language"}


TEN = [
    {**_RULE, "id": f"rule-{number}", "when": {"status": statuses}, "within": within, "levels": levels}
    for number, (statuses, within, levels) in enumerate(
        [
            (["returned", "cancelled"], "month", {"notice": 3, "warning": 5, "critical": 10}),
            (["returned"], "month", {"notice": 3}),
            (["cancelled"], "month", {"notice": 3}),
            (["lost"], "month", {"notice": 2}),
            (["exception", "lost"], "month", {"notice": 3}),
            (["returned", "cancelled", "lost"], "month", {"notice": 6, "warning": 12}),
            (["returned", "cancelled"], "week", {"notice": 3}),
            (["returned"], "week", {"notice": 2, "warning": 4}),
            (["lost", "exception"], "week", {"notice": 2}),
            (["cancelled"], "day", {"notice": 2}),
        ]
    )
]
"""Ten rules over the same orders and columns: other statuses, levels and windows."""


def files(
    config: Path,
    orders: Path,
    *,
    customers: Path | None = None,
    mail: Mapping[str, Any] | None = None,
    rules: Sequence[Mapping[str, Any]] = (_RULE,),
    memory_limit: str = "1GB",
) -> Path:
    """Writes a configuration for a file of orders; `mail` holds the sections that send."""
    source: dict[str, Any] = {
        "kind": "files",
        "orders": {"path": str(orders), **_FIELDS},
        "memory_limit": memory_limit,
    }
    if customers:
        source["customers"] = {"path": str(customers), **_DIRECTORY}
    return _write(config, source, mail or {}, rules)


def mongodb(
    config: Path,
    variable: str,
    database: str,
    collection: str,
    *,
    rules: Sequence[Mapping[str, Any]] = (_RULE,),
) -> Path:
    """Writes a configuration for a collection; the server's address is in an environment variable."""
    orders = {"collection": collection, **_FIELDS}
    source = {"kind": "mongodb", "uri": f"${{{variable}}}", "database": database, "orders": orders}
    return _write(config, source, {}, rules)


def sql(config: Path, variable: str, table: str, *, rules: Sequence[Mapping[str, Any]] = (_RULE,)) -> Path:
    """Writes a configuration for a table; the database's address is in an environment variable."""
    source = {"kind": "sql", "uri": f"${{{variable}}}", "orders": {"table": table, **_FIELDS}}
    return _write(config, source, {}, rules)


def _write(
    config: Path, source: Mapping[str, Any], mail: Mapping[str, Any], rules: Sequence[Mapping[str, Any]]
) -> Path:
    notified = [{**rule, "notify": list(mail.get("channels", {}))} for rule in rules]
    ledger = f"sqlite:///{config.with_suffix('.db')}"
    settings = {"timezone": "America/Bogota", "ledger": ledger, "source": source, "rules": notified, **mail}
    config.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return config
