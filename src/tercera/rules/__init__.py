"""Rules: which orders count, for whom, in which window, and where the lines are."""

from tercera.rules.rule import Rule, judge

__all__ = ["Rule", "judge"]
