"""What is known of each part of an expression, before a row is read?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import polars as pl

from beaf_analytics.custom.units import Unit


class Level(Enum):
    """Of what a part is a number: of nothing, of each row, or of the bucket."""

    CONSTANT = "nothing"
    ROW = "each row"
    BUCKET = "the bucket"


class Holds(Enum):
    """What a part holds."""

    NUMBER = "a number"
    TEXT = "text"
    CONDITION = "a condition"
    UNKNOWN = "anything"


@dataclass(frozen=True, slots=True)
class Value:
    """A part of an expression.

    Attributes:
        expr: over the columns of a row, or over aggregations of the bucket.
        level: which of the two.
        holds: what it is.
        unit: its unit; None where that is not known.
        literal: the number or text itself, where it is written as such.
        is_param: whether that number stands in `params`, where it may have any unit.
    """

    expr: pl.Expr
    level: Level
    holds: Holds
    unit: Unit | None = None
    literal: float | str | None = None
    is_param: bool = False

    @property
    def number(self) -> pl.Expr:
        """The expression as a number: a condition is 1 where it holds, else 0."""
        return self.expr.cast(pl.Int64) if self.holds is Holds.CONDITION else self.expr

    @property
    def is_number(self) -> bool:
        """Whether one can reckon with it."""
        return self.holds is not Holds.TEXT
