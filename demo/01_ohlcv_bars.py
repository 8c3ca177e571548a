"""One-minute bars of every listing on a venue: open, high, low, close, volume, notional, VWAP.

beaf pipeline run --pipeline demo/01_ohlcv_bars.py --date 2026-02-01
"""

USER_CONFIG = {
    "DATASETNAME": "demo_ohlcv_1min",
    "UNIVERSE": "mic=XLON",
    "PASSES": [
        {
            "name": "bars",
            "time_bucket_seconds": 60,
            "modules": ["trade"],
            "trade_analytics": {
                "generic_metrics": [
                    {
                        "sides": "Total",
                        "measures": ["OHLC", "Volume", "Notional", "VWAP", "Count"],
                    }
                ]
            },
        }
    ],
}
