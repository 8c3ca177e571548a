"""How long do orders live, and which of them are gone at once?

Orders whose other end is not in the data (they rest since an earlier day, or still do) have no
lifetime: `AvgRestingTime` leaves them out, and what looks ahead says what it takes them for.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from beaf_analytics.l3.asked import Asked
from beaf_analytics.l3.messages import CANCELS, FULL_FILLS, INSERTS, REMOVES, SIZE, TABLE
from beaf_analytics.l3.options import OrderIds
from beaf_analytics.measures.expressions import ratio
from beaf_core import Aggregation, Kind, Lifetime, Measure

_HASBROUCK_SAAR = "Hasbrouck & Saar 2009"

#: Nanoseconds from an order's insert to its end: on the message that ends it, and on the insert.
_RESTED, _LIVES = "OrderRested", "OrderLives"
#: The same to its cancellation, and to the fill that ends it, on the insert.
_CANCELLED, _FILLED_UP = "OrderCancelledAfter", "OrderFilledAfter"


def average_resting_time(asked: Asked) -> Measure:
    """Mean lifetime of the orders that end in the bucket."""
    return Measure(
        name=asked.name,
        table=TABLE,
        value=Aggregation(Kind.MEAN, pl.col(_RESTED), asked.rows(REMOVES)),
        lookups=_rested(asked.ids),
        unit="ns",
        doc=f"Mean time from insert to end, cancelled or filled, of orders ending {asked.words}.",
        formula="Σ (t_end - t_insert) / #orders that end, both in the data",
    )


def fleeting_cancel_count(asked: Asked) -> Measure:
    """Cancellations of orders that are younger than the threshold: known when they happen."""
    limit = asked.metric.fleeting_threshold_ms
    young = CANCELS & (pl.col(_RESTED) < _nanoseconds(limit))
    return Measure(
        name=asked.name,
        table=TABLE,
        value=asked.count(young),
        lookups=_rested(asked.ids),
        unit="orders",
        doc=f"Number of orders cancelled less than {limit:g} ms after their insert {asked.words}.",
        formula="#(LobAction = 3, not executed, t_end - t_insert < τ)",
        source=_HASBROUCK_SAAR,
        reaggregation="sum",
    )


def fleeting_liquidity_ratio(asked: Asked) -> Measure:
    """Of the shares inserted in the bucket, those whose order is cancelled at once: looks ahead."""
    limit = asked.metric.fleeting_threshold_ms
    fleeting = INSERTS & _is_fleeting(_nanoseconds(limit))
    return Measure(
        name=asked.name,
        table=TABLE,
        value={
            "fleeting": asked.total(SIZE, fleeting),
            "inserted": asked.total(SIZE, INSERTS),
        },
        post=ratio(pl.col("fleeting"), pl.col("inserted")),
        lookups=_fates(asked.ids),
        unit="ratio",
        doc=f"Share of the shares inserted {asked.words} whose order is cancelled less than "
        f"{limit:g} ms later.",
        formula="Σ Size 1(cancelled, t_cancel - t_insert < τ) / Σ Size over inserts",
        source=_HASBROUCK_SAAR,
        reaggregation=asked.weighted(f"InsertVolume{asked.side}"),
    )


def restricted_mean_lifetime(asked: Asked) -> Measure:
    """Mean of min(lifetime, cap) over the orders inserted in the bucket: looks ahead.

    An order without an end in the data has lived for the cap, unless the data end before: on their
    last stretch, as long as the cap, lives come out too long.
    """
    cap = asked.metric.lifetime_cap_ms
    capped = pl.min_horizontal(_LIVES, pl.lit(_nanoseconds(cap), pl.Int64))
    return Measure(
        name=asked.name,
        table=TABLE,
        value=Aggregation(Kind.MEAN, capped, asked.rows(INSERTS)),
        lookups=_lives(asked.ids),
        unit="ns",
        doc=f"Mean lifetime of the orders inserted {asked.words}, where longer lives count as "
        f"{cap:g} ms.",
        formula="Σ min(t_end - t_insert, τ) / #inserts; τ where no end is in the data",
        source="Irwin 1949; Kaplan & Meier 1958",
        reaggregation=asked.weighted(f"InsertCount{asked.side}"),
    )


def _is_fleeting(limit: int) -> pl.Expr:
    """Tell of an insert whether its order is cancelled sooner than the limit.

    An id may be used again: the cancellation is another order's where a fill comes before it, or
    at its time.
    """
    cancelled, filled_up = pl.col(_CANCELLED), pl.col(_FILLED_UP)
    return (cancelled < limit) & (filled_up.is_null() | (filled_up > cancelled))


def _nanoseconds(milliseconds: float) -> int:
    return round(milliseconds * 1_000_000)


def _rested(ids: OrderIds) -> Mapping[str, Lifetime]:
    return {_RESTED: Lifetime(INSERTS, REMOVES, *_columns(ids))}


def _lives(ids: OrderIds) -> Mapping[str, Lifetime]:
    return {_LIVES: Lifetime(INSERTS, REMOVES, *_columns(ids), at="begin")}


def _fates(ids: OrderIds) -> Mapping[str, Lifetime]:
    return {
        _CANCELLED: Lifetime(INSERTS, CANCELS, *_columns(ids), at="begin"),
        _FILLED_UP: Lifetime(INSERTS, FULL_FILLS, *_columns(ids), at="begin"),
    }


def _columns(ids: OrderIds) -> tuple[str, str]:
    return ("OrderId", "OldOrderId") if ids == "OrderId" else (ids, ids)
