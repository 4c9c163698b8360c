"""Tercera's own memory: alerts and their transitions, notices and receipts, cursors, runs and rejects."""

from tercera.ledger.adopting import adopt
from tercera.ledger.codec import digest_of
from tercera.ledger.cursors import Cursor
from tercera.ledger.database.address import shown_address
from tercera.ledger.database.backup import back_up
from tercera.ledger.digests import Digests
from tercera.ledger.evidence import Behind
from tercera.ledger.instances.leases import Lease
from tercera.ledger.known import Known, KnownAlerts
from tercera.ledger.looks.history import AlertHistory, Counts, Step
from tercera.ledger.looks.notices_page import NoticePage
from tercera.ledger.looks.overview import Move, WindowSum
from tercera.ledger.looks.passages import Passage, PlaceLostError
from tercera.ledger.looks.precision import Precision
from tercera.ledger.looks.reports import Reports
from tercera.ledger.looks.searching import AlertLine, AlertPage, Care, PlaceError, Sorting, Wanted
from tercera.ledger.looks.surveyed import Rejected, RunOfRule
from tercera.ledger.looks.views import Figures, Views
from tercera.ledger.opening import ledger_exists, open_ledger, record_deed, upgrade_ledger
from tercera.ledger.positions import Followed, Position
from tercera.ledger.post.circuits import Circuit
from tercera.ledger.post.deliveries import Delivery, Receipt
from tercera.ledger.post.holding import Held
from tercera.ledger.post.unreached import Unreached
from tercera.ledger.pruning import Pruned
from tercera.ledger.runs import LIVE, PART, Run
from tercera.ledger.store import Ledger

__all__ = [
    "LIVE",
    "PART",
    "AlertHistory",
    "AlertLine",
    "AlertPage",
    "Behind",
    "Care",
    "Circuit",
    "Counts",
    "Cursor",
    "Delivery",
    "Digests",
    "Figures",
    "Followed",
    "Held",
    "Known",
    "KnownAlerts",
    "Lease",
    "Ledger",
    "Move",
    "NoticePage",
    "Passage",
    "PlaceError",
    "PlaceLostError",
    "Position",
    "Precision",
    "Pruned",
    "Receipt",
    "Rejected",
    "Reports",
    "Run",
    "RunOfRule",
    "Sorting",
    "Step",
    "Unreached",
    "Views",
    "Wanted",
    "WindowSum",
    "adopt",
    "back_up",
    "digest_of",
    "ledger_exists",
    "open_ledger",
    "record_deed",
    "shown_address",
    "upgrade_ledger",
]
