# A block of the description that the plugin answers to; only its imports name our packages.
beaf analytics list
beaf pipeline run --pipeline demo/01_ohlcv_bars.py --date 2026-02-01
