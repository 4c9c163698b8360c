"""Which time zone the values speak of: offsets that are written, midnights that are stored.

The hours at which people order are a hint and no more, so they decide nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

_USUAL = (
    "America/Bogota", "Europe/Madrid", "America/Sao_Paulo", "America/Mexico_City", "Europe/London",
    "Europe/Lisbon", "America/New_York", "America/Los_Angeles", "America/Chicago", "America/Denver",
    "America/Argentina/Buenos_Aires", "America/Santiago", "America/Lima", "America/Caracas", "Europe/Berlin",
    "Europe/Paris", "Europe/Rome", "Europe/Athens", "Europe/Istanbul", "Asia/Kolkata", "Asia/Shanghai",
    "Asia/Tokyo", "Asia/Dubai", "Asia/Jakarta", "Australia/Sydney", "Africa/Johannesburg", "UTC",
)  # fmt: skip
"""Of several zones that fit, the first of these that does is named."""

_LOOKED_AT = 400
_FEWEST_TIMES = 200


def zones_of_offsets(moments: Iterable[datetime], preferred: str = "") -> tuple[str, ...]:
    """The zones whose clocks were off from UTC as every one of these aware times is, the likeliest first.

    Empty when no zone fits, or when all are written in UTC, which tells nothing.
    """
    seen = list(dict.fromkeys(moments))
    if not seen or not any(moment.utcoffset() for moment in seen):
        return ()
    looked_at = _spread(seen)
    return _fitting(
        [(moment.astimezone(UTC), moment.utcoffset() or timedelta()) for moment in looked_at], preferred
    )


def zones_of_midnights(instants: Sequence[datetime], preferred: str = "") -> tuple[str, ...]:
    """The zones in which every instant is a midnight; empty when it is one in UTC already, or in none."""
    seen = list(dict.fromkeys(instants))
    if len(seen) < 2 or any(moment.minute % 15 or moment.second or moment.microsecond for moment in seen):
        return ()
    if all(moment.astimezone(UTC).time() == time() for moment in seen):
        return ()
    return tuple(
        zone
        for zone in _ranked(preferred)
        if all(moment.astimezone(_zone(zone)).time() == time() for moment in _spread(seen))
    )


def hint_of_hours(times: Sequence[datetime]) -> str:
    """When it is quiet, in words; empty where that tells nothing."""
    hours = Counter(moment.hour for moment in times)
    if len(times) < _FEWEST_TIMES or len(hours) < 12:
        return ""
    quiet = {hour: sum(hours[(hour + after) % 24] for after in range(5)) for hour in range(24)}
    start = min(quiet, key=lambda hour: (quiet[hour], hour))
    if quiet[start] * 24 > len(times) * 5 * 0.5:
        return ""
    return (
        f"it is quietest from {start:02d} to {(start + 5) % 24:02d} hours as they are stored; "
        f"where people sleep from 1 to 6, that is a hint at UTC{(1 - start + 12) % 24 - 12:+d}"
    )


def _fitting(seen: Sequence[tuple[datetime, timedelta]], preferred: str) -> tuple[str, ...]:
    return tuple(
        zone
        for zone in _ranked(preferred)
        if all(moment.astimezone(_zone(zone)).utcoffset() == offset for moment, offset in seen)
    )


def _spread(seen: Sequence[datetime]) -> Sequence[datetime]:
    """A few of them, from all over the time that they span."""
    ordered = sorted(seen)
    return ordered[:: max(1, len(ordered) // _LOOKED_AT)]


def _ranked(preferred: str) -> list[str]:
    first = [preferred] if preferred else []
    rest = sorted(zone for zone in _all_zones() if "/" in zone and not zone.startswith("Etc/"))
    fixed = sorted(zone for zone in _all_zones() if zone.startswith("Etc/GMT"))
    return list(dict.fromkeys([*first, *_USUAL, *rest, *fixed]))


@lru_cache(maxsize=1)
def _all_zones() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
