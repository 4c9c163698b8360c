"""What `tercera check` looks at in MongoDB: version, collections, fields. For indexes see `advising`."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pymongo.collection import Collection
from pymongo.database import Database

from tercera.fields import CustomerFields, OrderFields
from tercera.model import Counting
from tercera.mongo.directory import at
from tercera.mongo.indexes.advising import swept_paths
from tercera.orders import Check

_OLDEST = (6, 0)
_LOOKED_AT = 100
"""How many documents are looked at for the configured fields."""

Documents = Collection[dict[str, Any]]


def check_source(
    database: Database[dict[str, Any]],
    address: str,
    orders: OrderFields,
    customers: CustomerFields | None,
    countings: Sequence[Counting],
) -> Iterator[Check]:
    """Each thing in turn. Raises the driver's errors."""
    yield _version(database, address)
    present = sorted(database.list_collection_names())
    fields = list(dict.fromkeys(swept_paths(orders, countings)))
    if (check := _present(database, orders, present)).ok:
        collection = database[_name(orders)]
        yield from _fields(collection, fields)
    else:
        yield check
    if customers is None:
        return
    if (check := _present(database, customers, present)).ok:
        collection = database[_name(customers)]
        named = (
            customers.id,
            customers.name,
            customers.email,
            customers.timezone,
            *customers.fields.values(),
        )
        yield from _fields(collection, [path for path in named if path])
    else:
        yield check


def _name(fields: OrderFields | CustomerFields) -> str:
    return str(getattr(fields, "collection"))  # noqa: B009 - each has one, of no common base


def _version(database: Database[dict[str, Any]], address: str) -> Check:
    what = f"MongoDB at {address}"
    info = database.client.server_info()
    version = str(info["version"])
    if tuple(info["versionArray"][:2]) >= _OLDEST:
        return Check(what, True, f"version {version}")
    return Check(what, False, f"version {version} is too old", "MongoDB 6.0 or newer is needed")


def _present(
    database: Database[dict[str, Any]], fields: OrderFields | CustomerFields, present: Sequence[str]
) -> Check:
    name = _name(fields)
    what = f"collection {database.name}.{name}"
    if name in present:
        return Check(what, True)
    near = difflib.get_close_matches(name, present, 3) or list(present)[:10]
    there = f"there are {', '.join(near)}" if near else "the database has no collections"
    return Check(what, False, f"is not there; {there}", "correct its name in source, or import orders")


def _fields(collection: Documents, paths: Sequence[str]) -> Iterator[Check]:
    """Whether the newest documents have the fields that the settings name."""
    what = f"collection {collection.database.name}.{collection.name}"
    documents = list(collection.find().sort("$natural", -1).limit(_LOOKED_AT))
    if not documents:
        yield Check(what, True, "is empty so far")
        return
    absent = [path for path in paths if not any(_has(document, path) for document in documents)]
    known = sorted({name for document in documents for name in document})
    if not absent:
        yield Check(what, True, f"the last {len(documents)} documents have the fields")
    for path in absent:
        near = difflib.get_close_matches(path, known, 3) or known[:15]
        detail = f"none of the last {len(documents)} documents has {path!r}; they have {', '.join(near)}"
        yield Check(what, False, detail, "correct the field's name in source")


def _has(document: Mapping[str, Any], path: str) -> bool:
    outer, _, last = path.rpartition(".")
    inner = at(document, outer) if outer else document
    return isinstance(inner, Mapping) and last in inner
