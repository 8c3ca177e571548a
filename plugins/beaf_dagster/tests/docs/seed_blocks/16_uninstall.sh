# A block of the description that the plugin answers to; only its imports name our packages.
beaf dagster uninstall --pipeline demo/01_ohlcv_bars.py
