"""Which executions belong to one iceberg, and which of its peaks is each? The table `icebergs`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import polars as pl

from beaf_analytics.iceberg.executions import (
    EXECUTIONS,
    LISTING,
    OF_ICEBERG,
    SEQUENCE,
    TIME,
)
from beaf_analytics.iceberg.options import IcebergOptions
from beaf_analytics.measures.expressions import nanoseconds
from beaf_core import ProvidedTable

ICEBERGS = "icebergs"

_ORDER, _PARENT = "OldOrderId", "__parent"


def icebergs_table(options: IcebergOptions) -> ProvidedTable:
    """Declare the table: the executions of icebergs, with `IcebergId` and `PeakNumber`.

    `IcebergId` is the id of the iceberg's first order; `PeakNumber` counts its executions from 1,
    in the order of time and sequence.
    """
    return ProvidedTable(
        name=ICEBERGS,
        needs={EXECUTIONS: (TIME, SEQUENCE, _ORDER, "IcebergMethod", "NextOrderId")},
        build=partial(icebergs, options),
        time=TIME,
        sequence=SEQUENCE,
        passes_on=EXECUTIONS,
        makes={"IcebergId": (), "PeakNumber": ()},
    )


def icebergs(options: IcebergOptions, tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Link the orders of each iceberg, and number its executions."""
    found = tables[EXECUTIONS].filter(OF_ICEBERG)
    if not options.enable_peak_linking:
        found = found.with_columns(NextOrderId=pl.lit(None, pl.String))
    schema = {**found.collect_schema(), "IcebergId": pl.String(), "PeakNumber": pl.Int64()}
    # A chain has no bound that a join could name. These are the executions of icebergs alone.
    return found.map_batches(numbered, schema=schema)


def numbered(found: pl.DataFrame) -> pl.DataFrame:
    """Add IcebergId and PeakNumber to the executions of icebergs."""
    first = pl.coalesce(_PARENT, _ORDER).cast(pl.String)
    linked = found.join(_first_orders(found), on=[LISTING, _ORDER], how="left")
    in_order = linked.with_columns(IcebergId=first).sort(LISTING, nanoseconds(TIME), SEQUENCE)
    number = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(LISTING, "IcebergId")
    return in_order.with_columns(PeakNumber=number).drop(_PARENT)


def _first_orders(found: pl.DataFrame) -> pl.DataFrame:
    """Give each order that refills another the first order of its chain.

    By pointer jumping: each step doubles the distance, so that as many steps suffice as the number
    of links has binary digits; where ids used again close a circle, it ends all the same.
    """
    links = found.filter(pl.col("NextOrderId") != pl.col(_ORDER)).select(
        LISTING, pl.col("NextOrderId").alias(_ORDER), pl.col(_ORDER).alias(_PARENT)
    )
    links = links.unique([LISTING, _ORDER], keep="first")
    for _ in range(links.height.bit_length()):
        above = links.select(LISTING, pl.col(_ORDER).alias(_PARENT), __above=_PARENT)
        jumped = links.join(above, on=[LISTING, _PARENT], how="left")
        links = jumped.select(LISTING, _ORDER, pl.coalesce("__above", _PARENT).alias(_PARENT))
    return links
