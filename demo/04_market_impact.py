"""What trades cost and how far they move the price, hour by hour.

beaf pipeline run --pipeline demo/04_market_impact.py --date 2026-02-02

The effective spread is what the aggressor pays. As much of it as the mid has moved by the horizon
is price impact; the rest is the liquidity provider's realised spread.
"""

USER_CONFIG = {
    "DATASETNAME": "demo_market_impact",
    "UNIVERSE": "mic=XLON",
    "PASSES": [
        {
            "name": "impact",
            "time_bucket_seconds": 3600,
            # `dense` gives every hour of continuous trading a row.
            "modules": ["dense", "trade"],
            "trade_analytics": {
                "generic_metrics": [{"measures": ["Count", "Volume"]}],
                "impact_metrics": [
                    {"variant": "EffectiveSpreadBps", "horizon": None, "mids": "l2"},
                    {
                        "variant": ["RealizedSpreadBps", "PriceImpactBps"],
                        "horizon": ["1s", "10s", "60s"],
                        # Mids of the book, at any horizon; `trades` has the vendor's.
                        "mids": "l2",
                    },
                ],
            },
        }
    ],
}
