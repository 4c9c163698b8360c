"""What goes along when a rule or a channel is called otherwise, in each engine."""

from __future__ import annotations

from tercera.ledger import Cursor, Ledger
from tercera.model import RuleId, SubjectId
from tests.integration.ledger_changes import JUNE, NOW, RULE, commit, opened, to_customer, to_operations

OTHER = RuleId("other")
SILENT = RuleId("silent")


def test_rules_swap_their_ids(ledger: Ledger) -> None:
    """Alerts and cursors; an id that has alerts of its own already is left as it is."""
    commit(ledger, opened("ana", to_customer("ana")))
    ledger.commit([], rule=RULE, cursor=Cursor("one", NOW, "{}"), run=1, now=NOW)
    ledger.commit([], rule=OTHER, cursor=Cursor("two", NOW), run=1, now=NOW)
    assert ledger.rename_rules({RULE: OTHER, OTHER: RULE}) == {RULE: OTHER, OTHER: RULE}
    assert ledger.cursors() == {OTHER: Cursor("one", NOW, "{}"), RULE: Cursor("two", NOW)}
    assert ledger.find(OTHER, SubjectId("ana"), JUNE) is not None
    assert ledger.find(RULE, SubjectId("ana"), JUNE) is None
    commit(ledger, opened("ana"))
    assert ledger.rename_rules({OTHER: RULE}) == {}
    assert ledger.rename_rules({OTHER: SILENT}) == {OTHER: SILENT}


def test_a_rule_whose_new_id_stays_another_ones_keeps_its_own(ledger: Ledger) -> None:
    """So do those that were to follow it: two rules never become one."""
    commit(ledger, opened("ana"))
    names = [RuleId(each) for each in ("first", "second", "third")]
    assert ledger.rename_rules(dict(zip(names, [*names[1:], RULE], strict=True))) == {}


def test_channels_are_called_otherwise(ledger: Ledger) -> None:
    """Who was written to goes with the name, what waits goes out by it, or is put aside."""
    commit(ledger, opened("ana", to_customer("ana"), to_operations()), opened("bea", to_customer("bea")))
    customer, operations = sorted(ledger.channels.used())
    assert ledger.channels.recipients(customer) is None
    assert len(ledger.channels.recipients(operations) or ()) == 1
    assert ledger.channels.stranded([operations]) == {customer: 2}
    ledger.channels.rename({customer: "buyers"})
    assert sorted(ledger.channels.used()) == sorted(["buyers", operations])
    assert {message.channel for message in ledger.post.claim(NOW, 10)} == {"buyers", operations}
    ledger.post.release_claims()
    assert ledger.channels.discard("buyers", NOW) == 2
    assert ledger.channels.stranded([operations]) == {}
