"""How are prices, sizes and notionals of trades summed up, by side?

Definitions: conventions and bars of the metric reference (docs/metrics.md). Prices are as quoted,
in the listing's currency (`InstrumentCurrencyPrice`): a venue may report the same trade in pounds
and another in pence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import polars as pl

from beaf_analytics.measures.expand import fill_pattern
from beaf_analytics.measures.expressions import both, ratio
from beaf_analytics.trade.options import GenericMetric, Side
from beaf_core import Aggregation, Kind, Measure

TABLE = "trades"

PRICE = pl.col("InstrumentCurrencyPrice")
SIZE = pl.col("Size")
AGGRESSOR = pl.col("AggressorSide")

#: A negative size cancels an earlier print: it takes volume back, and makes no price.
PRINTED = SIZE > 0

SIDES: Mapping[Side, pl.Expr | None] = {
    "Total": None,
    "Bid": AGGRESSOR == 2,
    "Sell": AGGRESSOR == 2,
    "Ask": AGGRESSOR == 1,
    "Buy": AGGRESSOR == 1,
    # An exchange that does not say is not an exchange that says "sell".
    "Unknown": ~AGGRESSOR.is_in([1, 2]).fill_null(False),
}

SIDE_WORDS: Mapping[Side, str] = {
    "Total": "all trades",
    "Bid": "sells, which hit the bid",
    "Sell": "sells",
    "Ask": "buys, which lift the ask",
    "Buy": "buys",
    "Unknown": "trades whose aggressor is not known",
}

Naming = Callable[[str], str]
Where = pl.Expr | None


def generic_measures(metric: GenericMetric, prefix: str) -> list[Measure]:
    """Expand sides × measures into measures with their names."""
    found: list[Measure] = []
    for variant in metric.expand():
        side, word = variant["sides"], variant["measures"]
        where = both(SIDES[side], _states(metric))
        if word == "OHLC":
            name = partial(_bar_name, metric, prefix, side)
            found += bars(name, where, SIDE_WORDS[side])
        else:
            found.append(BUILDERS[word](_name(metric, prefix, side, word), where, SIDE_WORDS[side]))
    return found


def named_columns(metric: GenericMetric, prefix: str) -> Iterator[tuple[Side, str, str]]:
    """Yield the side, the word (an edge, for bars) and the name of each column of a metric."""
    for variant in metric.expand():
        side, word = variant["sides"], variant["measures"]
        if word == "OHLC":
            for edge in ("Open", "High", "Low", "Close"):
                yield side, edge, _bar_name(metric, prefix, side, edge)
        else:
            yield side, word, _name(metric, prefix, side, word)


def _name(metric: GenericMetric, prefix: str, side: Side, word: str) -> str:
    if metric.output_name_pattern is None:
        return f"{prefix}Trade{side}{word}"
    return prefix + fill_pattern(metric.output_name_pattern, {"sides": side, "measures": word})


def _bar_name(metric: GenericMetric, prefix: str, side: Side, edge: str) -> str:
    """Name an edge of a bar: bare for all trades; a pattern is a prefix, `{measures}` empty."""
    if metric.output_name_pattern is not None:
        filled = fill_pattern(metric.output_name_pattern, {"sides": side, "measures": ""})
        return prefix + filled + edge
    return prefix + (edge if side == "Total" else f"Trade{side}{edge}")


def _states(metric: GenericMetric) -> Where:
    if metric.market_states is None:
        return None
    return pl.col("MarketState").is_in(metric.market_states)


def bars(name: Naming, where: Where, side: str) -> list[Measure]:
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


def volume(name: str, where: Where, side: str) -> Measure:
    """Σ size; 0 where nothing traded."""
    total = Aggregation(Kind.SUM, SIZE, where)
    return _total(name, total, "shares", f"Shares of {side}.", "Σ s")


def count(name: str, where: Where, side: str) -> Measure:
    """Number of prints."""
    total = Aggregation(Kind.COUNT, where=both(PRINTED, where))
    return _total(name, total, "trades", f"Number of {side}.", "Σ 1")


def notional(name: str, where: Where, side: str) -> Measure:
    """Σ price · size, in the listing's currency."""
    total = Aggregation(Kind.SUM, PRICE * SIZE, where)
    return _total(name, total, "ccy", f"Notional of {side}, in the listing's currency.", "Σ p·s")


