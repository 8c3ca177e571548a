# A block of the description that the plugin answers to; only its imports name our packages.
beaf dagster scheduler install --pipeline demo/01_ohlcv_bars.py --interval_hours 6 --instance_size 16 --max_runtime_hours 1
