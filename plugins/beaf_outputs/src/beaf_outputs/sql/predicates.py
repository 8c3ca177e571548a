"""Which part of a polars predicate can a database check before it sends rows?

What is sent may be more than what is asked for, never less: polars checks the predicate again.
So parts that are not understood are left out, and bounds are rounded outwards. What a predicate
consists of is read from its JSON, whose unknown forms are parts that are not understood.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa

from beaf_outputs.sql.bounds import Bounds, bounds_of
from beaf_outputs.sql.stored import Stored

Condition = sa.ColumnElement[bool]

_MIRRORED = {"Lt": "Gt", "LtEq": "GtEq", "Gt": "Lt", "GtEq": "LtEq", "Eq": "Eq"}


def condition(
    predicate: pl.Expr, schema: pl.Schema, kept: Mapping[str, Stored], *, keeps_nan: bool
) -> Condition | None:
    """Translate what can be translated; None where nothing can.

    Args:
        predicate: over the columns as they were before they were stored.
        schema: their dtypes.
        kept: how those columns are stored that a condition may speak of.
        keeps_nan: whether the database compares NaN as polars does.
    """
    try:
        node = json.loads(predicate.meta.serialize(format="json"))
    except (pl.exceptions.PolarsError, ValueError):
        return None  # a function of Python has no JSON
    return _Translation(schema, kept, keeps_nan).of(node)


@dataclass(frozen=True)
class _Translation:
    schema: pl.Schema
    kept: Mapping[str, Stored]
    keeps_nan: bool

    def of(self, node: Any) -> Condition | None:
        match node:
            case {"BinaryExpr": {"left": left, "op": "And", "right": right}}:
                return _both(self.of(left), self.of(right))
            case {"BinaryExpr": {"left": left, "op": "Or", "right": right}}:
                return _either(self.of(left), self.of(right))
            case {"BinaryExpr": {"left": {"Column": str(name)}, "op": str(op), "right": value}}:
                return self._compared(name, op, value)
            case {"BinaryExpr": {"left": value, "op": str(op), "right": {"Column": str(name)}}}:
                return self._compared(name, _MIRRORED.get(op, ""), value)
            case {"Function": {"input": inputs, "function": {"Boolean": function}}}:
                return self._function(function, inputs)
        return None

    def _function(self, function: Any, inputs: Any) -> Condition | None:
        match function, inputs:
            case "IsNull", [{"Column": str(name)}] if name in self.kept:
                return self._column(name).is_(None)
            case "IsNotNull", [{"Column": str(name)}] if name in self.kept:
                return self._column(name).is_not(None)
            case {"IsIn": {"nulls_equal": False}}, [{"Column": str(name)}, values]:
                return self._among(name, values)
            case {"IsBetween": _}, [{"Column": str(name)}, low, high]:
                return _both(self._compared(name, "GtEq", low), self._compared(name, "LtEq", high))
        return None

    def _compared(self, name: str, op: str, node: Any) -> Condition | None:
        values = _literal(node)
        found = None if values is None else self._bounds(name, values)
        if not found or found[0] is None:
            return None
        bound, column = found[0], self._column(name)
        if op in {"Gt", "GtEq"} and self._is_ordered(name):
            return column >= sa.literal(bound.low, bound.type)
        if op in {"Lt", "LtEq"} and self._is_ordered(name):
            return column <= sa.literal(bound.high, bound.type)
        return column == sa.literal(bound.low, bound.type) if op == "Eq" and bound.exact else None

    def _among(self, name: str, node: Any) -> Condition | None:
        lists = _literal(node)
        if lists is None or not isinstance(lists.dtype, pl.List):
            return None
        found = self._bounds(name, lists.explode())
        if not found or any(each is None or not each.exact for each in found):
            return None
        return self._column(name).in_(sa.literal(each.low, each.type) for each in found if each)

    def _bounds(self, name: str, values: pl.Series) -> list[Bounds | None]:
        if name not in self.kept or (self.schema[name].is_float() and not self.keeps_nan):
            return []
        return bounds_of(values, self.schema[name], self.kept[name])

    def _is_ordered(self, name: str) -> bool:
        """Say whether a database puts values in polars' order; texts follow some language."""
        dtype = self.schema[name]
        return dtype.is_numeric() or dtype.is_temporal()

    def _column(self, name: str) -> sa.ColumnClause[Any]:
        return sa.column(name, self.kept[name].type)


def _both(left: Condition | None, right: Condition | None) -> Condition | None:
    if left is None or right is None:
        return right if left is None else left
    return sa.and_(left, right)


def _either(left: Condition | None, right: Condition | None) -> Condition | None:
    return None if left is None or right is None else sa.or_(left, right)


def _literal(node: Any) -> pl.Series | None:
    """The value of a literal; polars has worked out by now what else is constant."""
    match node:
        case {"Literal": {"Scalar": _} | {"Dyn": _} | {"Series": _}}:
            try:
                literal = pl.Expr.deserialize(json.dumps(node).encode(), format="json")
                return pl.select(literal).to_series()
            except pl.exceptions.PolarsError:
                return None
    return None
