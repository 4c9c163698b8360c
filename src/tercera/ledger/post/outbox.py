"""Drafts become notices, and notices become the messages that carry them.

A notice is unique per (step of an alert, kind, channel, recipient), so nobody can be told the same thing
twice. A message's key is drawn from what it says to whom, and from the ledger's identity: it is the same on
every try, and the channels derive their idempotency keys from it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from itertools import count

from sqlalchemy import Connection

from tercera.ledger import codec
from tercera.ledger.batches import insert_many
from tercera.ledger.numbers import draw
from tercera.ledger.post import joining
from tercera.ledger.post.joining import Place
from tercera.ledger.tables import messages, notices
from tercera.messages import Draft, NoticeKind, NoticeState

StepKey = tuple[int, int]
"""A step of an alert: the alert's id and the number of the transition."""

NoticeKey = tuple[int, int, str, str, str]
"""What a notice is unique by: alert, step, kind, channel, recipient."""

_Group = list[tuple[NoticeKey, Draft]]
_Groups = dict[Place | NoticeKey, _Group]
"""The notices of each message: of the place where they are shared, or else of the only notice."""


def enqueue(
    connection: Connection,
    identity: str,
    drafts: Iterable[tuple[StepKey, Draft]],
    now: datetime,
    there: frozenset[NoticeKey] = frozenset(),
) -> None:
    """Writes the drafts down; those that are `there` already, or come twice, only once.

    What shares a message joins one that still waits, or begins one, due when its bundle says.
    """
    groups = _grouped(drafts, there)
    if not groups:
        return
    joined = _joined(connection, groups, now)
    new = [key for key in groups if key not in joined]
    first = draw(connection, messages=len(new), notices=sum(map(len, groups.values())))
    numbers = {key: number for number, key in enumerate(new, first.message)} | {**joined}
    rows = (_message_row(numbers[key], identity, groups[key], now) for key in new)
    insert_many(connection, messages, rows)
    joining.add(connection, {number: len(groups[key]) for key, number in joined.items()})
    number = count(first.notice)
    told = ((numbers[key], notice, draft) for key, group in groups.items() for notice, draft in group)
    insert_many(connection, notices, (_notice_row(next(number), *each) for each in told))


def message_key(identity: str, *parts: str | int) -> str:
    """32 hex characters that stand for one message of one ledger, for ever."""
    return hashlib.sha256(json.dumps([identity, *parts]).encode()).hexdigest()[:32]


def notice_key(step: StepKey, draft: Draft) -> NoticeKey:
    """What makes a draft the same as another."""
    return (*step, draft.kind.value, draft.channel, draft.recipient)


def _grouped(drafts: Iterable[tuple[StepKey, Draft]], there: frozenset[NoticeKey]) -> _Groups:
    groups: _Groups = {}
    seen = set(there)
    for step, draft in drafts:
        notice = notice_key(step, draft)
        if notice in seen:
            continue
        seen.add(notice)
        groups.setdefault(_place(draft) or notice, []).append((notice, draft))
    return groups


def _place(draft: Draft) -> Place | None:
    """Who has no address shares no message. What is held never shares one with what is not."""
    if draft.bundle is None or not draft.recipient:
        return None
    name = f"{draft.bundle.name} held" if draft.held else draft.bundle.name
    return name, draft.channel, draft.recipient


def _joined(connection: Connection, groups: _Groups, now: datetime) -> dict[Place, int]:
    """The messages that are there already for some of the groups."""
    firsts = [group[0][1] for group in groups.values()]
    held = (draft for draft in firsts if draft.held and not draft.for_customer)  # those are never parted
    later = (draft for draft in firsts if draft.bundle and draft.bundle.due_at and not draft.held)
    found: dict[Place, int] = {}
    for state, sharing in ((NoticeState.HELD, held), (NoticeState.PENDING, later)):
        if places := [place for draft in sharing if (place := _place(draft))]:
            found |= joining.open_messages(connection, places, state, now)
    return found


def _message_row(number: int, identity: str, group: _Group, now: datetime) -> dict[str, object]:
    """A digest's key names its bundle beside its first notice: should the bundle's name ever come again, that
    is another message."""
    notice, draft = group[0]
    state = NoticeState.HELD if draft.held else NoticeState.PENDING
    if not draft.recipient:
        state = NoticeState.UNDELIVERABLE
    bundle, place = draft.bundle if draft.recipient else None, _place(draft)
    digest = bundle is not None and not draft.for_customer
    return {
        "id": number,
        "key": message_key(identity, *((bundle.name,) if bundle and digest else ()), *notice),
        "channel": draft.channel,
        "recipient": draft.recipient,
        "language": draft.language,
        "for_customer": draft.for_customer,
        "digest": digest,
        "notices": len(group),
        "state": state.value,
        "attempts": 0,
        "due_at": (bundle and bundle.due_at) or now,
        "claimed_at": None,
        "bundle": place[0] if place and bundle and (bundle.due_at or draft.held) else None,  # else none joins
        "run": bundle.run if bundle else None,
    }


def _notice_row(number: int, message: int, key: NoticeKey, draft: Draft) -> dict[str, object]:
    alert, seq, kind, channel, recipient = key
    return {
        "id": number,
        "message": message,
        "alert": alert,
        "seq": seq,
        "kind": kind,
        "channel": channel,
        "recipient": recipient,
        "customer": codec.customer_text(draft.customer),
        "problem": draft.problem.value if draft.problem else None,
        "detail": _detail_text(draft),
    }


def _detail_text(draft: Draft) -> str | None:
    """Words of others are cut; figures of ours are not, for half of them could not be read."""
    if draft.detail is None:
        return None
    own = draft.kind in (NoticeKind.WATCH, NoticeKind.STATEMENT)
    return codec.words_text(draft.detail, codec.FIGURES_LENGTH if own else codec.WORDS_LENGTH)
