"""A metric of one's own beside the standard ones: the range of prices in each bucket.

beaf pipeline run --pipeline demo/03_custom_metric.py --date 2026-02-02
"""

import polars as pl

from beaf_core import Aggregation, Kind, Measure, measure

USER_CONFIG = {
    "DATASETNAME": "demo_custom_metric",
    "UNIVERSE": "mic=XLON",
    "PASSES": [
        {
            "name": "bars",
            "time_bucket_seconds": 300,
            # `custom` holds what is declared below.
            "modules": ["trade", "custom"],
            "trade_analytics": {"generic_metrics": [{"measures": ["OHLC", "Volume"]}]},
        }
    ],
}

PRICE = pl.col("InstrumentCurrencyPrice")
ON_BOOK = pl.col("Classification") == "LIT_CONTINUOUS"

# The engine aggregates, in one pass over the trades for all metrics; the function works the
# column out of the aggregations.


@measure(
    "trades",
    unit="ccy",
    formula="max p - min p",
    high=Aggregation(Kind.MAX, PRICE, where=ON_BOOK),
    low=Aggregation(Kind.MIN, PRICE, where=ON_BOOK),
)
def high_low_range(high: pl.Expr, low: pl.Expr) -> pl.Expr:
    """Highest less lowest price of trades on the book."""
    return high - low


@measure(
    "trades",
    unit="bps",
    formula="1e4 * (max p - min p) / (Σ p·s / Σ s)",
    high=Aggregation(Kind.MAX, PRICE, where=ON_BOOK),
    low=Aggregation(Kind.MIN, PRICE, where=ON_BOOK),
    notional=Aggregation(Kind.SUM, PRICE * pl.col("Size"), where=ON_BOOK),
    volume=Aggregation(Kind.SUM, pl.col("Size"), where=ON_BOOK),
)
def high_low_range_bps(high: pl.Expr, low: pl.Expr, notional: pl.Expr, volume: pl.Expr) -> pl.Expr:
    """Highest less lowest price of trades on the book, relative to their average price."""
    return pl.when(notional != 0).then(1e4 * (high - low) * volume / notional)


# What one aggregation says needs no function.
largest_trade = Measure(
    name="LargestTrade",
    table="trades",
    value=Aggregation(Kind.MAX, pl.col("Size"), where=ON_BOOK),
    unit="shares",
    doc="Size of the largest trade on the book.",
    formula="max s",
    reaggregation="max",
)
