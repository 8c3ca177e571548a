"""Which column does a variant of the advanced metrics ask for, over which messages?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from beaf_analytics.l3.messages import SIDE_WORDS, SIDES
from beaf_analytics.l3.options import AdvancedMetric, OrderIds, Side, Variant
from beaf_analytics.measures.expand import fill_pattern, suffix
from beaf_analytics.measures.expressions import both, in_states
from beaf_core import Aggregation, Kind, UsageError

#: They compare the two sides, and so have no side of their own.
_OF_BOTH_SIDES: tuple[Variant, ...] = ("ArrivalFlowImbalance",)


@dataclass(frozen=True, slots=True)
class Asked:
    """One column that is asked for.

    Attributes:
        metric: the options that ask for it.
        variant: what it holds.
        side: whose orders it looks at.
        ids: what tells orders apart.
        prefix: what stands before every name.
    """

    metric: AdvancedMetric
    variant: Variant
    side: Side
    ids: OrderIds
    prefix: str

    @property
    def name(self) -> str:
        """The column's name: `CancelShare`, `CancelShareBid`, or by the metric's pattern."""
        if self.metric.output_name_pattern is None:
            return f"{self.prefix}{self.variant}{suffix(self.side, 'Total')}"
        fields = {
            "variant": self.variant,
            "sides": self.side,
            "fleeting_threshold_ms": f"{self.metric.fleeting_threshold_ms:g}",
            "lifetime_cap_ms": f"{self.metric.lifetime_cap_ms:g}",
        }
        return self.prefix + fill_pattern(self.metric.output_name_pattern, fields)

    @property
    def words(self) -> str:
        """Whose orders it looks at, in words."""
        return SIDE_WORDS[self.side]

    def rows(self, rows: pl.Expr | None = None) -> pl.Expr | None:
        """Keep to the side and to the market states that are asked for."""
        return both(both(rows, SIDES[self.side]), in_states(self.metric.market_states))

    def count(self, rows: pl.Expr | None = None) -> Aggregation:
        """Count messages."""
        return Aggregation(Kind.COUNT, where=self.rows(rows))

    def total(self, of: pl.Expr, rows: pl.Expr | None = None) -> Aggregation:
        """Sum over messages."""
        return Aggregation(Kind.SUM, of, self.rows(rows))

    def weighted(self, weight: str) -> str:
        """Re-aggregate by a count or volume of the same side.

        In some market states only, its number is not known by that name.
        """
        if self.metric.market_states is not None:
            return "none"
        return f"vw:{self.prefix}{weight}"


def columns(metric: AdvancedMetric, ids: OrderIds, prefix: str) -> Iterator[Asked]:
    """Yield the columns that a metric asks for.

    Raises:
        UsageError: what compares the sides is asked for on one of them alone.
    """
    for variant in metric.variant:
        for side in _sides(metric, variant):
            yield Asked(metric, variant, side, ids, prefix)


def _sides(metric: AdvancedMetric, variant: Variant) -> list[Side]:
    if variant not in _OF_BOTH_SIDES:
        return metric.sides
    if "Total" not in metric.sides:
        raise UsageError(
            f"{variant} compares the two sides, and has none of its own",
            remedy=f"ask for {variant} in a metric of its own, without `sides`",
        )
    return ["Total"]
