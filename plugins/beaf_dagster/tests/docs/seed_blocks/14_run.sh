# A block of the description that the plugin answers to; only its imports name our packages.
beaf dagster run --pipeline demo/01_ohlcv_bars.py \
  --job demo_ohlcv_1min__job \
  --partition "date=2026-02-01,universe=mic=XLON"
