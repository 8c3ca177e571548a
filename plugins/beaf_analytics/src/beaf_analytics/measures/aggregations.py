"""How does a word of `aggregations`, such as TWA, become aggregations of a row expression?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from beaf_analytics.measures.expressions import both, ratio
from beaf_core import Aggregation, Kind, Lookup, Measure, UsageError

#: The words of `aggregations` that mean something for events, which hold for no time.
EventAggregation = Literal[
    "First",
    "Last",
    "Min",
    "Max",
    "Mean",
    "Sum",
    "Std",
    "Median",
    "VWA",
    "NotionalWeighted",
]
#: The words that users know from `aggregations: […]`.
AggregationWord = Literal[EventAggregation, "TWA"]

_ROWS: Mapping[str, Kind] = {
    "First": Kind.FIRST,
    "Last": Kind.LAST,
    "Min": Kind.MIN,
    "Max": Kind.MAX,
    "Mean": Kind.MEAN,
    "Sum": Kind.SUM,
    "Std": Kind.STD,
    "Median": Kind.MEDIAN,
    "TWA": Kind.TIME_WEIGHTED,
}
#: How buckets of each combine into longer ones; none for all others.
_RULES: Mapping[str, str] = {
    "First": "first",
    "Last": "last",
    "Min": "min",
    "Max": "max",
    "Sum": "sum",
    "TWA": "twa",
}
_MEANINGS: Mapping[str, str] = {
    "First": "first",
    "Last": "last",
    "Min": "smallest",
    "Max": "largest",
    "Mean": "mean, each row counted once",
    "Sum": "sum",
    "Std": "standard deviation (n - 1)",
    "Median": "median",
    "TWA": "mean by the time for which each value holds",
    "VWA": "mean weighted by size",
    "NotionalWeighted": "mean weighted by price times size",
}


@dataclass(frozen=True, slots=True)
class RowValue:
    """A number on each row that can be aggregated in several ways.

    Attributes:
        table: whose rows.
        value: the row expression.
        unit: its unit.
        doc: what it is, as the start of a sentence: `Spread between best bid and ask`.
        formula: its definition.
        source: where that comes from.
        where: the rows that take part; None means all.
        size, notional: the weights of VWA and NotionalWeighted; None where a table has none.
        lookups: the columns that are looked up for it.
    """

    table: str
    value: pl.Expr
    unit: str
    doc: str
    formula: str
    source: str = ""
    where: pl.Expr | None = None
    size: pl.Expr | None = None
    notional: pl.Expr | None = None
    lookups: Mapping[str, Lookup] = field(default_factory=dict)

    def measure(
        self, name: str, word: AggregationWord, *, reaggregation: str | None = None
    ) -> Measure:
        """Declare the measure that aggregates it by a word.

        Args:
            name: the column's name.
            word: how rows become one number.
            reaggregation: the rule, where the word does not say it: `vw:<column of the weights>`.

        Raises:
            UsageError: the rows have no weight for it.
        """
        value, post = self._value(name, word)
        return Measure(
            name=name,
            table=self.table,
            value=value,
            post=post,
            unit=self.unit,
            doc=f"{self.doc}: {_MEANINGS[word]}.",
            formula=f"{word}({self.formula})",
            source=self.source,
            reaggregation=reaggregation or _RULES.get(word, "none"),
            lookups=self.lookups,
        )

    def _value(
        self, name: str, word: AggregationWord
    ) -> tuple[Aggregation | Mapping[str, Aggregation], pl.Expr | None]:
        if word in _ROWS:
            return Aggregation(_ROWS[word], self.value, self.where), None
        weight = self.size if word == "VWA" else self.notional
        if weight is None:
            raise UsageError(
                f"{name}: rows of {self.table} have no weight for {word}",
                remedy=f"ask for any of {', '.join(_ROWS)}",
            )
        present = both(self.value.is_not_null(), self.where)
        sums = {
            "weighted": Aggregation(Kind.SUM, self.value * weight, self.where),
            "weight": Aggregation(Kind.SUM, weight, present),
        }
        return sums, ratio(pl.col("weighted"), pl.col("weight"))
