"""What changes from one state of the book to the next?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import polars as pl

from beaf_analytics.l2.asked import name_of, words_of
from beaf_analytics.l2.options import Flow, FlowMetric
from beaf_analytics.l2.ordered import LISTING, MOMENT, SEQUENCE, moment, needed, table_name
from beaf_analytics.l2.values import TABLE
from beaf_analytics.measures.quotes import ASK, ASK_SIZE, BID, BID_SIZE, MID, accepted
from beaf_core import Aggregation, Kind, Measure, ProvidedTable

#: Columns of the table of changes: the flow of a row, and whether it moves the mid.
FLOW, MOVES = "Flow", "MovesMid"
_COUNTS = "Counts"
_QUOTE = ("BidPrice1", "BidQuantity1", "AskPrice1", "AskQuantity1")


def changes(inputs: Mapping[str, pl.LazyFrame], *, counts: pl.Expr) -> pl.LazyFrame:
    """Compare each row of the book with the listing's row before it; both must count."""
    rows = inputs[TABLE].select(LISTING, SEQUENCE, moment(), *_QUOTE, counts.alias(_COUNTS))
    before = [pl.col(each).shift(1).over(LISTING).alias(f"{each}Before") for each in rows_kept()]
    pairs = rows.sort(LISTING, MOMENT, SEQUENCE).with_columns(before)
    both = pl.col(_COUNTS) & pl.col(f"{_COUNTS}Before")
    moves = (pl.col("BidPrice1Before") + pl.col("AskPrice1Before")) / 2 != MID
    return pairs.select(
        LISTING,
        MOMENT,
        SEQUENCE,
        pl.when(both).then(order_flow()).alias(FLOW),
        (both & moves).fill_null(False).alias(MOVES),
    )


def rows_kept() -> tuple[str, ...]:
    """List the columns that are compared with those of the row before."""
    return (*_QUOTE, _COUNTS)


def order_flow() -> pl.Expr:
    """Render what a change adds to the bid and takes from the ask.

    A price that improves brings the whole new size, one that worsens takes the whole old size,
    one that stays brings the difference.
    """
    bid, ask = pl.col("BidPrice1Before"), pl.col("AskPrice1Before")
    bid_size, ask_size = pl.col("BidQuantity1Before"), pl.col("AskQuantity1Before")
    bought = _if(bid <= BID, BID_SIZE) - _if(bid >= BID, bid_size)
    offered = _if(ask >= ASK, ASK_SIZE) - _if(ask <= ASK, ask_size)
    return bought - offered


def _if(condition: pl.Expr, value: pl.Expr) -> pl.Expr:
    return pl.when(condition).then(value).otherwise(0)


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes between quotes that count.

    Attributes:
        metric: which quotes those are.
    """

    metric: FlowMetric

    @property
    def name(self) -> str:
        """The table's name."""
        return table_name("changes", self.metric, self.metric.quotes)

    def table(self) -> ProvidedTable:
        """Declare the table."""
        where = accepted(self.metric.quotes, self.metric.market_states)
        counts = pl.lit(True) if where is None else where
        return ProvidedTable(
            name=self.name,
            needs=needed(counts, *map(pl.col, _QUOTE)),
            build=partial(changes, counts=counts),
            time=MOMENT,
            sequence=SEQUENCE,
            ordered=True,
        )


_FLOWS: Mapping[Flow, tuple[Aggregation, str, str, str, str]] = {
    "OFI": (
        Aggregation(Kind.SUM, pl.col(FLOW)),
        "shares",
        "Order flow imbalance: what changes of the best quote add to the bid and take from the ask",
        "Σ 1{b ≥ b'}·qb - 1{b ≤ b'}·qb' - 1{a ≤ a'}·qa + 1{a ≥ a'}·qa', ' the row before",
        "Cont, Kukanov & Stoikov 2014",
    ),
    "MidChangeCount": (
        Aggregation(Kind.COUNT, where=pl.col(MOVES)),
        "events",
        "Number of times that the mid changes",
        "Σ 1{mid ≠ mid'}, ' the row before",
        "",
    ),
}


def flows(metric: FlowMetric, prefix: str) -> Iterator[Measure]:
    """Declare what a metric asks for."""
    for variant in metric.expand():
        word: Flow = variant["measures"]
        value, unit, doc, formula, source = _FLOWS[word]
        yield Measure(
            name=name_of(metric, prefix, word, {"measures": word}),
            table=Changes(metric).name,
            value=value,
            unit=unit,
            doc=f"{doc}{words_of(metric, metric.quotes)}.",
            formula=formula,
            source=source,
            reaggregation="sum",
        )
