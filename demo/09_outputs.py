"""The same bars to five places at once: a file, a dataset of files, Delta, SQLite and DuckDB.

beaf pipeline run --pipeline demo/09_outputs.py --date 2026-02-02
beaf data describe demo/data/demo_outputs/delta

A rerun replaces its partition in each of them, and leaves the others. Paths, also those in URLs of
databases, belong to the folder of this file.
"""

FOLDER = "data/{datasetname}"

USER_CONFIG = {
    "DATASETNAME": "demo_outputs",
    "UNIVERSE": "mic=XLON",
    "PASSES": [
        {
            "name": "bars",
            "time_bucket_seconds": 300,
            "modules": ["trade"],
            "trade_analytics": {"generic_metrics": [{"measures": ["OHLC", "Volume"]}]},
            "extra_outputs": [
                {
                    "type": "parquet",
                    "path_template": f"{FOLDER}/hive",
                    "partition_columns": ["MIC", "Date"],
                },
                {"type": "delta", "path_template": f"{FOLDER}/delta"},
                {"type": "sql", "sql_connection": "sqlite:///data/demo_outputs.db"},
                {"type": "sql", "sql_connection": "duckdb:///data/demo_outputs.duckdb"},
            ],
        }
    ],
}
