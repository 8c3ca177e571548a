# A block of the description that the plugin answers to; only its imports name our packages.
BATCH_FREQ=W ./scripts/setup_dagster_demo.sh
