"""Rules that are called otherwise now: their alerts, cursors and silences go with them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, func, select, update

from tercera.ledger.numbers import first_of_all
from tercera.ledger.tables import alerts, cursors, decisions
from tercera.model import RuleId
from tercera.telling.statement import STATEMENTS
from tercera.telling.watch import RESERVED, Watched

_ABOUT_RULES = (STATEMENTS, Watched.REJECTS.value)
"""Whose alerts have the id of a rule as their subject."""


def rename(connection: Connection, names: Mapping[RuleId, RuleId]) -> dict[RuleId, RuleId]:
    """Inside one transaction, all at once: ids may be swapped. Gives what was renamed: an id under which
    there are alerts already is left."""
    first_of_all(connection)
    free = {old: new for old, new in names.items() if new in names or not _has_alerts(connection, new)}
    while taken := [old for old, new in free.items() if new in names and new not in free]:
        for old in taken:  # whose new id stays another one's
            del free[old]
    between = {old: RuleId(f"{RESERVED}renamed {old}") for old in free}
    for old, name in between.items():
        _rename(connection, old, name)
    for old, name in between.items():
        _rename(connection, name, free[old])
    return free


def _has_alerts(connection: Connection, rule: RuleId) -> bool:
    return connection.execute(select(func.count()).where(alerts.c.rule == rule)).scalar_one() > 0


def _rename(connection: Connection, old: RuleId, new: RuleId) -> None:
    for table in (alerts, cursors, decisions):
        connection.execute(update(table).where(table.c.rule == old).values(rule=new))
    about = alerts.c.rule.in_(_ABOUT_RULES), alerts.c.subject == old
    connection.execute(update(alerts).where(*about).values(subject=new))
    said = decisions.c.rule.in_(_ABOUT_RULES), decisions.c.subject == old
    connection.execute(update(decisions).where(*said).values(subject=new))
