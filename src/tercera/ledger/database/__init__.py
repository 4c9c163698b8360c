"""The database behind a ledger: opened by its address, of one version, copied while it is used."""
