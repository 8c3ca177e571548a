"""Are trades and order messages what they should be? Counts and checks of the data, hour by hour.

beaf pipeline run --pipeline demo/06_characteristics.py --date 2026-02-02
"""

USER_CONFIG = {
    "DATASETNAME": "demo_characteristics",
    "UNIVERSE": "mic=XLON",
    "PASSES": [
        {
            "name": "characteristics",
            "time_bucket_seconds": 3600,
            "modules": ["trade_characteristics", "l3_characteristics"],
        }
    ],
}
