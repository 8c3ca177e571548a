"""The whole of an index on all its venues, minute by minute: book, book by time, and trades.

beaf pipeline run --pipeline demo/main.py --date 2026-02-02

Of the venues below, those count that the source knows. A year is cut into weeks (BATCH_FREQ), and
each partition into as many batches as memory asks for, so that neither width nor length of a run
has to be thought of.
"""

import polars as pl

INDEX = "STOXX600"

#: Primary venues of the index's members, and venues that trade them beside those.
whitelist = [
    *("XLON", "XPAR", "XAMS", "XBRU", "XLIS", "XDUB", "XOSL", "MTAA", "XETR", "XMAD"),
    *("XSWX", "XSTO", "XHEL", "XCSE", "XICE", "XWBO", "XWAR", "XPRA", "XBUD", "XATH"),
    *("BATE", "CHIX", "BATP", "CEUX", "CEUP", "TRQX", "TRQM", "TQEX", "TQEM", "AQXE"),
    *("AQXD", "AQEU", "AQED", "SGMX", "LISX", "XPOS", "XUBS"),
]

USER_CONFIG = {
    "DATASETNAME": "demo_index_market",
    "BATCH_FREQ": "W",
    "PASSES": [
        {
            "name": "minutes",
            "time_bucket_seconds": 60,
            "modules": ["l2", "l2tw", "trade"],
            "l2_analytics": {
                "liquidity": [
                    {
                        "levels": [1, 5, 10],
                        "measures": ["Price", "CumQuantity", "CumOrders", "CumNotional"],
                    }
                ],
                "spreads": [{"variant": ["Abs", "BPS"]}],
                "imbalances": [{"levels": [1, 5, 10], "measure": "CumQuantity"}],
            },
            "trade_analytics": {
                "generic_metrics": [
                    {"measures": ["OHLC", "Volume", "Count", "NotionalEUR", "VWAP"]},
                    {"sides": ["Buy", "Sell"], "measures": ["Volume", "Count"]},
                ]
            },
        }
    ],
}


def get_universe(date, reference):
    """Give the listings of the index's members on the venues above."""
    return reference(date, Index=INDEX).filter(pl.col("MIC").is_in(whitelist))
