"""What holds between the columns of trades, as far as a pass has them?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from beaf_analytics.measures.splits import TOLERANCE
from beaf_analytics.trade.generic import named_columns
from beaf_analytics.trade.impact import impact_name, variants
from beaf_analytics.trade.options import TradeOptions
from beaf_analytics.trade.prints import prints_of
from beaf_analytics.trade.words import Side
from beaf_core import Identity

#: The sides that split all trades, under either of their names.
_SPLIT: Mapping[Side, Side] = {"Ask": "Buy", "Bid": "Sell"}
_PARTS: tuple[Side, ...] = ("Buy", "Sell", "Unknown")
_SUMS = ("Volume", "Count", "Notional")
_PLACES = ("AtMidShare", "InsideShare", "AtTouchShare", "OutsideShare")
#: Aggregations of a sum that are the sum of the aggregations.
_LINEAR = ("Mean", "VWA", "NotionalWeighted")

#: (side, word) → column.
Columns = Mapping[tuple[Side, str], str]


def identities(options: TradeOptions) -> list[Identity]:
    """List what must hold between the columns that the options ask for."""
    if not options.ENABLED:
        return []
    groups = _by_market_states(options)
    generic = [
        each
        for columns in groups
        for each in (*_splits(columns), *_prices(columns), *_places(columns))
    ]
    return [*generic, *_spreads(options)]


def _by_market_states(options: TradeOptions) -> list[Columns]:
    """Group the columns that look at the same trades."""
    prints = prints_of(options)
    groups: dict[tuple[str, ...], dict[tuple[Side, str], str]] = {}
    for metric in options.generic_metrics:
        group = groups.setdefault(tuple(sorted(metric.market_states or ())), {})
        for side, word, name in named_columns(metric, prints):
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


def _places(columns: Columns) -> Iterator[Identity]:
    for side in ("Total", *_PARTS):
        names = [columns.get((side, word)) for word in _PLACES]
        if all(names):
            shares = [pl.col(str(name)) for name in names]
            size = pl.sum_horizontal(share.abs() for share in shares)
            off = (pl.sum_horizontal(shares, ignore_nulls=False) - 1).abs()
            yield Identity(f"{' + '.join(map(str, names))} = 1", off <= TOLERANCE * size)


def _spreads(options: TradeOptions) -> Iterator[Identity]:
    """EffectiveSpread = RealizedSpread + PriceImpact, where they are over the same prints."""
    for (*_, end), named in _impacts(options).items():
        words = ("EffectiveSpread", "RealizedSpread", "PriceImpact")
        names = [named.get(f"{word}{end}") for word in words]
        if all(names):
            paid, kept, moved = (pl.col(str(name)) for name in names)
            # Prints may cancel each other out in a mean: what is off is held against 1 as well.
            off = (kept + moved - paid).abs()
            told = f"{names[0]} = {names[1]} + {names[2]}"
            yield Identity(told, off <= TOLERANCE * (1 + kept.abs() + moved.abs()))


def _impacts(options: TradeOptions) -> dict[tuple[object, ...], dict[str, str]]:
    """Group the columns of impact that are over the same prints, with the same weights."""
    prints = prints_of(options)
    groups: dict[tuple[object, ...], dict[str, str]] = {}
    for metric in options.impact_metrics:
        states = tuple(sorted(metric.market_states or ()))
        mids = metric.mids, metric.reference_price_col, metric.quotes, metric.beyond
        for word, horizon, agg in variants(metric):
            if horizon is not None and agg in _LINEAR:
                end = "Bps" if word.endswith("Bps") else ""
                group = groups.setdefault((states, *mids, horizon, agg, end), {})
                group[word] = impact_name(metric, prints, word, horizon, agg)
    return groups
