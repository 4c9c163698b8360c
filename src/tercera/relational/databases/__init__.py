"""Databases, counted by themselves: one statement, and its rows as tallies."""
