"""A proposal as a commented `tercera.yaml`: each line with its evidence, what is not sure marked as such."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tercera.profile import Guess, Part, Proposal, Verdict
from tercera.profile.guesses import percent
from tercera.sampling import Origin
from tercera.starter.quoting import listed, quoted, remark, remarked, with_remark

UNSURE = "UNSURE"
PLACEHOLDERS = ("returned", "cancelled")
"""Statuses that a rule names where none was found."""

_OPERATIONS = "ops@example.com"
_TITLES = {
    "en": ("Three or more {} orders in a month", "returned", "cancelled", " or "),
    "es": ("Tres o más pedidos {} en un mes", "devueltos", "cancelados", " o "),
}


@dataclass(frozen=True, slots=True)
class Mail:
    """Which of the names of a mail server the environment knows, and whom operations' mail goes to."""

    known: frozenset[str] = frozenset()
    operations: str = _OPERATIONS
    security: str = "starttls"

    @property
    def is_there(self) -> bool:
        """Whether a mail could be sent."""
        return {"SMTP_HOST", "SENDER_EMAIL"} <= self.known


def proposed_text(proposal: Proposal, origin: Origin, mail: Mail) -> str:
    """The file's text. It loads, whatever the names and values in the data are."""
    blocks = [
        _head(origin),
        _timezone(proposal),
        _ledger(),
        _source(proposal, origin),
        _rule(proposal, mail),
        _channels(proposal, mail),
        ['# Or {cron: "0 8 1 * *"}: at eight on the first of each month.', "schedule: {every: 1m}"],
    ]
    return "\n\n".join("\n".join(lines) for lines in blocks) + "\n"


def _head(origin: Origin) -> list[str]:
    return [
        *remarked(f"Proposed by `tercera init` after a look at {origin.shown}.", 0),
        f"# The remarks say why. What is marked {UNSURE} is a guess: look at it.",
        "# `tercera check` tells what is wrong, `tercera backtest` what would have been said over history,",
        "# `tercera run` switches it on. ${NAME} comes from the environment or from .env beside this file.",
    ]


def _timezone(proposal: Proposal) -> list[str]:
    guess = proposal[Part.TIMEZONE]
    return ["# Windows are calendar windows in this zone.", *_line(0, "timezone", guess)]


def _ledger() -> list[str]:
    return [
        "# What was said already. Keep it: without it, everything starts again as a silent baseline.",
        "ledger: sqlite:///tercera.db",
    ]


def _line(indent: int, key: str, guess: Guess) -> list[str]:
    told = guess.evidence if guess.sure else f"{UNSURE}: {guess.evidence}"
    return with_remark(f"{' ' * indent}{key}: {quoted(guess.value)}", told, indent)


def _source(proposal: Proposal, origin: Origin) -> list[str]:
    lines = ["source:", f"  kind: {origin.kind}"]
    lines += [f"  {key}: {quoted(value)}" for key, value in origin.keys.items()]
    lines += [line for told in origin.remarks for line in remarked(told, 2)]
    lines.append("  orders:")
    lines += _place(proposal[Part.ORDERS], origin)
    lines += _line(4, "order_id", proposal[Part.ORDER_ID])
    lines += _line(4, "customer_id", proposal[Part.CUSTOMER_ID])
    lines += _valid(proposal[Part.VALID])
    lines += _status(proposal)
    lines += _line(4, "placed_at", proposal[Part.PLACED_AT])
    lines += _times(proposal)
    for part, key in ((Part.AMOUNT, "amount"), (Part.CURRENCY, "currency")):
        if proposal[part].is_there:
            lines += _line(4, key, proposal[part])
    return [*lines, *_customers(proposal, origin)]


def _place(guess: Guess, origin: Origin) -> list[str]:
    told = guess.evidence if guess.sure else f"{UNSURE}: {guess.evidence}"
    lines = []
    for key, value in origin.places[guess.value].items():
        written = quoted(value) if isinstance(value, str) else listed(value)
        lines += with_remark(f"    {key}: {written}", told, 4)
        told = ""
    return lines


def _valid(guess: Guess) -> list[str]:
    if guess.is_there:
        told = f"{guess.evidence}; other ids are rejects: counted, shown, not judged"
        told = told if guess.sure else f"{UNSURE}: {told}"
        return with_remark(f"    valid: {{customer_id: {quoted(guess.value)}}}", told, 4)
    if guess.others:
        pattern = remark(quoted(guess.others[0]))
        return [
            *remarked(f"{guess.evidence} the pattern below.", 4),
            f"    # valid: {{customer_id: {pattern}}}",
        ]
    return []


def _status(proposal: Proposal) -> list[str]:
    guess, told = proposal[Part.STATUS], proposal.told
    if told is None:
        return _line(4, "status", guess)
    patterns = ", ".join(f"{name}: {quoted(pattern)}" for name, pattern in told.patterns.items())
    return [
        *remarked(f"{UNSURE}: {guess.evidence}. Without a status, the shape of another value tells it.", 4),
        "    derive:",
        "      status:",
        f"        from: {quoted(told.source)}",
        f"        patterns: {{{patterns}}}",
        f"        otherwise: {told.otherwise}",
    ]


def _times(proposal: Proposal) -> list[str]:
    lines = []
    if proposal.formats is not None and proposal.formats.found:
        guess = proposal[Part.FORMATS]
        told = guess.evidence if guess.sure else f"{UNSURE}: {guess.evidence}"
        lines += with_remark(f"    formats: {listed(proposal.formats.texts)}", told, 4)
    if proposal[Part.TIMESTAMPS].is_there:
        lines += _line(4, "timestamps", proposal[Part.TIMESTAMPS])
    return lines


