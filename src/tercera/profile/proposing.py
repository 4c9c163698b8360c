"""From samples to a proposal: first the places, then the fields, then what their values say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tercera.errors import SourceError
from tercera.fields import CustomerFields
from tercera.profile import naming, roles
from tercera.profile.choice import Meeting, customers_guess, meet, orders_guess, ranked
from tercera.profile.counting import no_status, with_statuses
from tercera.profile.guesses import Guess, best, percent
from tercera.profile.looks import Looks
from tercera.profile.patterns import shape_of
from tercera.profile.proposal import SAID, Part, Proposal, Wishes
from tercera.profile.timing import date_formats, formats_guess, timestamps_guess, timezone_guess
from tercera.profile.values import Column, Kind, Sample


def propose(samples: Sequence[Sample], wishes: Wishes, looks: Looks, zone_here: str) -> Proposal:
    """Everything that a configuration needs. What was wished for is taken as it is.

    `zone_here` is the machine's own zone, taken where the values tell none. SourceError when a place that
    somebody named is not there.
    """
    by_name = {sample.name: sample for sample in samples}
    guesses: dict[Part, Guess] = {}
    found = _place(Part.ORDERS, wishes, by_name) or orders_guess(samples)
    if not found.is_there:
        return Proposal({Part.ORDERS: found})
    orders = by_name[found.value]
    guesses[Part.ORDERS] = replace(found, evidence=f"{orders.size}; {found.evidence}")
    customers, meeting = _customers(orders, by_name, wishes, looks)
    guesses |= _order_fields(orders, meeting, wishes)
    proposal = Proposal({**guesses, Part.CUSTOMERS: customers}, total=orders.total)
    proposal = _with_valid(
        with_statuses(proposal, orders, wishes, looks), orders, customers, meeting, wishes, looks
    )
    entry = (
        _entry(by_name[customers.value], orders, meeting, wishes, proposal[Part.CUSTOMER_ID])
        if customers.is_there
        else {}
    )
    proposal = _with_times(
        replace(proposal, guesses={**proposal.guesses, **entry}), orders, wishes, zone_here
    )
    letters = _wished(Part.LETTERS, wishes) or _letters(orders, proposal)
    return replace(proposal, guesses={**proposal.guesses, Part.LETTERS: letters})


def _wished(part: Part, wishes: Wishes) -> Guess | None:
    said = wishes.get(part)
    return None if said is None else Guess(said, sure=True, evidence=SAID)


def _place(part: Part, wishes: Wishes, by_name: dict[str, Sample]) -> Guess | None:
    wished = _wished(part, wishes)
    if wished is not None and wished.value and wished.value not in by_name:
        there = ", ".join(list(by_name)[:10]) or "nothing"
        raise SourceError(f"{wished.value!r} is not there; there are {there}. Correct --{part}")
    return wished


def _customers(
    orders: Sample, by_name: dict[str, Sample], wishes: Wishes, looks: Looks
) -> tuple[Guess, Meeting | None]:
    fixed = wishes.get(Part.CUSTOMER_ID)
    wished = _place(Part.CUSTOMERS, wishes, by_name)
    if wished is None:
        return customers_guess(list(by_name.values()), orders, looks.found, fixed)
    if not wished.is_there or wished.value == orders.name:
        return wished, None
    meeting = meet(orders, by_name[wished.value], looks.found, fixed)
    words = f"{SAID}; {meeting.words}" if meeting else SAID
    return replace(wished, evidence=words, sure=meeting is None or meeting.share > 0), meeting


def _order_fields(orders: Sample, meeting: Meeting | None, wishes: Wishes) -> dict[Part, Guess]:
    fields = {
        Part.ORDER_ID: _field(
            Part.ORDER_ID, orders, roles.order_id, wishes, "nothing looks like an order's id"
        ),
        Part.CUSTOMER_ID: _field(
            Part.CUSTOMER_ID, orders, roles.customer_id, wishes, "nothing looks like a customer's id"
        ),
        Part.STATUS: _field(Part.STATUS, orders, roles.status, wishes, no_status(orders)),
        Part.PLACED_AT: _field(Part.PLACED_AT, orders, roles.placed_at, wishes, _no_date(orders)),
        Part.AMOUNT: _field(Part.AMOUNT, orders, roles.amount, wishes, ""),
    }
    if meeting is not None and meeting.share >= 0.2 and wishes.get(Part.CUSTOMER_ID) is None:
        others = tuple(
            each.name for each in ranked(orders, roles.customer_id) if each.name != meeting.customer_id
        )
        fields[Part.CUSTOMER_ID] = Guess(meeting.customer_id, meeting.share >= 0.5, meeting.words, others[:8])
    elif (
        wishes.get(Part.CUSTOMER_ID) is None and fields[Part.CUSTOMER_ID].value == fields[Part.ORDER_ID].value
    ):
        fields[Part.CUSTOMER_ID] = Guess("", sure=False, evidence="nothing looks like a customer's id")
    if wishes.get(Part.CURRENCY) is not None or fields[Part.AMOUNT].is_there:
        fields[Part.CURRENCY] = _wished(Part.CURRENCY, wishes) or _currency(orders)
    return {
        part: guess if guess.is_there or part is not Part.AMOUNT else _none(guess)
        for part, guess in fields.items()
    }


def _none(guess: Guess) -> Guess:
    """Nothing, which is in order."""
    return replace(guess, sure=True)


def _field(part: Part, sample: Sample, scoring: roles.Scoring, wishes: Wishes, nothing: str) -> Guess:
    wished = _wished(part, wishes)
    found = ranked(sample, scoring)
    if wished is None:
        guess = best(found, roles.LEAST, 1.0, nothing)
        column = sample.columns.get(guess.value)
        return replace(guess, evidence=f"{guess.evidence}; {_stored(column)}") if column else guess
    if not wished.is_there:
        return wished
    others = tuple(each.name for each in found if each.name != wished.value)[:8]
    column = sample.columns.get(wished.value)
    if column is None:
        return Guess(wished.value, sure=False, evidence=f"{SAID}, but no sampled row has it", others=others)
    return Guess(wished.value, sure=True, evidence=f"{SAID}; {_stored(column)}", others=others)


def _stored(column: Column) -> str:
    """How the values are stored, and how many rows have one."""
    kinds = [f"{kind} {percent(rows, len(column.present))}" for kind, rows in column.kinds.most_common(3)]
    told = str(column.main_kind) if len(kinds) == 1 else ", ".join(kinds)
    missing = len(column.cells) - len(column.present)
    return f"{told}, missing in {percent(missing, len(column.cells))}" if missing else told


def _no_date(orders: Sample) -> str:
    for column in orders.columns.values():
        if column.has(Kind.WHOLE, Kind.NUMBER) > 0.9 and roles.is_date_name(column.path):
            return f"no field is a date; {column.path} holds numbers, which a view has to turn into times"
    near = [
        f"{column.path} is {formats.near}"
        for column in orders.columns.values()
        if roles.is_date_name(column.path) and (formats := roles.formats_of_column(column)).near
    ]
    return "no field is a date that can be read" + (f"; {near[0]}" if near else "")


def _currency(orders: Sample) -> Guess:
    found = ranked(orders, roles.currency)
    if not found:
        return Guess("", sure=True, evidence="")
    (code,) = orders.columns[found[0].name].texts
    return Guess(code, sure=True, evidence=f"{found[0].name} is {code} in every sampled row")


def _with_valid(
    proposal: Proposal,
    orders: Sample,
    customers: Guess,
    meeting: Meeting | None,
    wishes: Wishes,
    looks: Looks,
) -> Proposal:
    guess = _wished(Part.VALID, wishes)
    column = orders.columns.get(proposal[Part.CUSTOMER_ID].value)
    if guess is None and column is not None and column.texts:
        guess = _valid(column, customers, meeting, looks)
    return replace(proposal, guesses={**proposal.guesses, Part.VALID: guess}) if guess else proposal


def _valid(column: Column, customers: Guess, meeting: Meeting | None, looks: Looks) -> Guess:
    """Proposed when some ids are not like the others, and no customer has them."""
    shape = shape_of(column.texts)
    if shape is None:
        return Guess("", sure=True, evidence="the ids have no common shape")
    words = f"{percent(shape.fitting, shape.of)} of {shape.of:,} sampled values match"
    if shape.is_all:
        return Guess("", sure=True, evidence=words, others=(shape.pattern,))
    words += f"; not {', '.join(shape.misses)}"
    if meeting is not None and customers.is_there:
        known = looks.found(customers.value, meeting.key, shape.misses)
        if known:
            words += f", and yet customers have such ids: {', '.join(sorted(known))}"
            return Guess("", sure=True, evidence=words, others=(shape.pattern,))
    return Guess(shape.pattern, shape.fitting >= 0.95 * shape.of, words)


def _entry(
    customers: Sample, orders: Sample, meeting: Meeting | None, wishes: Wishes, own_id: Guess
) -> dict[Part, Guess]:
    is_own = customers.name == orders.name
    key = _wished(Part.KEY, wishes)
    if key is None and meeting is not None:
        others = tuple(each.name for each in ranked(customers, roles.key) if each.name != meeting.key)
        key = Guess(meeting.key, meeting.share >= 0.5, meeting.words, others[:8])
    if key is None and is_own:
        key = replace(own_id, others=())
    if key is None:
        key = best(ranked(customers, roles.key), roles.LEAST, 1.0, "nothing looks like their id")
    if not key.is_there:
        key = Guess(CustomerFields().id, sure=False, evidence=key.evidence)
    name = roles.name_beside_an_order if is_own else roles.name
    fields = {
        Part.NAME: _field(Part.NAME, customers, name, wishes, "no field looks like a name"),
        Part.EMAIL: _field(Part.EMAIL, customers, roles.email, wishes, "no field holds addresses"),
    }
    for part, scoring in ((Part.LANGUAGE, roles.language), (Part.THEIR_ZONE, roles.timezone)):
        found = _field(part, customers, scoring, wishes, "")
        fields[part] = found if found.is_there else _none(found)
    return {Part.KEY: key, **fields}


def _with_times(proposal: Proposal, orders: Sample, wishes: Wishes, zone_here: str) -> Proposal:
    column = orders.columns.get(proposal[Part.PLACED_AT].value)
    language = _words_of_data(orders, proposal)
    formats = date_formats(column, wishes.get(Part.FORMATS), day_first=language != "en")
    timestamps = _wished(Part.TIMESTAMPS, wishes) or timestamps_guess(column)
    zone = _wished(Part.TIMEZONE, wishes) or timezone_guess(column, formats, timestamps.value, zone_here)
    guesses = {**proposal.guesses, Part.TIMEZONE: zone}
    if timestamps.is_there or (column is not None and column.has(Kind.INSTANT, Kind.CLOCK)):
        guesses[Part.TIMESTAMPS] = timestamps
    if formats is not None:
        guesses[Part.FORMATS] = formats_guess(formats, wishes.get(Part.FORMATS))
    return replace(proposal, formats=formats, guesses=guesses)


def _words_of_data(orders: Sample, proposal: Proposal) -> str:
    texts = [orders.name, *orders.columns, *(each.text for each in proposal.statuses[:30])]
    counts = naming.languages_of(texts)
    language = max(counts, key=lambda each: (counts[each], each == "en"))
    return language if counts[language] > counts["en"] else "en"


def _letters(orders: Sample, proposal: Proposal) -> Guess:
    """Mails are written in English or Spanish."""
    found = _words_of_data(orders, proposal)
    if found == "pt":
        return Guess(
            "en", sure=False, evidence="names and statuses are Portuguese; letters are en or es so far"
        )
    told = {"es": "names and statuses are Spanish", "en": "names and statuses are English, or tell nothing"}
    return Guess(found, sure=True, evidence=told[found], others=("en", "es"))
