"""What are the best prices of all venues together, and how long are they locked or crossed?

States are those of the common book, which change with every venue and are carried until the next
change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import polars as pl

from beaf_analytics.cbbo.options import CommonMeasure, ConsolidateOptions
from beaf_analytics.cbbo.table import ASK_VENUES, BID_VENUES, CONSOLIDATED, VENUES
from beaf_analytics.measures.expressions import both, ratio
from beaf_analytics.measures.quotes import (
    ASK,
    ASK_SIZE,
    BID,
    BID_SIZE,
    CONTINUOUS,
    MID,
    TWO_SIDED,
    accepted,
)
from beaf_analytics.measures.splits import TOLERANCE
from beaf_core import Aggregation, Identity, Kind, Measure

Build = Callable[[str, ConsolidateOptions], Measure]


def common_measures(options: ConsolidateOptions) -> list[Measure]:
    """List what is asked of the common book."""
    return [BUILDERS[each](options.metric_prefix, options) for each in options.measures]


def common_identities(options: ConsolidateOptions) -> list[Identity]:
    """Say what holds between the columns that are asked for."""
    found: list[Identity] = []
    if {"CBB", "CBO"} <= set(options.measures) and options.quotes in ("valid", "uncrossed"):
        found.append(_identity("CBB < CBO", lambda bid, ask: bid < ask, options, "CBB", "CBO"))
    shares = ("CBBOLockedShare", "CBBOCrossedShare")
    if set(shares) <= set(options.measures):
        told = "CBBOLockedShare + CBBOCrossedShare ≤ 1"
        found.append(
            _identity(told, lambda one, other: one + other <= 1 + TOLERANCE, options, *shares)
        )
    return found


def _identity(
    told: str,
    holds: Callable[[pl.Expr, pl.Expr], pl.Expr],
    options: ConsolidateOptions,
    *names: str,
) -> Identity:
    first, second = (pl.col(options.metric_prefix + name) for name in names)
    return Identity(told, holds(first, second))


def _last(
    name: str, value: pl.Expr, unit: str, what: str, prefix: str, options: ConsolidateOptions
) -> Measure:
    where = accepted(options.quotes, options.market_states)
    return Measure(
        name=prefix + name,
        table=CONSOLIDATED,
        value=Aggregation(Kind.STATE_LAST, value, where),
        unit=unit,
        doc=f"{what} at the end of the bucket; null while the best prices are not valid.",
        formula=f"last {name}",
        reaggregation="last",
    )


def _spread(prefix: str, options: ConsolidateOptions) -> Measure:
    where = both(TWO_SIDED, accepted(options.quotes, options.market_states))
    return Measure(
        name=f"{prefix}CBBOSpreadBpsTWA",
        table=CONSOLIDATED,
        value=Aggregation(Kind.TIME_WEIGHTED, 10_000 * (ASK - BID) / MID, where),
        unit="bps",
        doc="Spread between the best bid and the best ask of all venues, relative to their "
        "middle: mean by the time for which each value holds.",
        formula="Σ w·1e4·(CBO − CBB)/((CBO + CBB)/2) / Σ w",
        reaggregation="twa",
    )


def _share(
    name: str, holds: pl.Expr, what: str, how: str, prefix: str, options: ConsolidateOptions
) -> Measure:
    phase = pl.col("MarketState").is_in(options.market_states or [CONTINUOUS])
    return Measure(
        name=prefix + name,
        table=CONSOLIDATED,
        value={
            "held": Aggregation(Kind.DURATION, where=phase & TWO_SIDED & holds),
            "known": Aggregation(Kind.DURATION, where=phase & TWO_SIDED),
        },
        post=ratio(pl.col("held"), pl.col("known")),
        unit="ratio",
        doc=f"Share of the time with both sides for which the best bid of all venues {what} "
        "the best ask of all.",
        formula=f"time with CBB {how} CBO / time with both sides",
        reaggregation="twa",
    )


def _venues(
    name: str,
    column: str,
    needs: pl.Expr | None,
    what: str,
    prefix: str,
    options: ConsolidateOptions,
) -> Measure:
    phase = pl.col("MarketState").is_in(options.market_states or [CONTINUOUS])
    return Measure(
        name=prefix + name,
        table=CONSOLIDATED,
        value=Aggregation(Kind.TIME_WEIGHTED, pl.col(column), both(phase, needs)),
        unit="venues",
        doc=f"Number of venues that {what}: mean by the time for which each value holds.",
        formula="Σ w·venues / Σ w",
        reaggregation="twa",
    )


BUILDERS: Mapping[CommonMeasure, Build] = {
    "CBB": partial(_last, "CBB", BID, "ccy", "Best bid of all venues"),
    "CBO": partial(_last, "CBO", ASK, "ccy", "Best ask of all venues"),
    "CBBSize": partial(_last, "CBBSize", BID_SIZE, "shares", "Quantity at the best bid"),
    "CBOSize": partial(_last, "CBOSize", ASK_SIZE, "shares", "Quantity at the best ask"),
    "CBBOSpreadBpsTWA": _spread,
    "CBBOLockedShare": partial(_share, "CBBOLockedShare", BID == ASK, "equals", "="),
    "CBBOCrossedShare": partial(_share, "CBBOCrossedShare", BID > ASK, "is above", ">"),
    "CBBVenueCountTWA": partial(
        _venues, "CBBVenueCountTWA", BID_VENUES, BID.is_not_null(), "show the best bid of all"
    ),
    "CBOVenueCountTWA": partial(
        _venues, "CBOVenueCountTWA", ASK_VENUES, ASK.is_not_null(), "show the best ask of all"
    ),
    "CBBOVenueCountTWA": partial(
        _venues, "CBBOVenueCountTWA", VENUES, None, "take part in the common book"
    ),
}
