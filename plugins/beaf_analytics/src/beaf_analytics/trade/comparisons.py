"""How do prices of trades compare with quotes, and what do trades say about the quotes around them?

The families `discrepancy_metrics` and `change_metrics`.
"""

from __future__ import annotations

import polars as pl

from beaf_analytics.measures.aggregations import RowValue
from beaf_analytics.measures.expand import suffix
from beaf_analytics.measures.expressions import both, ratio
from beaf_analytics.trade.options import ChangeMetric, DiscrepancyMetric
from beaf_analytics.trade.prints import PRICE, PRINTED, SIDE_WORDS, SIDES, SIZE, TABLE, Prints
from beaf_analytics.trade.quotes import REFERENCE_WORDS, reference
from beaf_core import Measure


def discrepancies(metric: DiscrepancyMetric, prints: Prints) -> list[Measure]:
    """Expand references × sides × aggregations: 1e4·(p - R)/R."""
    found: list[Measure] = []
    for variant in metric.expand():
        word, side, agg = variant["references"], variant["sides"], variant["aggregations"]
        default = f"DiscrepancyTo{word}{suffix(side, 'Total')}{suffix(agg, 'Mean')}"
        name = prints.name(metric, default, references=word, sides=side, agg=agg)
        price = reference(word, metric.quotes)
        value = RowValue(
            table=TABLE,
            value=1e4 * ratio(PRICE - price, price),
            unit="bps",
            doc=f"How far above {REFERENCE_WORDS[word]} the prices of {SIDE_WORDS[side]} were",
            formula="1e4·(p - R)/R",
            where=both(PRINTED, prints.where(metric, SIDES[side])),
            size=SIZE,
            notional=PRICE * SIZE,
        )
        found.append(value.measure(name, agg))
    return found


_CHANGES = {
    "PreTradeElapsedTimeChg": ("ns", "Time from the last change of the best quotes to the trade"),
    "PostTradeElapsedTimeChg": ("ns", "Time from the trade to the next change of the best quotes"),
    "PricePoint": ("ratio", "Place of the price between the best bid (0) and ask (1)"),
}
_PLACE_WORDS = {"Local": "", "AtPrimary": " of the primary venue", "AtVenue": " of its venue"}


def changes(metric: ChangeMetric, prints: Prints) -> list[Measure]:
    """Expand measures × scopes × aggregations, as far as trades have the columns."""
    found: list[Measure] = []
    for variant in metric.expand():
        word, scope, agg = variant["measures"], variant["scopes"], variant["aggregations"]
        if scope == "AtVenue" and word != "PricePoint":
            continue  # trades hold no such column; another word of the list has one there
        column = word + suffix(scope, "Local")
        default = column + suffix(agg, "Mean")
        unit, told = _CHANGES[word]
        value = RowValue(
            table=TABLE,
            value=pl.col(column),
            unit=unit,
            doc=told + _PLACE_WORDS[scope],
            formula=column,
            where=both(PRINTED, prints.where(metric)),
            size=SIZE,
            notional=PRICE * SIZE,
        )
        name = prints.name(metric, default, measures=word, scopes=scope, agg=agg)
        found.append(value.measure(name, agg))
    return found
