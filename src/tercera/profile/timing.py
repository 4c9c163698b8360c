"""What the values of `placed_at` say of formats, stored times and the time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import islice

from tercera.fields import Timestamps
from tercera.notation.dates import parse_format, read_date
from tercera.profile import naming
from tercera.profile.formats import Formats, FormatSeen, formats_of
from tercera.profile.guesses import Guess, percent
from tercera.profile.values import STORED_TIMES, Column, Kind, at_midnight
from tercera.profile.zones import hint_of_hours, zones_of_midnights, zones_of_offsets

_LOOKED_AT = 5000


def date_formats(column: Column | None, said: str | None, *, day_first: bool) -> Formats | None:
    """How its texts are written; None when there are none."""
    if column is None or not column.texts or column.has(*STORED_TIMES) == 1:
        return None
    texts = {cell.text: 0 for cell in column.present if cell.kind is Kind.TEXT and cell.text}
    texts = {text: column.texts[text] for text in texts}
    if not texts:
        return None
    return _as_said(texts, said) if said else formats_of(texts, day_first=day_first)


def _as_said(texts: dict[str, int], said: str) -> Formats:
    forms = [text for text in said.split(" | ") if text]
    counts = dict.fromkeys(forms, 0)
    misses: list[str] = []
    for text, rows in texts.items():
        reading = next((form for form in forms if parse_format(form).read(text) is not None), None)
        if reading is None:
            misses.append(text)
        else:
            counts[reading] += rows
    seen = tuple(FormatSeen(form, rows) for form, rows in counts.items())
    return Formats(seen, sum(counts.values()), sum(texts.values()), misses=tuple(misses[:3]))


def formats_guess(formats: Formats, said: str | None) -> Guess:
    """The formats as one text, with the share that can be read."""
    unread = formats.rows - formats.read
    words = ", ".join(f"{each.text} {percent(each.rows, formats.rows)}" for each in formats.found)
    if unread:
        like = f", {formats.near}" if formats.near else ""
        words += f"; {percent(unread, formats.rows)} can't be read ({', '.join(formats.misses)}{like})"
    if formats.doubt:
        words += f"; {formats.doubt}"
    if said:
        words = f"as you said; {words}"
    sure = bool(said) or (not formats.doubt and formats.share >= 0.95)
    return Guess(" | ".join(formats.texts), sure, words)


def timestamps_guess(column: Column | None) -> Guess:
    """What stored times mean: empty for what the source takes them for by itself."""
    if column is None or not column.has(Kind.INSTANT, Kind.CLOCK):
        return Guess("", sure=True, evidence="")
    times = [moment for moment in column.moments if isinstance(moment, datetime)]
    if len(times) >= 5 and all(at_midnight(_in_utc(moment)) for moment in times):
        words = f"all {len(times):,} stored times are midnights, so they are calendar days"
        return Guess(str(Timestamps.DATE), sure=True, evidence=words)
    if column.has(Kind.INSTANT) >= 0.5:
        return Guess("", sure=True, evidence="instants, as they are kept")
    if naming.IN_UTC & set(naming.words_of(column.path)):
        return Guess(str(Timestamps.INSTANT), sure=True, evidence="stored without an offset, named like UTC")
    words = "stored without an offset: taken for wall clocks in the time zone; a program may have meant UTC"
    hint = hint_of_hours(times)
    return Guess(str(Timestamps.LOCAL), sure=False, evidence=f"{words}; {hint}" if hint else words,
                 others=(str(Timestamps.INSTANT), str(Timestamps.DATE)))  # fmt: skip


def timezone_guess(column: Column | None, formats: Formats | None, timestamps: str, zone_here: str) -> Guess:
    """The zone that the values tell of, else the machine's own, which is never sure."""
    written, stored = _times(column, formats)
    here = zone_here if zone_here != "UTC" else ""
    if found := zones_of_offsets(written, here):
        words = f"the offsets of {len(written):,} sampled times are those of its clocks"
        return _found(found, words, written)
    if found := zones_of_midnights(stored, here):
        words = f"all {len(stored):,} stored times are midnights there"
        return _found(found, words, stored)
    name = zone_here or "UTC"
    whose = "this machine's zone" if zone_here else "taken for want of better"
    is_day = column is not None and not column.has(Kind.INSTANT, Kind.CLOCK) and not _has_times(formats)
    tells = (
        "the values are days without a time, so it decides only when a month begins and ends"
        if is_day
        else ""
    )
    if timestamps == Timestamps.DATE:
        tells = "the stored times are days, so it decides only when a month begins and ends"
    hint = tells or hint_of_hours(stored or written) or "nothing in the values tells it"
    return Guess(name, sure=False, evidence=f"{whose}; {hint}")


def _found(found: tuple[str, ...], words: str, times: list[datetime]) -> Guess:
    days = {moment.date() for moment in times}
    is_long = len(days) > 1 and (max(days) - min(days)).days > 180
    if len(found) > 1:
        words += f"; so are those of {', '.join(found[1:4])}" + (" and others" if len(found) > 4 else "")
    return Guess(found[0], is_long and len(found) == 1, words, found[1:9])


def _times(column: Column | None, formats: Formats | None) -> tuple[list[datetime], list[datetime]]:
    """Times with an offset that is written, and stored instants."""
    if column is None:
        return [], []
    stored = [each for each in islice(column.moments, _LOOKED_AT) if isinstance(each, datetime)]
    instants = [moment for moment in stored if moment.tzinfo is not None]
    known = tuple(parse_format(text) for text in (formats.texts if formats else ()))
    offsets = tuple(form for form in known if form.has_offset)
    read = [read_date(text, offsets) for text in islice(column.texts, _LOOKED_AT)] if offsets else []
    return [each for each in read if isinstance(each, datetime)], instants


def _has_times(formats: Formats | None) -> bool:
    return any(parse_format(text).has_time for text in (formats.texts if formats else ()))


def _in_utc(moment: datetime) -> date | datetime:
    return moment if moment.tzinfo is None else moment.astimezone(UTC)
