"""Orders in files: CSV, Parquet, JSON lines. Read where they are, streaming; they may exceed memory."""

from __future__ import annotations

import codecs
import tempfile
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tercera.errors import SourceError
from tercera.fields import CustomerFields, OrderFields, Timestamps
from tercera.model import CUSTOMER, Counting, Customer, Period, RejectReason, SubjectId, Survey, Tally
from tercera.orders import Check, Reading, Scope, Source, check_of_rows
from tercera.relational.databases.columns import demand, everything, needed
from tercera.relational.databases.whole import whole
from tercera.relational.databases.written_out import written_out
from tercera.relational.directory import customers, entries, paths
from tercera.relational.embedded import database
from tercera.relational.engines.duckdb import DuckDialect
from tercera.relational.expressions.tally import Question
from tercera.relational.files.kept import Kept
from tercera.relational.files.sharing import SharedFiles
from tercera.relational.files.staged import answer, columns, doubts
from tercera.relational.files.tables import Files, Format, Opened, open_files, refusing
from tercera.relational.following.arrivals import Arrivals
from tercera.relational.following.telling import paths_of, subjects
from tercera.relational.groups import grouped
from tercera.relational.statements import Statements
from tercera.tally.columns import ColumnReading, TallyColumns
from tercera.windows import Window


