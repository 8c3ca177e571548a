"""How did auctions go? The module `auction`: what they printed, and what was told before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from beaf_analytics.auction import calls, prints
from beaf_analytics.auction.catalogue import catalogue
from beaf_analytics.auction.kinds import AUCTION, Kind, calls_of, prints_of
from beaf_analytics.auction.options import COMPARING, AuctionMetric, AuctionOptions
from beaf_analytics.measures.expand import fill_pattern
from beaf_analytics.measures.expressions import both, in_states
from beaf_analytics.trade.prints import TABLE as TRADES
from beaf_core import AnalyticsModule, Measure, ProvidedTable, hookimpl


def measures(options: AuctionOptions) -> list[Measure]:
    """List the measures that the options ask for; none where the module is switched off."""
    if not options.ENABLED:
        return []
    return [
        _measure(metric, word, kind, before, options.metric_prefix)
        for metric in options.asked
        for word, before in _words(metric)
        for kind in metric.kinds
    ]


def _words(metric: AuctionMetric) -> Iterator[tuple[str, float]]:
    """Yield each measure, and how long before the print it looks."""
    for word in metric.measures:
        yield from ((word, each) for each in metric.before if word == "IndicativeDeviation")
        if word != "IndicativeDeviation":
            yield word, 0


def _measure(metric: AuctionMetric, word: str, kind: Kind, before: float, prefix: str) -> Measure:
    name = prefix + _name(metric, f"{word}{before:g}s" if before else word, kind)
    states = in_states(metric.market_states)
    if word in calls.BUILDERS:
        during = both(calls_of(kind), states)
        assert during is not None
        return calls.BUILDERS[word](name, during, kind)
    printed = both(prints_of(kind), states)
    assert printed is not None
    if word == "IndicativeDeviation":
        return calls.deviation(name, printed, kind, before)
    return prints.BUILDERS[word](name, printed, kind, metric)


def _name(metric: AuctionMetric, word: str, kind: Kind) -> str:
    if metric.output_name_pattern is None:
        return f"Auction{word}{kind}"
    return fill_pattern(metric.output_name_pattern, {"measures": word, "kinds": kind})


def rows(options: AuctionOptions) -> Mapping[str, pl.Expr]:
    """Keep auction prints, and messages of calls; what compares needs to see all prints."""
    call = calls_of("Total")
    found = {calls.TABLE: call, calls.MOVES: call, TRADES: AUCTION}
    if any(word in COMPARING for metric in options.asked for word in metric.measures):
        del found[TRADES]
    return found


def provides(options: AuctionOptions) -> list[ProvidedTable]:
    """Provide the moves of the indicative price."""
    return [calls.moves()] if options.ENABLED else []


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="auction",
        measures=measures,
        doc="Price, volume and share of auctions, and the indicative price and surplus before",
        Config=AuctionOptions,
        rows=rows,
        provides=provides,
        catalogue=catalogue,
    )
