"""Tercera's own memory: alerts and their transitions, notices and receipts, cursors, runs and rejects."""

from tercera.ledger.address import shown_address
from tercera.ledger.circuits import Circuit
from tercera.ledger.codec import digest_of
from tercera.ledger.cursors import Cursor
from tercera.ledger.deliveries import Delivery, Receipt
from tercera.ledger.history import AlertHistory, Counts, Step
from tercera.ledger.holding import Held
from tercera.ledger.known import Known
from tercera.ledger.leases import Lease
from tercera.ledger.runs import Run
from tercera.ledger.store import Ledger, ledger_exists, open_ledger
from tercera.ledger.unreached import Unreached

__all__ = [
    "AlertHistory",
    "Circuit",
    "Counts",
    "Cursor",
    "Delivery",
    "Held",
    "Known",
    "Lease",
    "Ledger",
    "Receipt",
    "Run",
    "Step",
    "Unreached",
    "digest_of",
    "ledger_exists",
    "open_ledger",
    "shown_address",
]