def _known_encoding(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError:
        raise ValueError(f"{name!r} is no known encoding; write one like utf-8 or cp1252") from None
    return name


Encoding = Annotated[str, AfterValidator(_known_encoding)]
Paths = str | Annotated[tuple[str, ...], Field(min_length=1)]


_EVERY = 1.0
"""Seconds between two looks for files that changed."""

_LOOKED_AT = 100_000
"""How many rows `check` reads."""


class _Place(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Paths = Field(description="a file or more; * and ** are filled in; relative to the configuration")
    format: Format | None = Field(None, description="when the file's ending does not tell it")
    delimiter: Annotated[str, Field(min_length=1, max_length=4)] | None = Field(
        None, description="of CSV; told by the header when missing"
    )
    encoding: Encoding = "utf-8"

    def files(self, what: str, base: Path) -> Files:
        """Where and how these are written."""
        paths = (self.path,) if isinstance(self.path, str) else self.path
        return Files(what, paths, self.format, self.delimiter, self.encoding, base)


class OrderFiles(OrderFields, _Place):
    """The orders' files, and where in them the values stand."""

    timestamps: Timestamps | None = Field(
        Timestamps.LOCAL, description="what a stored timestamp without an offset means"
    )


class CustomerFiles(CustomerFields, _Place):
    """The customers' files, and where in them the values stand."""


class Settings(BaseModel):
    """`source:` of kind `files`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["files"]
    orders: OrderFiles
    customers: CustomerFiles | None = None
    memory_limit: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)? ?(MB|GB|MiB|GiB)$")] = "1GB"
    threads: Annotated[int, Field(ge=1)] | None = None

    @property
    def unfollowable(self) -> None:
        """Changes can always be followed."""


def open_source(settings: Settings, zone: str, *, base: Path | None = None) -> FilesSource:
    """Orders in files. `zone` is that of wall-clock times when the settings name none; relative paths start
    at `base`, or where the process stands."""
    return FilesSource(settings, zone, base or Path.cwd())


class FilesSource:
    """`orders.Source` over files."""

    def __init__(self, settings: Settings, zone: str, base: Path) -> None:
        self._settings = settings
        named = settings.orders.timezone or zone
        self._fields = settings.orders.model_copy(update={"timezone": named})
        self._base = base
        self._statements = Statements()

    def tally(self, counting: Counting, scope: Scope) -> Reading:
        """See `orders.Source`. A scope with `pairs` surveys the rows of these pairs alone."""
        if scope.pairs is None:
            return ColumnReading(self._columns(counting, scope))
        return Reading(self._tallies(counting, scope))

    def customers(self, ids: Collection[str]) -> dict[str, Customer]:
        """See `orders.Source`. Of several rows with one id, the first in order of name and address counts."""
        if self._settings.customers is None or not ids:
            return {}
        with self._opened(self._settings.customers, "customers") as opened:
            asked = _asked(opened, self._settings.customers, sorted(set(ids)))
            with refusing("customers", opened.files):
                found = opened.database.rows(asked)
        return customers(self._settings.customers, found)

    def doubtful(
        self, counting: Counting, window: Window, subjects: Collection[SubjectId]
    ) -> dict[SubjectId, dict[RejectReason, int]]:
        """See `orders.Source`. Reads the files once."""
        question = Question(self._fields, replace(counting, evidence=0), Scope(window.start, window.end))
        with self._opened(self._settings.orders, "orders") as opened, refusing("orders", opened.files):
            return doubts(Kept(opened, question), question, subjects)

    @contextmanager
    def sharing(self, asked: Sequence[tuple[Counting, Scope]]) -> Iterator[Source]:
        """See `sharing.Sharing`. Rules that count for the same field in the same zone share a reading."""
        with ExitStack() as stack:
            yield SharedFiles(
                self,
                self._fields,
                list(grouped(self._fields, asked)),
                lambda: stack.enter_context(self._opened(self._settings.orders, "orders")),
                lambda opened, counting: _demand("orders", opened, needed(self._fields, counting)),
                self._statements,
            )

    def changes(self, pers: Collection[str], after: str | None) -> Arrivals:
        """See `changes.Followable`: files that arrive, grow, are replaced or go."""
        fields, counted = self._fields, sorted(set(pers))
        files = self._settings.orders.files("orders", self._base)

        def read(path: Path, most: int) -> list[tuple[str | None, ...]]:
            with self._opened(
                self._settings.orders.model_copy(update={"path": str(path)}), "orders"
            ) as opened:
                _demand("orders", opened, paths_of(fields, counted))
                values = subjects(opened.rows, fields, DuckDialect(), counted)
                with refusing("orders", opened.files):
                    rows = opened.database.rows(opened.rows.table.select(**values).distinct().limit(most))
            return [tuple(row) for row in rows]

        return Arrivals(" ".join(files.paths), files.find, read, counted, _EVERY, after)

    def check_changes(self, pers: Collection[str], *, fix: bool = False) -> Iterator[Check]:
        """See `changes.Followable`. There is nothing to set up."""
        yield Check("changes of the orders' files", True, f"looked for every {_EVERY:g} s")

    def question(self, counting: Counting, scope: Scope) -> str:
        """See `orders.Reproducible`: for DuckDB's shell. Of files that are not in UTF-8 it reads copies that
        are gone by then."""
        with self._kept(counting, scope) as kept:
            asked = Question(self._fields, counting, _of_windows(scope))
            told = whole(kept.opened.rows, DuckDialect(), asked, ())
            pairs = sorted(scope.pairs or ())
            told = told.filter(told.subject.isin([subject for subject, _ in pairs]))
            [(view,)] = kept.opened.database.rows(
                "SELECT sql FROM duckdb_views() WHERE view_name = $1", [kept.opened.view]
            )
            statement = kept.opened.database.sql(told)
        return f"{view.rstrip(';')};\n{written_out(statement, 'duckdb')};"

    def check(self, countings: Sequence[Counting], *, fix: bool = False) -> Iterator[Check]:
        """See `orders.Source`. Files have no indexes, so there is nothing to fix."""
        counting = countings[0] if countings else Counting((), CUSTOMER, Period.MONTH, "UTC")
        yield from _checked("orders", lambda: self._check_orders(counting))
        if self._settings.customers is not None:
            yield from _checked("customers", self._check_customers)

    def close(self) -> None:
        """Nothing stays open between calls."""

    def _tallies(self, counting: Counting, scope: Scope) -> Generator[Tally, None, Survey]:
        with self._kept(counting, scope) as kept:
            return (yield from answer(kept, kept.question))

    def _columns(self, counting: Counting, scope: Scope) -> Generator[TallyColumns, None, Survey]:
        with self._kept(counting, scope) as kept:
            return (yield from columns(kept, kept.question))

    @contextmanager
    def _kept(self, counting: Counting, scope: Scope) -> Iterator[Kept]:
        with self._opened(self._settings.orders, "orders") as opened:
            _demand("orders", opened, needed(self._fields, counting))
            with refusing("orders", opened.files):
                yield Kept(opened, Question(self._fields, counting, scope))

    def _check_orders(self, counting: Counting) -> Iterator[Check]:
        with self._opened(self._settings.orders, "orders") as opened:
            yield Check("orders", True, _found(opened))
            _demand("orders", opened, everything(self._fields, counting))
            with refusing("orders", opened.files):
                yield _share(opened, Question(self._fields, replace(counting, evidence=0), Scope()))

    def _check_customers(self) -> Iterator[Check]:
        place = self._settings.customers
        assert place is not None
        with self._opened(place, "customers") as opened:
            yield Check("customers", True, _found(opened))
            _demand("customers", opened, [path for path in paths(place).values() if path])
            with refusing("customers", opened.files):
                cell = opened.rows.cell(place.id)
                [(entries,)] = opened.database.rows(
                    opened.rows.table.filter(cell.present).aggregate(entries=ibis._.count())
                )
        yield Check("customers with an id", entries > 0, f"{entries:,}", "" if entries else "fill the file")

    @contextmanager
    def _opened(self, place: OrderFiles | CustomerFiles, what: str) -> Iterator[Opened]:
        settings = self._settings
        with (
            database(settings.memory_limit, settings.threads) as engine,
            tempfile.TemporaryDirectory(prefix="tercera-") as spare,
        ):
            yield open_files(engine, place.files(what, self._base), Path(spare))


def _of_windows(scope: Scope) -> Scope:
    """The same windows, of anybody."""
    return replace(scope, pairs=frozenset((SubjectId(""), window) for _, window in scope.pairs or ()))


def _checked(what: str, looks: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from looks()
    except SourceError as error:
        yield Check(what, False, str(error), f"correct source.{what}")


def _found(opened: Opened) -> str:
    size = sum(path.stat().st_size for path in opened.files)
    names = ", ".join(path.name for path in opened.files[:3]) + (" …" if len(opened.files) > 3 else "")
    return f"{names}: {len(opened.files)} file{'s'[: len(opened.files) != 1]}, {size:,} bytes"


def _share(opened: Opened, question: Question) -> Check:
    """How many of the first rows are rejects, and why."""
    first = opened.first(_LOOKED_AT)
    reading = Reading(answer(Kept(first, question), question))
    for _ in reading:
        pass
    survey = reading.survey
    rejects = {reason: each.rows for reason, each in survey.rejects.items()}
    remedy = "correct the columns, formats, encoding or valid patterns of source.orders"
    return check_of_rows(survey.rows, rejects, remedy)


def _demand(what: str, opened: Opened, wanted: Sequence[str]) -> None:
    """SourceError that names the columns which are not there, and what is."""
    demand(what, str(opened.files[0]), opened.missing(wanted), opened.names)


def _asked(opened: Opened, fields: CustomerFields, ids: list[str]) -> ir.Table:
    """The entries of these ids."""
    _demand("customers", opened, [path for path in paths(fields).values() if path])
    told = entries(opened.rows, fields)
    asked = opened.database.given("asked", pa.table({"value": ids}))
    return told.semi_join(asked, told.id == asked.value)
