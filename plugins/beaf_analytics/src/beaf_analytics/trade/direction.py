"""Who was in a hurry, buyers or sellers? What trades say with the sign of their aggressor.

Trades whose aggressor is not known take no side; how much they are is told as
UnknownDirectionShare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import polars as pl

from beaf_analytics.measures.expressions import both
from beaf_analytics.trade.prints import (
    DIRECTION,
    KNOWN_DIRECTION,
    PRICE,
    PRINTED,
    SIZE,
    Where,
    quotient,
    total,
)
from beaf_core import Aggregation, Kind, Measure


def imbalance(weight: pl.Expr, rows: Where, word: str, name: str, where: Where) -> Measure:
    """(bought - sold) / (bought + sold); null where nothing took a side."""
    known = both(both(KNOWN_DIRECTION, rows), where)
    return quotient(
        name,
        Aggregation(Kind.SUM, DIRECTION * weight, known),
        Aggregation(Kind.SUM, weight, known),
        doc=f"Bought less sold {word}, as a share of both together: 1 all bought, -1 all sold.",
        formula="(Buy - Sell) / (Buy + Sell)",
        source="Chordia, Roll & Subrahmanyam 2002",
    )


def signed_volume(name: str, where: Where) -> Measure:
    """Σ D·s."""
    value = Aggregation(Kind.SUM, DIRECTION * SIZE, where)
    return total(name, value, "shares", "Shares bought less shares sold.", "Σ D·s")


def signed_notional(name: str, where: Where) -> Measure:
    """Σ D·p·s."""
    value = Aggregation(Kind.SUM, DIRECTION * PRICE * SIZE, where)
    doc = "Notional bought less notional sold, in the listing's currency."
    return total(name, value, "ccy", doc, "Σ D·p·s")


def unknown_share(name: str, where: Where) -> Measure:
    """Share of the volume whose aggressor is not known."""
    return quotient(
        name,
        Aggregation(Kind.SUM, SIZE, both(~KNOWN_DIRECTION, where)),
        Aggregation(Kind.SUM, SIZE, where),
        doc="Share of the volume whose aggressor is not known, which signed measures leave out.",
        formula="Σ s·1{D=0} / Σ s",
        reaggregation=f"vw:{name.removesuffix('UnknownDirectionShare')}TradeTotalVolume",
    )


#: Measures that speak of all sides at once.
DIRECTIONAL: Mapping[str, Callable[[str, Where], Measure]] = {
    "TradeImbalance": partial(imbalance, SIZE, None, "shares"),
    "TradeImbalanceCount": partial(imbalance, DIRECTION.abs(), PRINTED, "trades"),
    "TradeImbalanceNotional": partial(imbalance, PRICE * SIZE, None, "notional"),
    "SignedVolume": signed_volume,
    "SignedNotional": signed_notional,
    "UnknownDirectionShare": unknown_share,
}
#: Those that leave out trades whose aggressor is not known.
SIGNED = DIRECTIONAL.keys() - {"UnknownDirectionShare"}
