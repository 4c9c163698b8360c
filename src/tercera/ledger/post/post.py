"""Messages: which are due, what became of them, and those that wait for a word of somebody."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine

from tercera.errors import OutageError
from tercera.ledger.database.engine import reading, writing, written
from tercera.ledger.instances.instance import Instance
from tercera.ledger.instances.renewing import patiently
from tercera.ledger.people import audit
from tercera.ledger.people.audit import Telling
from tercera.ledger.post import circuits, claims, deliveries, holding, sent, settling, unreached
from tercera.ledger.post.unreached import Unreached
from tercera.messages import Draft, Message, NoticeState, Outcome
from tercera.model import RuleId

log = logging.getLogger("tercera.ledger")


class Post:
    """What is told, on its way. Every method raises `LedgerError`."""

    def __init__(self, engine: Engine, identity: str, instance: Instance) -> None:
        self._engine = engine
        self._instance = instance
        self._identity = identity

    def claim(
        self,
        now: datetime,
        limit: int,
        without: Collection[str] = (),
        *,
        channel: str | None = None,
        beside: str | None = None,
    ) -> list[Message]:
        """Messages that are due, each given to one caller only; none of the channels in `without`. With
        `channel` only that one's, with `beside` only to other recipients than this."""

        def claim(connection: Connection) -> tuple[float, list[Message]]:
            present = self._instance.present(connection)
            return present, claims.claim(
                connection, self._instance, now, limit, without, channel=channel, beside=beside
            )

        present, messages = written(self._engine, claim)
        self._instance.was_present(present)
        self._instance.claimed(message.key for message in messages)
        return messages

    def still_ours(self, message: Message) -> bool:
        """Whether a message that was claimed may be sent now: False when this process stood still for so long
        that another instance may have sent it. Asks no database."""
        return self._instance.still_has(message.key)

    def postpone(self, due: Mapping[str, datetime]) -> None:
        """Messages (by key) that were claimed are due then, and not before. No attempt is counted."""
        written(self._engine, lambda connection: settling.postpone(connection, self._instance, due))
        self._instance.settled(due)

    def next_due(self, now: datetime, without: Collection[str] = ()) -> datetime | None:
        """When the next message can be claimed, of other channels than those in `without`, `now` at the
        earliest; None when none is waiting."""
        with reading(self._engine) as connection:
            return claims.next_due(connection, self._instance, now, without)

    def release_claims(self) -> None:
        """What this instance claimed and did not settle can be claimed again."""
        written(self._engine, lambda connection: claims.release_claims(connection, self._instance))
        self._instance.released()

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """How attempts ended: durable when it returns. A ledger that is away is waited for a little, for what
        was sent must not be forgotten. What another instance settled meanwhile stays as it is, with one
        receipt more."""
        if not outcomes:
            return
        try:
            written(
                self._engine, lambda each: settling.settle(each, self._identity, self._instance, outcomes)
            )
        except (settling.LateOutcome, OutageError):
            self._settle_late(outcomes)
        self._instance.settled(outcome.message_key for outcome in outcomes)

    def _settle_late(self, outcomes: Sequence[Outcome]) -> None:
        late = patiently(
            lambda: written(
                self._engine,
                lambda each: settling.settle_late(each, self._identity, self._instance, outcomes),
            )
        )
        for outcome in late:
            log.warning(
                "message %s was taken over by another instance; the receipt (%s) is kept beside its own",
                outcome.message_key,
                outcome.state,
            )

    def sent_by(self, channel: str, recipient: str | None, since: datetime, limit: int) -> list[datetime]:
        """When a channel sent its last messages after `since`, to anybody or to one of its fixed recipients;
        at most `limit`."""
        with reading(self._engine) as connection:
            return sent.sent_by(connection, channel, recipient, since, limit)

    def sent_to(
        self, channel: str, recipients: Collection[str], since: datetime
    ) -> dict[str, list[datetime]]:
        """When a channel sent something to each of these customers after `since`."""
        with reading(self._engine) as connection:
            return sent.sent_to(connection, channel, recipients, since)

    def retry(self, ids: Iterable[int] | None, now: datetime) -> int:
        """Makes dead notices (these, or all) pending again, due now; gives how many."""
        with writing(self._engine) as connection:
            return settling.retry(connection, ids, now)

    def redeliver(
        self,
        mended: Sequence[tuple[int, Draft]],
        as_before: Collection[int],
        channels: Collection[str],
        now: datetime,
        *,
        telling: Telling[int] | None = None,
    ) -> int:
        """Notices (by id) once more, due now: the mended ones as these drafts, dead ones as they were; their
        channels are looked at again at once. Gives how many are due."""

        def work(connection: Connection) -> int:
            due = settling.add_notices(connection, self._identity, mended, now)
            due += settling.retry(connection, as_before, now) if as_before else 0
            circuits.end_pauses(connection, channels, now)
            return audit.recorded(connection, due, telling)

        return written(self._engine, work)

    def held(self) -> list[holding.Held]:
        """What waits for somebody to release or discard it, by rule."""
        with reading(self._engine) as connection:
            return holding.held(connection)

    def release(
        self,
        rule: RuleId | None,
        now: datetime,
        *,
        decided_before: datetime | None = None,
        telling: Telling[Counter[NoticeState]] | None = None,
    ) -> Counter[NoticeState]:
        """Lets go of what is held and still true, discards the rest and what is held since before a time;
        gives notices by what became of them."""

        def work(connection: Connection) -> Counter[NoticeState]:
            became = holding.release(connection, rule, now, decided_before=decided_before)
            return audit.recorded(connection, became, telling)

        return written(self._engine, work)

    def discard(
        self,
        rule: RuleId | None,
        now: datetime,
        *,
        decided_before: datetime | None = None,
        telling: Telling[int] | None = None,
    ) -> int:
        """Puts what is held (or was, since before a time) aside for good; gives how many notices."""

        def work(connection: Connection) -> int:
            count = holding.discard(connection, rule, now, decided_before=decided_before)
            return audit.recorded(connection, count, telling)

        return written(self._engine, work)

    def deliveries(self, state: NoticeState | None = None, limit: int = 100) -> list[deliveries.Delivery]:
        """Notices with their receipts, the newest first."""
        with reading(self._engine) as connection:
            return deliveries.deliveries(connection, state, limit)

    def unreached(
        self, ids: Collection[int] | None = None, channel: str | None = None, rule: RuleId | None = None
    ) -> list[Unreached]:
        """Notices that reached nobody: all, or those with these ids, of this channel, of this rule."""
        with reading(self._engine) as connection:
            return unreached.unreached(connection, ids, channel, rule)

    def waiting(self) -> int:
        """How many notices are still to be sent."""
        with reading(self._engine) as connection:
            return deliveries.waiting(connection)
