"""An index from its members: volumes summed, spreads and prices weighted by what is traded.

beaf pipeline run --pipeline demo/07_index_analytics.py --date 2026-02-02

The first pass has a row for each member and bucket, the second one for each index and bucket. How a
column of many members becomes one number follows from what its measure declares.
"""

INDEX = "STOXX600"

USER_CONFIG = {
    "DATASETNAME": "demo_index_analytics",
    "PASSES": [
        {
            "name": "members",
            "time_bucket_seconds": 300,
            "modules": ["trade", "l2tw"],
            "trade_analytics": {
                "generic_metrics": [{"measures": ["Volume", "NotionalEUR", "Count"]}]
            },
            "l2_analytics": {"spreads": [{"variant": "BPS"}]},
        },
        {
            "name": "index",
            "time_bucket_seconds": 300,
            "source_pass": "members",
            "modules": ["reaggregate"],
            "reaggregate_analytics": {
                "group_column": "IndexId",
                "weight_col": "TradeTotalNotionalEUR",
            },
        },
    ],
}


def get_universe(date, reference):
    """Give the members of the index on that day."""
    return reference(date, Index=INDEX)
