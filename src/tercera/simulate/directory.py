"""Puts simulated customers where a source reads them: a MongoDB collection or a file. Ids that have an entry
keep it as it is."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tercera.errors import ConfigError, SourceError
from tercera.fields import CustomerFields
from tercera.simulate.customers import DEFAULT_LANGUAGES, VALID_ID, is_valid_id, simulate_customers

if TYPE_CHECKING:
    import pyarrow as pa
    from pymongo.collection import Collection

BATCH = 1_000
VENDOR = "order_vendor_dbname"
FIELDS = CustomerFields(id="identificationNumber", name="name", email="email", language="language")
"""Where simulated customers carry their values, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How customers are made up: for which ids, from which seed, in which languages, how many mute."""

    seed: int
    pattern: str = VALID_ID
    language_mix: Mapping[str, float] = field(default_factory=lambda: DEFAULT_LANGUAGES)
    without_email: float = 0.0

    def customers(self, ids: Iterable[str]) -> Iterator[dict[str, str]]:
        """A customer for each id."""
        return simulate_customers(
            ids, seed=self.seed, language_mix=self.language_mix, without_email=self.without_email
        )


@dataclass(frozen=True, slots=True)
class Filled:
    """What was done: `ids` valid customer ids in the orders, `created` of them had no entry before."""

    ids: int
    created: int


def fill_collection(
    orders: Collection[Any],
    customers: Collection[Any],
    recipe: Recipe,
    *,
    customer_id: str = VENDOR,
    fields: CustomerFields = FIELDS,
    progress: Callable[[int], None] | None = None,
) -> Filled:
    """Makes an entry in `customers` for each valid id in `orders` that has none.

    `customer_id` is the path of the id in an order; an index on the id of customers is created when there is
    none. `progress` is told how many ids are done.
    """
    from pymongo import UpdateOne

    customers.create_index(fields.id)  # without it every entry would be looked for in the whole collection
    done = created = 0
    for ids in _batches(_ids_in_collection(orders, customer_id, recipe.pattern)):
        missing = set(ids) - _entries(customers, fields.id, ids)
        fresh = [_placed(each, fields) for each in recipe.customers(each for each in ids if each in missing)]
        if fresh:
            # An entry that somebody else makes meanwhile is left alone as well.
            upserts = [
                UpdateOne({fields.id: each[fields.id]}, {"$setOnInsert": each}, True) for each in fresh
            ]
            created += customers.bulk_write(upserts, ordered=False).upserted_count
        done += len(ids)
        if progress:
            progress(done)
    return Filled(done, created)


def fill_file(
    orders: Path,
    out: Path,
    recipe: Recipe,
    *,
    customer_id: str = VENDOR,
    fields: CustomerFields = FIELDS,
) -> Filled:
    """Makes an entry in `out` (CSV or Parquet) for each valid id in `orders` (likewise) that has none.

    What `out` holds already stays. Raises `SourceError` when a file can't be read, `ConfigError` for an
    ending that is neither.
    """
    if out.suffix not in (".csv", ".parquet"):
        raise ConfigError(f"{out}: customers are written as .csv or .parquet; give the file such an ending")
    ids = [each for each in _ids_in_file(orders, customer_id) if is_valid_id(each, recipe.pattern)]
    known = set(_ids_in_file(out, fields.id)) if out.exists() else set()
    fresh = [_placed(each, fields) for each in recipe.customers(each for each in ids if each not in known)]
    append = _append_csv if out.suffix == ".csv" else _append_parquet
    unfinished = out.with_name(out.name + ".part")
    try:
        append(out, unfinished, fresh, fields)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    return Filled(len(ids), len(fresh))


def _placed(customer: dict[str, str], fields: CustomerFields) -> dict[str, str]:
    """A customer with its values where `fields` says; a value without a place is left out."""
    places = {
        fields.id: "identificationNumber",
        fields.name: "name",
        fields.email: "email",
        fields.language: "language",
    }
    return {place: customer[name] for place, name in places.items() if place and name in customer}


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    ids = iter(ids)
    while batch := list(islice(ids, BATCH)):
        yield batch


def _ids_in_collection(orders: Collection[Any], path: str, pattern: str) -> Iterator[str]:
    """Distinct ids, gathered by the server: `distinct` would have to fit into one 16 MB answer."""
    pipeline: list[dict[str, Any]] = [{"$group": {"_id": f"${path}"}}, {"$sort": {"_id": 1}}]
    for found in orders.aggregate(pipeline, allowDiskUse=True):
        if found["_id"] is not None and is_valid_id(text := str(found["_id"]), pattern):
            yield text


def _entries(customers: Collection[Any], path: str, ids: list[str]) -> set[str]:
    """The ids among `ids` that have an entry, whether it is kept as text or as an ObjectId."""
    from bson import ObjectId

    either = [*ids, *(ObjectId(each) for each in ids if ObjectId.is_valid(each))]
    return {str(each) for each in customers.distinct(path, {path: {"$in": either}})}


def _ids_in_file(path: Path, column: str) -> list[str]:
    import duckdb

    with duckdb.connect() as engine:
        try:
            if path.suffix == ".parquet":
                rows = engine.read_parquet(str(path))
            else:
                rows = engine.read_csv(str(path), header=True, all_varchar=True)
            if column not in rows.columns:
                raise SourceError(
                    f"{path} has no column {column!r}; it has {', '.join(rows.columns)}; name the one to read"
                )
            name = '"' + column.replace('"', '""') + '"'
            return [
                found
                for (found,) in rows.project(f"{name}::varchar AS id").distinct().order("id").fetchall()
                if found is not None
            ]
        except duckdb.Error as error:
            raise SourceError(f"{path} can't be read: {str(error).splitlines()[0]}") from error


def _append_csv(out: Path, unfinished: Path, fresh: list[dict[str, str]], fields: CustomerFields) -> None:
    columns = [each for each in (fields.id, fields.name, fields.email, fields.language) if each]
    if out.exists():
        with out.open(encoding="utf-8-sig", newline="") as existing:
            columns = next(csv.reader(existing))
        shutil.copyfile(out, unfinished)
    with unfinished.open("ab+") as raw:
        whole = raw.seek(0, 2) == 0 or (raw.seek(-1, 2), raw.read(1))[1] == b"\n"
        raw.write(b"" if whole else b"\n")
    with unfinished.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore", lineterminator="\n")
        if not out.exists():
            writer.writeheader()
        writer.writerows(fresh)


def _append_parquet(out: Path, unfinished: Path, fresh: list[dict[str, str]], fields: CustomerFields) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    columns = [each for each in (fields.id, fields.name, fields.email, fields.language) if each]
    schema = pa.schema([(each, pa.string()) for each in columns])
    table: pa.Table = pa.Table.from_pylist(fresh, schema)
    if out.exists():
        existing = pyarrow.parquet.read_table(out)
        try:
            table = pa.concat_tables([existing, table], promote_options="permissive")
        except pa.ArrowInvalid as error:
            raise SourceError(f"{out} can't take text ids: {error}; write to another file") from error
    pyarrow.parquet.write_table(table, unfinished)
