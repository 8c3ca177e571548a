"""Indicators in a second pass: averages of TA-Lib, and a module of one's own.

beaf pipeline run --pipeline demo/02_indicators.py --date 2026-02-02

The second pass reads the rows of the first, as the table `source`. Averages are TA-Lib's:
pip install "beaf-analytics[talib]".
"""

import polars as pl

from beaf_core import Aggregation, AnalyticsModule, Kind, Measure

USER_CONFIG = {
    "DATASETNAME": "demo_indicators",
    "UNIVERSE": "mic=XLON",
    "PASSES": [
        {
            "name": "bars",
            "time_bucket_seconds": 300,
            "modules": ["trade"],
            "trade_analytics": {
                "generic_metrics": [
                    {
                        "measures": ["OHLC", "Volume", "VWAP"],
                        "output_name_pattern": "{measures}",
                    }
                ]
            },
        },
        {
            "name": "indicators",
            "time_bucket_seconds": 300,
            "source_pass": "bars",
            "modules": ["generic", "candles"],
            "generic_analytics": {
                "aggregations": {"Close": "last", "Volume": "sum"},
                "talib_indicators": [
                    {"name": "SMA", "input_col": "Close", "timeperiod": 6},
                    {"name": "EMA", "input_col": "Close", "timeperiod": 6},
                    {"name": "RSI", "input_col": "Close", "timeperiod": 14},
                ],
            },
        },
    ],
}

OPEN, HIGH, LOW, CLOSE = (pl.col(name) for name in ("Open", "High", "Low", "Close"))


def candle(name: str, value: pl.Expr, unit: str, doc: str, formula: str) -> Measure:
    """Declare a column of each bar, in whose bucket there is one row of the first pass."""
    return Measure(name, "source", Aggregation(Kind.LAST, value), unit, doc, formula)


# A module is a name and the measures that it yields; with options, it has a pydantic model, too.
candles = AnalyticsModule(
    name="candles",
    doc="The shape of each bar",
    measures=lambda _options: [
        candle("Body", CLOSE - OPEN, "ccy", "How far the price went over the bar.", "C - O"),
        candle("Range", HIGH - LOW, "ccy", "How far apart the bar's prices lie.", "H - L"),
        candle(
            "CloseToVWAP",
            pl.when(pl.col("VWAP") != 0).then(1e4 * (CLOSE / pl.col("VWAP") - 1)),
            "bps",
            "How far above its average price the bar closed.",
            "1e4 * (C / VWAP - 1)",
        ),
    ],
)
