"""Files as relations of the embedded engine: CSV, Parquet and JSON lines, one or many.

Nothing is guessed from the contents but the delimiter of a CSV header: every value of a CSV is text, and a
line that can't be read is kept apart and counted.
"""

from __future__ import annotations

import codecs
import csv
import glob
import gzip
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import duckdb
import ibis.expr.types as ir

from tercera.errors import SourceError
from tercera.model import RejectCount
from tercera.orders import SAMPLE_LENGTH, SAMPLES
from tercera.relational.embedded import Database, literal, quoted
from tercera.relational.engines.duckdb import DuckDialect
from tercera.relational.expressions.cells import Columns
from tercera.relational.files.documents import Documents

_DOCUMENT = "document"
_LONG_DOCUMENT = 20_000
"""How much of a document, in characters, is read to show its fields."""


class Format(StrEnum):
    """How a file is written."""

    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"
    JSONL = "jsonl"


_ENDINGS = {
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".parquet": Format.PARQUET,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".json": Format.JSONL,
}


# A quote that is never closed swallows lines: each of them is one that could not be read.
_LINES = """
SELECT
    any_value(csv_line) AS line,
    any_value(error_message) AS message,
    (scan_id, file_id, line_byte_position) AS place,
    1 + max(CASE WHEN error_type = 'UNQUOTED VALUE'
            THEN length(rtrim(csv_line, chr(10))) - length(replace(rtrim(csv_line, chr(10)), chr(10), ''))
            ELSE 0 END) AS lines
FROM reject_errors
GROUP BY scan_id, file_id, line_byte_position
"""


@dataclass(frozen=True, slots=True)
class Files:
    """What the settings say of some files: `what` they hold, where they are, how they are written."""

    what: str
    paths: tuple[str, ...]
    format: Format | None
    delimiter: str | None
    encoding: str
    base: Path

    def find(self) -> list[Path]:
        """The files that there are. SourceError when a path leads to none."""
        found: list[Path] = []
        for path in self.paths:
            whole = str(self.base / path)
            matching = [whole] if Path(whole).is_file() else sorted(glob.glob(whole, recursive=True))
            files = [Path(each) for each in matching if Path(each).is_file()]
            if not files:
                raise SourceError(
                    f"{self.what}: there is no file {path!r} in {self.base}; correct source.{self.what}.path"
                )
            found += [each for each in files if each not in found]
        return found

    def format_of(self, path: Path) -> Format:
        """The declared format, or the one that the file's ending tells."""
        if self.format:
            return self.format
        endings = [ending for ending in path.suffixes if ending != ".gz"]
        ending = endings[-1].lower() if endings else ""
        if ending not in _ENDINGS:
            raise SourceError(
                f"{self.what}: {path.name} has no known ending; name it {', '.join(_ENDINGS)} "
                f"or say source.{self.what}.format"
            )
        return _ENDINGS[ending]


