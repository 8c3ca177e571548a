"""What holds between the columns of the book, as far as a pass has them?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import polars as pl

from beaf_analytics.l2.asked import levels_asked, sources_asked
from beaf_analytics.l2.bars import bar_name
from beaf_analytics.l2.options import L2Options, LiquidityMetric, OhlcMetric
from beaf_analytics.measures.splits import TOLERANCE
from beaf_core import Identity

#: Conditions of which a state of the book has one at most.
_APART = ("Valid", "Locked", "Crossed", "OneSided")


def last_identities(options: L2Options) -> list[Identity]:
    """List what must hold between the columns of `l2` that the options ask for."""
    if not options.ENABLED:
        return []
    prefix = options.metric_prefix
    found = [each for metric in options.ohlc for each in _bars(metric, prefix)]
    return [*found, *(each for metric in options.liquidity for each in _sums(metric, options))]


def weighted_identities(options: L2Options) -> list[Identity]:
    """List what must hold between the columns of `l2tw` that the options ask for."""
    if not options.ENABLED:
        return []
    prefix = options.metric_prefix
    mids = [each for metric in options.ohlc for each in _mids(metric, prefix)]
    return [*_shares(options), *mids]


def _shares(options: L2Options) -> Iterator[Identity]:
    """A state is in one of some conditions at most."""
    names = [f"{options.metric_prefix}{each}Share" for each in _APART if each in options.shares]
    if names:
        yield Identity(f"{' + '.join(names)} ≤ 1", pl.sum_horizontal(names) <= 1 + TOLERANCE)


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


def _sums(metric: LiquidityMetric, options: L2Options) -> Iterator[Identity]:
    """More levels hold no less."""
    sums: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for each in levels_asked(metric, options.levels, averaged=False):
        side, measure, level = (each.fields[name] for name in ("sides", "measures", "levels"))
        if measure.startswith("Cum"):
            named = int(level), each.name(options.metric_prefix)
            sums.setdefault((side, measure), []).append(named)
    for found in sums.values():
        names = [name for _, name in sorted(found)]
        if len(names) > 1:
            grows = [pl.col(one) <= pl.col(other) for one, other in pairwise(names)]
            yield Identity(" ≤ ".join(names), pl.all_horizontal(grows))


def _mids(metric: OhlcMetric, prefix: str) -> Iterator[Identity]:
    """The mid of means is the mean of mids, over the same quotes."""
    names = {each.stem: each.name(prefix, "TWA") for each in sources_asked(metric)}
    if "TWA" in metric.aggregations and {"Bid", "Ask", "Mid"} <= names.keys():
        bid, ask, mid = (pl.col(names[source]) for source in ("Bid", "Ask", "Mid"))
        off = ((bid + ask) / 2 - mid).abs()
        told = f"({names['Bid']} + {names['Ask']})/2 = {names['Mid']}"
        yield Identity(told, off <= TOLERANCE * mid.abs())
