"""Which numbers of the book do the options ask for, and what are they called?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from beaf_analytics.l2.options import (
    BookMetric,
    CostMetric,
    DepthMetric,
    ImbalanceMetric,
    L2Options,
    LiquidityMetric,
    OhlcMetric,
    SlopeMetric,
    SpreadMetric,
    SweepMetric,
)
from beaf_analytics.l2.values import (
    imbalance_value,
    level_value,
    slope_value,
    source_value,
    spread_value,
)
from beaf_analytics.l2.walks import cost_value, depth_value, sweep_value
from beaf_analytics.measures.aggregations import RowValue
from beaf_analytics.measures.expand import Variants, fill_pattern
from beaf_analytics.measures.quotes import Quotes, accepted

_WORDS: Mapping[Quotes, str] = {
    "valid": ", in valid quotes",
    "uncrossed": ", in uncrossed quotes",
    "two_sided": ", in two-sided quotes",
    "any": "",
}
#: Spreads by their names in columns.
_SPREADS = {"Abs": "Abs", "BPS": "Bps", "Rel": "Rel"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One number of the book that a variant asks for.

    Attributes:
        metric: the options behind it.
        stem: its name without prefix and aggregation.
        fields: what a name pattern may use.
        value: the number.
    """

    metric: BookMetric
    stem: str
    fields: Mapping[str, str]
    value: RowValue

    def name(self, prefix: str, word: str = "") -> str:
        """Name its column; a pattern that does not say where the aggregation stands has it last."""
        return name_of(self.metric, prefix, self.stem, self.fields, word)


def name_of(
    metric: Variants, prefix: str, stem: str, fields: Mapping[str, str], word: str = ""
) -> str:
    """Name a column by its metric's pattern, or by its stem; the aggregation comes last."""
    pattern = metric.output_name_pattern
    if pattern is None:
        return f"{prefix}{stem}{word}"
    if "{agg}" not in pattern:
        pattern += "{agg}"
    return prefix + fill_pattern(pattern, {**fields, "agg": word})


def words_of(metric: Variants, quotes: Quotes) -> str:
    """Say which states count for a metric."""
    phases = f" while {' or '.join(metric.market_states)}" if metric.market_states else ""
    return _WORDS[quotes] + phases


def told_of(value: RowValue, metric: Variants, quotes: Quotes) -> RowValue:
    """Say in a value's words which states count."""
    return replace(value, doc=f"{value.doc}{words_of(metric, quotes)}")


def asked_for(options: L2Options, *, averaged: bool) -> Iterator[Asked]:
    """Yield what the options ask of states, whether taken at one time or averaged.

    Args:
        options: the options, defaults filled in.
        averaged: whether states are aggregated, which counts for levels.
    """
    for liquidity in options.liquidity:
        yield from levels_asked(liquidity, options.levels, averaged=averaged)
    for spreads in options.spreads:
        yield from _spreads(spreads)
    for imbalances in options.imbalances:
        yield from _imbalances(imbalances, options.levels)
    for slopes in options.slopes:
        yield from _slopes(slopes)
    for depth in options.depth:
        yield from _depth(depth, options.levels)
    for costs in options.costs:
        yield from _costs(costs, options.levels)
    for sweeps in options.sweeps:
        yield from _sweeps(sweeps, options.levels)


def levels_asked(metric: LiquidityMetric, levels: int, *, averaged: bool) -> Iterator[Asked]:
    """Yield what a metric asks of levels, of which the book has so many."""
    every = metric.model_copy(update={"levels": metric.levels or _all(levels)})
    for variant in every.expand():
        side, measure, level = variant["sides"], variant["measures"], variant["levels"]
        # A level is a fact of the book; an average of prices is one of quotes that mean something.
        default: Quotes = "valid" if averaged and measure == "Price" else "any"
        quotes = metric.quotes or default
        value = level_value(
            side, measure, level, accepted(quotes, metric.market_states), averaged=averaged
        )
        fields = {"sides": side, "measures": measure, "levels": str(level)}
        stem = f"{side}{measure}{level}"
        yield Asked(metric, stem, fields, told_of(value, metric, quotes))


def sources_asked(metric: OhlcMetric) -> Iterator[Asked]:
    """Yield what bars follow, to be averaged whatever the bars' mode."""
    where = accepted(metric.quotes, metric.market_states)
    for source in dict.fromkeys(metric.source):
        value = told_of(source_value(source, where), metric, metric.quotes)
        yield Asked(metric, source, {"source": source, "ohlc": "", "openMode": ""}, value)


def _spreads(metric: SpreadMetric) -> Iterator[Asked]:
    for variant in metric.expand():
        word = _SPREADS[variant["variant"]]
        value = spread_value(variant["variant"], accepted(metric.quotes, metric.market_states))
        told = told_of(value, metric, metric.quotes)
        yield Asked(metric, f"Spread{word}", {"variant": word}, told)


def _imbalances(metric: ImbalanceMetric, levels: int) -> Iterator[Asked]:
    where = accepted(metric.quotes, metric.market_states)
    every = metric.model_copy(update={"levels": metric.levels or _all(levels)})
    for variant in every.expand():
        measure, level = variant["measure"], variant["levels"]
        told = told_of(imbalance_value(measure, level, where), metric, metric.quotes)
        fields = {"measure": measure, "levels": str(level)}
        yield Asked(metric, f"Imbalance{measure}{level}", fields, told)


def _slopes(metric: SlopeMetric) -> Iterator[Asked]:
    where = accepted(metric.quotes, metric.market_states)
    for variant in metric.expand():
        measure = variant["measures"]
        told = told_of(slope_value(measure, where), metric, metric.quotes)
        yield Asked(metric, measure, {"measures": measure}, told)


def _depth(metric: DepthMetric, levels: int) -> Iterator[Asked]:
    where = accepted(metric.quotes, metric.market_states)
    for variant in metric.expand():
        side, bps = variant["sides"], variant["bps"]
        told = told_of(depth_value(side, bps, levels, where), metric, metric.quotes)
        yield Asked(metric, f"{side}DepthBps{bps}", {"sides": side, "bps": str(bps)}, told)


def _costs(metric: CostMetric, levels: int) -> Iterator[Asked]:
    where = accepted(metric.quotes, metric.market_states)
    for variant in metric.expand():
        amount = variant["notionals"]
        told = told_of(cost_value(amount, levels, where), metric, metric.quotes)
        yield Asked(metric, f"CostToTrade{amount}", {"notionals": str(amount)}, told)


def _sweeps(metric: SweepMetric, levels: int) -> Iterator[Asked]:
    where = accepted(metric.quotes, metric.market_states)
    for variant in metric.expand():
        side, amount = variant["sides"], variant["notionals"]
        told = told_of(sweep_value(side, amount, levels, where), metric, metric.quotes)
        fields = {"sides": side, "notionals": str(amount)}
        yield Asked(metric, f"SweepPrice{side}{amount}", fields, told)


def _all(levels: int) -> list[int]:
    return [*range(1, levels + 1)]
