"""Universe × date as Dagster's partitions: definitions, keys, and what they cost."""
