"""A proposal on the terminal: a numbered table with the evidence, the statuses, and what can be changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
from rich.text import Text

from tercera.cli.output import console, table, visible
from tercera.fields import Timestamps, zone_or_none
from tercera.profile import Part, Proposal, Sample, Wishes, read_list, written_list
from tercera.profile.guesses import Guess, percent
from tercera.profile.proposal import ENTRY
from tercera.sampling import Origin

_WORDS = {
    Part.ORDERS: "orders",
    Part.ORDER_ID: "order id",
    Part.CUSTOMER_ID: "customer id",
    Part.VALID: "valid customer ids",
    Part.STATUS: "status",
    Part.STATUSES: "statuses that count",
    Part.PLACED_AT: "placed at",
    Part.FORMATS: "date formats",
    Part.TIMESTAMPS: "stored times mean",
    Part.AMOUNT: "amount",
    Part.CURRENCY: "currency",
    Part.TIMEZONE: "time zone",
    Part.CUSTOMERS: "customers",
    Part.KEY: "  their id",
    Part.NAME: "  name",
    Part.EMAIL: "  e-mail",
    Part.LANGUAGE: "  language",
    Part.THEIR_ZONE: "  time zone",
    Part.LETTERS: "language of mails",
}
_SHOWN_STATUSES = 15


def show_proposal(proposal: Proposal, origin: Origin) -> None:
    """All that is proposed, the statuses seen, and what is not sure."""
    out = console()
    out.print(f"\n[bold]{visible(origin.shown)}[/bold]")
    for told in origin.remarks:
        out.print(f"  {visible(told)}")
    rows = table(None, "", "", "what", "proposed", "because", right=("",))
    rows.columns[3].max_width = 36
    for number, part in enumerate(_shown(proposal), 1):
        guess = proposal[part]
        rows.add_row(f"[dim]{number}[/dim]", _mark(guess), _WORDS[part], _value(guess), _told(guess))
    out.print(rows)
    _show_statuses(proposal)


def proposal_json(config: Path, proposal: Proposal) -> dict[str, Any]:
    """`{config, parts: {part: {value, sure, evidence, others}}, statuses, status_rows, counted, unsure}`."""
    return {
        "config": str(config),
        "parts": {str(part): asdict(guess) for part, guess in proposal.guesses.items()},
        "statuses": {
            each.text: {"rows": each.rows, "looks_like": each.verdict} for each in proposal.statuses
        },
        "status_rows": proposal.status_rows,
        "counted": proposal.counted,
        "unsure": proposal.unsure,
    }


def _shown(proposal: Proposal) -> list[Part]:
    """What there is to change, in the order of the file."""
    hidden = set(ENTRY) if not proposal[Part.CUSTOMERS].is_there else set()
    return [part for part in _WORDS if part in proposal.guesses and part not in hidden]


def _mark(guess: Guess) -> str:
    if not guess.sure:
        return "[yellow]?[/yellow]"
    return "[green]✓[/green]" if guess.is_there else "[dim]–[/dim]"


def _value(guess: Guess) -> str:
    if not guess.is_there:
        return "[dim]none[/dim]"
    shown = visible(guess.value if len(guess.value) <= 80 else f"{guess.value[:79]}…")
    return f"[bold]{shown}[/bold]" if guess.sure else f"[bold yellow]{shown}[/bold yellow]"


def _told(guess: Guess) -> Text:
    """The evidence: in one line where it is sure, since the whole of it comes into the file."""
    told = guess.evidence if len(guess.evidence) <= 300 else f"{guess.evidence[:299]}…"
    text = Text.from_markup(visible(told), style="dim")
    if guess.sure:
        text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _show_statuses(proposal: Proposal) -> None:
    if not proposal.statuses:
        return
    which = "all" if proposal.status_exact else "sampled"
    title = f"Statuses of {which} {proposal.status_rows:,} rows"
    rows = table(title, "", "status", "rows", "share", "looks like", right=("rows", "share"))
    for each in proposal.statuses[:_SHOWN_STATUSES]:
        counts = "[green]✓[/green]" if each.text in proposal.counted else ""
        share = percent(each.rows, proposal.status_rows)
        rows.add_row(counts, visible(each.text[:60]), f"{each.rows:,}", share, str(each.verdict))
    if len(proposal.statuses) > _SHOWN_STATUSES:
        rows.add_row("", f"[dim]and {len(proposal.statuses) - _SHOWN_STATUSES} more[/dim]", "", "", "")
    console().print(rows)


def changed(proposal: Proposal, wishes: Wishes, samples: Sequence[Sample]) -> Wishes | None:
    """Asks what to change; None when everything is accepted."""
    shown = _shown(proposal)
    question = f"Enter accepts this; 1 to {len(shown)} changes a line, q leaves"
    answer: str = typer.prompt(question, default="", show_default=False).strip()
    if not answer:
        if not proposal.missing:
            return None
        missing = ", ".join(_WORDS[part].strip() for part in proposal.missing)
        console().print(f"[yellow]Still missing: {missing}.[/yellow]")
        return wishes
    if answer.lower() == "q":
        raise typer.Abort
    if not answer.isdecimal() or not 1 <= int(answer) <= len(shown):
        console().print(f"[yellow]{visible(answer)} is no line of the table.[/yellow]")
        return wishes
    return _ask(shown[int(answer) - 1], proposal, wishes, samples)


def _ask(part: Part, proposal: Proposal, wishes: Wishes, samples: Sequence[Sample]) -> Wishes:
    guess = proposal[part]
    choices = _choices(part, proposal, samples)
    console().print(f"  [dim]{visible(guess.evidence)}[/dim]")
    for number, choice in enumerate(choices, 1):
        console().print(f"  [dim]{number}[/dim] {visible(choice)}")
    hint = _HINTS.get(part, "a number, or a name; - for none")
    default = guess.value if guess.value.isprintable() else ""
    answer: str = typer.prompt(f"{_WORDS[part].strip()} ({hint})", default=default or "-").strip()
    value = "" if answer == "-" else _chosen(part, answer, choices)
    if problem := _problem(part, value, samples):
        console().print(f"[yellow]{visible(problem)}[/yellow]")
        return wishes
    return wishes.also(part, value)


_HINTS = {
    Part.STATUSES: "numbers or statuses, separated by commas",
    Part.FORMATS: "like %d/%m/%Y; several separated by ' | '",
    Part.TIMEZONE: "like Europe/Madrid",
    Part.TIMESTAMPS: "instant, local or date; - for what is usual",
    Part.VALID: "a regular expression; - for none",
    Part.CURRENCY: "like EUR; - for none",
    Part.LETTERS: "en or es",
}


def _choices(part: Part, proposal: Proposal, samples: Sequence[Sample]) -> list[str]:
    """What can be chosen by its number."""
    if part is Part.STATUSES:
        return [each.text for each in proposal.statuses[:60]]
    if part in (Part.ORDERS, Part.CUSTOMERS):
        return [sample.name for sample in samples]
    guess = proposal[part]
    if part in (Part.TIMEZONE, Part.VALID, Part.FORMATS, Part.CURRENCY, Part.LETTERS, Part.TIMESTAMPS):
        return [other for other in dict.fromkeys((guess.value, *guess.others)) if other]
    place = proposal[Part.CUSTOMERS if part in ENTRY else Part.ORDERS].value
    fields = next((list(sample.columns) for sample in samples if sample.name == place), [])
    return list(dict.fromkeys([*filter(None, [guess.value]), *guess.others, *fields]))[:40]


def _chosen(part: Part, answer: str, choices: Sequence[str]) -> str:
    """A number stands for the choice of that number, unless a choice is written like that."""
    if part is Part.STATUSES:
        return written_list([_one(word, choices) for word in read_list(answer)])
    return _one(answer, choices)


def _one(answer: str, choices: Sequence[str]) -> str:
    if answer not in choices and answer.isdecimal() and 1 <= int(answer) <= len(choices):
        return choices[int(answer) - 1]
    return answer


def _problem(part: Part, value: str, samples: Sequence[Sample]) -> str:
    """Why a value can't be taken; empty when it can."""
    from tercera.notation.dates import parse_format

    if part in (Part.ORDERS, Part.CUSTOMERS) and value and all(value != sample.name for sample in samples):
        return f"{value} is not there"
    if part is Part.TIMEZONE and zone_or_none(value) is None:
        return f"{value or 'nothing'} is no IANA time zone"
    if part is Part.LETTERS and value not in ("en", "es"):
        return f"{value or 'nothing'} is neither en nor es"
    if part is Part.TIMESTAMPS and value and value not in list(Timestamps):
        return f"{value} is none of {', '.join(Timestamps)}"
    try:
        if part is Part.FORMATS:
            for form in value.split(" | "):
                parse_format(form)
        if part is Part.VALID:
            re.compile(value)
    except (ValueError, re.error) as error:
        return str(error)
    return ""
