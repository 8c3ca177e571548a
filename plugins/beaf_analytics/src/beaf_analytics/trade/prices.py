"""At which prices was it traded: bars, averages, ranges, returns, by side?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import log

import polars as pl

from beaf_analytics.measures.expressions import both
from beaf_analytics.trade.prints import PRICE, PRINTED, SIZE, TABLE, Where, quotient
from beaf_core import Aggregation, AsOf, Kind, Measure

#: Prices that have a logarithm.
_POSITIVE = PRINTED & (PRICE > 0)

_OPEN, _HIGH, _LOW, _CLOSE = (pl.col(name) for name in ("open", "high", "low", "close"))
_BEFORE = "PriceBefore"


def bars(name: Callable[[str], str], where: Where, side: str) -> list[Measure]:
    """Open, high, low, close: first, max, min and last price in (time, sequence) order."""
    edges = {
        "Open": (Kind.FIRST, "first", "first"),
        "High": (Kind.MAX, "highest", "max"),
        "Low": (Kind.MIN, "lowest", "min"),
        "Close": (Kind.LAST, "last", "last"),
    }
    return [
        Measure(
            name=name(edge),
            table=TABLE,
            value=Aggregation(kind, PRICE, both(PRINTED, where)),
            unit="ccy",
            doc=f"The {word} price of {side}.",
            formula=f"{kind} p in (time, sequence) order",
            reaggregation=rule,
        )
        for edge, (kind, word, rule) in edges.items()
    ]


def vwap(name: str, where: Where, side: str) -> Measure:
    """Σ p·s / Σ s over priced trades; null where nothing traded."""
    return quotient(
        name,
        Aggregation(Kind.SUM, PRICE * SIZE, where),
        Aggregation(Kind.SUM, SIZE, both(PRICE.is_not_null(), where)),
        unit="ccy",
        doc=f"Volume-weighted average price of {side}.",
        formula="Σ p·s / Σ s",
        source="Berkowitz, Logue & Noser 1988",
        reaggregation=f"vw:{name.removesuffix('VWAP')}Volume",
    )


def _of_price(kind: Kind, name: str, where: Where, side: str) -> Measure:
    return Measure(
        name=name,
        table=TABLE,
        value=Aggregation(kind, PRICE, both(PRINTED, where)),
        unit="ccy",
        doc=f"{kind.capitalize()} price of {side}, each print counted once.",
        formula=f"{kind} p",
    )


def placement(name: str, where: Where, side: str) -> Measure:
    """Where between bid (-1) and ask (+1) the volume traded."""
    point = pl.col("PricePoint")
    placed = both(point.is_not_null(), where)
    return quotient(
        name,
        Aggregation(Kind.SUM, (2 * point.clip(0, 1) - 1) * SIZE, where),
        Aggregation(Kind.SUM, SIZE, placed),
        doc=f"Where {side} fell between the best bid (-1) and ask (+1), weighted by size.",
        formula="Σ s·(2·clip(PricePoint,0,1)-1) / Σ s",
        reaggregation=f"vw:{name.removesuffix('VolumeWeightedPricePlacement')}Volume",
    )


def log_return(name: str, where: Where, before: Where, side: str, *, absolute: bool) -> Measure:
    """Logarithm of the last price over the last one before the bucket.

    The first print of a bucket looks up the last price strictly before its own time, which lies in
    an earlier bucket of the same trade date. The first bucket of a date starts at its own first
    price, so that the returns of buckets add up to that of the day.
    """
    earlier = AsOf(TABLE, PRICE, where=both(_POSITIVE, before), strict=True)
    start = pl.when(pl.col("before") > 0).then(pl.col("before")).otherwise(_OPEN)
    change = (_CLOSE / start).log()
    positive = both(_POSITIVE, where)
    return Measure(
        name=name,
        table=TABLE,
        value={
            # Zero says that the first print found none; null would let a later one answer.
            "before": Aggregation(Kind.FIRST, pl.col(_BEFORE).fill_null(0.0), positive),
            "open": Aggregation(Kind.FIRST, PRICE, positive),
            "close": Aggregation(Kind.LAST, PRICE, positive),
        },
        post=change.abs() if absolute else change,
        unit="ratio",
        doc=f"{'Size of the logarithmic' if absolute else 'Logarithmic'} return of {side}, from "
        "the last price of an earlier bucket of the day to the last one of this.",
        formula="|ln(C/C₋₁)|" if absolute else "ln(C/C₋₁)",
        reaggregation="none" if absolute else "sum",
        lookups={_BEFORE: earlier},
    )


def _of_bar(
    post: pl.Expr, unit: str, meaning: str, formula: str, source: str
) -> Callable[[str, Where, str], Measure]:
    """Build measures that are a function of a bar."""

    def build(name: str, where: Where, side: str) -> Measure:
        positive = both(_POSITIVE, where)
        kinds = {"open": Kind.FIRST, "high": Kind.MAX, "low": Kind.MIN, "close": Kind.LAST}
        used = [word for word in kinds if word in post.meta.root_names()]
        return Measure(
            name=name,
            table=TABLE,
            value={word: Aggregation(kinds[word], PRICE, positive) for word in used},
            post=post,
            unit=unit,
            doc=f"{meaning} of {side}.",
            formula=formula,
            source=source,
        )

    return build


_SPAN = (_HIGH / _LOW).log()

PRICES: Mapping[str, Callable[[str, Where, str], Measure]] = {
    "VWAP": vwap,
    "AvgPrice": partial(_of_price, Kind.MEAN),
    "MedianPrice": partial(_of_price, Kind.MEDIAN),
    "VolumeWeightedPricePlacement": placement,
    "Range": _of_bar(_SPAN, "ratio", "Logarithm of highest over lowest price", "ln(H/L)", ""),
    "ParkinsonVar": _of_bar(
        _SPAN**2 / (4 * log(2)),
        "var",
        "Variance of the bucket as told by highest and lowest price",
        "ln(H/L)² / (4 ln 2)",
        "Parkinson 1980",
    ),
    "GarmanKlassVar": _of_bar(
        0.5 * _SPAN**2 - (2 * log(2) - 1) * (_CLOSE / _OPEN).log() ** 2,
        "var",
        "Variance of the bucket as told by the four prices of its bar",
        "0.5·ln(H/L)² - (2 ln 2 - 1)·ln(C/O)²",
        "Garman & Klass 1980",
    ),
    "RogersSatchellVar": _of_bar(
        (_HIGH / _CLOSE).log() * (_HIGH / _OPEN).log()
        + (_LOW / _CLOSE).log() * (_LOW / _OPEN).log(),
        "var",
        "Variance of the bucket, free of its drift, as told by the four prices of its bar",
        "ln(H/C)·ln(H/O) + ln(L/C)·ln(L/O)",
        "Rogers & Satchell 1991",
    ),
}

RETURNS: Mapping[str, Callable[[str, Where, Where, str], Measure]] = {
    "LogReturn": partial(log_return, absolute=False),
    "AbsReturn": partial(log_return, absolute=True),
}
