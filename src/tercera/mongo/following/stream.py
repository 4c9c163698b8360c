"""The change stream of the orders' collection: which subjects changes are about, told by the server.

https://www.mongodb.com/docs/manual/changeStreams/
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from bson import Timestamp, json_util
from pymongo.change_stream import ChangeStream
from pymongo.client_session import ClientSession
from pymongo.collection import Collection as Documents
from pymongo.errors import ExecutionTimeout, OperationFailure, PyMongoError

from tercera.errors import HistoryLostError, SourceError
from tercera.fields import OrderFields
from tercera.mongo.connection import AUTHENTICATION, UNAUTHORISED, Client, Server
from tercera.mongo.following.events import Event, Events
from tercera.tally.changes import Batch

WAIT = 0.5
"""Seconds that the server waits for a change before it says that there is none: the longest that closing
takes."""

PAUSE = 0.03
"""Seconds between two questions while there are changes: those that happen meanwhile come in one answer. With
a thousand changes a second the answers cost more than the changes otherwise."""

MOST = 5_000
"""Changes that are told together."""

BEHIND = 1
"""Seconds that a change may be older than the newest thing that the server knows of, to count as current."""

_HISTORY_LOST = {136, 222, 260, 280, 286, 10334}
"""What the server calls a position that its log does not reach back to, that is none of its own, or an event
that is too large to be told. https://github.com/mongodb/mongo/blob/v6.0/src/mongo/base/error_codes.yml"""

_NO_STREAMS = 40573
_ENDS = {"drop", "rename", "dropDatabase", "invalidate"}


class Stream:
    """`changes.Changes` of one collection."""

    def __init__(
        self,
        server: Server,
        documents: Documents[dict[str, Any]],
        client: Client,
        fields: OrderFields,
        pers: Collection[str],
        after: str | None,
    ) -> None:
        self._server = server
        self._name = f"{documents.database.name}.{documents.name}"
        self._events = Events(fields, pers)
        self._is_closed = threading.Event()
        self._asking = threading.Lock()  # a stream can't be closed while another thread asks it
        self._is_new = after is None
        self._not_before = 0.0
        token = self._token(after) if after is not None else None
        self._session: ClientSession = client.start_session(causal_consistency=False)
        try:
            with self._explained(opens_with=token):
                self._stream: ChangeStream[dict[str, Any]] = documents.watch(
                    self._events.pipeline(),
                    full_document="updateLookup",
                    full_document_before_change="whenAvailable",
                    start_after=token,  # as `resumeAfter`, and also after a collection was dropped
                    max_await_time_ms=int(WAIT * 1000),
                    session=self._session,
                )
        except BaseException:
            self._session.end_session()
            raise

    def take(self, patience: float) -> Batch:
        """See `changes.Changes`. All that the server told in one answer."""
        if self._is_new:
            self._is_new = False
            return Batch(position=self._position())
        ends = time.monotonic() + patience
        while True:
            self._is_closed.wait(max(0.0, self._not_before - time.monotonic()))
            with self._asking:
                if self._is_closed.is_set():
                    return Batch()
                with self._explained():
                    events = self._told()
                if events:
                    is_current = len(events) < MOST and self._is_current(events[-1])
                    return self._events.read(events, self._position(), is_current=is_current)
                if time.monotonic() >= ends:
                    return Batch(position=self._position(), is_current=True)

    def kept(self, position: str) -> None:
        """See `changes.Changes`: the server keeps its log as long as it likes."""

    def close(self) -> None:
        """See `changes.Changes`."""
        self._is_closed.set()
        with self._asking:
            with suppress(PyMongoError, ValueError):  # it ends with its connection anyway
                self._stream.close()
            self._session.end_session()

    def _told(self) -> list[Event]:
        """What the driver holds, or is told when it asks the server once."""
        asked = time.monotonic()
        events: list[Event] = []
        more: bool | None = True
        while more and len(events) < MOST and (event := self._stream.try_next()) is not None:
            if (kind := event["operationType"]) in _ENDS:
                raise HistoryLostError(
                    f"collection {self._name} was dropped or renamed ({kind}); a sweep looks at what is "
                    "there now"
                )
            events.append(event)
            more = self._holds_more()
        if events and more is False:
            self._not_before = asked + PAUSE
        return events

    def _holds_more(self) -> bool | None:
        """Whether the next change is here already; None when the driver does not say so, which it does to
        nobody but itself. Then they come one by one."""
        has_next = getattr(getattr(self._stream, "_cursor", None), "_has_next", None)
        return bool(has_next()) if has_next is not None else None

    def _is_current(self, event: Mapping[str, Any]) -> bool:
        known, at = self._session.operation_time, event.get("clusterTime")
        return isinstance(at, Timestamp) and known is not None and known.time - at.time <= BEHIND

    def _position(self) -> str:
        return json_util.dumps({"of": self._name, "token": self._stream.resume_token})

    def _token(self, position: str) -> Mapping[str, Any]:
        try:
            read = json_util.loads(position)
            of, token = read["of"], dict(read["token"])
        except (ValueError, KeyError, TypeError):
            raise HistoryLostError(f"the position kept for {self._name} can't be read") from None
        if of != self._name:
            raise HistoryLostError(f"the position is of {of}, and {self._name} is followed now")
        return token

    @contextmanager
    def _explained(self, opens_with: Mapping[str, Any] | None = None) -> Iterator[None]:
        with self._server.explained():
            try:
                yield
            except OperationFailure as error:
                if error.code in _HISTORY_LOST or (opens_with is not None and _is_no_use(error)):
                    raise HistoryLostError(self._lost(error.code)) from None
                if error.code == _NO_STREAMS:
                    raise SourceError(_standalone(self._server.address)) from None
                raise

    def _lost(self, code: int | None) -> str:
        return (
            f"MongoDB at {self._server.address} can't tell any more what happened in {self._name} since the "
            f"position that was kept (error {code}); a larger oplog reaches back further"
        )


def _is_no_use(error: OperationFailure) -> bool:
    """Whether the server refuses a position, in one of the many ways in which it may not understand it."""
    other = {*AUTHENTICATION, UNAUTHORISED, _NO_STREAMS}
    passes = isinstance(error, ExecutionTimeout) or error.has_error_label("ResumableChangeStreamError")
    return not passes and error.code not in other


def _standalone(address: str) -> str:
    return (
        f"MongoDB at {address} is a standalone server, which tells of no changes; make it a replica set of "
        "one (replication.replSetName in mongod.conf, then rs.initiate()), or leave schedule.live out"
    )
