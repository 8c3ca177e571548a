"""What holds between the columns of trades, as far as a pass has them?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from beaf_analytics.trade.generic import named_columns
from beaf_analytics.trade.options import Side, TradeOptions
from beaf_core import Identity

#: Sums of floats differ by the order of their parts; 1e-9 is far above that, and below any tick.
TOLERANCE = 1e-9

#: The sides that split all trades, under either of their names.
_SPLIT: Mapping[Side, Side] = {"Ask": "Buy", "Bid": "Sell"}
_PARTS: tuple[Side, ...] = ("Buy", "Sell", "Unknown")
_SUMS = ("Volume", "Count", "Notional")

#: (side, word) → column.
Columns = Mapping[tuple[Side, str], str]


def identities(options: TradeOptions) -> list[Identity]:
    """List what must hold between the columns that the options ask for."""
    if not options.ENABLED:
        return []
    groups = _by_market_states(options)
    return [each for columns in groups for each in (*_splits(columns), *_prices(columns))]


def _by_market_states(options: TradeOptions) -> list[Columns]:
    """Group the columns that look at the same trades."""
    groups: dict[tuple[str, ...], dict[tuple[Side, str], str]] = {}
    for metric in options.generic_metrics:
        group = groups.setdefault(tuple(sorted(metric.market_states or ())), {})
        for side, word, name in named_columns(metric, options.metric_prefix):
            group[_SPLIT.get(side, side), word] = name
    return list(groups.values())


def _splits(columns: Columns) -> Iterator[Identity]:
    for word in _SUMS:
        names = [columns.get((side, word)) for side in (*_PARTS, "Total")]
        if all(names):
            *parts, total = (pl.col(str(name)) for name in names)
            # Against the parts' own size: cancellations may bring the total to nearly nothing.
            size = pl.sum_horizontal(part.abs() for part in parts)
            off = (pl.sum_horizontal(parts, ignore_nulls=False) - total).abs()
            told = f"{' + '.join(map(str, names[:-1]))} = {names[-1]}"
            yield Identity(told, off <= TOLERANCE * size)


def _prices(columns: Columns) -> Iterator[Identity]:
    for side in ("Total", *_PARTS):
        names = [columns.get((side, word)) for word in ("Low", "VWAP", "High")]
        if all(names):
            low, mean, high = (pl.col(str(name)) for name in names)
            above = mean >= low - TOLERANCE * low.abs()
            below = mean <= high + TOLERANCE * high.abs()
            # A cancellation of a print that lies in an earlier bucket can break it.
            yield Identity(" ≤ ".join(map(str, names)), above & below)
