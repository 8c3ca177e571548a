"""How long, and with how much, is a venue at the best prices of all?

Venue and best prices are states, each carried until it changes; time counts while both are known
and the best prices are valid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from beaf_analytics.cbbo.presence import PRESENCE
from beaf_analytics.cbbo.presence_options import (
    PresenceMeasure,
    PresenceMetric,
    Statistic,
)
from beaf_analytics.measures.expand import fill_pattern
from beaf_analytics.measures.expressions import both, ratio
from beaf_analytics.measures.quotes import ASK, ASK_SIZE, BID, BID_SIZE, accepted
from beaf_analytics.measures.splits import TOLERANCE
from beaf_core import Aggregation, Identity, Kind, Measure

_OWN_BID, _OWN_ASK = pl.col("OwnBid"), pl.col("OwnAsk")
_OWN_BID_SIZE, _OWN_ASK_SIZE = pl.col("OwnBidQuantity"), pl.col("OwnAskQuantity")


def _holds(condition: pl.Expr) -> pl.Expr:
    return condition.fill_null(value=False)


# The venue shows the best price. One that shows a better one, which the record of all venues has
# not caught up with, does too.
_AT_BID, _AT_ASK = _holds(_OWN_BID >= BID), _holds(_OWN_ASK <= ASK)
# The record sums up all venues: nobody else is there where the venue has all of it.
_ALONE_AT_BID = _holds((_OWN_BID > BID) | ((_OWN_BID == BID) & (_OWN_BID_SIZE >= BID_SIZE)))
_ALONE_AT_ASK = _holds((_OWN_ASK < ASK) | ((_OWN_ASK == ASK) & (_OWN_ASK_SIZE >= ASK_SIZE)))

#: Measure → the sides that must be there, what holds, and what that means.
_SHARES: Mapping[PresenceMeasure, tuple[pl.Expr, pl.Expr, str]] = {
    "TimeAtCBB": (BID.is_not_null(), _AT_BID, "shows the best bid of all venues"),
    "TimeAtCBO": (ASK.is_not_null(), _AT_ASK, "shows the best ask of all venues"),
    "TimeAtCBBAlone": (BID.is_not_null(), _ALONE_AT_BID, "alone shows the best bid of all venues"),
    "TimeAtCBOAlone": (ASK.is_not_null(), _ALONE_AT_ASK, "alone shows the best ask of all venues"),
    "TimeAtCBBOAlone": (
        BID.is_not_null() & ASK.is_not_null(),
        _ALONE_AT_BID & _ALONE_AT_ASK,
        "alone shows both the best bid and the best ask of all venues",
    ),
}
_QUANTITIES: Mapping[PresenceMeasure, tuple[pl.Expr, pl.Expr, pl.Expr, str]] = {
    "QuantityAtCBB": (BID.is_not_null(), _AT_BID, _OWN_BID_SIZE, "best bid"),
    "QuantityAtCBO": (ASK.is_not_null(), _AT_ASK, _OWN_ASK_SIZE, "best ask"),
}
_STATISTICS: Mapping[Statistic, tuple[Kind, str, str]] = {
    "TWMean": (Kind.TIME_WEIGHTED, "twa", "mean by the time for which each value holds"),
    "Min": (Kind.STATE_MIN, "min", "smallest"),
    "Max": (Kind.STATE_MAX, "max", "largest"),
    "Median": (Kind.MEDIAN, "none", "median of the states that begin in the bucket"),
}


Column = tuple[PresenceMeasure, Statistic | None]

#: Pairs of columns of which the first is never above the second.
_ORDERED: tuple[tuple[Column, Column], ...] = (
    (("TimeAtCBBAlone", None), ("TimeAtCBB", None)),
    (("TimeAtCBOAlone", None), ("TimeAtCBO", None)),
    (("QuantityAtCBB", "Min"), ("QuantityAtCBB", "TWMean")),
    (("QuantityAtCBB", "TWMean"), ("QuantityAtCBB", "Max")),
    (("QuantityAtCBO", "Min"), ("QuantityAtCBO", "TWMean")),
    (("QuantityAtCBO", "TWMean"), ("QuantityAtCBO", "Max")),
)


def presence_measures(metric: PresenceMetric, prefix: str) -> list[Measure]:
    """List the measures of a metric."""
    valid = both(pl.col("OwnSeen"), accepted(metric.quotes, metric.market_states))
    assert valid is not None
    return [
        _quantity(_name(metric, measure, statistic, prefix), measure, statistic, valid)
        if statistic is not None
        else _share(_name(metric, measure, None, prefix), measure, valid)
        for measure, statistic in _columns(metric)
    ]


def _columns(metric: PresenceMetric) -> Iterator[Column]:
    """Yield each column's measure and, of quantities, its statistic."""
    for measure in metric.measures:
        if measure in _QUANTITIES:
            yield from ((measure, statistic) for statistic in metric.aggregations)
        else:
            yield measure, None


def _name(
    metric: PresenceMetric, measure: PresenceMeasure, statistic: Statistic | None, prefix: str
) -> str:
    suffix = "" if statistic in (None, "TWMean") else str(statistic)
    if metric.output_name_pattern is None:
        return f"{prefix}{measure}{suffix}"
    fields = {"measures": measure, "agg": suffix}
    return prefix + fill_pattern(metric.output_name_pattern, fields)


def _share(name: str, measure: PresenceMeasure, valid: pl.Expr) -> Measure:
    there, holds, meaning = _SHARES[measure]
    return Measure(
        name=name,
        table=PRESENCE,
        value={
            "held": Aggregation(Kind.DURATION, where=valid & there & holds),
            "known": Aggregation(Kind.DURATION, where=valid & there),
        },
        post=ratio(pl.col("held"), pl.col("known")),
        unit="ratio",
        doc=f"Share of the time with valid best prices for which the venue {meaning}.",
        formula="Σ w·1{venue at best} / Σ w",
        reaggregation="twa",
    )


def _quantity(name: str, measure: PresenceMeasure, statistic: Statistic, valid: pl.Expr) -> Measure:
    there, holds, own, what = _QUANTITIES[measure]
    kind, rule, word = _STATISTICS[statistic]
    return Measure(
        name=name,
        table=PRESENCE,
        value=Aggregation(kind, pl.when(holds).then(own).otherwise(0), valid & there),
        unit="shares",
        doc=f"Quantity that the venue shows at the {what} of all venues, 0 while it is not "
        f"there: {word}.",
        formula=f"{statistic}(q·1{{venue at {what}}})",
        reaggregation=rule,
    )


def presence_identities(metric: PresenceMetric, prefix: str) -> Iterator[Identity]:
    """Say which columns of a metric are never above others."""
    known = list(_columns(metric))
    for lower, upper in _ORDERED:
        if lower in known and upper in known:
            less, more = (_name(metric, *each, prefix) for each in (lower, upper))
            slack = TOLERANCE * pl.col(more).abs()
            yield Identity(f"{less} ≤ {more}", pl.col(less) <= pl.col(more) + slack)
