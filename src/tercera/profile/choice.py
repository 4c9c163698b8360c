"""Which sample holds orders, which one customers, and by which fields they meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tercera.profile import naming, roles
from tercera.profile.guesses import Candidate, Guess, Reason, best, percent
from tercera.profile.naming import words_of
from tercera.profile.values import Column, Sample

_MOST = 6.0
_LEAST_ORDERS = 13.0
_LEAST_CUSTOMERS = 6.0
_IDS = 400
"""How many ids are looked up to measure an overlap."""

Lookup = Callable[[str, str, Sequence[str]], frozenset[str] | None]
"""Which of some ids stand in a field of a place; None when that can't be told."""

_ORDER_ROLES: Mapping[str, roles.Scoring] = {
    "an order's id": roles.order_id,
    "the customer's id": roles.customer_id,
    "a status": roles.status,
    "a date": roles.placed_at,
}


def ranked(sample: Sample, scoring: roles.Scoring) -> list[Candidate]:
    """The fields that could be it, the likeliest first."""
    return sorted(roles.candidates(sample, scoring), key=lambda each: -each.score)


def orders_guess(samples: Sequence[Sample]) -> Guess:
    """The place that holds orders."""
    candidates = [_as_orders(sample) for sample in samples if sample.rows]
    nothing = "nothing looks like orders" if samples else "there is nothing there"
    return best(candidates, _LEAST_ORDERS, 2.0, nothing)


def promising(samples: Sequence[Sample], most: int) -> frozenset[str]:
    """The places that are worth a closer look: those that could hold orders, and those that could hold
    customers, so many of each."""
    by_orders = sorted(samples, key=lambda each: -_as_orders(each).score)
    by_customers = sorted(samples, key=lambda each: -_as_customers(each).score)
    return frozenset(each.name for each in (*by_orders[:most], *by_customers[:most]))


def _as_orders(sample: Sample) -> Candidate:
    reasons = []
    for what, scoring in _ORDER_ROLES.items():
        found = ranked(sample, scoring)
        if found and found[0].score >= roles.LEAST / 2:
            reasons.append(Reason(f"{what} in {found[0].name}", min(found[0].score, _MOST)))
        else:
            reasons.append(Reason(f"nothing that could be {what}", -4))
    return Candidate(sample.name, (*reasons, *_by_name(sample.name, naming.ORDER, "orders")))


def _by_name(name: str, known: frozenset[str], what: str) -> list[Reason]:
    words = set(words_of(name))
    reasons = [Reason(f"named like {what}", 3)] if words & known else []
    if words & naming.ASIDE:
        reasons.append(Reason("named like something beside them", -3))
    return reasons


@dataclass(frozen=True, slots=True)
class Meeting:
    """An order's field and a directory's key, how many of how many ids were found, and whether all of the
    directory was looked through."""

    customer_id: str
    key: str
    found: int
    of: int
    whole: bool = True
    stored: str = ""

    @property
    def share(self) -> float:
        """Of the ids that have an entry."""
        return self.found / self.of if self.of else 0.0

    @property
    def words(self) -> str:
        """As evidence."""
        least = "" if self.whole else "at least "
        told = f"{least}{percent(self.found, self.of)} of {self.of:,} sampled customer ids have an entry"
        return f"{told} ({self.stored})" if self.stored else told


def customers_guess(
    samples: Sequence[Sample], orders: Sample, lookup: Lookup, fixed_id: str | None
) -> tuple[Guess, Meeting | None]:
    """The place that holds customers, and where it meets the orders; `fixed_id` is the orders' field."""
    meetings: dict[str, Meeting] = {}
    others = [(_as_customers(each), each) for each in samples if each.rows and each.name != orders.name]
    candidates = sorted((each for each in others if each[0].score >= 2), key=lambda each: -each[0].score)
    judged, strangers = [], []
    for candidate, sample in candidates[:4]:
        meeting = meet(orders, sample, lookup, fixed_id)
        if meeting is None or (meeting.whole and not meeting.found):
            strangers.append(sample.name)
            continue
        meetings[sample.name] = meeting
        judged.append(candidate.because(Reason(meeting.words, 8 * meeting.share)))
    nothing = "nothing looks like a directory of customers"
    if strangers:
        nothing = f"none of the sampled customer ids has an entry in {' or '.join(strangers)}"
    guess = best(judged, _LEAST_CUSTOMERS, 2.0, nothing)
    if not guess.is_there and (own := _embedded(orders)) is not None:
        return own, None
    return guess, meetings.get(guess.value)


def _embedded(orders: Sample) -> Guess | None:
    """Orders that carry the address of their customer are a directory, too."""
    found = ranked(orders, roles.email)
    if not found or found[0].score < roles.LEAST:
        return None
    words = f"no directory of its own; the orders carry addresses in {found[0].name}"
    return Guess(orders.name, sure=False, evidence=words)


def _as_customers(sample: Sample) -> Candidate:
    reasons = _by_name(sample.name, naming.CUSTOMER, "customers")
    if found := ranked(sample, roles.email):
        reasons.append(Reason(f"addresses in {found[0].name}", 4))
    if found := ranked(sample, roles.name):
        reasons.append(Reason(f"names in {found[0].name}", 1))
    if set(words_of(sample.name)) & naming.VENDOR:
        reasons.append(Reason("named like shops", 1))
    if set(words_of(sample.name)) & (naming.ORDER | naming.OTHER_THINGS):
        reasons.append(Reason("named like something else", -3))
    return Candidate(sample.name, tuple(reasons))


def meet(orders: Sample, customers: Sample, lookup: Lookup, fixed_id: str | None = None) -> Meeting | None:
    """The fields through which the most ids are found, the likelier names first; None without fields."""
    ids = ranked(orders, roles.customer_id)[:5]
    if fixed_id is not None:
        ids = [Candidate(fixed_id, ())] if fixed_id in orders.columns else []
    keys = ranked(customers, roles.key)[:4]
    met = []
    for own in ids:
        for key in keys:
            meeting = _measured(orders.columns[own.name], customers, key.name, lookup)
            met.append((8 * meeting.share + own.score + key.score, meeting))
    return max(met, key=lambda each: each[0])[1] if met else None


def _measured(own: Column, customers: Sample, key: str, lookup: Lookup) -> Meeting:
    # The more often an id stands there, the better it tells; with rarer ones in between.
    known = [text for text, _ in own.texts.most_common()]
    ids = known[:: max(1, len(known) // _IDS)][:_IDS]
    there = frozenset(customers.columns[key].texts)
    found, whole = there & frozenset(ids), True
    if not customers.is_whole:
        looked = lookup(customers.name, key, ids)
        whole = looked is not None
        found = found | (looked or frozenset())
    mine, other = own.main_kind, customers.columns[key].main_kind
    stored = f"{mine} in orders, {other} there" if mine != other else f"{mine} in both"
    return Meeting(own.path, key, len(found), len(ids), whole, stored)
