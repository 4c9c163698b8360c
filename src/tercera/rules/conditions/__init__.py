"""Kinds of condition, one file each: pure functions from a tally to a finding."""
