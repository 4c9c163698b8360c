"""What Ibis has no word for, as nodes of its expressions: an engine's own SQL, a step that stays apart, and a
query of somebody else's as a table.

The text of a native value is taken over as it stands, so that what an engine's file says is what the engine
gets. It is a constant of ours; texts of others come in as arguments, which Ibis quotes.
"""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import Any, cast

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.rules as rlz
import ibis.expr.types as ir
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.common.annotations import attribute
from ibis.common.collections import FrozenOrderedDict
from ibis.common.typing import VarTuple
from ibis.expr.schema import Schema


class Native(ops.Value):  # type: ignore[misc]  # Ibis has no types
    """A value in the engine's own SQL; `{0}`, `{1}`, … stand for the arguments."""

    template: str
    arguments: VarTuple[ops.Value]
    kind: dt.DataType
    shape = rlz.shape_like("arguments")

    @attribute  # type: ignore[untyped-decorator]  # Ibis has no types
    def dtype(self) -> dt.DataType:
        """The type that it is said to have."""
        return self.kind


class NativeReduction(ops.Reduction):  # type: ignore[misc]  # Ibis has no types
    """An aggregate in the engine's own SQL."""

    template: str
    arguments: VarTuple[ops.Value]
    kind: dt.DataType

    @attribute  # type: ignore[untyped-decorator]  # Ibis has no types
    def dtype(self) -> dt.DataType:
        """The type that it is said to have."""
        return self.kind


class Apart(ops.Limit):  # type: ignore[misc]  # Ibis has no types
    """All rows of a relation. An engine works its columns out before it goes on, each once."""


class Written(ops.Relation):  # type: ignore[misc]  # Ibis has no types
    """What a query gives that somebody wrote in the engine's own SQL."""

    query: str
    schema: Schema
    values = FrozenOrderedDict()


def native(template: str, *arguments: Any, kind: str | dt.DataType) -> Any:
    """A value in the engine's own SQL, of this type. What is no expression becomes a literal."""
    return Native(template, tuple(_operation(each) for each in arguments), dt.dtype(kind)).to_expr()


def native_reduction(template: str, *arguments: Any, kind: str | dt.DataType) -> Any:
    """An aggregate in the engine's own SQL, of this type."""
    return NativeReduction(template, tuple(_operation(each) for each in arguments), dt.dtype(kind)).to_expr()


def apart(table: ir.Table) -> ir.Table:
    """A step of its own; see `Apart`. For engines that would work a column out wherever it is used."""
    return cast("ir.Table", Apart(table.op(), None, 0).to_expr())


def written(query: str, schema: ir.Schema) -> ir.Table:
    """The rows of somebody's query, which has these columns."""
    return cast("ir.Table", Written(query, schema).to_expr())


def named_apart(table: ir.Table) -> ir.Table:
    """`apart` under a name of its own, in the WITH of a statement: for engines whose parser has no room for a
    deep nesting."""
    step = apart(table).op()
    return cast("ir.Table", ops.AliasedRelation(parent=step, name=f"step_{next(_steps)}").to_expr())


_steps = itertools.count()


def _operation(argument: Any) -> ops.Value:
    return (argument if isinstance(argument, ir.Expr) else ibis.literal(argument)).op()


class NativeSql:
    """Mixed into a compiler of Ibis: how the nodes above are written."""

    dialect: Any
    keeps_apart = "OFFSET 0"
    """What ends a subquery that the engine's optimiser must leave as it is; empty where nothing is needed."""

    def visit_Native(
        self, op: Native, *, template: str, arguments: tuple[sge.Expression, ...], kind: dt.DataType
    ) -> sge.Expression:
        """The template, with the arguments in it, in brackets."""
        texts = [each.sql(self.dialect) for each in arguments]
        return sge.Paren(this=sge.Var(this=template.format(*texts)))

    def visit_NativeReduction(
        self, op: NativeReduction, *, template: str, arguments: tuple[sge.Expression, ...], kind: dt.DataType
    ) -> sge.Expression:
        """The template, with the arguments in it."""
        return sge.Var(this=template.format(*(each.sql(self.dialect) for each in arguments)))

    def visit_Apart(self, op: Apart, *, parent: sge.Expression, n: None, offset: int) -> sge.Expression:
        """A subquery that ends in a way which keeps it one."""
        # What ends in a limit of its own can't be given another one, and is a table for a subquery around it.
        is_open = isinstance(parent, sge.Subquery) and not parent.this.args.get("limit")
        inside = parent.this if is_open else sg.select(sge.Star()).from_(parent)
        if not self.keeps_apart:
            return sg.select(sge.Star()).from_(parent)
        return sge.Subquery(this=sge.Var(this=f"{inside.sql(self.dialect)} {self.keeps_apart}"))

    def visit_Written(self, op: Written, *, query: str, schema: Schema) -> sge.Expression:
        """The query as a subquery."""
        return sge.Subquery(this=sge.Var(this=query))


def compiled(compiler: Any, expression: ir.Expr) -> str:
    """What an engine is asked for an expression, step by step as it was built: Ibis must not fuse
    projections, for a column that was given a name would then be worked out wherever it is used.

    Whoever looks again and again asks the same, and writing it out takes longer than a small answer does: the
    latest are remembered.
    """
    return _compiled(compiler, expression.op())


@lru_cache(maxsize=128)
def _compiled(compiler: Any, operation: ops.Node) -> str:
    fused, ibis.options.sql.fuse_selects = ibis.options.sql.fuse_selects, False
    try:
        return str(compiler.to_sqlglot(operation.to_expr().unbind()).sql(compiler.dialect))
    finally:
        ibis.options.sql.fuse_selects = fused
