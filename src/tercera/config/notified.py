"""Whether a rule's `notify` names channels, levels and fields that there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tercera.config.document import Document, KeyPath
from tercera.config.names import customer_fields, mapping, nearest, order_fields
from tercera.model import CUSTOMER


def check_notify(document: Document, path: KeyPath, rule: dict[str, Any], channels: Iterable[str]) -> None:
    """Notes every name in a rule's `notify` that nothing stands for."""
    notify, levels = rule.get("notify"), mapping(rule.get("levels"))
    place = (*path, "notify")
    if isinstance(notify, dict):
        _check_names(document, [((*place, level), level) for level in notify], levels, "level of this rule")
    for where, name in _channel_names(place, notify):
        _check_names(document, [(where, name)], channels, "channel")
    for where, entry in _entries(place, notify):
        _check_names(document, _listed((*where, "levels"), entry.get("levels")), levels, "level of this rule")
        orders = [((*where, "when", name), name) for name in mapping(entry.get("when"))]
        _check_names(document, orders, order_fields(document), "order field")
        _check_customer(document, (*where, "customer"), entry, rule)


def _check_customer(document: Document, path: KeyPath, entry: dict[str, Any], rule: dict[str, Any]) -> None:
    asked, known = mapping(entry.get("customer")), customer_fields(document)
    if not asked:
        return
    if rule.get("per", CUSTOMER) not in (CUSTOMER, "customer_id"):
        document.wrong(path, f"the rule counts per {rule['per']}, and only customers are in the directory")
    elif known is None:
        document.wrong(path, "nothing is known of customers without source.customers, their directory")
    else:
        _check_names(document, [((*path, name), name) for name in asked], known, "customer field")


def _check_names(
    document: Document, names: Iterable[tuple[KeyPath, object]], known: Iterable[str], what: str
) -> None:
    known = list(known)
    for path, name in names:
        if isinstance(name, str) and name not in known:
            document.wrong(path, f"{name!r} is no {what}{nearest(name, known)}")


def _channel_names(path: KeyPath, notify: object) -> Iterator[tuple[KeyPath, object]]:
    if isinstance(notify, str):
        yield path, notify
    for level, names in mapping(notify).items():
        yield from _listed((*path, level), names)
    for place, entry in enumerate(notify if isinstance(notify, list) else ()):
        if isinstance(entry, dict):
            yield from _listed((*path, place, "to"), entry.get("to"))
        else:
            yield (*path, place), entry


def _entries(path: KeyPath, notify: object) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    for place, entry in enumerate(notify if isinstance(notify, list) else ()):
        if isinstance(entry, dict):
            yield (*path, place), entry


def _listed(path: KeyPath, value: object) -> Iterator[tuple[KeyPath, object]]:
    """The names at a path, whether one stands there or a list of them."""
    if isinstance(value, list):
        yield from (((*path, place), name) for place, name in enumerate(value))
    elif value is not None:
        yield path, value
