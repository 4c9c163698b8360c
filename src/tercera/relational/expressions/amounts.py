"""Money as expressions: four decimals, a tie to the even one (as Python and MongoDB round)."""

from __future__ import annotations

from decimal import Decimal

import ibis
import ibis.expr.types as ir

from tercera.relational.expressions.cells import Cell

MONEY = "decimal(18, 4)"
_FINE = "decimal(28, 10)"
_PLAIN = r"^[0-9]{1,14}(\.[0-9]{1,4})?$"
_NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
_MOST = 10**14


def written(cell: Cell) -> ir.Value:
    """An amount as it is stored: an exact number, or text."""
    kind = cell.value.type()
    if kind.is_integer() or kind.is_decimal():
        return cell.value
    return cell.value.cast("string") if kind.is_floating() else cell.text


def rounded(amount: ir.Value) -> ir.DecimalValue:
    """What is written, to four decimals; null when it is unreadable or absurd. For engines with TRY_CAST."""
    kind = amount.type()
    if (kind.is_decimal() and kind.scale <= 4 and kind.precision - kind.scale <= 14) or (
        kind.is_integer() and kind.nbytes <= 4
    ):
        return amount.cast(MONEY)
    if kind.is_string():
        return ibis.cases((amount.re_search(_PLAIN), amount.try_cast(MONEY)), else_=_rounded(amount))
    return _rounded(amount)


def _rounded(amount: ir.Value) -> ir.DecimalValue:
    if amount.type().is_string():
        amount = ibis.ifelse(amount.re_search(_NUMBER), amount.strip(), ibis.null("string"))
    fine = amount.try_cast(_FINE)
    rounded = fine.try_cast(MONEY)
    tie = (fine - rounded).abs() == ibis.literal(Decimal("0.00005"), _FINE)
    odd = (rounded * 10_000).cast("int64") % 2 != 0
    back = ibis.ifelse(
        fine < 0, ibis.literal(Decimal("0.0001"), MONEY), ibis.literal(Decimal("-0.0001"), MONEY)
    )
    even = ibis.ifelse(tie & odd, (rounded + back).cast(MONEY), rounded)
    return ibis.ifelse(fine.abs() < _MOST, even, ibis.null(MONEY)).cast(MONEY)
