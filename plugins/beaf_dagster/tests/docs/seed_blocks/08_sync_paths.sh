# A block of the description that the plugin answers to; only its imports name our packages.
beaf dagster sync --paths s3://bucket/prefix/data/.../2025-01-05.parquet
