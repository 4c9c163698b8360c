"""The rows of a CSV or Parquet file as documents, one after the other: what `tercera import` reads.

CSV values stay the text that they are. Parquet keeps its types: decimals become Decimal128, days become dates
at midnight UTC (`timestamps: date`), timestamps without a zone are kept as if their clock ran in UTC
(`timestamps: local`), those with a zone become instants. Empty values are left out. A name with dots makes a
nested document, which is how a source reads it.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import IO, Any, NamedTuple

from bson import Decimal128
from bson.decimal128 import create_decimal128_context

from tercera.errors import SourceError

_LONGEST_FIELD = 16_000_000
"""Characters. MongoDB takes no larger document; a longer field is a quote that was never closed."""

_AT_ONCE = 2000
"""Rows of Parquet that are turned into values together."""

_MOST_INT = 2**63
_DECIMALS = create_decimal128_context()

Document = dict[str, Any]


class Row(NamedTuple):
    """A row: eight bytes of hash of its values, its size in characters, and its document."""

    digest: bytes
    size: int
    document: Document


@dataclass(frozen=True)
class Rows:
    """A file that was opened: its columns' names, and its rows."""

    names: tuple[str, ...]
    rows: Iterator[Row]

    def __iter__(self) -> Iterator[Row]:
        return self.rows

    def __next__(self) -> Row:
        return next(self.rows)


def open_rows(path: Path) -> Rows:
    """Opens a file by its ending. SourceError when it can't be read as what it says it is."""
    endings = [suffix.lower() for suffix in path.suffixes]
    if not path.is_file():
        raise SourceError(f"{path} is no file; give a CSV (.csv, .csv.gz) or Parquet (.parquet) file")
    kind = next((each for each in reversed(endings) if each != ".gz"), "")
    if kind in (".csv", ".tsv", ".txt"):
        return _opened(path, _csv(path, gzip.open if ".gz" in endings else open))
    if kind in (".parquet", ".pq"):
        return _opened(path, _parquet(path))
    raise SourceError(f"{path} ends in {kind or 'nothing'}; only .csv, .csv.gz and .parquet can be imported")


def require_fields(path: Path, names: Sequence[str], needed: Sequence[str]) -> None:
    """SourceError unless the file has each of the needed fields, itself or as what a nested one is in."""
    for field in needed:
        if not any(name == field or field.startswith(f"{name}.") for name in names):
            near = difflib.get_close_matches(field, names, 3) or list(names)[:20]
            raise SourceError(
                f"{path} has no column {field!r}, which source names; it has {', '.join(near)}. Correct the "
                "field in source, or the file's header"
            )


def _opened(path: Path, rows: Iterator[Any]) -> Rows:
    """The first thing that a reader gives is the names."""
    guarded = _refusing(path, rows)
    names = next(guarded)
    for name in names:
        if "\0" in name or name.startswith("$") or not all(name.split(".")):
            raise SourceError(f"{path}: {name!r} can't be the name of a MongoDB field; rename the column")
    return Rows(names, guarded)


def _refusing(path: Path, rows: Iterator[Any]) -> Iterator[Any]:
    with _told(path):
        yield from rows


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What can be wrong with a file, in words."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{path} is not UTF-8 (byte {error.object[error.start]:#x}); convert it, as with "
            f"iconv -f WINDOWS-1252 -t UTF-8"
        ) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(f"{path} is cut off or no gzip file ({error}); fetch it again") from None
    except OSError as error:
        raise SourceError(f"{path} can't be read: {error.strerror or error}") from None


_END = "\x1e\x03"
"""Stands alone behind the last row, unless a quote is still open there."""


