"""What are the trades of a bucket like: complete, flagged, timely? `trade_characteristics`.

Over all prints, whatever their classification: here they are looked at as data. Which columns there
are is up to the option `columns` alone, never to what the data happen to hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Literal

import polars as pl
from pydantic import Field

from beaf_analytics.measures.expand import ModuleOptions, OneOrMore
from beaf_analytics.measures.expressions import nanoseconds
from beaf_analytics.trade.prints import KNOWN_DIRECTION, SIZE, TABLE, quotient, total
from beaf_analytics.trade.sizes import ALGORITHMIC, BLOCK, is_set
from beaf_core import Aggregation, AnalyticsModule, Kind, Measure, hookimpl

Column = Literal[
    "TradeEventCount",
    "TradeVolume",
    "TradeHasZeroSize",
    "TradeHasCancellations",
    "TradeHasUnknownAggressorSide",
    "TradeHasKnownAggressorSide",
    "TradeHasUnknownType",
    "TradeHasUnknownMarketState",
    "TradeHasLitTrades",
    "TradePubEqualsTradeTimestampRatio",
    "TradePubTradeTimestampAvgDiffS",
    "TradeHasMultipleExecutionVenues",
    "TradeHasCrossingTrade",
    "TradeHasNegotiatedTrade",
    "TradeHasAlgorithmicTrade",
    "TradeHasBlockTrade",
    "TradeHasTradeId",
    "TradeZeroSizeCount",
    "TradeCancellationCount",
    "TradeUnknownDirectionShare",
    "TradeUnknownMarketStateShare",
    "TradePublicationDelayP50",
    "TradePublicationDelayP99",
]
#: Those that are there only where they are asked for.
_ON_REQUEST: tuple[Column, ...] = (
    "TradeZeroSizeCount",
    "TradeCancellationCount",
    "TradeUnknownDirectionShare",
    "TradeUnknownMarketStateShare",
    "TradePublicationDelayP50",
    "TradePublicationDelayP99",
)


#: Nanoseconds from a trade to its publication.
DELAY = nanoseconds("PublicationTimestampNanoseconds") - nanoseconds("TradeTimestampNanoseconds")

_TYPE, _STATE, _ID = pl.col("BMLLTradeType"), pl.col("MarketState"), pl.col("TradeId")
ZERO_SIZE = SIZE == 0
CANCELLATION = SIZE < 0
UNKNOWN_TYPE = _TYPE.is_null() | _TYPE.is_in(["", "-", "UNKNOWN"])
UNKNOWN_STATE = _STATE.is_null() | _STATE.is_in(["", "UNKNOWN", "NOT_APPLICABLE"])


def count(rows: pl.Expr | None, told: str, name: str) -> Measure:
    """Count prints."""
    return total(name, Aggregation(Kind.COUNT, where=rows), "trades", f"Number of {told}.", "Σ 1")


def has_any(rows: pl.Expr, told: str, name: str) -> Measure:
    """Say whether any print is such."""
    return Measure(
        name=name,
        table=TABLE,
        value={"found": Aggregation(Kind.COUNT, where=rows)},
        post=pl.col("found") > 0,
        unit="bool",
        doc=f"Whether any trade {told}.",
        formula="Σ 1 > 0",
        reaggregation="max",
    )


def share(rows: pl.Expr, among: pl.Expr | None, told: str, name: str) -> Measure:
    """Share of prints that are such."""
    return quotient(
        name,
        Aggregation(Kind.COUNT, where=rows),
        Aggregation(Kind.COUNT, where=among),
        doc=f"Share of trades that {told}.",
        formula="Σ 1{…} / Σ 1",
    )


def volume(name: str) -> Measure:
    """Σ size."""
    return total(
        name,
        Aggregation(Kind.SUM, SIZE),
        "shares",
        "Shares of all trades, less those that cancellations took back.",
        "Σ s",
    )


def mean_delay(name: str) -> Measure:
    """Mean seconds from trade to publication."""
    return Measure(
        name=name,
        table=TABLE,
        value=Aggregation(Kind.MEAN, DELAY / 1e9),
        unit="s",
        doc="Mean time from a trade to its publication, in seconds.",
        formula="Σ (published - traded) / Σ 1",
    )


def delay_quantile(q: float, told: str, name: str) -> Measure:
    """Nanoseconds from trade to publication that a share of trades does not exceed."""
    return Measure(
        name=name,
        table=TABLE,
        value=Aggregation(Kind.QUANTILE, DELAY, q=q),
        unit="ns",
        doc=f"Time from a trade to its publication that {told} trades do not exceed.",
        formula=f"quantile {q} of (published - traded)",
    )


def several_venues(name: str) -> Measure:
    """Say whether prints are of more than one venue."""
    return Measure(
        name=name,
        table=TABLE,
        value={"venues": Aggregation(Kind.DISTINCT, pl.col("ExecutionVenue"))},
        post=pl.col("venues") > 1,
        unit="bool",
        doc="Whether trades were executed on more than one venue.",
        formula="#{ExecutionVenue} > 1",
        reaggregation="max",
    )


BUILDERS: Mapping[Column, Callable[[str], Measure]] = {
    "TradeEventCount": partial(count, None, "trades"),
    "TradeVolume": volume,
    "TradeHasZeroSize": partial(has_any, ZERO_SIZE, "has a size of zero"),
    "TradeHasCancellations": partial(has_any, CANCELLATION, "cancels an earlier one"),
    "TradeHasUnknownAggressorSide": partial(
        has_any, ~KNOWN_DIRECTION, "does not tell its aggressor"
    ),
    "TradeHasKnownAggressorSide": partial(has_any, KNOWN_DIRECTION, "tells its aggressor"),
    "TradeHasUnknownType": partial(has_any, UNKNOWN_TYPE, "has no known type"),
    "TradeHasUnknownMarketState": partial(
        has_any, UNKNOWN_STATE, "has no market state that is known and applies"
    ),
    "TradeHasLitTrades": partial(has_any, _TYPE == "LIT", "was made in a lit order book"),
    "TradePubEqualsTradeTimestampRatio": partial(
        share, DELAY == 0, DELAY.is_not_null(), "were published at the very time of the trade"
    ),
    "TradePubTradeTimestampAvgDiffS": mean_delay,
    "TradeHasMultipleExecutionVenues": several_venues,
    "TradeHasCrossingTrade": partial(has_any, is_set("CrossingTrade"), "is flagged as crossing"),
    "TradeHasNegotiatedTrade": partial(
        has_any, is_set("NegotiatedTrade"), "is flagged as negotiated"
    ),
    "TradeHasAlgorithmicTrade": partial(has_any, ALGORITHMIC, "is flagged as algorithmic"),
    "TradeHasBlockTrade": partial(has_any, BLOCK, "is a block"),
    "TradeHasTradeId": partial(has_any, _ID.is_not_null() & (_ID != ""), "has an id"),
    "TradeZeroSizeCount": partial(count, ZERO_SIZE, "trades that have a size of zero"),
    "TradeCancellationCount": partial(count, CANCELLATION, "trades that cancel an earlier one"),
    "TradeUnknownDirectionShare": partial(
        share, ~KNOWN_DIRECTION, None, "do not tell their aggressor"
    ),
    "TradeUnknownMarketStateShare": partial(
        share, UNKNOWN_STATE, None, "have no market state that is known and applies"
    ),
    "TradePublicationDelayP50": partial(delay_quantile, 0.5, "half of the"),
    "TradePublicationDelayP99": partial(delay_quantile, 0.99, "99 of 100"),
}
DEFAULT: list[Column] = [name for name in BUILDERS if name not in _ON_REQUEST]


class TradeCharacteristicsOptions(ModuleOptions):
    """Options of the section `trade_characteristics_analytics`."""

    columns: Annotated[list[Column], OneOrMore] = Field(
        default=DEFAULT,
        min_length=1,
        description="What is told; by default all that the documented table of trades is enough "
        "for, but counts, shares and quantiles that say the same more finely.",
    )


def measures(options: TradeCharacteristicsOptions) -> list[Measure]:
    """List the measures that the options ask for; none where the module is switched off."""
    if not options.ENABLED:
        return []
    return [BUILDERS[name](f"{options.metric_prefix}{name}") for name in options.columns]


def catalogue() -> list[TradeCharacteristicsOptions]:
    """List options that yield every column."""
    return [TradeCharacteristicsOptions(columns=list(BUILDERS))]


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="trade_characteristics",
        measures=measures,
        doc="Counts and checks of trades: sizes, flags, states, delays of publication",
        Config=TradeCharacteristicsOptions,
        catalogue=catalogue,
    )
