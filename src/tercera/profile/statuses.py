"""Which statuses look like a return or a cancellation, in English, Spanish and Portuguese."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tercera.profile.naming import without_accents


class Verdict(StrEnum):
    """What a status looks like."""

    RETURNED = "returned"
    CANCELLED = "cancelled"
    REFUNDED = "money back"
    REFUSED = "refused"
    REQUESTED = "only asked for"
    NEGATED = "says that it is not"
    NEITHER = ""

    @property
    def counts(self) -> bool:
        """Whether it is one without doubt."""
        return self in (Verdict.RETURNED, Verdict.CANCELLED)

    @property
    def could_count(self) -> bool:
        """Whether it may stand for a return where nothing else does."""
        return self in (Verdict.REFUNDED, Verdict.REFUSED)


_STEMS = (
    (
        Verdict.RETURNED,
        r"return(ed|s|ing)?|returntoorigin|rto|rts|rma|devol\w*|devuel\w*|devolv\w*|retorn\w*|sentback|regresad[oa]s?",
    ),
    (
        Verdict.CANCELLED,
        r"cancel\w*|cancld?|cncl|cxl|void(ed)?|anul\w*|annul\w*|abort\w*|desist\w*",
    ),
    (Verdict.REFUNDED, r"refund\w*|reembols\w*|estorn\w*|chargeback|chargedback|reintegr\w*"),
    (Verdict.REFUSED, r"reject\w*|rejeit\w*|rechaz\w*|refus\w*|recus\w*|declin\w*|deneg\w*"),
)
_KNOWN = tuple((verdict, re.compile(stems)) for verdict, stems in _STEMS)
_NOT = re.compile(r"no|not|non|nao|sin|sem|without|never|nunca|un|in")
_STARTED = re.compile(
    r"request\w*|requested|solicit\w*|pending|pendent\w*|pendient\w*|await\w*|aguard\w*|esper\w*|possible|"
    r"eligible|returnable|cancellable|cancelable|retornavel|cancelavel|window|ask\w*"
)
_NO_LONGER = re.compile(
    r"reject\w*|rechaz\w*|rejeit\w*|recus\w*|denied|deneg\w*|negad\w*|declin\w*|revert\w*"
)
_LIFE = re.compile(
    r"deliver\w*|ship\w*|pend\w*|complet\w*|paid|open|closed?|process\w*|new|created|confirm\w*|dispatch\w*|"
    r"transit|entreg\w*|envia\w*|pag[oa]\w*|conclu\w*|finaliz\w*|process?ad\w*|procesad\w*|nuev[oa]|nov[oa]|"
    r"confirmad\w*|camino|transito|pronto|despach\w*|aprob\w*|aprov\w*|fulfil\w*|hold|fail\w*|draft|success"
)
_TOGETHER = (
    (re.compile(r"return[\W_]+to[\W_]+(origin|sender|seller|vendor)"), "returntoorigin"),
    (re.compile(r"sent[\W_]+back"), "sentback"),
    (re.compile(r"charge[\W_]+back"), "chargeback"),
)


@dataclass(frozen=True, slots=True)
class StatusSeen:
    """A status, how many rows have it, and what it looks like."""

    text: str
    rows: int
    verdict: Verdict


def statuses_seen(texts: Mapping[str, int]) -> tuple[StatusSeen, ...]:
    """Every status, the most frequent first."""
    ranked = sorted(texts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(StatusSeen(text, rows, verdict_of(text)) for text, rows in ranked)


def verdict_of(status: str) -> Verdict:
    """What a status looks like, by its words: `RTO_DELIVERED` came back, `not returned` did not.

    A return that was only asked for, or was refused, is none yet.
    """
    words = words_in(status)
    found = [(place, verdict) for place, word in enumerate(words) if (verdict := _verdict(word))]
    if not found:
        return Verdict.NEITHER
    # What was returned outweighs that money was given back for it, and so on down.
    place, verdict = min(found, key=lambda each: list(Verdict).index(each[1]))
    others = [word for at, word in enumerate(words) if at != place]
    if place and _NOT.fullmatch(words[place - 1]):
        return Verdict.NEGATED
    if verdict.counts and any(_STARTED.fullmatch(word) for word in others):
        return Verdict.REQUESTED
    if verdict.counts and any(_NO_LONGER.fullmatch(word) for word in others):
        return Verdict.NEGATED
    return verdict


def is_of_a_life(status: str) -> bool:
    """Whether it names a station in an order's life."""
    words = words_in(status)
    return any(_LIFE.fullmatch(word) or _verdict(word) for word in words)


def words_in(status: str) -> list[str]:
    """The words of a code or a sentence, in lower case and without accents."""
    apart = re.sub(r"(?<=[a-zà-ÿ0-9])(?=[A-ZÀ-Þ])", " ", status[:300])
    plain = without_accents(apart)
    for pattern, word in _TOGETHER:
        plain = pattern.sub(word, plain)
    return [word for word in re.split(r"[\W_]+", plain) if word]


def _verdict(word: str) -> Verdict | None:
    return next((verdict for verdict, stems in _KNOWN if stems.fullmatch(word)), None)


def counting_statuses(seen: tuple[StatusSeen, ...]) -> tuple[tuple[str, ...], bool, str]:
    """The statuses that a rule should count, whether that is sure, and why.

    Empty where nothing looks like one: then there is nothing to propose.
    """
    sure = [each for each in seen if each.verdict.counts]
    maybe = [each for each in seen if each.verdict.could_count]
    begun = [each for each in seen if each.verdict in (Verdict.REQUESTED, Verdict.NEGATED)]
    chosen = sure or maybe
    if not chosen:
        return (), False, f"none of the {len(seen)} statuses looks like a return or a cancellation"
    told = ", ".join(f"{each.text} {each.rows:,} ({each.verdict})" for each in chosen[:12])
    left = maybe * bool(sure) + begun
    if left:
        told += "; left out, look at them: " + ", ".join(f"{each.text} ({each.verdict})" for each in left[:8])
    return tuple(each.text for each in chosen), bool(sure) and not left, told
