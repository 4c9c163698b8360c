"""Rules and channels that are called otherwise now: the ledger follows, and nobody is told of that."""

from __future__ import annotations

from collections.abc import Sequence

from tercera.ledger import Ledger
from tercera.model import RuleId
from tercera.rules import Rule, renames
from tercera.telling.routing import Routes
from tercera.telling.succession import successors


def follow_rules(ledger: Ledger, rules: Sequence[Rule]) -> dict[RuleId, RuleId]:
    """Old ids and new ones."""
    names = renames(rules, {name: cursor.fingerprint for name, cursor in ledger.cursors().items()})
    return ledger.rename_rules(names) if names else {}


def follow_channels(ledger: Ledger, routes: Routes) -> dict[str, str]:
    """Old names and new ones."""
    used = ledger.channels.used()
    if not (gone := set(used) - routes.by_name.keys()) or routes.by_name.keys() <= set(used):
        return {}
    wrote = {name: ledger.channels.recipients(name) for name in sorted(gone)}
    if names := successors(routes.by_name, used, wrote):
        ledger.channels.rename(names)
    return names
