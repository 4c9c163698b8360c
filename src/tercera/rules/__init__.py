"""Rules: which orders count, for whom, in which window, where the lines are, and who hears of it."""

from tercera.rules.listener import Listener, everyone
from tercera.rules.meaning import Edit, Meaning
from tercera.rules.renames import renames
from tercera.rules.rule import Rule, judge

__all__ = ["Edit", "Listener", "Meaning", "Rule", "everyone", "judge", "renames"]
