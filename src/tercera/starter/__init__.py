"""A first configuration: a commented `tercera.yaml` from a handful of answers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

from tercera.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Answers:
    """What a first configuration needs to know. Field names are those of the user's own data."""

    kind: str = "mongodb"
    timezone: str = "UTC"
    uri: str = "${MONGODB_URI}"
    database: str = "shop"
    orders: str = "orders"
    customers: str = "customers"
    order_id: str = "order_id"
    customer_id: str = "customer_id"
    status: str = "status"
    placed_at: str = "placed_at"
    amount: str = ""
    currency: str = ""
    valid_customer_id: str = ""
    date_format: str = ""
    customer_key: str = "id"
    customer_language: str = ""
    statuses: tuple[str, ...] = ("returned", "cancelled")
    operations: str = "ops@example.com"
    language: str = "en"
    smtp_host: str = "${SMTP_HOST}"
    smtp_port: str = "587"
    smtp_security: str = "starttls"
    sender: str = "${SENDER_EMAIL}"
    login: bool = True
    every: str = "1m"


def starter_text(answers: Answers) -> str:
    """The file's text. Values are quoted, so that none of them can become YAML of its own."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - this is YAML, and `quoted` escapes for it
    )
    environment.filters["quoted"] = lambda value: json.dumps(value, ensure_ascii=False)
    template = environment.from_string(files(__package__).joinpath("tercera.yaml.j2").read_text("utf-8"))
    return template.render(asdict(answers))


def write_starter(path: Path, answers: Answers, *, force: bool = False) -> None:
    """Writes the file. Raises `ConfigError` rather than overwrite one, unless `force`."""
    if path.exists() and not force:
        raise ConfigError(f"{path} is there already; --force overwrites it, --config names another")
    try:
        path.write_text(starter_text(answers), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} can't be written: {error.strerror}") from None
