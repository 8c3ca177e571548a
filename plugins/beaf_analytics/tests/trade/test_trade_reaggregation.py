"""Do shorter buckets combine into a longer one by the rule that each measure declares?"""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_args

import polars as pl
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from beaf_analytics.trade import measures
from beaf_analytics.trade.options import TradeOptions
from beaf_analytics.trade.words import TradeMeasure
from beaf_core import compute_frame

WORDS = [word for word in get_args(TradeMeasure) if word != "TWAP"]
SECTION: dict[str, Any] = {
    "generic_metrics": [{"sides": ["Total", "Sell"], "measures": WORDS}],
    "flag_metrics": [{"flags": "BlockTrade", "measures": ["Volume", "Count"]}],
}
PRINT = st.tuples(
    st.integers(1, 300),
    st.integers(900, 1100).map(lambda cents: cents / 100),
    st.integers(1, 1000).map(float),
    st.sampled_from([1, 2, 0]),
    st.sampled_from(["TRUE", "FALSE"]),
    st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.5]),
)


def computed(prints: list[tuple[Any, ...]], seconds: int) -> pl.DataFrame:
    names = [
        "second", "InstrumentCurrencyPrice", "Size", "AggressorSide", "IsBlock", "PricePoint",
    ]  # fmt: skip
    frame = (
        pl.DataFrame(prints, schema=names, orient="row")
        .select(
            pl.exclude("second"),
            TradeTimestamp=pl.lit(datetime(2025, 1, 6, 9)) + pl.duration(seconds="second"),
            ListingId=pl.lit(1),
            BMLLSequenceNo=pl.int_range(pl.len()),
            Classification=pl.lit("LIT_CONTINUOUS"),
            MarketState=pl.lit("CONTINUOUS_TRADING"),
            TradeNotionalEUR=pl.col("Size") * 2,
            TradeNotionalUSD=pl.col("Size") * 3,
            LotType=pl.when(pl.col("Size") < 100).then(pl.lit("ODD")).otherwise(pl.lit("ROUND")),
            BMLLParticipantType=pl.when(pl.col("Size") < 500).then(pl.lit("RETAIL")),
            AlgorithmicTrade=pl.when(pl.col("Size") < 300).then(pl.lit("H")).otherwise(pl.lit("-")),
            BMLLTradeType=pl.lit("LIT"),
        )
        .with_columns(pl.col("BMLLParticipantType").fill_null("UNKNOWN"))
    )
    return compute_frame(
        "trade", {"trades": frame}, time_bucket_seconds=seconds, trade_analytics=SECTION
    )


def combined(name: str, rule: str) -> pl.Expr:
    column = pl.col(name)
    if rule.startswith("vw:"):
        weight = pl.col(rule[3:])
        there = weight.filter(column.is_not_null()).sum()
        return pl.when(there > 0).then((column * weight).sum() / there).alias(name)
    kept = column.drop_nulls()
    if rule == "sum":  # nothing stays nothing
        return pl.when(kept.len() > 0).then(column.sum()).alias(name)
    return {
        "min": column.min(), "max": column.max(), "first": kept.first(), "last": kept.last(),
    }[rule]  # fmt: skip


# Shrinking would compute two passes of a hundred columns, hundreds of times over.
@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.lists(PRINT, min_size=1, max_size=25))
def test_minutes_combine_into_five_minutes_by_the_declared_rule(
    prints: list[tuple[Any, ...]],
) -> None:
    rules = {
        each.name: each.reaggregation
        for each in measures(TradeOptions.model_validate(SECTION))
        if each.reaggregation != "none"
    }
    assert len(rules) > 40
    minutes, [whole] = computed(prints, 60), computed(prints, 300).to_dicts()
    put_together = minutes.select(combined(*each) for each in rules.items()).row(0, named=True)
    off = {
        name: (put_together[name], whole[name])
        for name in rules
        if not same(put_together[name], whole[name])
    }
    assert off == {}


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-9 * max(1.0, abs(one), abs(other))
    return bool(one == other)