def _csv(path: Path, opener: Callable[..., IO[str]]) -> Iterator[Any]:
    with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
        head = file.readline(_LONGEST_FIELD)
        if not head.strip():
            raise SourceError(f"{path} is empty; it needs a first line with the names of its columns")
        delimiter = max(",;\t|", key=head.count)
        csv.field_size_limit(_LONGEST_FIELD)
        names = tuple(name.strip() for name in next(csv.reader([head], delimiter=delimiter)))
        yield _distinct(path, names)
        reader = csv.reader(chain(file, [_END]), delimiter=delimiter)
        whole = 0
        try:
            for row in _csv_rows(reader, names):
                whole = reader.line_num
                yield row
        except csv.Error as error:
            raise SourceError(
                f"{path} line {whole + 2}: {error}; a quote was probably never closed"
            ) from None


def _csv_rows(reader: Iterator[list[str]], names: tuple[str, ...]) -> Iterator[Row]:
    begin = hashlib.blake2b("\0".join(names).encode(), digest_size=8)
    nested = _nesting(names)
    for cells in reader:
        if not cells:
            continue  # a blank line is no row
        if cells[-1].endswith(_END):
            if cells == [_END]:
                return
            raise csv.Error("the file ends within quotes")  # which may hold any number of rows
        text = "\0".join(cells)
        digest = begin.copy()
        digest.update(text.encode("utf-8", "surrogatepass"))
        document = {name: cell for name, cell in zip(names, cells, strict=False) if cell}
        for place in range(len(names), len(cells)):  # more cells than names: kept, under a name that says so
            document[f"column_{place + 1}"] = cells[place]
        yield Row(digest.digest(), len(text), nested(document))


def _distinct(path: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SourceError(f"{path} has the column {twice[0]!r} twice; rename one")
    if "_id" in names:
        raise SourceError(f"{path} has a column '_id', which MongoDB keeps for itself; rename it")
    return names


def _parquet(path: Path) -> Iterator[Any]:
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    try:
        with parquet.ParquetFile(path) as file:
            names = tuple(file.schema_arrow.names)
            yield _distinct(path, names)
            nested = _nesting(names)
            begin = hashlib.blake2b("\0".join(names).encode(), digest_size=8)
            for batch in file.iter_batches(_AT_ONCE):
                columns = [[_stored(value) for value in _values(column)] for column in batch.columns]
                for values in zip(*columns, strict=True):
                    text = repr(values)
                    digest = begin.copy()
                    digest.update(text.encode("utf-8", "surrogatepass"))
                    document = {
                        name: value for name, value in zip(names, values, strict=True) if value is not None
                    }
                    yield Row(digest.digest(), len(text), nested(document))
    except arrow.ArrowException as error:
        raise SourceError(f"{path} is no whole Parquet file ({error}); write it again") from None


def _values(column: Any) -> list[Any]:
    """A column as Python values. Times finer than a microsecond have no such value."""
    import pyarrow as arrow

    if arrow.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(arrow.timestamp("us", column.type.tz), safe=False)
    values: list[Any] = column.to_pylist()
    return values


def _stored(value: Any) -> Any:
    """A value as MongoDB keeps it; None for what is left out."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, float):
        return value if value == value else None
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -_MOST_INT <= value < _MOST_INT else str(value)
    if isinstance(value, Decimal):
        return Decimal128(_DECIMALS.create_decimal(value))
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time())
    if isinstance(value, list):
        return [_stored(each) for each in value]
    if isinstance(value, dict):
        return {name: _stored(each) for name, each in value.items()}
    return value if isinstance(value, datetime | bytes) else str(value)


def _nesting(names: Sequence[str]) -> Callable[[Document], Document]:
    """How a flat row becomes a document: as it is, unless a name has dots."""
    if not any("." in name for name in names):
        return lambda document: document

    def nested(flat: Document) -> Document:
        document: Document = {}
        for name, value in flat.items():
            *outer, last = name.split(".")
            inner = document
            for each in outer:
                held = inner.setdefault(each, {})
                if not isinstance(held, dict):  # `a` and `a.b` are both columns: the first one stands
                    break
                inner = held
            else:
                inner[last] = value
        return document

    return nested
