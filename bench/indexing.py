"""The indexes that are measured with: those that `tercera check --fix` creates."""

from __future__ import annotations

from datetime import datetime

from tercera.app import App
from tercera.cycle.scopes import ordinary_scope
from tercera.indexes.advice import Asked, Indexed
from tercera.orders import Check


def create_indexes(app: App, now: datetime) -> list[Check]:
    """Creates what the rules need and is not there yet, and says what there is then; nothing of a source that
    keeps no indexes. RuntimeError when one could not be created."""
    source, rules = app.source, app.settings.rules
    if not isinstance(source, Indexed):
        return []
    asked = [Asked(rule.id, rule.counting, ordinary_scope(rule, now)) for rule in rules]
    checks = list(source.advise(asked, fix=True, live=True, tell=lambda *_: None))
    for check in checks:
        if not check.ok:
            raise RuntimeError(f"{check.what}: {check.detail} {check.remedy}")
    return checks
