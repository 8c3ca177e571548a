"""What did auctions print: their price, volume, notional, and share of the bucket's volume?"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from beaf_analytics.auction.kinds import AUCTION, Kind, told
from beaf_analytics.auction.options import AuctionMetric
from beaf_analytics.measures.expressions import both, in_states, nanoseconds, ratio
from beaf_analytics.measures.quotes import MID, accepted
from beaf_analytics.trade.prints import PRICE, PRINTED, SIZE, TABLE, quotient, total
from beaf_core import Aggregation, AsOf, Measure
from beaf_core import Kind as Aggregate

TIME = nanoseconds("TradeTimestampNanoseconds")

Build = Callable[[str, pl.Expr, Kind, AuctionMetric], Measure]


def price(name: str, where: pl.Expr, kind: Kind, _metric: AuctionMetric) -> Measure:
    """All prints of an uncrossing have one price; of several uncrossings the last counts."""
    return Measure(
        name=name,
        table=TABLE,
        value=Aggregation(Aggregate.LAST, PRICE, both(PRINTED, where)),
        unit="ccy",
        doc=f"Price at which {told(kind)} uncrossed last in the bucket.",
        formula="last p of auction prints",
        reaggregation="last",
    )


def volume(name: str, where: pl.Expr, kind: Kind, _metric: AuctionMetric) -> Measure:
    """Σ size; 0 where nothing uncrossed."""
    value = Aggregation(Aggregate.SUM, SIZE, where)
    return total(name, value, "shares", f"Shares that traded in {told(kind)}.", "Σ s")


def notional(name: str, where: pl.Expr, kind: Kind, _metric: AuctionMetric) -> Measure:
    """Σ price · size, in the listing's currency."""
    doc = f"Notional that traded in {told(kind)}, in the listing's currency."
    return total(name, Aggregation(Aggregate.SUM, PRICE * SIZE, where), "ccy", doc, "Σ p·s")


def trade_count(name: str, where: pl.Expr, kind: Kind, _metric: AuctionMetric) -> Measure:
    """Number of prints."""
    value = Aggregation(Aggregate.COUNT, where=both(PRINTED, where))
    return total(name, value, "trades", f"Number of prints of {told(kind)}.", "Σ 1")


def share(name: str, where: pl.Expr, kind: Kind, metric: AuctionMetric) -> Measure:
    """Volume of the auction by the volume of the bucket."""
    return quotient(
        name,
        Aggregation(Aggregate.SUM, SIZE, where),
        Aggregation(Aggregate.SUM, SIZE, compared_with(metric)),
        doc=f"Share of the bucket's volume that traded in {told(kind)}, of {metric.denominator} "
        "prints.",
        formula="Σ s of auction prints / Σ s",
    )


def compared_with(metric: AuctionMetric) -> pl.Expr | None:
    """Render the prints that an auction is compared with; None means all."""
    lit = (pl.col("BMLLTradeType") == "LIT").fill_null(value=False) | AUCTION
    return both(lit if metric.denominator == "lit" else None, in_states(metric.market_states))


def to_vwap(name: str, where: pl.Expr, kind: Kind, metric: AuctionMetric) -> Measure:
    """Compare the price with the volume-weighted average of the bucket: of a day, the session's."""
    whole = compared_with(metric)
    average = ratio(pl.col("notional"), pl.col("volume"))
    return Measure(
        name=name,
        table=TABLE,
        value={
            "price": Aggregation(Aggregate.LAST, PRICE, both(PRINTED, where)),
            "notional": Aggregation(Aggregate.SUM, PRICE * SIZE, whole),
            "volume": Aggregation(Aggregate.SUM, SIZE, both(PRICE.is_not_null(), whole)),
        },
        post=10_000 * ratio(pl.col("price") - average, average),
        unit="bps",
        doc=f"Distance of the price of {told(kind)} from the volume-weighted average price of the "
        f"bucket, of {metric.denominator} prints.",
        formula="1e4·(p − VWAP) / VWAP",
    )


def uncross_count(name: str, where: pl.Expr, kind: Kind, _metric: AuctionMetric) -> Measure:
    """All prints of an uncrossing have one time."""
    return Measure(
        name=name,
        table=TABLE,
        value=Aggregation(Aggregate.DISTINCT, TIME, both(PRINTED, where)),
        unit="events",
        doc=f"Number of uncrossings of {told(kind)}: of different times of prints.",
        formula="number of different t of auction prints",
        reaggregation="sum",
    )


def uncross_time(name: str, where: pl.Expr, kind: Kind, _metric: AuctionMetric) -> Measure:
    """Give the time of the price."""
    return Measure(
        name=name,
        table=TABLE,
        value=Aggregation(Aggregate.LAST, TIME, both(PRINTED, where)),
        unit="ns",
        doc=f"Time at which {told(kind)} uncrossed last in the bucket, in nanoseconds since 1970.",
        formula="last t of auction prints",
        reaggregation="last",
    )


def log_return(name: str, where: pl.Expr, kind: Kind, metric: AuctionMetric) -> Measure:
    """Compare the price with the last valid middle of the book before it."""
    before = pl.col("__mid_before")
    return Measure(
        name=name,
        table=TABLE,
        value=Aggregation(Aggregate.LAST, (PRICE / before).log(), both(PRINTED, where)),
        unit="ratio",
        doc=f"Logarithm of the price of {told(kind)} by the last valid middle of the book "
        "before it.",
        formula="ln(p / m)",
        reaggregation="last",
        lookups={"__mid_before": AsOf("l2", MID, where=accepted(metric.quotes), strict=True)},
    )


BUILDERS: Mapping[str, Build] = {
    "Price": price,
    "Volume": volume,
    "Notional": notional,
    "TradeCount": trade_count,
    "Share": share,
    "ToVWAP": to_vwap,
    "UncrossCount": uncross_count,
    "UncrossTime": uncross_time,
    "Return": log_return,
}
