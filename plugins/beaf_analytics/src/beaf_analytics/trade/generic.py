"""Which measures of trades are asked for by side, and what are they called?

Definitions: conventions of the metric reference (docs/metrics.md), and docs/modules/trade.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from beaf_analytics.measures.expressions import both, in_states
from beaf_analytics.trade.direction import DIRECTIONAL, SIGNED, unknown_share
from beaf_analytics.trade.options import GenericMetric, TradeOptions
from beaf_analytics.trade.prices import PRICES, RETURNS, bars
from beaf_analytics.trade.prints import (
    ELSEWHERE,
    SIDE_WORDS,
    SIDES,
    Prints,
    Where,
)
from beaf_analytics.trade.sizes import SIZES
from beaf_analytics.trade.twap import WORD as TWAP
from beaf_analytics.trade.twap import twap
from beaf_analytics.trade.words import Side
from beaf_core import Measure

EDGES = ("Open", "High", "Low", "Close")

_BUILDERS: Mapping[str, Callable[[str, Where, str], Measure]] = {**PRICES, **SIZES}


def generic_measures(metric: GenericMetric, prints: Prints) -> list[Measure]:
    """Expand sides × measures into measures with their names."""
    found: list[Measure] = []
    for side, word in _words(metric):
        found += _measures(metric, prints, side, word)
    return found


def unknown_direction(options: TradeOptions, prints: Prints) -> list[Measure]:
    """Say how much is left out, once, where anything that is signed is asked for."""
    words = {word for metric in options.generic_metrics for word in metric.measures}
    if "UnknownDirectionShare" in words or not (words & SIGNED or options.impact_metrics):
        return []
    return [unknown_share(prints.prefix + "UnknownDirectionShare", prints.own)]


def _measures(metric: GenericMetric, prints: Prints, side: Side, word: str) -> Sequence[Measure]:
    where, told = prints.where(metric, SIDES[side]), SIDE_WORDS[side]
    name = partial(_name, metric, prints, side)
    if word == "OHLC":
        return bars(partial(_bar_name, metric, prints, side), where, told)
    if word == TWAP:
        return [twap(name(word), metric, side, told)]
    if word in DIRECTIONAL:
        return [DIRECTIONAL[word](name(word), prints.where(metric))]
    if word in RETURNS:
        before = prints.where(metric, SIDES[side], alone=True)
        return [RETURNS[word](name(word), where, before, told)]
    if word in ELSEWHERE:
        where = both(both(ELSEWHERE[word], in_states(metric.market_states)), SIDES[side])
    return [_BUILDERS[word](name(word), where, told)]


def named_columns(metric: GenericMetric, prints: Prints) -> Iterator[tuple[Side, str, str]]:
    """Yield the side, the word (an edge, for bars) and the name of each column of a metric."""
    for side, word in _words(metric):
        if word == "OHLC":
            for edge in EDGES:
                yield side, edge, _bar_name(metric, prints, side, edge)
        else:
            yield side, word, _name(metric, prints, side, word)


def _words(metric: GenericMetric) -> Iterator[tuple[Side, str]]:
    """Yield each side with each word; what speaks of all sides, once."""
    for variant in metric.expand():
        side, word = variant["sides"], variant["measures"]
        if word not in DIRECTIONAL:
            yield side, word
        elif side == metric.sides[0]:
            yield "Total", word


def _name(metric: GenericMetric, prints: Prints, side: Side, word: str) -> str:
    default = word if word in DIRECTIONAL else f"Trade{side}{word}"
    return prints.name(metric, default, sides=side, measures=word)


def _bar_name(metric: GenericMetric, prints: Prints, side: Side, edge: str) -> str:
    """Name an edge of a bar: bare for all trades; a pattern is a prefix, `{measures}` empty."""
    if metric.output_name_pattern is not None:
        return prints.name(metric, "", sides=side, measures="") + edge
    return prints.prefix + (edge if side == "Total" else f"Trade{side}{edge}")
