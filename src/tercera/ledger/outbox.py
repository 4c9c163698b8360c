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

from sqlalchemy import Connection, insert

from tercera.ledger import codec
from tercera.ledger.batches import write_many
from tercera.ledger.numbers import draw
from tercera.ledger.tables import messages, notices
from tercera.messages import Draft, NoticeKind, NoticeState

StepKey = tuple[int, int]
"""A step of an alert: the alert's id and the number of the transition."""

NoticeKey = tuple[int, int, str, str, str]
"""What a notice is unique by: alert, step, kind, channel, recipient."""

_Group = list[tuple[NoticeKey, Draft]]


def enqueue(
    connection: Connection,
    identity: str,
    drafts: Iterable[tuple[StepKey, Draft]],
    now: datetime,
    there: frozenset[NoticeKey] = frozenset(),
) -> None:
    """Writes the drafts down, due at once; those that are `there` already, or come twice, only once."""
    groups = _grouped(drafts, there)
    if not groups:
        return
    first = draw(connection, messages=len(groups), notices=sum(map(len, groups.values())))
    numbered = list(enumerate(groups.items(), first.message))
    write_many(
        connection,
        insert(messages),
        (
            _message_row(message, message_key(identity, *key), group, now)
            for message, (key, group) in numbered
        ),
    )
    number = count(first.notice)
    write_many(
        connection,
        insert(notices),
        (
            _notice_row(next(number), message, notice, draft)
            for message, (_, group) in numbered
            for notice, draft in group
        ),
    )


def message_key(identity: str, *parts: str | int) -> str:
    """32 hex characters that stand for one message of one ledger, for ever."""
    return hashlib.sha256(json.dumps([identity, *parts]).encode()).hexdigest()[:32]


def notice_key(step: StepKey, draft: Draft) -> NoticeKey:
    """What makes a draft the same as another."""
    return (*step, draft.kind.value, draft.channel, draft.recipient)


def _grouped(
    drafts: Iterable[tuple[StepKey, Draft]], there: frozenset[NoticeKey]
) -> dict[tuple[str | int, ...], _Group]:
    """The notices of each message, by what its key is made of.

    A digest's key names its bundle and its first notice: should a bundle's name ever come again in a later
    commit, that is another message.
    """
    groups: dict[tuple[str | int, ...], _Group] = {}
    bundles: dict[tuple[str, str, str], tuple[str | int, ...]] = {}
    seen = set(there)
    for step, draft in drafts:
        notice = notice_key(step, draft)
        if notice in seen:
            continue
        seen.add(notice)
        key: tuple[str | int, ...] = notice
        if draft.bundle is not None and draft.recipient:
            bundle = (draft.bundle, draft.channel, draft.recipient)
            key = bundles.setdefault(bundle, (draft.bundle, *notice))
        groups.setdefault(key, []).append((notice, draft))
    return groups


def _message_row(number: int, key: str, group: _Group, now: datetime) -> dict[str, object]:
    _, draft = group[0]
    state = NoticeState.HELD if draft.held else NoticeState.PENDING
    if not draft.recipient:
        state = NoticeState.UNDELIVERABLE
    return {
        "id": number,
        "key": key,
        "channel": draft.channel,
        "recipient": draft.recipient,
        "language": draft.language,
        "for_customer": draft.for_customer,
        "digest": draft.bundle is not None and bool(draft.recipient),
        "notices": len(group),
        "state": state.value,
        "attempts": 0,
        "due_at": now,
        "claimed_at": None,
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
    own = draft.kind is NoticeKind.WATCH
    return codec.words_text(draft.detail, codec.FIGURES_LENGTH if own else codec.WORDS_LENGTH)
