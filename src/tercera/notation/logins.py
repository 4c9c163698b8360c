"""How user and password stand in the address of a server."""

from __future__ import annotations

ENCODED = "write what user and password hold of @ / : ? # % percent-encoded: @ is %40, : %3A, / %2F, # %23"
"""What helps when an address can't be taken apart."""
