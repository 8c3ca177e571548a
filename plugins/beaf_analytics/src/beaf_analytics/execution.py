"""Who was executed, where, and at which price? The module `execution`, of trades and orders.

Executions of resting orders, by the side that they rested on; trades, by mechanism and aggressor.
Prices are in the listing's currency, whatever the venue reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import product

import polars as pl

from beaf_analytics.measures.expand import ModuleOptions
from beaf_analytics.measures.expressions import both, ratio
from beaf_analytics.trade.prices import placement, vwap
from beaf_analytics.trade.prints import SIDES, TABLE, Where
from beaf_analytics.trade.sizes import volume
from beaf_analytics.trade.words import Side
from beaf_core import Aggregation, AnalyticsModule, Kind, Measure, hookimpl

ORDERS = "l3"

_EXECUTED = pl.col("ExecutionSize")
_PAID = pl.col("ExecutionPrice")
#: The side on which the executed order rested: 1 bid, 2 ask.
RESTING: Mapping[str, pl.Expr] = {"Bid": pl.col("Side") == 1, "Ask": pl.col("Side") == 2}
_RESTING_WORDS: Mapping[str, str] = {
    "Bid": "bids, which sellers hit",
    "Ask": "asks, which buyers lift",
}

MECHANISM = pl.col("BMLLTradeType")
#: BMLLTradeType: the order book, and venues that show no orders.
MECHANISMS: Mapping[str, str] = {"Lit": "LIT", "Dark": "DARK"}
_AGGRESSORS: tuple[Side, ...] = ("Buy", "Sell", "Unknown")
_AGGRESSOR_WORDS: Mapping[str, str] = {
    "Buy": "with a buying aggressor",
    "Sell": "with a selling aggressor",
    "Unknown": "whose aggressor is not known",
}
_BUILDERS: Mapping[str, Callable[[str, Where, str], Measure]] = {
    "Volume": volume,
    "VWAP": vwap,
    "VolumeWeightedPricePlacement": placement,
}


class ExecutionOptions(ModuleOptions):
    """Options of the section `execution_analytics`."""


def measures(options: ExecutionOptions) -> list[Measure]:
    """List the measures; none where the module is switched off."""
    if not options.ENABLED:
        return []
    prefix = options.metric_prefix
    of_orders = [each for side in RESTING for each in _of_resting(prefix, side)]
    return [*of_orders, trade_imbalance(prefix), *_of_trades(prefix)]


def _of_resting(prefix: str, side: str) -> Iterator[Measure]:
    """Executed volume and price of the orders that rested on a side."""
    where, told = RESTING[side], _RESTING_WORDS[side]
    volume_name = f"{prefix}ExecutedVolume{side}"
    yield Measure(
        name=volume_name,
        table=ORDERS,
        value=Aggregation(Kind.SUM, _EXECUTED, where),
        unit="shares",
        doc=f"Shares executed of resting {told}.",
        formula="Σ ExecutionSize",
        reaggregation="sum",
    )
    yield Measure(
        name=f"{prefix}Vwap{side}",
        table=ORDERS,
        value={
            "notional": Aggregation(Kind.SUM, _PAID * _EXECUTED, where),
            "volume": Aggregation(Kind.SUM, _EXECUTED, where & _PAID.is_not_null()),
        },
        post=ratio(pl.col("notional"), pl.col("volume")),
        unit="ccy",
        doc=f"Volume-weighted average price of executed {told}.",
        formula="Σ ExecutionPrice·ExecutionSize / Σ ExecutionSize",
        source="Berkowitz, Logue & Noser 1988",
        reaggregation=f"vw:{volume_name}",
    )


def trade_imbalance(prefix: str) -> Measure:
    """(asks executed - bids executed) / both; null where neither was."""
    bought, sold = pl.col("asks"), pl.col("bids")
    return Measure(
        name=f"{prefix}TradeImbalance",
        table=ORDERS,
        value={
            "bids": Aggregation(Kind.SUM, _EXECUTED, RESTING["Bid"]),
            "asks": Aggregation(Kind.SUM, _EXECUTED, RESTING["Ask"]),
        },
        post=ratio(bought - sold, bought + sold),
        unit="ratio",
        doc="Shares bought from resting asks less shares sold to resting bids, as a share of both: "
        "1 all bought, -1 all sold.",
        formula="(ExecutedVolumeAsk - ExecutedVolumeBid) / (ExecutedVolumeAsk + ExecutedVolumeBid)",
        source="Chordia, Roll & Subrahmanyam 2002",
    )


def _of_trades(prefix: str) -> Iterator[Measure]:
    """Volume, price and placement of trades by mechanism and aggressor."""
    for (kind, code), word, side in product(MECHANISMS.items(), _BUILDERS, _AGGRESSORS):
        where = both(MECHANISM.eq(code), SIDES[side])
        told = f"{kind.lower()} trades {_AGGRESSOR_WORDS[side]}"
        measure = _BUILDERS[word](f"{prefix}{kind}{word}{side}Aggressor", where, told)
        weighted = measure.reaggregation.startswith("vw:")
        rule = f"vw:{prefix}{kind}Volume{side}Aggressor" if weighted else measure.reaggregation
        yield replace(measure, reaggregation=rule)


def rows(options: ExecutionOptions) -> Mapping[str, pl.Expr]:
    """Keep lit and dark trades, and messages that execute something."""
    return {TABLE: MECHANISM.is_in(list(MECHANISMS.values())), ORDERS: _EXECUTED > 0}


def catalogue() -> list[ExecutionOptions]:
    """List options that yield every column: there is nothing to choose."""
    return [ExecutionOptions()]


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="execution",
        measures=measures,
        doc="Executions by resting side; lit and dark trades by aggressor",
        Config=ExecutionOptions,
        rows=rows,
        catalogue=catalogue,
    )
