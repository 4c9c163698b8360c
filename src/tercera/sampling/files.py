"""A look at files: the beginnings of a few of each group, whatever their size."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import ibis

from tercera.errors import SourceError
from tercera.orders import LONGEST_TEXT
from tercera.profile import Cell, Counted, Sample
from tercera.profile.values import cell_of, sample_of
from tercera.relational.embedded import Database, database, quoted
from tercera.relational.files.tables import Files, Format, Opened, open_files, refusing
from tercera.sampling.flattening import flattened
from tercera.sampling.grouping import Group, groups_of
from tercera.sampling.sampler import PEEKED, Bounds, Origin, Progress, likely_first, looked_closer

_MOST_FILES = 8
"""How many files of a group are looked into."""

_MOST_GROUPS = 100
_HEAD = 8 << 20
"""Bytes of a text file that are looked at."""

_LARGEST = 4 << 30
"""Bytes of all files of a group up to which a question over all rows is asked."""

_LARGEST_COPIED = 256 << 20
"""The same where the files have to be copied for it, into UTF-8."""

_MOST_TEXTS = 200


class FilesSampler:
    """`sampling.Sampler` over groups of files."""

    def __init__(self, patterns: Sequence[str], folder: Path, named: frozenset[str], bounds: Bounds) -> None:
        self._groups = {group.name: group for group in groups_of(patterns, folder)}
        self._named = named
        self._bounds = bounds
        self._shown = ", ".join(patterns)
        self._encodings: dict[str, str] = {}
        self._remarks: list[str] = []

    def origin(self) -> Origin:
        """See `Sampler`."""
        places: dict[str, Mapping[str, str | tuple[str, ...]]] = {}
        for name, group in self._groups.items():
            path = {"path": group.paths[0] if len(group.paths) == 1 else group.paths}
            encoding = self._encodings.get(name)
            places[name] = {**path, "encoding": encoding} if encoding else path
        return Origin("files", f"files {self._shown}", {}, places, None, tuple(self._remarks))

    def samples(self, progress: Progress) -> list[Sample]:
        """See `Sampler`. A group that can't be read is told of, and left out."""
        peeked: list[Sample] = []
        for name in likely_first(self._groups, self._named)[:_MOST_GROUPS]:
            if peeked and self._bounds.are_spent:
                self._remarks.append(f"no time was left to look at {len(self._groups) - len(peeked)} more")
                break
            progress(name)
            try:
                peeked.append(self._sample(self._groups[name], PEEKED))
            except SourceError as error:
                self._remarks.append(str(error))
        if not peeked:
            raise SourceError(self._remarks[0])

        def look(name: str) -> Sample:
            progress(name)
            return self._sample(self._groups[name], self._bounds.rows)

        return looked_closer(peeked, self._named, self._bounds, look)

    def count(self, place: str, path: str) -> Counted | None:
        """See `profile.Looks`."""
        group = self._groups[place]
        try:
            with self._whole(group) as opened:
                cell = opened.rows.cell(path)
                told = opened.rows.table.select(
                    text=ibis.ifelse(cell.present, cell.text, ibis.null("string"))
                )
                counted = told.group_by("text").aggregate(rows=ibis._.count())
                ranked = counted.order_by(ibis.desc("rows")).limit(_MOST_TEXTS)
                found = opened.database.rows(ranked)
        except (SourceError, KeyError):
            return None
        texts = {text: rows for text, rows in found if text is not None}
        return Counted(texts, sum(rows for _, rows in found), exact=True)

    def found(self, place: str, path: str, ids: Sequence[str]) -> frozenset[str] | None:
        """See `profile.Looks`."""
        try:
            with self._whole(self._groups[place]) as opened:
                text = opened.rows.cell(path).text
                asked = opened.rows.table.select(text=text).filter(ibis._.text.isin(list(ids))).distinct()
                return frozenset(row[0] for row in opened.database.rows(asked))
        except (SourceError, KeyError):
            return None

    def close(self) -> None:
        """Nothing stays open."""

    def _sample(self, group: Group, rows: int) -> Sample:
        if not group.files:
            raise SourceError(f"{group.name}: there is no such file")
        chosen = group.files[:: max(1, -(-len(group.files) // _MOST_FILES))]
        each = -(-rows // len(chosen))
        read: list[dict[str, Cell | None]] = []
        whole = len(chosen) == len(group.files)
        with tempfile.TemporaryDirectory(prefix="tercera-") as spare:
            for place, path in enumerate(chosen):
                found, is_all = self._beginning(group, path, Path(spare) / str(place), each)
                read += found
                whole = whole and is_all
        few = f"{len(chosen)} of {len(group.files)} files" if len(group.files) > 1 else "it"
        how = "all of them read" if whole else f"read at the beginning of {few}"
        return sample_of(group.name, read, len(read) if whole else None, how)

    def _beginning(
        self, group: Group, path: Path, spare: Path, rows: int
    ) -> tuple[list[dict[str, Cell | None]], bool]:
        """The first rows of a file, and whether these are all."""
        spare.mkdir()
        files = self._files(group, (path,))
        is_all = True
        if files.format_of(path) is not Format.PARQUET:
            copy, is_all = self._head(group, path, spare)
            files = replace(
                files, paths=(copy.name,), base=spare, encoding="utf-8", format=files.format_of(path)
            )
        with _opened(files, self._bounds) as opened:
            found = list(islice(_rows(opened), rows + 1))
        return found[:rows], is_all and len(found) <= rows

    def _head(self, group: Group, path: Path, spare: Path) -> tuple[Path, bool]:
        """A copy in UTF-8 of a text file's beginning, up to the end of a line."""
        opener = gzip.open if path.suffix == ".gz" else open
        try:
            with opener(path, "rb") as file:
                start: bytes = file.read(_HEAD + 1)
        except (OSError, EOFError) as error:
            raise SourceError(f"{path} can't be read: {error}") from None
        is_all = len(start) <= _HEAD
        if not is_all:
            start = start[: start.rfind(b"\n") + 1] or start
        encoding = _encoding(start)
        if encoding != "utf-8":
            self._encodings[group.name] = encoding
            start = start.decode(encoding, errors="replace").encode("utf-8")
        copy = spare / path.name.removesuffix(".gz")
        copy.write_bytes(start)
        return copy, is_all

    def _files(self, group: Group, paths: Sequence[Path]) -> Files:
        encoding = self._encodings.get(group.name, "utf-8")
        return Files("files", tuple(str(path.resolve()) for path in paths), None, None, encoding, Path.cwd())

    @contextmanager
    def _whole(self, group: Group) -> Iterator[Opened]:
        largest = _LARGEST_COPIED if group.name in self._encodings else _LARGEST
        if sum(file.stat().st_size for file in group.files) > largest:
            raise SourceError(f"{group.name} is too large for a question over all rows")
        with _opened(self._files(group, group.files), self._bounds) as opened:
            yield opened


@contextmanager
def _opened(files: Files, bounds: Bounds) -> Iterator[Opened]:
    """Files as a relation; what takes too long is broken off. SourceError of whatever goes wrong."""
    with (
        database("1GB", None) as engine,
        tempfile.TemporaryDirectory(prefix="tercera-") as spare,
        engine.stopped_after(bounds.question),
        refusing("files", [files.base / path for path in files.paths]),
    ):
        yield open_files(engine, files, Path(spare))


def _rows(opened: Opened) -> Iterator[dict[str, Cell | None]]:
    """Rows as cells. Texts are cut in the engine, and bytes are left there: nobody's id is a picture."""
    for batch in opened.database.batches_of(_cut(opened.database, opened.view)):
        for row in batch.to_pylist():
            if opened.names:
                yield _columns(row)
            else:
                yield flattened(_document(row), cell_of)


def _columns(row: Mapping[str, Any]) -> dict[str, Cell | None]:
    """A row of a table. A column's name may have dots in it, and be led into."""
    cells: dict[str, Cell | None] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            cells |= {f"{name}.{path}": cell for path, cell in flattened(value, cell_of).items()}
        else:
            cells[name] = cell_of(value)
    return cells


def _document(row: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        document = json.loads(row["document"] or "")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _cut(engine: Database, view: str) -> str:
    columns = engine.rows(f"DESCRIBE {quoted(view)}")
    return f"SELECT {', '.join(_as_read(name, kind) for name, kind, *_ in columns)} FROM {quoted(view)}"  # noqa: S608 - quoted


def _as_read(name: str, kind: str) -> str:
    column = quoted(name)
    if kind == "VARCHAR":
        return f"left({column}, {LONGEST_TEXT + 1}) AS {column}"
    if kind == "BLOB":
        return f"CASE WHEN {column} IS NOT NULL THEN ''::BLOB END AS {column}"
    return column


def _encoding(start: bytes) -> str:
    """As far as the first bytes tell: UTF-8, UTF-16 by its mark, else what Windows writes."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        # The last character may have been cut in two.
        start[: max(0, len(start) - 4)].decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"
