"""Which fields are accepted without effect, and what is said of them?"""

from __future__ import annotations

#: Fields that had a meaning once. Accepted with one note, so that old files load.
RETIRED = {
    "BATCHING_STRATEGY": "how listings are batched is the engine's own affair",
    "HEURISTIC_SIZES_PATH": "sizes are not estimated",
    "PREPARE_DATA_MODE": "tables are scanned where they are",
    "EAGER_EXECUTION": "the engine plans a whole pass",
    "RUN_ONE_SYMBOL_AT_A_TIME": "how listings are batched is the engine's own affair",
    "DENSE_OUTPUT": "the module `dense` gives a pass its empty buckets",
    "TABLES_TO_LOAD": "modules declare the tables that they read",
    "ENABLE_PERFORMANCE_LOGS": "timings are in every manifest",
    "ENABLE_POLARS_PROFILING": "timings are in every manifest",
    "CLEAN_UP_BATCH_FILES": "there are no batch files",
    "CLEAN_UP_TEMP_DIR": "temporary files are always removed",
    "OVERWRITE_TEMP_DIR": "temporary folders are never shared",
}

#: Keys of an OUTPUT_TARGET that only steered pandas.
RETIRED_OUTPUT = {
    "preserve_index": "frames have no index",
    "index_name": "frames have no index",
    "sql_use_pandas": "pandas is not used",
}

#: Keys of plugins that may be absent: kind and name of the plugin, and its distribution.
FIRST_PARTY_SECTIONS = {"BMLL_JOBS": ("launcher", "bmll", "beaf-bmll")}
