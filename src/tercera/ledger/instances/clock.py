"""Time by which instances agree who holds what: the database's clock for what they share, and a clock that
nobody sets, which goes on while this process is stopped, for what it believes meanwhile."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, literal_column

from tercera.ledger.tables import Instant

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def uptime() -> float:
    """Seconds since some moment; never set back, and not held up by a machine that sleeps."""
    return time.clock_gettime(_CLOCK)


def database_time(plus: timedelta = timedelta()) -> ColumnElement[datetime]:
    """PostgreSQL's clock at this very moment, not that of the transaction's beginning."""
    microseconds = plus // timedelta(microseconds=1)
    return literal_column(
        f"((extract(epoch FROM clock_timestamp()) * 1000000)::bigint + {microseconds:d})", type_=Instant()
    )
