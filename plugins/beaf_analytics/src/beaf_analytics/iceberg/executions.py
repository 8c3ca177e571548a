"""Which executions of the order book are those of icebergs? The table `iceberg_executions`.

An iceberg displays a peak, and refills it from a hidden reserve. Order messages tell of it in two
ways, both heuristics (Frey & Sandås 2017; Zotikov & Antonov 2021):

- *revealed*: more is executed than the order had displayed;
- *refill*: the order is executed in full, and at once an order of the same side, price and size
  follows, or the same order is displayed anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import polars as pl

from beaf_analytics.iceberg.options import IcebergOptions
from beaf_analytics.l3.messages import EXECUTED, FILLED, INSERTS, OLD_SIZE, REMOVES, UPDATES
from beaf_analytics.measures.expressions import nanoseconds
from beaf_analytics.measures.following import FIRST, THEN, followed
from beaf_core import ProvidedTable

EXECUTIONS = "iceberg_executions"

LISTING, TIME, SEQUENCE = "ListingId", "TimestampNanoseconds", "BMLLSequenceNo"

#: The executions that the table has.
TAKEN = EXECUTED & (FILLED > 0)
#: What an execution takes beyond what was displayed.
EXCESS = (FILLED - OLD_SIZE).clip(lower_bound=0)
#: All that was displayed is executed.
IN_FULL = FILLED >= OLD_SIZE
#: The order itself is displayed anew.
ANEW = IN_FULL & UPDATES

#: Whether an execution of the table is that of an iceberg.
OF_ICEBERG = pl.col("IcebergMethod").is_not_null()

#: The row of an execution that a refill belongs to.
_ROW = [LISTING, "OldOrderId", FIRST, SEQUENCE]

Tables = Mapping[str, pl.LazyFrame]


def executions_table(options: IcebergOptions) -> ProvidedTable:
    """Declare the table: the executions of l3, with what they reveal.

    Columns beside those of l3: `RevealedQty` (0 for an ordinary execution), `IcebergMethod`
    (REVEALED, REFILL; null for an ordinary execution), `NextOrderId` (the order that refills it).
    """
    return ProvidedTable(
        name=EXECUTIONS,
        needs={
            "l3": (
                *(TIME, SEQUENCE, "Side", "LobAction", "OrderId", "OldOrderId", "Price", "Size"),
                *("OldPrice", "OldSize", "OrderExecuted", "ExecutionPrice", "ExecutionSize"),
            )
        },
        build=partial(executions, options),
        time=TIME,
        sequence=SEQUENCE,
        passes_on="l3",
        makes={"RevealedQty": (), "IcebergMethod": (), "NextOrderId": ()},
    )


def executions(options: IcebergOptions, tables: Tables) -> pl.LazyFrame:
    """Keep the executions, and say what each reveals."""
    executed = tables["l3"].filter(TAKEN).with_columns(nanoseconds(TIME).alias(FIRST))
    found = executed.join(refills(options, tables["l3"]), on=_ROW, how="left")
    shown = pl.when(ANEW).then("Size").otherwise("__shown").fill_null(0)
    refilled = shown if "refill" in options.methods else pl.lit(0)
    revealed = EXCESS if "revealed" in options.methods else pl.lit(0)
    quantity = pl.when(revealed > 0).then(revealed).otherwise(refilled)
    method = pl.when(revealed > 0).then(pl.lit("REVEALED")).otherwise(pl.lit("REFILL"))
    enough = quantity > options.min_revealed_qty
    return found.with_columns(
        RevealedQty=pl.when(enough).then(quantity).otherwise(0),
        IcebergMethod=pl.when(enough).then(method),
        NextOrderId=pl.when(ANEW).then("OrderId").otherwise("__next"),
    ).drop("__shown", "__next", FIRST)


def refills(options: IcebergOptions, l3: pl.LazyFrame) -> pl.LazyFrame:
    """Find the order that refills each execution in full: the first that follows it at once.

    An order refills one execution, the last before it; an execution is refilled by one order.

    Returns:
        One row per refilled execution: its listing, order, time and sequence, with `__next`, the
        order that refills it, and `__shown`, the size of that.
    """
    first = _emptied(options, l3)
    on = [LISTING, "Side", *(["Price"] if options.peak_link_price_match else [])]
    pairs = followed(first, _inserted(l3), on, options.link_ns).filter(
        (pl.col(THEN) > pl.col(FIRST)) | (pl.col("__sequence") > pl.col(SEQUENCE)),
        pl.col("__reveals") | _like(options),
    )
    last = pairs.group_by(LISTING, "__next", THEN, "__sequence").agg(
        pl.col("OldOrderId", FIRST, SEQUENCE, "__shown").sort_by(FIRST, SEQUENCE).last()
    )
    return last.group_by(_ROW).agg(pl.col("__next", "__shown").sort_by(THEN, "__sequence").first())


def _emptied(options: IcebergOptions, l3: pl.LazyFrame) -> pl.LazyFrame:
    """List the orders that are executed in full and removed, by each price of theirs."""
    # Partial executions come first: the most that an order displayed is the peak that it had.
    peak = pl.col("OldSize").max().over(LISTING, "OldOrderId")
    gone = l3.filter(TAKEN).with_columns(peak.alias("__peak"))
    gone = gone.filter(IN_FULL, REMOVES).select(
        *(LISTING, "OldOrderId", SEQUENCE, "Side", "__peak"),
        nanoseconds(TIME).alias(FIRST),
        (EXCESS > 0).alias("__reveals"),
        pl.col("OldPrice").cast(pl.Float64).alias("Price"),
        pl.col("ExecutionPrice").cast(pl.Float64).alias("__executed_at"),
    )
    if not options.peak_link_price_match:
        return gone.drop("Price", "__executed_at")
    other = gone.filter(pl.col("__executed_at").ne_missing(pl.col("Price")))
    moved = other.with_columns(pl.col("__executed_at").alias("Price"))
    return pl.concat([gone, moved]).drop("__executed_at")


def _inserted(l3: pl.LazyFrame) -> pl.LazyFrame:
    return l3.filter(INSERTS).select(
        *(LISTING, "Side"),
        pl.col("Price").cast(pl.Float64),
        pl.col("OrderId").alias("__next"),
        pl.col("Size").alias("__shown"),
        pl.col(SEQUENCE).alias("__sequence"),
        nanoseconds(TIME).alias(THEN),
    )


def _like(options: IcebergOptions) -> pl.Expr:
    """Whether an order is like the one before it: what is not revealed must be guessed."""
    if "refill" not in options.methods:
        return pl.lit(False)
    return pl.col("__shown") == pl.col("__peak") if options.refill_size_match else pl.lit(True)
