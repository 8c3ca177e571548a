"""What do `+`, `/`, `<`, `and` … make of two parts of an expression?"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import isfinite
from typing import Any

import polars as pl

from beaf_analytics.custom.functions import OF_ONE
from beaf_analytics.custom.units import NONE, Unit
from beaf_analytics.custom.values import Holds, Level, Value
from beaf_analytics.measures.expressions import ratio


class OperandError(ValueError):
    """Two parts that do not go together: mend the expression."""


_SIGNS: Mapping[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.And: "and",
    ast.Or: "or",
    ast.UAdd: "+",
    ast.USub: "-",
    ast.Not: "not",
}
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_RECKON: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": lambda base, exponent: float(base) ** exponent,
}


def sign_of(node: ast.AST) -> str | None:
    """Return how an operator is written; None for one that expressions do not have."""
    return _SIGNS.get(type(node))


def level_of(*parts: Value) -> Level:
    """Return what the parts make together.

    Raises:
        OperandError: one is a number of each row, another one of the bucket.
    """
    found = {each.level for each in parts if each.level is not Level.CONSTANT}
    if len(found) > 1:
        raise OperandError(
            "a value of each row and one of the whole bucket do not go together; "
            "aggregate the former, as in sum(Size) or last(Size)"
        )
    return found.pop() if found else Level.CONSTANT


def arithmetic(sign: str, left: Value, right: Value) -> Value:
    """Reckon with two numbers.

    Raises:
        OperandError: they cannot be reckoned with, or not so.
    """
    for each in (left, right):
        if not each.is_number:
            raise OperandError(f"{sign} takes numbers, not {each.holds.value}")
    number = _folded(sign, left.literal, right.literal)
    if number is not None:
        return constant(number, is_param=left.is_param or right.is_param)
    level = level_of(left, right)
    expr = _reckoned(sign, left, right)
    return Value(expr, level, Holds.NUMBER, _unit_of(sign, left, right))


def constant(literal: float | str, *, is_param: bool = False) -> Value:
    """Return a number or a text that is written out."""
    holds = Holds.TEXT if isinstance(literal, str) else Holds.NUMBER
    return Value(pl.lit(literal), Level.CONSTANT, holds, None, literal, is_param)


def _folded(sign: str, left: float | str | None, right: float | str | None) -> float | None:
    """Reckon with two numbers that are written out: `10 * 60` is as good as 600."""
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return None
    try:
        found = _RECKON[sign](left, right)
    except ArithmeticError as error:
        raise OperandError(f"{left:g} {sign} {right:g} has no value") from error
    if not isinstance(found, int | float) or not isfinite(found):
        raise OperandError(f"{left:g} {sign} {right:g} has no value")
    return found


def _reckoned(sign: str, left: Value, right: Value) -> pl.Expr:
    first, second = left.number, right.number
    match sign:
        case "+":
            return first + second
        case "-":
            return first - second
        case "*":
            return first * second
        case "/":
            return first / second if right.literal else ratio(first, second)
    power = first.cast(pl.Float64) ** second
    return pl.when(power.is_finite()).then(power)


def _unit_of(sign: str, left: Value, right: Value) -> Unit | None:
    if sign in "+-":
        return common_unit(sign, left, right)
    if sign == "**":
        return _unit_of_power(left, right)
    first, second = _factor(left), _factor(right)
    if first is None or second is None:
        return None
    return first * second if sign == "*" else first / second


def _unit_of_power(base: Value, exponent: Value) -> Unit | None:
    if base.unit == NONE:
        return NONE
    if base.unit is None or not isinstance(exponent.literal, int | float):
        return None
    return base.unit.raised(Fraction(exponent.literal).limit_denominator())


def _factor(value: Value) -> Unit | None:
    return NONE if value.literal is not None and not value.is_param else value.unit


def negated(sign: str, value: Value) -> Value:
    """Apply `+`, `-` or `not` to one part.

    Raises:
        OperandError: it is not what the sign is for.
    """
    if sign == "not":
        require_condition(sign, value)
        return Value(~value.expr, value.level, Holds.CONDITION, NONE)
    factor = constant(1 if sign == "+" else -1)
    return arithmetic("*", factor, value)


def of_one(name: str, value: Value) -> Value:
    """Apply a function of one number.

    Raises:
        OperandError: it is none.
    """
    if not value.is_number:
        raise OperandError(f"{name} takes a number, not {value.holds.value}")
    unit = value.unit
    if unit is not None and name != "abs":
        # The logarithm of a price depends on its currency; of a ratio, it is a number.
        known = {"sqrt": unit.raised(Fraction(1, 2)), "sign": NONE}
        unit = known.get(name, NONE if unit == NONE else None)
    return Value(OF_ONE[name](value.number), value.level, Holds.NUMBER, unit)


def chosen(test: Value, yes: Value, no: Value | None = None) -> Value:
    """Choose by a condition; without a second choice, null.

    Raises:
        OperandError: it is none, or the choices differ in kind.
    """
    require_condition("where", test)
    if no is None:
        found = pl.when(test.expr).then(yes.expr)
        return Value(found, level_of(test, yes), yes.holds, yes.unit)
    unit, level = common_unit("where", yes, no), level_of(test, yes, no)
    if yes.holds is no.holds:
        return Value(_either(test.expr, yes.expr, no.expr), level, yes.holds, unit)
    if Holds.TEXT in (yes.holds, no.holds):
        raise OperandError(f"where chooses between {yes.holds.value} and {no.holds.value}")
    return Value(_either(test.expr, yes.number, no.number), level, Holds.NUMBER, unit)


def _either(test: pl.Expr, yes: pl.Expr, no: pl.Expr) -> pl.Expr:
    return pl.when(test).then(yes).otherwise(no)


def clipped(value: Value, low: Value, high: Value) -> Value:
    """Keep a number between two others.

    Raises:
        OperandError: one of the three is no number.
    """
    for each in (value, low, high):
        if not each.is_number:
            raise OperandError(f"clip takes numbers, not {each.holds.value}")
    unit = common_unit("clip", value, low)
    common_unit("clip", value, high)
    found = value.number.clip(low.number, high.number)
    return Value(found, level_of(value, low, high), Holds.NUMBER, unit)


def common_unit(what: str, left: Value, right: Value) -> Unit | None:
    """Return the unit of two parts that are to have one; a number that is written out has any.

    Raises:
        OperandError: they have two.
    """
    if left.unit is None or right.unit is None:
        return left.unit or right.unit
    if left.unit != right.unit:
        raise OperandError(
            f"{what} goes with two of one unit, not with {left.unit} and {right.unit}"
        )
    return left.unit


def comparison(sign: str, left: Value, right: Value) -> Value:
    """Compare two parts.

    Raises:
        OperandError: they cannot be compared.
    """
    texts = [each.holds is Holds.TEXT for each in (left, right)]
    known = [each.holds is not Holds.UNKNOWN for each in (left, right)]
    if all(known) and texts[0] != texts[1]:
        raise OperandError(f"{sign} compares {left.holds.value} with {right.holds.value}")
    common_unit(sign, left, right)
    level = level_of(left, right)
    first, second = (left.expr, right.expr) if any(texts) else (left.number, right.number)
    return Value(_COMPARE[sign](first, second), level, Holds.CONDITION, NONE)


def joined(sign: str, left: Value, right: Value) -> Value:
    """Join two conditions by `and` or `or`.

    Raises:
        OperandError: one of them is none.
    """
    for each in (left, right):
        require_condition(sign, each)
    both = left.expr & right.expr if sign == "and" else left.expr | right.expr
    return Value(both, level_of(left, right), Holds.CONDITION, NONE)


def require_condition(what: str, value: Value) -> None:
    """Refuse what is no condition."""
    if value.holds not in (Holds.CONDITION, Holds.UNKNOWN):
        raise OperandError(f"{what} takes a condition such as Size > 100, not {value.holds.value}")
