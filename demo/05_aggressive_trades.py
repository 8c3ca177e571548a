"""Who takes liquidity, and how deep: prints put back together to the orders that caused them.

beaf pipeline run --pipeline demo/05_aggressive_trades.py --date 2026-02-02

The module also provides its orders as a table; here the module `trade` reads it in place of trades.
"""

USER_CONFIG = {
    "DATASETNAME": "demo_aggressive_trades",
    "UNIVERSE": "mic=XLON",
    "PASSES": [
        {
            "name": "aggressive",
            "time_bucket_seconds": 300,
            "modules": ["aggressive_trades", "trade"],
            "aggressive_trades_analytics": {
                # Prints of one side belong to one order while they follow within 10 µs.
                "deltat": 1e-5,
                "metrics": [
                    {
                        "sides": ["Buy", "Sell", "Total"],
                        "measures": [
                            "OrderCount",
                            "OrderVolume",
                            "AvgOrderSize",
                            "SweepDepth",
                            "SweepShare",
                        ],
                    }
                ],
            },
            "module_inputs": {"trade": {"trades": "aggressive_trades"}},
            "trade_analytics": {
                "generic_metrics": [{"sides": ["Buy", "Sell"], "measures": ["Count", "VWAP"]}]
            },
        }
    ],
}
