"""What holds between the columns of the book, as far as a pass has them?"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from beaf_analytics.l2.bars import bar_name
from beaf_analytics.l2.options import L2Options, OhlcMetric
from beaf_core import Identity


def identities(options: L2Options) -> list[Identity]:
    """List what must hold between the columns of `l2` that the options ask for."""
    if not options.ENABLED:
        return []
    prefix = options.metric_prefix
    return [each for metric in options.ohlc for each in _bars(metric, prefix)]


def _bars(metric: OhlcMetric, prefix: str) -> Iterator[Identity]:
    """Open and close lie between low and high, where all four are of the same rows.

    Of states they need not: one at the very edge of a bucket is its last, and holds for no time.
    """
    for variant in metric.expand():
        source, mode = variant["source"], variant["open_mode"]
        if mode == "state":
            continue
        names = [
            bar_name(metric, prefix, source, edge, mode)
            for edge in ("Low", "Open", "Close", "High")
        ]
        low, opened, closed, high = (pl.col(name) for name in names)
        between = (low <= opened) & (opened <= high) & (low <= closed) & (closed <= high)
        yield Identity(f"{names[0]} ≤ {names[1]}, {names[2]} ≤ {names[3]}", between)
