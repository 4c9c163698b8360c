"""Several instances on one ledger: who they are, what each has claimed, and until when."""
