"""One rule looked at: tally → judge → reconcile → commit. `cycle` does so for all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import islice

from tercera.cycle.addressing import Addresser
from tercera.cycle.closing import statements
from tercera.cycle.doubts import with_doubts
from tercera.cycle.edits import edit_since, reopened_since
from tercera.cycle.looking import Look, changes_of
from tercera.cycle.looking import Swept as Swept
from tercera.cycle.scopes import Plan, part_of, plan_of, window_names
from tercera.failpoints import Failpoint, reached
from tercera.ledger import Cursor, Lease, Ledger, Position
from tercera.lifecycle import held
from tercera.messages import Bundle, Change, Holding
from tercera.model import SubjectId, Survey
from tercera.orders import Recent, Scope, Source
from tercera.rules import Meaning, Rule
from tercera.rules.meaning import LastEdit, last_edit
from tercera.telling.gathering import Gathering, held_by
from tercera.telling.guard import Guard
from tercera.telling.routing import Routes, guarded
from tercera.telling.silences import Silences
from tercera.telling.statement import due_windows
from tercera.telling.watch import Limits
from tercera.windows import watched

CHUNK = 5_000
"""Changes in one transaction. A crash between two of them is made good by the next sweep, which finds the
first ones done; the cursor moves with the last."""

EXAMPLES = 10
"""Held alerts that the message to operations shows."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What every sweep of a cycle goes by: whom to tell how, the guard, the currency of amounts, and from
    where on operations hears of the data itself (None: never)."""

    routes: Routes
    guard: Guard = field(default_factory=Guard)
    currency: str | None = None
    notify_history: bool = False
    watch: Limits | None = None
    reading: Mapping[str, str] = field(default_factory=dict)
    """How the source is read: marks of its settings, by which an edit is noticed."""


@dataclass(frozen=True, slots=True)
class Part:
    """What the look at some subjects goes by when many such looks together count as one cycle.

    `lately` is how many alerts the rule told of in those before; `position` is where the source's changes go
    on once this is committed. `pairs` tells how many pairs the rule watches, of which so many would be told:
    it may answer from memory where counting them (its second argument) would decide the same.
    """

    lately: int = 0
    position: Position | None = None
    pairs: Callable[[int, Callable[[], int]], int] = lambda _, count: count()


_ALONE = Part()


def sweep(
    rule: Rule,
    source: Source,
    ledger: Ledger,
    terms: Terms,
    *,
    run: int,
    now: datetime,
    told: int = 0,
    recent: Recent | None = None,
    lease: Lease | None = None,
    gathering: Gathering | None = None,
    subjects: Collection[SubjectId] | None = None,
    part: Part = _ALONE,
    plan: Plan | None = None,
    proceed: Callable[[], None] = lambda: None,
) -> Swept:
    """Looks at a rule's watched windows and commits what changed.

    1. which windows: all of history on a first sweep, else the open ones, those within the grace, and those
       of alerts that still stand; 2. tally them; 3. tally the known pairs that fell below the lowest level;
    4. reconcile each with what the ledger knows; 5. commit in chunks: first what is not told, as it comes,
       then what is, held back where the guard says so, and the cursor with the last; 6. windows that are
       over for good since the last sweep get their statement with the cursor.

    `told` is how many alerts the cycle's earlier rules told of; `gathering` says which messages may wait for
    its later ones. With `recent` the survey tells the newest order. With `subjects` only these are looked
    at, at a cost that goes by them, and the cursor stays; but a first sweep looks at all. `part` says what
    such a look is part of; its position is written with the last of what it led to, if anything. `plan` is
    what the cycle told the source that it was going to ask; it holds while the cursor stays. `proceed` is
    called between chunks and may raise to stop. Raises `SourceError`, `LedgerError`, and of the latter
    `ConflictError` when an alert was changed by another process (`tercera release`) since it was read, or
    another instance has the `lease` now.
    """
    cursor = ledger.cursor(rule.id)
    meaning = Meaning(rule, terms.reading)
    edit = edit_since(cursor, meaning)
    baseline = not terms.notify_history and (cursor is None or edit is not None)
    if cursor is None or edit is not None:
        subjects = None
    if cursor is None or subjects is None:
        planned = plan if plan is not None and plan.cursor == cursor else plan_of(rule, ledger, cursor, now)
        scope = replace(planned.scope, recent=recent)
        known = ledger.known(rule.id, None if cursor is None else window_names(rule, scope))
    else:
        scope = part_of(rule, ledger, subjects, cursor, now)
        known = ledger.known_pairs(rule.id, scope.pairs or ())
    swept = Swept(rule.id, baseline=baseline, scope=scope, edit=edit)
    silences = Silences(rule.id, ledger.decisions(now), now)
    since = cursor.checked_through if cursor and not baseline else None
    reopened = frozenset() if terms.notify_history else reopened_since(cursor, rule, scope)
    look = Look(
        rule,
        silences,
        now,
        baseline,
        terms.currency,
        ledger.digests,
        ledger.remembered,
        since,
        edit,
        reopened,
        believes_emptiness=terms.guard.max_share == 1 or edit is not None,
    )
    untold: list[Change] = []

    def write(chunk: list[Change]) -> None:
        """What is not told, as it comes; of a look with what is: each transaction waits for the disk."""
        if scope.pairs is not None and len(untold) + len(chunk) <= CHUNK:
            untold.extend(chunk)
        else:
            proceed()
            ledger.commit(chunk, rule=rule.id, cursor=None, run=run, now=now, lease=lease)

    speaking: list[Change] = []
    for chunk in _chunks(_silent(changes_of(look, source, known, scope, swept), speaking)):
        write(chunk)
    reached(Failpoint.AFTER_TALLY)
    # In the same order on every run, whatever order an engine answers in, and all of a customer together.
    speaking.sort(key=lambda change: change.pair)
    if gathering is None:
        gathering = Gathering(run, now)
    if len(speaking) > CHUNK:  # its digests are put together from several commits
        gathering = replace(gathering, waits_for_team=True)
    addresser = Addresser(rule, source, ledger, terms.routes, gathering, known, scope, edit is not None)
    telling: list[Change] = []
    for chunk in _chunks(_silent(_addressed(addresser, speaking, swept.survey), telling)):
        write(chunk)
    waiting = bool(telling) and any(held.rule == rule.id for held in ledger.post.held())
    watched_pairs = 0
    if part.lately + len(telling) > terms.guard.min_notices and terms.guard.max_share < 1:
        counted = _open_to_news(rule, scope, now, baseline=baseline)
        watched_pairs = part.pairs(part.lately + len(telling), partial(_pairs, rule, source, counted))
    hold = terms.guard.holds(len(telling), watched_pairs, told=told, lately=part.lately, already=waiting)
    if hold:
        holding = Holding(len(telling), now + terms.guard.expires)
        telling = [_held(change) for change in telling]
        if not waiting:
            telling = _with_word_to_operations(telling, terms.routes, holding, run=run)
    swept.undeliverable = sum(not draft.recipient for change in telling for draft in change.drafts)
    over = due_windows(rule, cursor.checked_through if cursor else None, now) if scope.pairs is None else []
    moves_cursor = scope.pairs is None
    chunks = [*_by_subject(telling), *([[]] if over or (moves_cursor and not telling) else [])]
    if untold:
        chunks[:1] = [untold + (chunks[0] if chunks else [])]
    for number, chunk in enumerate(chunks, 1):
        proceed()
        last = number == len(chunks)
        if last and over:
            # Their numbers are what the ledger holds when all that this sweep found is written.
            chunk = statements(rule, ledger, over, swept.survey, terms.routes, run=run, now=now)
        ledger.commit(
            chunk,
            rule=rule.id,
            cursor=_moved(cursor, meaning, swept, now) if last and moves_cursor else None,
            run=run,
            now=now,
            lease=lease,
            position=part.position if last else None,
        )
    swept.told, swept.held = (0, len(telling)) if hold else (len(telling), 0)
    return swept


def _addressed(addresser: Addresser, speaking: Sequence[Change], survey: Survey) -> Iterator[Change]:
    for chunk in _chunks(iter(speaking)):
        yield from with_doubts(addresser.rule, addresser.source, survey, addresser.address(chunk))


def _open_to_news(rule: Rule, scope: Scope, now: datetime, *, baseline: bool) -> Scope:
    """The scope without the windows that a first sweep is silent about: years of history must not make a
    flood of this month look like a small share."""
    if scope.start is not None or not baseline:
        return scope
    counting = rule.counting
    return replace(
        scope, start=min(each.start for each in watched(counting.within, counting.zone, now, rule.grace))
    )


def _pairs(rule: Rule, source: Source, scope: Scope) -> int:
    """How many (subject, window) pairs there are: asked only when many are to be told, for it reads every
    order of the watched windows."""
    reading = source.tally(
        replace(rule.counting, evidence=0),
        replace(scope, at_least=2**31, totals=True, recent=None, pairs=None),
    )
    for _ in reading:
        pass
    return reading.survey.pairs


def _moved(cursor: Cursor | None, meaning: Meaning, swept: Swept, now: datetime) -> Cursor:
    # A clock that was set back does not make anything unread again.
    through = max(now, cursor.checked_through) if cursor else now
    last = last_edit(cursor.meaning) if cursor else None
    if swept.edit:
        last = LastEdit(swept.edit.what, now, swept.edited)
    return Cursor(meaning.rule.fingerprint, through, meaning.text(last, cursor.meaning if cursor else None))


def _chunks(changes: Iterator[Change]) -> Iterator[list[Change]]:
    while chunk := list(islice(changes, CHUNK)):
        yield chunk


def _by_subject(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Chunks that end with a subject, so that what one customer is told of two windows is one message."""
    chunk: list[Change] = []
    for change in changes:
        if len(chunk) >= CHUNK and change.tally.subject != chunk[-1].tally.subject:
            yield chunk
            chunk = []
        chunk.append(change)
    if chunk:
        yield chunk


def _silent(changes: Iterable[Change], speaking: list[Change]) -> Iterator[Change]:
    """The changes that nobody is told of, as they come; the others gather in `speaking`."""
    for change in changes:
        if change.transition.speaks:
            speaking.append(change)
        else:
            yield change


def _held(change: Change) -> Change:
    waiting = tuple(held_by(draft, change.rule) for draft in change.drafts)
    return replace(change, transition=held(change.transition), drafts=waiting)


def _with_word_to_operations(
    changes: list[Change], routes: Routes, holding: Holding, *, run: int
) -> list[Change]:
    """One message to operations, with the first few of what is held as examples."""
    if routes.operations is None:
        return changes
    bundle = Bundle(f"{run} word of what {changes[0].rule} holds")
    word = tuple(guarded(routes.operations, holding, bundle=bundle))
    examples = [replace(change, drafts=change.drafts + word) for change in changes[:EXAMPLES]]
    return examples + changes[EXAMPLES:]
