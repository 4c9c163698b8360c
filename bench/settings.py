"""The configurations that are measured: the same rule over different sources."""

from __future__ import annotations

from pathlib import Path

VALID = r"^(\w+_\d+|[0-9A-Za-z]{24})$"

_CONFIG = f"""\
timezone: America/Bogota
ledger: sqlite:///{{ledger}}
source:
  kind: {{kind}}
{{place}}
  orders:
    {{orders}}
    order_id: shipping_id
    customer_id: order_vendor_dbname
    status: shipping_status
    placed_at: shipping_date
    amount: amount
    formats: ["%Y-%m-%d"]
    valid: {{{{customer_id: '{VALID}'}}}}
{{customers}}
rules:
  - id: repeat-returns
    title: Three or more returned or cancelled orders in a month
    when: {{{{status: [returned, cancelled]}}}}
    within: month
    levels: {{{{notice: 3, warning: 5, critical: 10}}}}
    notify: [{{notify}}]
"""
_DIRECTORY = "{id: identificationNumber, name: name, email: email, language: language"


def files(config: Path, orders: Path, *, customers: Path | None = None, mail: str = "") -> Path:
    """Writes a configuration for a file of orders, and `mail` as further sections when mails go out."""
    directory = f"  customers: {_DIRECTORY}, path: {customers}}}" if customers else ""
    text = _CONFIG.format(
        ledger=config.with_suffix(".db"),
        kind="files",
        place="",
        orders=f"path: {orders}",
        customers=directory,
        notify="customer" if mail else "",
    )
    config.write_text(text + mail, encoding="utf-8")
    return config


def mongodb(config: Path, variable: str, database: str, collection: str) -> Path:
    """Writes a configuration for a collection; the server's address is in an environment variable."""
    text = _CONFIG.format(
        ledger=config.with_suffix(".db"),
        kind="mongodb",
        place=f"  uri: ${{{variable}}}\n  database: {database}",
        orders=f"collection: {collection}",
        customers="",
        notify="",
    )
    config.write_text(text, encoding="utf-8")
    return config
