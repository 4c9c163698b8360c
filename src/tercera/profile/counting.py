"""The statuses of a proposal: which there are, which count, and what stands in for a missing one."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import replace

from tercera.profile.guesses import Guess, percent
from tercera.profile.looks import Looks
from tercera.profile.proposal import SAID, Part, Proposal, Told, Wishes
from tercera.profile.statuses import counting_statuses, statuses_seen, verdict_of
from tercera.profile.values import Counted, Sample

_MOST_STATUSES = 200
_CODED = {"C": "cancelled", "R": "returned", "D": "returned", "A": "cancelled"}
"""What a letter in front of some order numbers may say, in English, Spanish or Portuguese."""


def with_statuses(proposal: Proposal, orders: Sample, wishes: Wishes, looks: Looks) -> Proposal:
    column = orders.columns.get(proposal[Part.STATUS].value)
    wished = wishes.get(Part.STATUSES)
    said = read_list(wished or "")
    if column is None:
        return _told(proposal, orders, said, wishes)
    counted = looks.count(orders.name, column.path) or Counted(
        dict(column.texts), orders.rows, orders.is_whole
    )
    seen = statuses_seen(dict(sorted(counted.texts.items(), key=lambda each: -each[1])[:_MOST_STATUSES]))
    chosen, sure, evidence = counting_statuses(seen)
    if said:
        absent = [text for text in said if text not in counted.texts]
        evidence = f"{SAID}, but no order has {', '.join(absent)}" if absent else SAID
        chosen, sure = said, not absent
    guesses = {**proposal.guesses, Part.STATUSES: Guess(written_list(chosen), sure, evidence)}
    return replace(
        proposal,
        guesses=guesses,
        statuses=seen,
        counted=chosen,
        status_rows=counted.rows,
        status_exact=counted.exact,
    )


def read_list(text: str) -> tuple[str, ...]:
    """The values of a list with commas; a value that has one stands in double quotes."""
    rows = csv.reader([text.replace("\n", " ")], skipinitialspace=True)
    return tuple(word.strip() for row in rows for word in row if word.strip())


def written_list(values: Sequence[str]) -> str:
    """What `read_list` reads."""
    return ", ".join(
        '"' + value.replace('"', '""') + '"' if set('",') & set(value) else value for value in values
    )


def _told(proposal: Proposal, orders: Sample, said: tuple[str, ...], wishes: Wishes) -> Proposal:
    """Without a status: a letter in front of some order numbers may say it."""
    column = orders.columns.get(proposal[Part.ORDER_ID].value)
    if column is None or wishes.get(Part.STATUS):
        return replace(proposal, counted=said)
    plain = sum(rows for text, rows in column.texts.items() if re.fullmatch("[0-9]+", text))
    for letter, status in _CODED.items():
        lettered = sum(rows for text, rows in column.texts.items() if re.fullmatch(f"{letter}[0-9]+", text))
        if 0 < lettered < plain and lettered + plain >= 0.9 * len(column.present):
            words = (
                f"{percent(lettered, len(column.present))} of the ids in {column.path} begin with {letter}"
            )
            guesses = {
                **proposal.guesses,
                Part.STATUS: Guess("", sure=False, evidence=f"{proposal[Part.STATUS].evidence}; {words}"),
                Part.STATUSES: Guess(status, sure=False, evidence=words),
            }
            told = Told(column.path, {status: f"^{letter}"}, "completed")
            return replace(proposal, guesses=guesses, told=told, counted=said or (status,))
    return replace(proposal, counted=said)


def no_status(orders: Sample) -> str:
    """Says what there is instead: truth values and dates can't be read as a status."""
    near = [path for path in orders.columns if verdict_of(path.replace(".", " ")).counts]
    told = f"; {', '.join(near[:3])} may tell it, through a view that makes a text of it" if near else ""
    return f"no field looks like a status{told}"