def _customers(proposal: Proposal, origin: Origin) -> list[str]:
    guess = proposal[Part.CUSTOMERS]
    if not guess.is_there:
        return remarked(f"No customers: {guess.evidence}. Without them only operations can be told.", 2)
    lines = ["  customers:", *_place(guess, origin), *_line(4, "id", proposal[Part.KEY])]
    for part, key in ((Part.NAME, "name"), (Part.EMAIL, "email")):
        if proposal[part].is_there:
            lines += _line(4, key, proposal[part])
        else:
            lines += with_remark(f"    {key}: null", f"{UNSURE}: {proposal[part].evidence}", 4)
    for part, key in ((Part.LANGUAGE, "language"), (Part.THEIR_ZONE, "timezone")):
        if proposal[part].is_there:
            lines += _line(4, key, proposal[part])
    return lines


def rule_title(proposal: Proposal) -> str:
    """What the rule is called, by what its statuses look like."""
    whole, returned, cancelled, either = _TITLES.get(proposal[Part.LETTERS].value, _TITLES["en"])
    words = []
    if proposal.kinds & {Verdict.RETURNED, Verdict.REFUNDED, Verdict.REFUSED}:
        words.append(returned)
    if Verdict.CANCELLED in proposal.kinds:
        words.append(cancelled)
    return whole.format(either.join(words or [returned, cancelled]))


def _rule(proposal: Proposal, mail: Mail) -> list[str]:
    customers = mail.is_there and proposal[Part.CUSTOMERS].is_there and proposal[Part.EMAIL].is_there
    return [
        "rules:",
        "  - id: repeat-returns",
        f"    title: {quoted(rule_title(proposal))}",
        *_statuses(proposal),
        "    within: month             # day, week, month, quarter or year",
        "    levels: {notice: 3, warning: 5, critical: 10}",
        f"    notify: {'[customer, operations]' if customers else '[operations]'}",
        "    grace: 30d                # how long a month is watched after its end, for late returns",
    ]


def _statuses(proposal: Proposal) -> list[str]:
    lines = []
    if proposal.statuses:
        which = "all" if proposal.status_exact else "sampled"
        lines.append(f"    # The statuses of {which} {proposal.status_rows:,} rows:")
        for each in proposal.statuses[:30]:
            looks = f", looks like: {each.verdict}" if each.verdict else ""
            share = percent(each.rows, proposal.status_rows)
            lines.append("    #   " + remark(f"{each.text[:80]}  {each.rows:,} ({share}){looks}"))
        if len(proposal.statuses) > 30:
            lines.append(f"    #   and {len(proposal.statuses) - 30} more")
    guess = proposal[Part.STATUSES]
    if not proposal.counted:
        told = f"{UNSURE}: {guess.evidence or 'no statuses were seen'}. These two stand for yours."
        return [*lines, *remarked(told, 4), f"    when: {{status: {listed(PLACEHOLDERS)}}}"]
    if not guess.sure:
        lines += remarked(f"{UNSURE}: {guess.evidence}", 4)
    return [*lines, f"    when: {{status: {listed(proposal.counted)}}}"]


def _channels(proposal: Proposal, mail: Mail) -> list[str]:
    language = proposal[Part.LETTERS].value or "en"
    to_operations = f"{{kind: email, to: [{quoted(mail.operations)}], language: {language}, digest: true}}"
    to_customers = f"{{kind: email, to: customer, language: {language}}}"
    has_customers = proposal[Part.CUSTOMERS].is_there and proposal[Part.EMAIL].is_there
    if not mail.is_there:
        return [
            "# Nothing is mailed yet: alerts are lines in a file. To mail them, put SMTP_HOST, SMTP_USER,",
            "# SMTP_PASSWORD and SENDER_EMAIL into .env, and take the lines below for this channel.",
            "channels:",
            f"  operations: {{kind: log, to: alerts.jsonl, language: {language}}}",
            *(
                [f"  # customer: {to_customers}   # and name it in the rule's `notify`"]
                if has_customers
                else []
            ),
            f"  # operations: {to_operations}",
            *(f"# {line}" for line in _email(Mail(frozenset({"SMTP_USER"})))),
        ]
    lines = ["channels:"]
    if has_customers:
        lines.append(f"  customer: {to_customers}")
    return [*lines, f"  operations: {to_operations}", "", *_email(mail)]


def _email(mail: Mail) -> list[str]:
    lines = ["email:", "  host: ${SMTP_HOST}"]
    if "SMTP_PORT" in mail.known:
        lines.append("  port: ${SMTP_PORT}")
    lines.append(f"  security: {mail.security}   # starttls (587), tls (465) or none")
    if "SMTP_USER" in mail.known:
        lines += ["  username: ${SMTP_USER}", "  password: ${SMTP_PASSWORD}"]
    return [*lines, "  sender: ${SENDER_EMAIL}"]


def mail_of(environment: Mapping[str, str], operations: str | None) -> Mail:
    """The mail server that the environment tells of. Its port tells how it is spoken to."""
    names = ("SMTP_HOST", "SMTP_PORT", "SMTP_USER", "SMTP_PASSWORD", "SENDER_EMAIL")
    known = frozenset(name for name in names if environment.get(name))
    security = {"465": "tls", "25": "none", "1025": "none"}.get(environment.get("SMTP_PORT", ""), "starttls")
    return Mail(known, operations or _OPERATIONS, security)
