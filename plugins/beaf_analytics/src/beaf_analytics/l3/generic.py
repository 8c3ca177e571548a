"""How many messages of each kind are there, and how many shares do they move?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl

from beaf_analytics.l3.messages import ACTIONS, SIDE_WORDS, SIDES, TABLE, Happening
from beaf_analytics.l3.options import Action, GenericMetric, OrderAggregation, OrderMeasure, Side
from beaf_analytics.measures.aggregations import RowValue
from beaf_analytics.measures.expand import fill_pattern
from beaf_analytics.measures.expressions import both, in_states
from beaf_core import Aggregation, Kind, Measure

#: What an aggregation says of numbers that are 1 on some messages and 0 on all others.
_OF_MESSAGES: Mapping[OrderAggregation, str] = {
    "Mean": "Share of messages that tell of {}.",
    "Max": "1 where any message tells of {}, else 0.",
    "Min": "1 where every message tells of {}, else 0.",
    "First": "1 where the first message tells of {}, else 0.",
    "Last": "1 where the last message tells of {}, else 0.",
    "Median": "1 where most messages tell of {}, one half where half of them do, else 0.",
    "Std": "Standard deviation (n - 1) of what is 1 where a message tells of {}, else 0.",
}


@dataclass(frozen=True, slots=True)
class Column:
    """What one column of a generic metric holds."""

    action: Action
    measure: OrderMeasure
    side: Side
    word: OrderAggregation = "Sum"

    @property
    def happening(self) -> Happening:
        """What happens to the orders."""
        return ACTIONS[self.action]

    @property
    def rows(self) -> pl.Expr:
        """The messages that are meant."""
        side = SIDES[self.side]
        return self.happening.rows if side is None else self.happening.rows & side

    def name(self, metric: GenericMetric, prefix: str) -> str:
        """Name it: `InsertVolumeBid`, `InsertVolumeBidMean`, or by the metric's pattern."""
        if metric.output_name_pattern is None:
            suffix = "" if self.word == "Sum" else self.word
            return f"{prefix}{self.action}{self.measure}{self.side}{suffix}"
        fields = {
            "sides": self.side,
            "actions": self.action,
            "measures": self.measure,
            "agg": self.word,
        }
        return prefix + fill_pattern(metric.output_name_pattern, fields)


def columns(metric: GenericMetric) -> Iterator[Column]:
    """Yield the columns that a metric asks for."""
    for variant in metric.expand():
        action, measure, side = variant["actions"], variant["measures"], variant["sides"]
        yield Column(action, measure, side, variant["aggregations"])


def generic_measures(metric: GenericMetric, prefix: str) -> list[Measure]:
    """Expand actions × measures × sides × aggregations into measures with their names."""
    return [_measure(metric, prefix, each) for each in columns(metric)]


def _measure(metric: GenericMetric, prefix: str, column: Column) -> Measure:
    name, states = column.name(metric, prefix), in_states(metric.market_states)
    if column.measure == "Volume":
        return _volume(column, name, states, weight=_count_beside(metric, prefix, column))
    if column.word == "Sum":
        return count(column, name, states)
    # Only of all messages is there a column with their number.
    return _share(column, name, states, weight=None if metric.market_states else prefix)


def _count_beside(metric: GenericMetric, prefix: str, column: Column) -> str | None:
    """Name the column with the number of messages behind a volume; None where it has no name."""
    name = Column(column.action, "Count", column.side).name(metric, prefix)
    return None if name == column.name(metric, prefix) else name


def count(column: Column, name: str, states: pl.Expr | None) -> Measure:
    """Count the messages that are meant."""
    return Measure(
        name=name,
        table=TABLE,
        value=Aggregation(Kind.COUNT, where=both(column.rows, states)),
        unit="orders",
        doc=f"Number of {column.happening.words} {SIDE_WORDS[column.side]}.",
        formula=f"#({column.happening.formula[0]})",
        reaggregation="sum",
    )


def _share(column: Column, name: str, states: pl.Expr | None, weight: str | None) -> Measure:
    """Aggregate what is 1 on messages that are meant, and 0 on all others."""
    meant = RowValue(
        table=TABLE,
        value=pl.when(column.rows).then(1).otherwise(0),
        unit="ratio",
        doc="",
        formula=f"1({column.happening.formula[0]})",
        where=states,
    )
    rule = f"vw:{weight}MessageCount" if column.word == "Mean" and weight is not None else None
    told = f"{column.happening.words} {SIDE_WORDS[column.side]}"
    measure = meant.measure(name, column.word, reaggregation=rule)
    return replace(measure, doc=_OF_MESSAGES[column.word].format(told))


def _volume(column: Column, name: str, states: pl.Expr | None, weight: str | None) -> Measure:
    """Aggregate the shares that are moved by the messages that are meant."""
    rows, moved = column.happening.formula
    volume = RowValue(
        table=TABLE,
        value=column.happening.volume,
        unit="shares",
        doc=f"{column.happening.moves} {SIDE_WORDS[column.side]}",
        formula=f"{moved} where {rows}",
        where=both(column.rows, states),
    )
    rule = f"vw:{weight}" if column.word == "Mean" and weight is not None else None
    return volume.measure(name, column.word, reaggregation=rule)
