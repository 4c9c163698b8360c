"""The change stream of the orders' collection: which subjects a change is about, told by the server.

The server reads ids and derived fields of a changed order by the same expressions as in a tally, so nothing
else of it travels. https://www.mongodb.com/docs/manual/changeStreams/
"""

from __future__ import annotations

import re
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

from tercera.changes import Batch
from tercera.errors import HistoryLostError, SourceError
from tercera.model import CUSTOMER, SubjectId
from tercera.mongo.connection import AUTHENTICATION, UNAUTHORISED, Client, Server
from tercera.mongo.expressions import Expression, either, literal, text_of, told_by, type_is
from tercera.orders import OrderFields

WAIT = 0.5
"""Seconds that the server waits for a change before it says that there is none: the longest that closing
takes."""

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
        self._fields = fields
        self._name = f"{documents.database.name}.{documents.name}"
        self._pers = {f"s{place}": per for place, per in enumerate(sorted(set(pers)))}
        self._watched = frozenset(paths_of(fields))
        self._owners = frozenset(_path(fields, per) for per in pers)
        self._is_closed = threading.Event()
        self._asking = threading.Lock()  # a stream can't be closed while another thread asks it
        self._is_new = after is None
        token = self._token(after) if after is not None else None
        self._session: ClientSession = client.start_session(causal_consistency=False)
        try:
            with self._explained(opens_with=token):
                self._stream: ChangeStream[dict[str, Any]] = documents.watch(
                    self._pipeline(),
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
        """See `changes.Changes`. One change at a time: the driver does not say whether it has more."""
        if self._is_new:
            self._is_new = False
            return Batch(position=self._position())
        ends = time.monotonic() + patience
        while True:
            with self._asking:
                if self._is_closed.is_set():
                    return Batch()
                with self._explained():
                    event = self._stream.try_next()
                if event is not None:
                    return self._batch(event)
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

    def _pipeline(self) -> list[dict[str, Any]]:
        sides = {"now": "fullDocument", "was": "fullDocumentBeforeChange"}
        told = {side: self._told(document) for side, document in sides.items()}
        keys = {"$map": {"input": {"$objectToArray": "$updateDescription.updatedFields"}, "in": "$$this.k"}}
        return [
            {"$match": _matters(self._watched)},
            {
                "$project": {
                    "operationType": True,
                    "clusterTime": True,
                    "set": keys,
                    "unset": "$updateDescription.removedFields",
                    "cut": "$updateDescription.truncatedArrays.field",
                    "key": text_of("$documentKey._id"),
                    **told,
                }
            },
        ]

    def _told(self, document: str) -> Expression:
        """The order's id and subjects, null where there is no such document."""
        values = {"o": self._text(document, "order_id")}
        values |= {short: self._text(document, _field(per)) for short, per in self._pers.items()}
        return either(type_is(f"${document}", "object"), values, None)

    def _text(self, document: str, name: str) -> Expression:
        value = {"$let": {"vars": {"v": f"${document}.{self._fields.path_of(name)}"}, "in": text_of("$$v")}}
        derived = self._fields.derive.get(name)
        return told_by(value, derived) if derived else value

    def _batch(self, event: Mapping[str, Any]) -> Batch:
        kind = event["operationType"]
        if kind in _ENDS:
            raise HistoryLostError(
                f"collection {self._name} was dropped or renamed ({kind}); a sweep looks at what is there now"
            )
        if kind == "update" and not self._touches(event, self._watched):
            return Batch(position=self._position(), is_current=self._is_current(event))
        now, was = event.get("now"), event.get("was")
        moved, untold = self._former(kind, event, now) if was is None else (None, False)
        return Batch(
            self._subjects(now, was),
            frozenset([moved] if moved else ()),
            int(untold),
            self._position(),
            self._is_current(event),
        )

    def _subjects(self, *sides: Mapping[str, Any] | None) -> dict[str, frozenset[SubjectId]]:
        return {
            per: frozenset(SubjectId(side[short]) for side in sides if side and side.get(short))
            for short, per in self._pers.items()
        }

    def _former(
        self, kind: str, event: Mapping[str, Any], now: Mapping[str, Any] | None
    ) -> tuple[str | None, bool]:
        """The id of an order that may have been somebody else's, and whether one is gone whose id nobody
        knows. Of an order that changed and is gone by now, its deletion tells."""
        if kind == "insert" or (kind == "update" and not self._touches(event, self._owners)):
            return None, False
        known = event.get("key") if self._fields.order_id == "_id" else (now or {}).get("o")
        return known, kind == "delete" and not known

    def _touches(self, event: Mapping[str, Any], paths: Collection[str]) -> bool:
        """Whether an update wrote something at these paths, above or below them."""
        written = [key for name in ("set", "unset", "cut") for key in event.get(name) or ()]
        return any(
            key == path or key.startswith(path + ".") or path.startswith(key + ".")
            for key in written
            for path in paths
        )

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


def _matters(paths: Collection[str]) -> dict[str, Any]:
    """Whether an event is about values at these paths. It names no document, so that the server asks it
    before it looks an order up: an update of other fields costs next to nothing."""
    parts = [path.split(".") for path in paths]
    above = sorted({".".join(part[: n + 1]) for part in parts for n in range(len(part))})
    below = "^(" + "|".join(re.escape(path) for path in sorted(paths)) + r")\."
    written = {
        "$concatArrays": [
            {
                "$map": {
                    "input": {"$objectToArray": {"$ifNull": ["$updateDescription.updatedFields", {}]}},
                    "in": "$$this.k",
                }
            },
            {"$ifNull": ["$updateDescription.removedFields", []]},
            {"$ifNull": ["$updateDescription.truncatedArrays.field", []]},
        ]
    }
    touched = {
        "$or": [
            {"$in": ["$$this", literal(above)]},
            {"$regexMatch": {"input": "$$this", "regex": literal(below)}},
        ]
    }
    touches = {"$anyElementTrue": [{"$map": {"input": written, "in": touched}}]}
    return {"$or": [{"operationType": {"$ne": "update"}}, {"$expr": touches}]}


def paths_of(fields: OrderFields) -> Iterator[str]:
    """Every path that a tally may read."""
    yield from (fields.order_id, fields.customer_id, fields.placed_at)
    yield fields.path_of("status")
    if fields.amount:
        yield fields.amount
    yield from fields.fields.values()
    yield from (derived.source for derived in fields.derive.values())


def _standalone(address: str) -> str:
    return (
        f"MongoDB at {address} is a standalone server, which tells of no changes; make it a replica set of "
        "one (replication.replSetName in mongod.conf, then rs.initiate()), or leave schedule.live out"
    )


def _field(per: str) -> str:
    return "customer_id" if per == CUSTOMER else per


def _path(fields: OrderFields, per: str) -> str:
    return fields.path_of(_field(per))
