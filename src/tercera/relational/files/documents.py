"""Rows of JSON documents in one column of DuckDB."""

from __future__ import annotations

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from tercera.relational.engines.duckdb import DuckDialect, engines_own
from tercera.relational.expressions.cells import Cell

_json_type = engines_own("json_type", (dt.json, dt.string), dt.string)
_json_text = engines_own("json_extract_string", (dt.json, dt.string), dt.string)
_DIALECT = DuckDialect()


class Documents:
    """Rows of JSON documents in one column. A path leads into them by the names of fields."""

    def __init__(self, table: ir.Table, column: str) -> None:
        self.table = table
        self._column = column
        self._document = table[column]

    def cell(self, path: str) -> Cell:
        """The value at a path; a document that has none there has it missing."""
        pointer = "/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in path.split("."))
        kind, text = _json_type(self._document, pointer), _json_text(self._document, pointer)
        number = ibis.ifelse(
            text.re_search("^-?[0-9]+$"), text, _DIALECT.number_text(text.try_cast("float64"))
        )
        words = ibis.ifelse(kind == "VARCHAR", text, ibis.null(dt.string))
        told = ibis.cases(
            (kind == "VARCHAR", _DIALECT.without_long(text)),
            (kind.isin(["BIGINT", "UBIGINT", "DOUBLE", "HUGEINT", "UHUGEINT"]), number),
            else_=ibis.null(dt.string),
        )
        is_something = kind.notnull() & (kind != "NULL")
        is_blank = (kind == "VARCHAR") & _DIALECT.is_blank(words)
        return Cell(is_something & ~is_blank, told, words, told)

    def over(self, table: ir.Table) -> Documents:
        """The same of a table that has the documents and more."""
        return Documents(table, self._column)

    def readable(self) -> ir.BooleanValue | None:
        """Whether the line was a JSON object."""
        return (_json_type(self._document, "") == "OBJECT").fill_null(False)
