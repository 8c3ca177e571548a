#!/usr/bin/env bash
# Sets up Dagster over the demos: an instance, a workspace, and definitions whose partitions are
# every venue that the source knows × the days from 2015-01-01 to yesterday.
#
#   BATCH_FREQ=W ./scripts/setup_dagster_demo.sh [options of `beaf dagster setup`]
#
# DAGSTER_HOME is the folder; by default /home/bmll/user/my-dagster where that can be, else
# ~/.beaf/dagster. BATCH_FREQ (D, W, 2W, M, Q, A) is written into the definitions: whoever runs
# them later, and with whatever environment, a partition stays the same days.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
beaf="$root/.venv/bin/beaf"
[[ -x "$beaf" ]] || beaf=beaf

arguments=()
[[ -n "${BATCH_FREQ:-}" ]] && arguments+=(--batch_freq "$BATCH_FREQ")
[[ " $* " == *" --pipelines"* ]] || arguments+=(--pipelines "$root/demo")

exec "$beaf" dagster setup "${arguments[@]}" "$@"
