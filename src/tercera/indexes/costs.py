"""What a question costs the engine that answers it, and how that is said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """Rows opened (documents), entries of an index read (keys), and seconds, None where nobody knows.

    Figures that are `estimated` come from counts and samples; others were measured by the engine as it ran
    the question. An `unfinished` one was stopped after its seconds, and read at least what it says. `wanted`
    is how many of the rows were of use, where all were read and the engine tells: an index would find these.
    """

    rows: int
    keys: int
    seconds: float | None
    estimated: bool = False
    unfinished: bool = False
    wanted: int | None = None

    def __add__(self, other: Cost) -> Cost:
        """Of two questions, one after the other."""
        return Cost(
            self.rows + other.rows,
            self.keys + other.keys,
            None if self.seconds is None or other.seconds is None else self.seconds + other.seconds,
            self.estimated or other.estimated,
            self.unfinished or other.unfinished,
        )


def cost_words(cost: Cost, rows: str, stored: int | None = None) -> str:
    """Like `all 1,000,000 documents 2.3 times over in 2.6 s` or `about 41,000 index keys in 0.1 s`.

    `rows` is what the engine calls them, `stored` how many there are.
    """
    seconds = "" if cost.seconds is None else seconds_words(cost.seconds)
    if cost.unfinished:
        read = _parts(cost, rows, stored)
        return f"{' and '.join(read)}, for longer than {seconds}" if read else f"for longer than {seconds}"
    what = " and ".join(_parts(cost, rows, stored)) or f"no {rows}"
    return f"{what} in {seconds}" if seconds else what


def _parts(cost: Cost, rows: str, stored: int | None) -> list[str]:
    about = "about " if cost.estimated else ""
    if stored and stored > 1 and cost.rows >= stored * 0.999:  # parallel workers' rows are told as a mean
        times = cost.rows / stored
        over = "" if times < 1.05 else f" {times:.1f} times over"
        return [f"all {stored:,} {rows}{over}"]
    found = [f"{about}{shown(cost.keys, exact=not cost.estimated)} index keys"] if cost.keys else []
    if cost.rows:
        found.append(f"{about}{shown(cost.rows, exact=not cost.estimated)} {rows}")
    return found


def shown(number: int, *, exact: bool) -> str:
    """A count; an estimate in two digits, for the others would say nothing."""
    if exact or number < 100:
        return f"{number:,}"
    unit = 10 ** (len(str(number)) - 2)
    return f"{round(number / unit) * unit:,}"


def seconds_words(seconds: float) -> str:
    """Like `4 ms`, `0.3 s`, `12 s`, `4 min`."""
    if seconds < 0.1:
        return f"{max(1, round(seconds * 1000))} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} min"


def bytes_words(size: float) -> str:
    """Like `60 MB`, `3.2 GB`; what is less than a megabyte is told as such."""
    for unit, power in (("GB", 9), ("MB", 6)):
        if size >= 10**power:
            amount = size / 10**power
            return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:,.0f} {unit}"
    return "less than 1 MB"
