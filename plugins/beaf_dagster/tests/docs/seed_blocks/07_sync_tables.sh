# A block of the description that the plugin answers to; only its imports name our packages.
beaf dagster sync --tables l2,l3,trades --start_date 2025-01-01 --end_date 2025-01-31
