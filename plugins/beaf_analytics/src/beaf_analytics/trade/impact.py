"""What did trades cost, and how far did they move the mid? The family `impact_metrics`.

D is the direction, p the price, m the mid that prevailed, m_h the mid a horizon later. Everything
is at full scale, so that what was paid splits up: EffectiveSpread = RealizedSpread + PriceImpact,
print by print. So that it also holds for buckets, what bears a horizon is over those prints that
have a mid both before and at the horizon. Prints whose aggressor is not known are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from beaf_analytics.measures.aggregations import AggregationWord, RowValue
from beaf_analytics.measures.expand import suffix
from beaf_analytics.measures.expressions import both, ratio
from beaf_analytics.trade.mids import Mids, mids_of
from beaf_analytics.trade.options import ImpactMetric
from beaf_analytics.trade.prints import AGGRESSOR, DIRECTION, PRICE, PRINTED, SIZE, TABLE, Prints
from beaf_core import Measure, UsageError


@dataclass(frozen=True, slots=True)
class Cost:
    """What a variant says of one print.

    Attributes:
        value: its row expression, given the mids around the print.
        doc, formula, source, unit: as in a measure.
        ahead: whether it looks at the mid later; None where it does so only to know whether there
            is one.
    """

    value: Callable[[Mids], pl.Expr]
    doc: str
    formula: str
    source: str = ""
    unit: str = "ccy"
    ahead: bool | None = False


def paid(mids: Mids) -> pl.Expr:
    """D·(p - m): what the aggressor paid beyond the mid."""
    return DIRECTION * (PRICE - mids.before)


def gained(mids: Mids) -> pl.Expr:
    """D·(m_h - p): what the aggressor gained by the horizon."""
    return DIRECTION * (_later(mids) - PRICE)


def moved(mids: Mids) -> pl.Expr:
    """D·(m_h - m): how far the mid went the aggressor's way."""
    return DIRECTION * (_later(mids) - mids.before)


def improved(mids: Mids) -> pl.Expr:
    """A - p for buys, p - B for sells: what the aggressor paid less than the quote shown."""
    bought, sold = mids.ask - PRICE, PRICE - mids.bid
    return pl.when(AGGRESSOR == 1).then(bought).when(AGGRESSOR == 2).then(sold)


def _later(mids: Mids) -> pl.Expr:
    assert mids.later is not None, "variants that look ahead have a horizon"
    return mids.later


_COSTS: Mapping[str, Cost] = {
    "EffectiveSpread": Cost(
        lambda mids: 2 * paid(mids),
        "Twice what the aggressor paid beyond the mid before the trade",
        "2·D·(p - m)",
        "Huang & Stoll 1996; Bessembinder 2003",
        ahead=None,
    ),
    "RealizedSpread": Cost(
        lambda mids: -2 * gained(mids),
        "Twice what the aggressor paid beyond the mid a horizon after the trade",
        "2·D·(p - m_h)",
        "Huang & Stoll 1996",
        ahead=True,
    ),
    "PriceImpact": Cost(
        lambda mids: 2 * moved(mids),
        "Twice how far the mid moved in the aggressor's direction within a horizon",
        "2·D·(m_h - m)",
        "Huang & Stoll 1996",
        ahead=True,
    ),
    "Markout": Cost(
        gained,
        "What the aggressor gained at the mid a horizon after the trade",
        "D·(m_h - p)",
        ahead=True,
    ),
    "EffectiveHalfSpread": Cost(
        paid, "What the aggressor paid beyond the mid before the trade", "D·(p - m)"
    ),
    "PriceImprovement": Cost(
        improved,
        "What the aggressor paid less than the best quote of the other side, negative where more",
        "A - p for buys, p - B for sells",
    ),
    "EffectiveToQuoted": Cost(
        lambda mids: ratio(2 * paid(mids), mids.ask - mids.bid),
        "Effective spread as a share of the quoted one",
        "2·D·(p - m)/(A - B)",
        unit="ratio",
    ),
}


def impacts(metric: ImpactMetric, prints: Prints) -> list[Measure]:
    """Expand variants × horizons × aggregations."""
    return [
        _row_value(metric, prints, word, horizon).measure(
            impact_name(metric, prints, word, horizon, agg), agg
        )
        for word, horizon, agg in variants(metric)
    ]


def _row_value(metric: ImpactMetric, prints: Prints, word: str, horizon: str | None) -> RowValue:
    cost, mids = _COSTS[word.removesuffix("Bps")], mids_of(metric, horizon)
    in_bps = word.endswith("Bps")
    value = 1e4 * ratio(cost.value(mids), mids.before) if in_bps else cost.value(mids)
    where = both(PRINTED, prints.where(metric))
    if mids.later is not None:
        where = both(where, mids.before.is_not_null() & mids.later.is_not_null())
    return RowValue(
        table=TABLE,
        value=value,
        unit="bps" if in_bps else cost.unit,
        doc=cost.doc.replace("a horizon", horizon or "")
        + (", in basis points of that before it" if in_bps else ""),
        formula=f"1e4·({cost.formula})/m" if in_bps else cost.formula,
        source=cost.source,
        where=where,
        size=SIZE,
        notional=PRICE * SIZE,
        lookups=mids.lookups_of(value, where),
    )


def variants(metric: ImpactMetric) -> Iterator[tuple[str, str | None, AggregationWord]]:
    """Yield variant, horizon and aggregation; what looks at no later mid, once.

    Raises:
        UsageError: a variant needs a horizon, and has none.
    """
    for each in metric.expand():
        word, horizon, agg = each["variant"], each.get("horizon"), each["aggregations"]
        ahead = _COSTS[word.removesuffix("Bps")].ahead
        if ahead and horizon is None:
            raise UsageError(
                f"impact_metrics: {word} looks at a mid after the trade, and horizon is null",
                remedy="write a horizon, such as 1s",
            )
        if ahead is not False:
            yield word, horizon, agg
        elif metric.horizon is None or horizon == metric.horizon[0]:
            yield word, None, agg


def impact_name(
    metric: ImpactMetric, prints: Prints, word: str, horizon: str | None, agg: str
) -> str:
    """Name a variant's column."""
    default = f"{word}{horizon or ''}{suffix(agg, 'Mean')}"
    return prints.name(metric, default, variant=word, horizon=horizon or "", agg=agg)
