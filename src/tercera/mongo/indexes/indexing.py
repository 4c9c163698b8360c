"""A collection's indexes as `indexes` sees them; how one is created, and how large it is or would be."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import bson
import pymongo
from pymongo.collection import Collection
from pymongo.errors import OperationFailure, PyMongoError

from tercera.indexes.needs import HIDDEN, Advice, Index, Need, Proposal
from tercera.mongo.directory import at
from tercera.mongo.indexes.plans import is_multikey

_LONGEST = 7 * 86_400.0
"""Seconds that an index may take to be built."""

_PAUSE = 0.5
"""Seconds between two looks at how far it is."""

_COMPRESSED = 0.55
"""How much of an index's keys is left on disk: neighbours share their beginnings. From indexes of a million
orders; what it gives is told as an approximation."""

Documents = Collection[dict[str, Any]]
Document = Mapping[str, Any]


def existing_indexes(documents: Documents, needs: Sequence[Need]) -> list[Index]:
    """All of them. Of those that could serve a need it is also asked whether they hold elements of arrays."""
    led = {path for need in needs for path in need.leading}
    found = []
    for told in documents.list_indexes():
        paths, flaw = tuple(told["key"]), _flaw(told, needs)
        if flaw is None and paths[0] in led and paths[0] != "_id" and _is_multikey(documents, told["name"]):
            flaw = "of arrays (multikey)"
        found.append(Index(str(told["name"]), paths, flaw))
    return found


def _flaw(told: Document, needs: Sequence[Need]) -> str | None:
    if told.get("hidden"):
        return HIDDEN
    if "partialFilterExpression" in told:
        return "partial"
    if told.get("sparse"):
        return "sparse"
    if told.get("collation", {}).get("locale", "simple") != "simple":
        return f"of the collation {told['collation']['locale']}"
    for kind in told["key"].values():
        compared = any(need.leading == tuple(told["key"]) and need.equality == 1 for need in needs)
        if not isinstance(kind, int | float) and not (kind == "hashed" and compared):
            return str(kind)
    return None


def _is_multikey(documents: Documents, name: str) -> bool:
    find = {"find": documents.name, "filter": {}, "hint": name, "limit": 1}
    try:
        return is_multikey(documents.database.command("explain", find, verbosity="queryPlanner"))
    except OperationFailure:
        return False


def statement(documents: Documents, advice: Advice) -> str | None:
    """What to write in mongosh for what is advised."""
    collection = f"db.getCollection({json.dumps(documents.name)})"
    if advice.unhide is not None:
        return f"{collection}.unhideIndex({json.dumps(advice.unhide.name)})"
    if advice.proposal is None:
        return None
    keys = ", ".join(f"{json.dumps(path)}: 1" for path in advice.proposal.paths)
    return f"{collection}.createIndex({{{keys}}}, {{name: {json.dumps(advice.proposal.name)}}})"


def create_index(
    documents: Documents, proposal: Proposal, tell: Callable[[int | None, int | None], None]
) -> None:
    """Creates it while others read and write (MongoDB 4.2 and newer build that way), and tells how far it is.

    Interrupted here, the server goes on building. Raises the driver's errors.
    """
    keys = [(path, pymongo.ASCENDING) for path in proposal.paths]
    failed: list[BaseException] = []

    def build() -> None:
        try:
            # By default a connection gives up sooner than a large index is built.
            with pymongo.timeout(_LONGEST):
                documents.create_index(keys, name=proposal.name)
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            failed.append(error)

    building = threading.Thread(target=build, name="build index", daemon=True)
    building.start()
    while building.is_alive():
        building.join(_PAUSE)
        if building.is_alive():
            tell(*_progress(documents))
    if failed:
        raise failed[0]


def _progress(documents: Documents) -> tuple[int | None, int | None]:
    """Of an index that is being built: steps done, of how many. Who builds it belongs to the server, and only
    a user with `clusterMonitor` sees it."""
    wanted = {
        "command.createIndexes": documents.name,
        "ns": {"$in": [f"{documents.database.name}.$cmd", documents.full_name]},
        "progress": {"$exists": True},
    }
    try:
        admin = documents.database.client["admin"]
        found = list(admin.aggregate([{"$currentOp": {"allUsers": True}}, {"$match": wanted}]))
    except PyMongoError:
        return None, None
    steps = [each["progress"] for each in found if "total" in each["progress"]]
    return (int(steps[0]["done"]), int(steps[0]["total"])) if steps else (None, None)


def size_of(documents: Documents, name: str) -> int | None:
    """An index's bytes on disk; None where the server does not tell."""
    try:
        [told] = documents.aggregate([{"$collStats": {"storageStats": {}}}, {"$limit": 1}])
    except (OperationFailure, ValueError):
        return None
    size = told.get("storageStats", {}).get("indexSizes", {}).get(name)
    return None if size is None else int(size)


def estimated_size(sample: Sequence[Document], paths: Sequence[str], stored: int) -> int | None:
    """About how many bytes an index on these paths would take."""
    if not sample:
        return None
    keys = sum(len(bson.encode({"": at(document, path)})) - 7 for document in sample for path in paths)
    return round((keys / len(sample) + 8) * stored * _COMPRESSED)


def newest(documents: Documents, count: int) -> list[dict[str, Any]]:
    """The documents that were written last, as they lie on disk."""
    return list(documents.find().sort("$natural", -1).limit(count))
