"""What do the prints that bear a flag amount to? The family `flag_metrics`."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from beaf_analytics.measures.expand import suffix
from beaf_analytics.measures.expressions import both
from beaf_analytics.trade.options import FlagMetric
from beaf_analytics.trade.prints import EUROS, PRINTED, SIDE_WORDS, SIDES, Prints, Where, quotient
from beaf_analytics.trade.sizes import ALGORITHMIC, BLOCK, ODD_LOT, count, is_set, volume
from beaf_analytics.trade.words import Flag
from beaf_core import Aggregation, Kind, Measure

FLAGS: Mapping[Flag, pl.Expr] = {
    "NegotiatedTrade": is_set("NegotiatedTrade"),
    "OddLotTrade": ODD_LOT,
    "BlockTrade": BLOCK,
    "CrossTrade": is_set("CrossingTrade"),
    "AlgorithmicTrade": ALGORITHMIC,
    "IcebergExecution": pl.col("IcebergExecution"),
}
FLAG_WORDS: Mapping[Flag, str] = {
    "NegotiatedTrade": "negotiated trades",
    "OddLotTrade": "odd lots",
    "BlockTrade": "blocks",
    "CrossTrade": "crossing trades",
    "AlgorithmicTrade": "algorithmic trades",
    "IcebergExecution": "executions of icebergs",
}


def flagged(metric: FlagMetric, prints: Prints) -> list[Measure]:
    """Expand flags × measures × sides."""
    found: list[Measure] = []
    for variant in metric.expand():
        flag, side, word = variant["flags"], variant["sides"], variant["measures"]
        default = f"{flag}{word}{suffix(side, 'Total')}"
        name = prints.name(metric, default, flags=flag, measures=word, sides=side)
        where = prints.where(metric, FLAGS[flag], SIDES[side])
        told = f"{FLAG_WORDS[flag]} among {SIDE_WORDS[side]}"
        build = {"Volume": volume, "Count": count, "AvgNotional": average_notional}[word]
        found.append(build(name, where, told))
    return found


def average_notional(name: str, where: Where, told: str) -> Measure:
    """Σ euros / number of prints; null where there is none."""
    return quotient(
        name,
        Aggregation(Kind.SUM, EUROS, where),
        Aggregation(Kind.COUNT, where=both(PRINTED & EUROS.is_not_null(), where)),
        unit="ccy_eur",
        doc=f"Mean notional of {told}, in EUR at the source's rates.",
        formula="Σ notional_eur / Σ 1",
    )
