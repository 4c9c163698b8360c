"""Rows that the server hands over in packs, judged here: once for all rules of a cycle."""
