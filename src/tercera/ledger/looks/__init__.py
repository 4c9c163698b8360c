"""Looks at what the ledger holds: lists, figures, single alerts, transitions in their order."""
