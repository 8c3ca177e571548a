"""Which aggregations does an expression need?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from beaf_analytics.custom.functions import AGGREGATES
from beaf_analytics.custom.operators import OperandError, level_of, require_condition
from beaf_analytics.custom.units import NONE, TIME
from beaf_analytics.custom.values import Holds, Level, Value
from beaf_analytics.measures.expressions import both, ratio
from beaf_core import Aggregation, Kind


@dataclass(frozen=True, slots=True)
class Aggregations:
    """Collects the aggregations of one expression.

    Attributes:
        where: the rows that take part; None means all.
        found: name → aggregation.
    """

    where: pl.Expr | None
    found: dict[str, Aggregation] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def add(self, call: str, name: str, arguments: list[Value]) -> Value:
        """Add the call of a function; the same call twice is one.

        Args:
            call: what tells calls apart.
            name: the function.
            arguments: what it is called with.

        Raises:
            OperandError: it cannot be called so.
        """
        function = AGGREGATES[name]
        fewest, most = function.arguments
        if not fewest <= len(arguments) <= most:
            raise OperandError(f"write {function.usage}")
        for each in arguments[: 1 if name == "q" else None]:
            if each.level is Level.CONSTANT:
                raise OperandError(f"{name} looks at no row; count() counts all rows")
            if not each.is_number and not function.of_anything:
                raise OperandError(f"{name} takes numbers, not {each.holds.value}")
        return _SPECIAL.get(name, _of_rows)(self, call, name, arguments)

    def keep(self, call: str, aggregation: Aggregation) -> pl.Expr:
        """Name an aggregation, and return its column."""
        name = self._names.setdefault(call, f"part{len(self._names)}")
        self.found[name] = aggregation
        return pl.col(name)


def _of_rows(into: Aggregations, call: str, name: str, arguments: list[Value]) -> Value:
    (value,) = arguments
    kind = AGGREGATES[name].kind
    assert kind is not None
    holds = Holds.NUMBER if value.holds is Holds.CONDITION else value.holds
    found = into.keep(call, Aggregation(kind, value.number, into.where))
    return Value(found, Level.BUCKET, holds, value.unit)


def _counted(into: Aggregations, call: str, _name: str, arguments: list[Value]) -> Value:
    value = arguments[0] if arguments else None
    if value is not None and value.holds is Holds.CONDITION:
        counted = Aggregation(Kind.COUNT, None, both(value.expr, into.where))
    else:
        counted = Aggregation(Kind.COUNT, value.expr if value else None, into.where)
    return Value(into.keep(call, counted), Level.BUCKET, Holds.NUMBER, NONE)


def _distinct(into: Aggregations, call: str, name: str, arguments: list[Value]) -> Value:
    found = _of_rows(into, call, name, arguments)
    return replace(found, holds=Holds.NUMBER, unit=NONE)


def _lasting(into: Aggregations, call: str, _name: str, arguments: list[Value]) -> Value:
    (value,) = arguments
    require_condition("duration", value)
    lasting = Aggregation(Kind.DURATION, None, both(value.expr, into.where))
    return Value(into.keep(call, lasting), Level.BUCKET, Holds.NUMBER, TIME)


def _quantile(into: Aggregations, call: str, _name: str, arguments: list[Value]) -> Value:
    value, order = arguments
    if not isinstance(order.literal, int | float) or not 0 <= order.literal <= 1:
        raise OperandError(
            "the order of a quantile is a number between 0 and 1, as in q(Size, 0.9)"
        )
    quantile = Aggregation(Kind.QUANTILE, value.number, into.where, float(order.literal))
    return Value(into.keep(call, quantile), Level.BUCKET, Holds.NUMBER, value.unit)


def _weighted(into: Aggregations, call: str, _name: str, arguments: list[Value]) -> Value:
    value, weight = arguments
    level_of(value, weight)
    # A row without a value has no weight.
    present = both(value.number.is_not_null(), into.where)
    product = Aggregation(Kind.SUM, value.number * weight.number, into.where)
    above = into.keep(f"{call} above", product)
    below = into.keep(f"{call} below", Aggregation(Kind.SUM, weight.number, present))
    return Value(ratio(above, below), Level.BUCKET, Holds.NUMBER, value.unit)


_SPECIAL: Mapping[str, Callable[[Aggregations, str, str, list[Value]], Value]] = {
    "count": _counted,
    "distinct": _distinct,
    "duration": _lasting,
    "q": _quantile,
    "vw": _weighted,
}
