# A block of the description that the plugin answers to; only its imports name our packages.
beaf dagster install --pipeline demo/01_ohlcv_bars.py \
  --cron "0 2 * * *" --timezone "Europe/London" --auto_materialize_latest_days 7
