"""A channel is known by whom it writes to: one whose name is new, and which writes to whom one of before
wrote that is not there any more, is that one under another name. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from tercera.telling.routing import Route

Recipients = frozenset[str] | None
"""Whom a channel wrote to; None: to customers."""


def successors(
    routes: Mapping[str, Route], used: Collection[str], gone: Mapping[str, Recipients]
) -> dict[str, str]:
    """Old names and new ones. `used` are the channels that anything was ever written by, `gone` those of them
    that are not configured any more. Where two could be meant, neither is."""
    pairs = [
        (old, name)
        for name, route in routes.items()
        if name not in used
        for old, recipients in gone.items()
        if _writes_as(route, recipients)
    ]
    olds, news = Counter(old for old, _ in pairs), Counter(new for _, new in pairs)
    return {old: new for old, new in pairs if olds[old] == 1 and news[new] == 1}


def _writes_as(route: Route, recipients: Recipients) -> bool:
    if route.to is None or recipients is None:
        return route.to is None and recipients is None
    return bool(route.to) and set(route.to) <= recipients
