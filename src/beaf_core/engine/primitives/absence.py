"""Does an aggregation leave out every row on which some columns are null?"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from beaf_core.model.module import Aggregation

#: Operators that give null wherever either side is null.
_PASSING = frozenset(
    {"Plus", "Minus", "Multiply", "TrueDivide", "Eq", "NotEq", "Lt", "LtEq", "Gt", "GtEq"}
)


def leaves_out_nulls(each: Aggregation, columns: Collection[str]) -> bool:
    """Say whether no row on which all these columns are null can change the aggregation.

    Only what is certain counts: a row expression or condition made of the columns by operators
    that pass null on. Everything else is said to take such rows.
    """
    parts = [_tree(part) for part in (each.of, each.where) if part is not None]
    if each.of is not None and _is_null(parts[0], columns):
        return True
    return each.where is not None and _is_not_true(parts[-1], columns)


def _tree(expression: pl.Expr) -> Any:
    try:
        return json.loads(expression.meta.serialize(format="json"))
    except (pl.exceptions.PolarsError, ValueError):
        return None  # a Python function inside, for one


def _is_null(node: Any, columns: Collection[str]) -> bool:
    match node:
        case {"Column": name}:
            return name in columns
        case {"Cast": {"expr": inner}} | {"Alias": [inner, _]}:
            return _is_null(inner, columns)
        case {"BinaryExpr": {"left": left, "op": op, "right": right}} if op in _PASSING:
            return _is_null(left, columns) or _is_null(right, columns)
    return False


def _is_not_true(node: Any, columns: Collection[str]) -> bool:
    match node:
        case {"BinaryExpr": {"left": left, "op": "And", "right": right}}:
            return _is_not_true(left, columns) or _is_not_true(right, columns)
    return _is_null(node, columns)
