"""The long-running process: sweeps on a schedule, delivers in between, stops cleanly.

Sweeping and delivering each have one thread: neither overlaps itself, sweeps that were missed become one, and
a slow mail server does not hold up a sweep. With `schedule.live` two more follow the changes of the source
(`following`). A source or a mail server that is away is logged and tried again.
"""

from tercera.daemon.running import run_forever

__all__ = ["run_forever"]
