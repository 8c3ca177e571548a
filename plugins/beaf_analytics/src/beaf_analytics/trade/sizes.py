"""How much was traded, in prints of which size and kind, by side?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import polars as pl

from beaf_analytics.measures.expressions import both, ratio
from beaf_analytics.trade.prints import EUROS, PRICE, PRINTED, SIZE, TABLE, Where, quotient, total
from beaf_core import Aggregation, Kind, Measure


def is_set(flag: str) -> pl.Expr:
    """Whether a flag of the trade-reporting standard is set: a letter, not a dash."""
    return ~pl.col(flag).is_in(["-", ""])


RETAIL = pl.col("BMLLParticipantType") == "RETAIL"
BLOCK = pl.col("IsBlock") == "TRUE"
ODD_LOT = pl.col("LotType") == "ODD"
ALGORITHMIC = is_set("AlgorithmicTrade")

#: Places between bid and ask closer than this are the same: the source computes them in floats.
NEAR = 2**-20
_PLACE = pl.col("PricePoint")
AT_MID = (_PLACE - 0.5).abs() <= NEAR
AT_TOUCH = (_PLACE.abs() <= NEAR) | ((_PLACE - 1).abs() <= NEAR)
OUTSIDE = (_PLACE < -NEAR) | (_PLACE > 1 + NEAR)
INSIDE = ~(AT_MID | AT_TOUCH | OUTSIDE)


def volume(name: str, where: Where, side: str) -> Measure:
    """Σ size; 0 where nothing traded."""
    value = Aggregation(Kind.SUM, SIZE, where)
    return total(name, value, "shares", f"Shares of {side}.", "Σ s")


def count(name: str, where: Where, side: str) -> Measure:
    """Number of prints."""
    value = Aggregation(Kind.COUNT, where=both(PRINTED, where))
    return total(name, value, "trades", f"Number of {side}.", "Σ 1")


def flagged_count(flag: pl.Expr, kind: str, name: str, where: Where, side: str) -> Measure:
    """Number of prints that bear a flag."""
    value = Aggregation(Kind.COUNT, where=both(PRINTED & flag, where))
    return total(name, value, "trades", f"Number of {kind} among {side}.", f"Σ 1{{{kind}}}")


def notional(name: str, where: Where, side: str) -> Measure:
    """Σ price · size, in the listing's currency."""
    value = Aggregation(Kind.SUM, PRICE * SIZE, where)
    return total(name, value, "ccy", f"Notional of {side}, in the listing's currency.", "Σ p·s")


def converted_notional(currency: str, name: str, where: Where, side: str) -> Measure:
    """Σ notional as the source converts it."""
    unit = f"ccy_{currency.lower()}"
    value = Aggregation(Kind.SUM, pl.col(f"TradeNotional{currency}"), where)
    doc = f"Notional of {side}, in {currency} at the source's rates."
    return total(name, value, unit, doc, f"Σ notional_{currency.lower()}")


def auction_notional(name: str, where: Where, side: str) -> Measure:
    """Σ euros of prints of auctions."""
    value = Aggregation(Kind.SUM, EUROS, where)
    doc = f"Notional of {side} that were made in an auction, in EUR at the source's rates."
    return total(name, value, "ccy_eur", doc, "Σ notional_eur of auctions")


def otc_volume(name: str, where: Where, side: str) -> Measure:
    """Σ size of prints that were made over the counter."""
    value = Aggregation(Kind.SUM, SIZE, where)
    doc = f"Shares of {side} that were made over the counter."
    return total(name, value, "shares", doc, "Σ s of OTC prints")


def _of_size(kind: Kind, word: str, rule: str, name: str, where: Where, side: str) -> Measure:
    return Measure(
        name=name,
        table=TABLE,
        value=Aggregation(kind, SIZE, both(PRINTED, where)),
        unit="shares",
        doc=f"The {word} size of {side}, each print counted once.",
        formula=f"{kind} s",
        reaggregation=rule,
    )


def size_concentration(name: str, where: Where, side: str) -> Measure:
    """Σ of squared shares of each print in the volume; 1 where all was one print."""
    printed = both(PRINTED, where)
    volume = pl.col("volume")
    return Measure(
        name=name,
        table=TABLE,
        value={
            "squares": Aggregation(Kind.SUM, SIZE * SIZE, printed),
            "volume": Aggregation(Kind.SUM, SIZE, printed),
        },
        post=ratio(pl.col("squares"), volume * volume),
        unit="ratio",
        doc=f"Concentration of the volume of {side} in single prints, from nearly 0 to 1.",
        formula="Σ (s/S)²",
        source="Herfindahl 1950",
    )


def volume_share(flag: pl.Expr, kind: str, name: str, where: Where, side: str) -> Measure:
    """Share of the volume whose prints bear a flag, among those that tell; else null."""
    return quotient(
        name,
        Aggregation(Kind.SUM, SIZE, both(flag, where)),
        Aggregation(Kind.SUM, SIZE, both(flag.is_not_null(), where)),
        doc=f"Share of {kind} in the volume of {side}.",
        formula=f"Σ s·1{{{kind}}} / Σ s",
        reaggregation=f"vw:{_stem(name)}Volume",
    )


def _stem(name: str) -> str:
    """Cut the word off a name: what is left is that of its volume, too."""
    return next((name.removesuffix(word) for word in SIZES if name.endswith(word)), name)


SIZES: Mapping[str, Callable[[str, Where, str], Measure]] = {
    "Volume": volume,
    "Count": count,
    "Notional": notional,
    "NotionalEUR": partial(converted_notional, "EUR"),
    "NotionalUSD": partial(converted_notional, "USD"),
    "RetailCount": partial(flagged_count, RETAIL, "retail trades"),
    "BlockCount": partial(flagged_count, BLOCK, "blocks"),
    "AuctionNotional": auction_notional,
    "OTCVolume": otc_volume,
    "AvgTradeSize": partial(_of_size, Kind.MEAN, "mean", "none"),
    "MedianTradeSize": partial(_of_size, Kind.MEDIAN, "median", "none"),
    "MaxTradeSize": partial(_of_size, Kind.MAX, "largest", "max"),
    "TradeSizeHHI": size_concentration,
    "OddLotShare": partial(volume_share, ODD_LOT, "odd lots"),
    "BlockShare": partial(volume_share, BLOCK, "blocks"),
    "RetailShare": partial(volume_share, RETAIL, "retail trades"),
    "AlgoShare": partial(volume_share, ALGORITHMIC, "algorithmic trades"),
    "AtMidShare": partial(volume_share, AT_MID, "trades at the mid"),
    "InsideShare": partial(volume_share, INSIDE, "trades inside the spread, off the mid"),
    "AtTouchShare": partial(volume_share, AT_TOUCH, "trades at the best bid or ask"),
    "OutsideShare": partial(volume_share, OUTSIDE, "trades outside the best bid and ask"),
}
