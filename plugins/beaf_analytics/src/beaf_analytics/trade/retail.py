"""Do retail investors buy or sell? Shared by the modules `trade` and `retail_imbalance`."""

from __future__ import annotations

from beaf_analytics.measures.expressions import both
from beaf_analytics.trade.prints import DIRECTION, EUROS, KNOWN_DIRECTION, Where, quotient
from beaf_analytics.trade.sizes import RETAIL
from beaf_core import Aggregation, Kind, Measure


def retail_measures(prefix: str, where: Where) -> list[Measure]:
    """Their imbalance, and how much of their trading it cannot speak of."""
    retail = both(RETAIL, where)
    return [
        _imbalance(f"{prefix}RetailTradeImbalance", both(KNOWN_DIRECTION, retail)),
        _unknown_share(f"{prefix}RetailUnknownShare", retail),
    ]


def _imbalance(name: str, known: Where) -> Measure:
    return quotient(
        name,
        Aggregation(Kind.SUM, DIRECTION * EUROS, known),
        Aggregation(Kind.SUM, EUROS, known),
        doc="Euros bought less euros sold in retail trades whose aggressor is known, as a share of "
        "both together.",
        formula="Σ D·notional_eur / Σ notional_eur, D known",
        source="Boehmer, Jones, Zhang & Zhang 2021",
    )


def _unknown_share(name: str, retail: Where) -> Measure:
    return quotient(
        name,
        Aggregation(Kind.SUM, EUROS, both(~KNOWN_DIRECTION, retail)),
        Aggregation(Kind.SUM, EUROS, retail),
        doc="Share of the euros of retail trades whose aggressor is not known.",
        formula="Σ notional_eur·1{D=0} / Σ notional_eur",
    )
