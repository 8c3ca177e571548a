"""How does an expression become aggregations, and what is worked out of them?

Its parts are walked by a list of what is allowed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import polars as pl

from beaf_analytics.custom.aggregates import Aggregations
from beaf_analytics.custom.columns import column, known_columns
from beaf_analytics.custom.functions import AGGREGATES, OF_ONE, OF_ORDER, USAGES, Aggregate
from beaf_analytics.custom.operators import (
    OperandError,
    arithmetic,
    chosen,
    clipped,
    comparison,
    constant,
    joined,
    negated,
    of_one,
    sign_of,
)
from beaf_analytics.custom.syntax import column_names, fault, function_of, parse
from beaf_analytics.custom.values import Holds, Level, Value
from beaf_core import Aggregation, did_you_mean

#: The parameters of a metric: numbers and texts with names.
Params = Mapping[str, float | str]

#: Far deeper than a person writes, and far from where Python gives up.
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Translated:
    """An expression that the engine can compile.

    Attributes:
        value: the result, over the names of the aggregations.
        aggregations: name → what it aggregates.
        plain: the one function that the whole expression is; None where it is more.
    """

    value: Value
    aggregations: Mapping[str, Aggregation]
    plain: Aggregate | None


def translate(text: str, table: str, params: Params, where: pl.Expr | None = None) -> Translated:
    """Translate an expression that makes one value of the rows of a bucket.

    Args:
        text: the expression.
        table: whose rows.
        params: what further names stand for.
        where: the rows that take part; None means all.

    Raises:
        TextFaultError: what is wrong, and where in the text.
    """
    root = parse(text)
    walk = _Walk(text, table, params, Aggregations(where))
    value = walk.value(root)
    if value.level is Level.CONSTANT:
        raise fault(text, root, "looks at no row")
    if value.level is Level.ROW:
        example = column_names(text, params)[0]
        told = "has a value on each row; aggregate it, as in"
        raise fault(text, root, f"{told} sum({example}) or last({example})")
    return Translated(value, walk.aggregations.found, AGGREGATES.get(function_of(root)))


def condition(text: str, table: str, params: Params) -> pl.Expr:
    """Translate a condition on each row.

    Raises:
        TextFaultError: what is wrong, and where in the text.
    """
    root = parse(text)
    value = _Walk(text, table, params, Aggregations(None)).value(root)
    if value.level is Level.BUCKET:
        raise fault(text, root, "aggregates, and `where` chooses rows before that")
    if value.holds not in (Holds.CONDITION, Holds.UNKNOWN):
        raise fault(text, root, f"is {value.holds.value}, no condition such as Size > 100")
    return value.expr


@dataclass(slots=True)
class _Walk:
    """Goes through the parts of one expression."""

    text: str
    table: str
    params: Params
    aggregations: Aggregations
    _inside: str = ""
    _depth: int = 0

    def value(self, node: ast.expr) -> Value:
        """Translate a part.

        Raises:
            TextFaultError: what is wrong with it.
        """
        handler = _HANDLERS.get(type(node))
        self._depth += 1
        if handler is None or self._depth > _DEEPEST:
            said = "stands too deep" if handler else "is not part of the language of expressions"
            raise fault(self.text, node, said)
        try:
            return handler(self, node)
        except OperandError as error:
            raise fault(self.text, node, str(error), of_part=False) from None
        finally:
            self._depth -= 1

    # -- names and numbers ---------------------------------------------------------------------

    def literal(self, node: ast.Constant) -> Value:
        """Translate a number or a text."""
        if isinstance(node.value, bool) or not isinstance(node.value, int | float | str):
            raise fault(self.text, node, "is neither a number nor a text")
        return constant(node.value)

    def name(self, node: ast.Name) -> Value:
        """Translate a column or a parameter."""
        if node.id in self.params:
            return constant(self.params[node.id], is_param=True)
        known = known_columns(self.table)
        if known is not None and node.id not in known:
            hint = did_you_mean(node.id, [*self.params, *known])
            own = "" if hint else f'; a column of your own is written col("{node.id}")'
            raise fault(self.text, node, f"is no column of {self.table}{hint}{own}")
        return column(self.table, node.id)

    # -- operators -----------------------------------------------------------------------------

    def binary(self, node: ast.BinOp) -> Value:
        """Translate a sum, difference, product, quotient or power."""
        sign = sign_of(node.op)
        if sign is None:
            raise fault(self.text, node, "reckons in another way than + - * / **")
        return arithmetic(sign, self.value(node.left), self.value(node.right))

    def unary(self, node: ast.UnaryOp) -> Value:
        """Translate a sign or `not`."""
        sign = sign_of(node.op)
        if sign is None:
            raise fault(self.text, node, "reckons in another way than + - * / **")
        return negated(sign, self.value(node.operand))

    def compared(self, node: ast.Compare) -> Value:
        """Translate a comparison, or a chain of them."""
        parts = [node.left, *node.comparators]
        pairs = zip(node.ops, parts, parts[1:], strict=False)
        found = [self._compared(op, left, right) for op, left, right in pairs]
        return reduce(lambda left, right: joined("and", left, right), found)

    def _compared(self, op: ast.cmpop, left: ast.expr, right: ast.expr) -> Value:
        if isinstance(op, ast.In):
            return self._one_of(left, right)
        if isinstance(op, ast.NotIn):
            return negated("not", self._one_of(left, right))
        sign = sign_of(op)
        if sign is None:
            raise fault(self.text, left, "is compared in another way than == != < <= > >= in")
        return comparison(sign, self.value(left), self.value(right))

    def _one_of(self, left: ast.expr, right: ast.expr) -> Value:
        if not isinstance(right, ast.List | ast.Tuple) or not right.elts:
            raise fault(self.text, right, 'is no list such as ["HALTED", "CLOSED"]')
        value = self.value(left)
        each = [comparison("==", value, self.value(item)) for item in right.elts]
        return reduce(lambda first, second: joined("or", first, second), each)

    def boolean(self, node: ast.BoolOp) -> Value:
        """Translate `and` and `or`."""
        sign = sign_of(node.op) or ""
        parts = [self.value(each) for each in node.values]
        return reduce(lambda left, right: joined(sign, left, right), parts)

    # -- functions -----------------------------------------------------------------------------

    def call(self, node: ast.Call) -> Value:
        """Translate the call of a function."""
        name = function_of(node)
        if not name or node.keywords:
            raise fault(self.text, node, "is no call such as sum(Size)")
        if name in OF_ORDER:
            raise fault(
                self.text,
                node.func,
                f"asks for {OF_ORDER[name]}, which no aggregation sees; let one pass take "
                "first(x) and last(x), and a module of your own compare its buckets",
            )
        if name in AGGREGATES:
            return self._aggregated(node, name)
        if name in USAGES:
            return self._row_wise(node, name)
        known = [*AGGREGATES, *USAGES]
        hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
        raise fault(self.text, node.func, f"is no function{hint}")

    def _aggregated(self, node: ast.Call, name: str) -> Value:
        if self._inside:
            raise fault(
                self.text,
                node,
                f"stands inside {self._inside}, and one aggregation holds no other; a second "
                "pass can aggregate the columns of this one",
            )
        self._inside = f"{name}(…)"
        arguments = [self.value(each) for each in node.args]
        self._inside = ""
        return self.aggregations.add(ast.dump(node), name, arguments)

    def _row_wise(self, node: ast.Call, name: str) -> Value:
        match name, len(node.args):
            case "col", 1:
                return self._any_column(node.args[0])
            case "where", 2 | 3:
                return chosen(*map(self.value, node.args))
            case "clip", 3:
                return clipped(*map(self.value, node.args))
            case _, 1 if name in OF_ONE:
                return of_one(name, self.value(node.args[0]))
        raise OperandError(f"write {USAGES[name]}")

    def _any_column(self, node: ast.expr) -> Value:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            raise fault(self.text, node, 'is no name in quotes, as in col("Sector")')
        return column(self.table, node.value)


_HANDLERS: Mapping[type[ast.AST], Callable[[_Walk, Any], Value]] = {
    ast.Constant: _Walk.literal,
    ast.Name: _Walk.name,
    ast.BinOp: _Walk.binary,
    ast.UnaryOp: _Walk.unary,
    ast.Compare: _Walk.compared,
    ast.BoolOp: _Walk.boolean,
    ast.Call: _Walk.call,
}