def converted_notional(currency: str, name: str, where: Where, side: str) -> Measure:
    """Σ notional as the source converts it."""
    unit = f"ccy_{currency.lower()}"
    total = Aggregation(Kind.SUM, pl.col(f"TradeNotional{currency}"), where)
    doc = f"Notional of {side}, in {currency} at the source's rates."
    return _total(name, total, unit, doc, f"Σ notional_{currency.lower()}")


def _total(name: str, total: Aggregation, unit: str, doc: str, formula: str) -> Measure:
    return Measure(
        name=name,
        table=TABLE,
        value=total,
        unit=unit,
        doc=doc,
        formula=formula,
        reaggregation="sum",
    )


def vwap(name: str, where: Where, side: str) -> Measure:
    """Σ p·s / Σ s over priced trades; null where nothing traded."""
    return Measure(
        name=name,
        table=TABLE,
        value={
            "notional": Aggregation(Kind.SUM, PRICE * SIZE, where),
            "volume": Aggregation(Kind.SUM, SIZE, both(PRICE.is_not_null(), where)),
        },
        post=ratio(pl.col("notional"), pl.col("volume")),
        unit="ccy",
        doc=f"Volume-weighted average price of {side}.",
        formula="Σ p·s / Σ s",
        source="Berkowitz, Logue & Noser 1988",
        reaggregation=f"vw:{name.removesuffix('VWAP')}Volume",
    )


def average_price(name: str, where: Where, side: str) -> Measure:
    """Mean price over prints."""
    return Measure(
        name=name,
        table=TABLE,
        value=Aggregation(Kind.MEAN, PRICE, both(PRINTED, where)),
        unit="ccy",
        doc=f"Mean price of {side}, each print counted once.",
        formula="Σ p / Σ 1",
    )


def median_price(name: str, where: Where, side: str) -> Measure:
    """Median price over prints."""
    return Measure(
        name=name,
        table=TABLE,
        value=Aggregation(Kind.MEDIAN, PRICE, both(PRINTED, where)),
        unit="ccy",
        doc=f"Median price of {side}, each print counted once.",
        formula="median p",
    )


def placement(name: str, where: Where, side: str) -> Measure:
    """Where between bid (-1) and ask (+1) the volume traded."""
    point = pl.col("PricePoint")
    placed = both(point.is_not_null(), where)
    return Measure(
        name=name,
        table=TABLE,
        value={
            "placed": Aggregation(Kind.SUM, (2 * point.clip(0, 1) - 1) * SIZE, where),
            "volume": Aggregation(Kind.SUM, SIZE, placed),
        },
        post=ratio(pl.col("placed"), pl.col("volume")),
        unit="ratio",
        doc=f"Where {side} fell between the best bid (-1) and ask (+1), weighted by size.",
        formula="Σ s·(2·clip(PricePoint,0,1)-1) / Σ s",
        reaggregation=f"vw:{name.removesuffix('VolumeWeightedPricePlacement')}Volume",
    )


BUILDERS: Mapping[str, Callable[[str, Where, str], Measure]] = {
    "Volume": volume,
    "Count": count,
    "Notional": notional,
    "NotionalEUR": partial(converted_notional, "EUR"),
    "NotionalUSD": partial(converted_notional, "USD"),
    "VWAP": vwap,
    "AvgPrice": average_price,
    "MedianPrice": median_price,
    "VolumeWeightedPricePlacement": placement,
}
