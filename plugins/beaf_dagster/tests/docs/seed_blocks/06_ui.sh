# A block of the description that the plugin answers to; only its imports name our packages.
beaf dagster ui --pipeline demo/01_ohlcv_bars.py --port 3000
