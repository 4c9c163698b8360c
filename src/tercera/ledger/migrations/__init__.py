"""Alembic's steps from each released version of the tables to the next. A released step never changes."""