@dataclass(frozen=True, slots=True)
class Opened:
    """Files as one relation. `unreadable` is asked right after the one scan that counts."""

    database: Database
    view: str
    rows: Columns | Documents
    names: tuple[str, ...]
    files: tuple[Path, ...]
    is_csv: bool
    has_columns: bool
    """Whether it can be read again, the same rows, a column without the others."""

    def unreadable(self) -> RejectCount:
        """The lines that have not the shape of the others, of every scan so far."""
        if not self.is_csv or not self._has_rejects():
            return RejectCount(0, 0)
        [(lines,)] = self.database.rows(f"SELECT coalesce(sum(lines), 0)::BIGINT FROM ({_LINES})")  # noqa: S608 - our text
        shown = self.database.rows(
            f"SELECT line[:$cut], message[:$cut] FROM ({_LINES}) ORDER BY place LIMIT $few",  # noqa: S608 - our text
            {"cut": SAMPLE_LENGTH, "few": SAMPLES},
        )
        samples = tuple({"line": line, "problem": message.split("\n")[0]} for line, message in shown)
        return RejectCount(lines, 0, samples)

    def shown(self, rows: ir.Table) -> tuple[ir.Table, tuple[str, ...]]:
        """Rows as text to show, cut to a bounded length, and the names of what is shown."""
        columns = self.names or (_DOCUMENT,)
        length = SAMPLE_LENGTH if self.names else _LONG_DOCUMENT
        kept = [name for name in rows.columns if name not in columns]
        return rows.select(
            *kept, **{name: rows[name].cast("string").substr(0, length) for name in columns}
        ), columns

    def sample(self, values: dict[str, str | None]) -> dict[str, str | None]:
        """A row to show: its columns, or the fields of its document."""
        if self.names:
            return values
        text = values[_DOCUMENT]
        try:
            document = json.loads(text or "")
        except ValueError:
            return {_DOCUMENT: cut(text)}
        return (
            {name: cut(each) for name, each in document.items()}
            if isinstance(document, dict)
            else {_DOCUMENT: cut(text)}
        )

    def first(self, rows: int) -> Opened:
        """The first rows that come up."""
        self.database.run(
            f"CREATE OR REPLACE TEMP VIEW first_rows AS FROM {quoted(self.view)} LIMIT {int(rows)}"
        )
        table = self.database.relation("first_rows")
        return replace(self, rows=_rows(table, self.names), view="first_rows", has_columns=False)

    def missing(self, paths: Iterable[str]) -> list[str]:
        """Those of the paths that lead to no column. A document may lack any field."""
        return [path for path in paths if not self._has(path)]

    def _has(self, path: str) -> bool:
        try:
            self.rows.cell(path)
        except KeyError:
            return False
        return True

    def _has_rejects(self) -> bool:
        found = self.database.rows("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'reject_errors'")
        return bool(found[0][0])


def open_files(database: Database, files: Files, spare: Path) -> Opened:
    """Makes files known to the database. `spare` is a directory for copies that DuckDB can read.

    SourceError when there are none, or one is empty, cut off, or not what its ending says.
    """
    found = files.find()
    kinds = {files.format_of(path) for path in found}
    if len(kinds) > 1:
        raise SourceError(f"{files.what}: {', '.join(sorted(kinds))} can't be read together; name one kind")
    kind = kinds.pop()
    for path in found:
        if path.stat().st_size == 0:
            raise SourceError(f"{files.what}: {path} is empty; it needs at least a header")
    view = f"{files.what}_file"
    with refusing(files.what, found):
        scan = _scan(kind, found, files, spare)
        database.run(f"CREATE OR REPLACE TEMP VIEW {quoted(view)} AS {scan}")
        table = database.relation(view)
    names = () if kind is Format.JSONL else tuple(table.columns)
    is_csv = kind in (Format.CSV, Format.TSV)
    return Opened(database, view, _rows(table, names), names, tuple(found), is_csv, kind is Format.PARQUET)


def _rows(table: ir.Table, names: tuple[str, ...]) -> Columns | Documents:
    return Columns(table, DuckDialect()) if names else Documents(table, _DOCUMENT)


@contextmanager
def unchanged(what: str, files: Sequence[Path]) -> Iterator[None]:
    """Around readings that belong together. SourceError when a file changed meanwhile."""
    before = _stamps(files)
    yield
    for path, stamp, earlier in zip(files, _stamps(files), before, strict=True):
        if stamp != earlier:
            raise SourceError(f"{what}: {path} changed while it was read; ask again when it is written")


def _stamps(files: Sequence[Path]) -> list[tuple[int, int, int]]:
    return [(found.st_ino, found.st_size, found.st_mtime_ns) for found in map(Path.stat, files)]


@contextmanager
def refusing(what: str, files: list[Path] | tuple[Path, ...]) -> Iterator[None]:
    """Says in one line which files could not be read, and why."""
    try:
        yield
    except (duckdb.Error, csv.Error, OSError, EOFError, UnicodeError) as error:
        reason = str(error).strip().split("\n")[0]
        names = ", ".join(str(path) for path in files[:3]) + (" …" if len(files) > 3 else "")
        raise SourceError(f"{what}: {names} can't be read: {reason}") from error


