"""Which ratios, flows and queue positions do order messages tell of?

Definitions: order flow of the metric reference (docs/metrics.md). A cancellation is a remove that
is no execution; executions are those of resting orders, so that orders and trades are counted in
one table.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from beaf_analytics.l3.asked import Asked
from beaf_analytics.l3.messages import (
    ACTION,
    CANCELS,
    EXECUTED,
    FILLED,
    FULL_FILLS,
    INSERTS,
    OLD_SIZE,
    ORDERS,
    REMOVES,
    SIDES,
    SIZE,
    TABLE,
)
from beaf_analytics.measures.expressions import both, ratio
from beaf_core import Aggregation, Kind, Measure


def message_count(asked: Asked) -> Measure:
    """Every message counts, whatever it says."""
    return Measure(
        name=asked.name,
        table=TABLE,
        value=asked.count(),
        unit="events",
        doc=f"Number of messages of the order book {asked.words}.",
        formula="#rows",
        reaggregation="sum",
    )


def net_liquidity_flow(asked: Asked) -> Measure:
    """What arrives less what goes, whoever takes it away."""
    change = SIZE.fill_null(0) - OLD_SIZE.fill_null(0)
    return Measure(
        name=asked.name,
        table=TABLE,
        value=asked.total(change, ACTION.is_in([2, 3, 4])),
        unit="shares",
        doc=f"Net change of the shares that rest in the book {asked.words}.",
        formula="Σ (Size - OldSize)",
        reaggregation="sum",
    )


def arrival_flow_imbalance(asked: Asked) -> Measure:
    """(bid - ask) / (bid + ask) of inserted shares: 1 where all arrive on the bid side."""
    bid, ask = pl.col("bid"), pl.col("ask")
    return Measure(
        name=asked.name,
        table=TABLE,
        value={
            "bid": asked.total(SIZE, _on("Bid")),
            "ask": asked.total(SIZE, _on("Ask")),
        },
        post=ratio(bid - ask, bid + ask),
        unit="ratio",
        doc="How much more is inserted on the bid than on the ask side, as a share of both.",
        formula="(InsertVolumeBid - InsertVolumeAsk) / (InsertVolumeBid + InsertVolumeAsk)",
        reaggregation=asked.weighted("InsertVolumeTotal"),
    )


def _on(side: Literal["Bid", "Ask"]) -> pl.Expr | None:
    return both(INSERTS, SIDES[side])


def average_queue_position(asked: Asked) -> Measure:
    """Mean number of shares that stand before an order when it is executed."""
    return Measure(
        name=asked.name,
        table=TABLE,
        value=Aggregation(Kind.MEAN, pl.col("SizeAhead"), asked.rows(EXECUTED)),
        unit="shares",
        doc=f"Mean number of shares ahead in the queue of orders that are executed {asked.words}.",
        formula="Σ SizeAhead / #executions",
        reaggregation=asked.weighted(f"ExecutionCount{asked.side}"),
    )


def cancel_to_trade_ratio(asked: Asked) -> Measure:
    """Cancellations per execution."""
    return _per_execution(
        asked,
        asked.count(CANCELS),
        asked.count(EXECUTED),
        f"Cancelled orders per execution {asked.words}; fills are not cancellations.",
        "CancelCount / ExecutionCount",
    )


def cancel_to_trade_volume(asked: Asked) -> Measure:
    """Cancelled shares per executed share."""
    return _per_execution(
        asked,
        asked.total(OLD_SIZE, CANCELS),
        asked.total(FILLED, EXECUTED),
        f"Shares of cancelled orders per executed share {asked.words}.",
        "CancelVolume / ExecutionVolume",
    )


def order_to_trade_count(asked: Asked) -> Measure:
    """Messages that participants send per execution."""
    return _per_execution(
        asked,
        asked.count(ORDERS),
        asked.count(EXECUTED),
        f"Inserts, cancellations and changes by owners per execution {asked.words}.",
        "(InsertCount + CancelCount + ModifyCount) / ExecutionCount",
    )


def order_to_trade_volume(asked: Asked) -> Measure:
    """Inserted shares per executed share."""
    return _per_execution(
        asked,
        asked.total(SIZE, INSERTS),
        asked.total(FILLED, EXECUTED),
        f"Shares of new orders per executed share {asked.words}.",
        "InsertVolume / ExecutionVolume",
    )


def _per_execution(
    asked: Asked, orders: Aggregation, executions: Aggregation, doc: str, formula: str
) -> Measure:
    """Divide by executions. Orders of buckets without one would be lost: no mean of means."""
    return Measure(
        name=asked.name,
        table=TABLE,
        value={"orders": orders, "executions": executions},
        post=ratio(pl.col("orders"), pl.col("executions")),
        unit="ratio",
        doc=doc,
        formula=formula,
    )


def cancel_share(asked: Asked) -> Measure:
    """Of the orders that end, those that are cancelled."""
    return _share_of_ends(asked, CANCELS, "cancelled", "CancelCount / RemoveCount")


def execution_share(asked: Asked) -> Measure:
    """Of the orders that end, those that are filled."""
    return _share_of_ends(asked, FULL_FILLS, "filled", "FullFillCount / RemoveCount")


def _share_of_ends(asked: Asked, rows: pl.Expr, word: str, formula: str) -> Measure:
    return Measure(
        name=asked.name,
        table=TABLE,
        value={"some": asked.count(rows), "ends": asked.count(REMOVES)},
        post=ratio(pl.col("some"), pl.col("ends")),
        unit="ratio",
        doc=f"Share of the orders ending {asked.words} that are {word}.",
        formula=formula,
        reaggregation=asked.weighted(f"RemoveCount{asked.side}"),
    )