def _scan(kind: Format, found: list[Path], files: Files, spare: Path) -> str:
    if kind is Format.PARQUET:
        return f"FROM read_parquet({_list(found)}, union_by_name = true)"
    if kind is Format.JSONL:
        copies = [_in_utf8(path, files.encoding, spare) for path in found]
        return (
            f"FROM read_json_objects({_list(copies)}, format = 'auto', ignore_errors = true) "
            f"SELECT json AS {_DOCUMENT}"
        )
    delimiter = files.delimiter or ("\t" if kind is Format.TSV else None)
    alike: dict[tuple[str, tuple[str, ...]], list[Path]] = {}
    for path in found:
        copy = _in_utf8(path, files.encoding, spare)
        alike.setdefault(_header(copy, delimiter), []).append(copy)
    return " UNION ALL BY NAME ".join(
        "SELECT * " + _csv(between, names, paths, strict=all(_is_uniform(path) for path in paths))
        for (between, names), paths in alike.items()
    )


def _csv(delimiter: str, names: tuple[str, ...], paths: list[Path], *, strict: bool) -> str:
    columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in names)
    return (
        f"FROM read_csv({_list(paths)}, auto_detect = false, header = true, columns = {{{columns}}}, "
        f"delim = {literal(delimiter)}, quote = '\"', escape = '\"', store_rejects = true, "
        f"strict_mode = {str(strict).lower()})"
    )


def _is_uniform(path: Path) -> bool:
    """Whether the first lines end alike. DuckDB's strict reading knows one line ending for a whole file."""
    with _opened(path) as file:
        start = file.read(1 << 20)
    endings = start.count(b"\r\n"), start.count(b"\n"), start.count(b"\r")
    return endings[2] == 0 or (endings[0] == endings[1] == endings[2])


def _header(path: Path, delimiter: str | None) -> tuple[str, tuple[str, ...]]:
    """The delimiter (that the header has most often, when it is not told) and the names of the columns."""
    with _opened(path) as file:
        first = file.readline(1 << 20)
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SourceError(f"{path} is written in UTF-16; say so with encoding: utf-16")
    line = first.decode("utf-8-sig", errors="replace").partition("\n")[0].partition("\r")[0]
    if not line.strip("\x00 "):
        raise SourceError(f"{path} has no header in its first line")
    between = delimiter or max(",;\t|", key=line.count)
    names: list[str] = []
    for place, name in enumerate(next(csv.reader(io.StringIO(line), delimiter=between)), 1):
        unique = name.strip() or f"column{place}"
        taken = {each.lower() for each in names}
        names.append(unique if unique.lower() not in taken else f"{unique}_{place}")
    return between, tuple(names)


def _in_utf8(path: Path, encoding: str, spare: Path) -> Path:
    """The file itself, or a copy in UTF-8. What the encoding does not know stays as it is, for a reject."""
    if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig", "ascii"):
        return path
    copy = spare / f"{len(list(spare.iterdir()))}-{path.name.removesuffix('.gz')}"
    decoder = codecs.getincrementaldecoder(encoding)(errors="surrogateescape")
    with _opened(path) as source, copy.open("wb") as target:
        while chunk := source.read(1 << 20):
            target.write(decoder.decode(chunk).encode("utf-8", errors="surrogateescape"))
        target.write(decoder.decode(b"", final=True).encode("utf-8", errors="surrogateescape"))
    return copy


def _opened(path: Path) -> gzip.GzipFile | io.BufferedReader:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


def _list(paths: list[Path]) -> str:
    return "[" + ", ".join(literal(str(path)) for path in paths) + "]"


def cut(value: object) -> str | None:
    """A value as a sample shows it."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text[:SAMPLE_LENGTH]
