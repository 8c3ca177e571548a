"""Do states of real books equal the reference values, whatever is known of the order of rows?

That the shipped measures do, on either edge of a bucket, is shown with the plugin that has them.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from beaf_core import Aggregation, Kind, Measure
from beaf_core.engine.compiler.bucket import NANOSECONDS, Buckets
from beaf_core.engine.compiler.combine import join_tables
from beaf_core.engine.compiler.compile import Clock, DayOfTable, TablePlan
from beaf_core.engine.compiler.execute import run_table

pytestmark = pytest.mark.shared_data

MARKETS = {
    "bme_ana": ("l2/XMAD/2019-05-23.parquet", "bme_ana_{}s"),
    "binance_spot": ("l2/XBNS/2024-08-08.parquet", "binance_spot_dev_{}s"),
}
BID, ASK = pl.col("BidPrice1"), pl.col("AskPrice1")
TWO_SIDED = BID.is_not_null() & ASK.is_not_null()
CONTINUOUS = TWO_SIDED & (pl.col("MarketState") == "CONTINUOUS_TRADING").fill_null(False)
MID = (BID + ASK) / 2
LEVELS = range(1, 11)


def quantity(side: str, depth: int) -> pl.Expr:
    levels = [pl.col(f"{side}Quantity{k}").fill_null(0) for k in range(1, depth + 1)]
    total = levels[0].cast(pl.Float64)
    for each in levels[1:]:
        total = total + each
    return total


def imbalance(depth: int) -> pl.Expr:
    bid, ask = quantity("Bid", depth), quantity("Ask", depth)
    return pl.when(bid + ask > 0).then((bid - ask) / (bid + ask))


STATES: dict[str, Aggregation] = {
    "BookNs": Aggregation(Kind.DURATION),
    "TwoSidedNs": Aggregation(Kind.DURATION, where=TWO_SIDED),
    "ContinuousNs": Aggregation(Kind.DURATION, where=CONTINUOUS),
    "LockedNs": Aggregation(Kind.DURATION, where=ASK == BID),
    "CrossedNs": Aggregation(Kind.DURATION, where=ASK < BID),
    "SpreadAbsTWA": Aggregation(Kind.TIME_WEIGHTED, ASK - BID),
    "SpreadBpsTWA": Aggregation(Kind.TIME_WEIGHTED, 1e4 * (ASK - BID) / MID),
    "MidTWA": Aggregation(Kind.TIME_WEIGHTED, MID),
    "SpreadAbsTWACont": Aggregation(Kind.TIME_WEIGHTED, ASK - BID, CONTINUOUS),
    "MidTWACont": Aggregation(Kind.TIME_WEIGHTED, MID, CONTINUOUS),
    **{
        f"{side}PriceTWA{k}": Aggregation(Kind.TIME_WEIGHTED, pl.col(f"{side}Price{k}"))
        for side in ("Bid", "Ask")
        for k in LEVELS
    },
    **{
        f"{side}QuantityTWA{k}": Aggregation(
            Kind.TIME_WEIGHTED, pl.col(f"{side}Quantity{k}").fill_null(0)
        )
        for side in ("Bid", "Ask")
        for k in LEVELS
    },
    **{f"ImbalanceTWA{k}": Aggregation(Kind.TIME_WEIGHTED, imbalance(k)) for k in (1, 5, 10)},
    **{f"ImbalanceLast{k}": Aggregation(Kind.STATE_LAST, imbalance(k)) for k in (1, 5, 10)},
    "BidPrice1Last": Aggregation(Kind.STATE_LAST, BID),
    "BidQuantity1Last": Aggregation(Kind.STATE_LAST, pl.col("BidQuantity1")),
    "MidLast": Aggregation(Kind.STATE_LAST, MID),
    "MidFirst": Aggregation(Kind.STATE_FIRST, MID),
    "MidHigh": Aggregation(Kind.STATE_MAX, MID),
    "MidLow": Aggregation(Kind.STATE_MIN, MID),
}
CLOCKS = {
    "in the order of the file": Clock("TimestampNanoseconds", "L2EventNo", ordered=True),
    "neighbours": Clock("TimestampNanoseconds", "L2EventNo", ordered=True, adjacent=True),
    "order unknown": Clock("TimestampNanoseconds", "L2EventNo"),
}


def computed(
    root: Path, market: str, clock: Clock, buckets: Buckets, oracle: pl.DataFrame
) -> pl.DataFrame:
    measures = tuple(Measure(name, "l2", each, "", "", "") for name, each in STATES.items())
    day = DayOfTable(date(2024, 8, 8), pl.scan_parquet(root / market / MARKETS[market][0]), clock)
    result = run_table(TablePlan("l2", measures), [day], buckets)
    # The oracle has buckets without an event too: they are asked for as a dense grid would.
    grid = oracle.select(
        "ListingId",
        pl.col("TimeBucket").to_physical(),
        pl.lit(day.day).alias("__first_day"),
        pl.lit(day.day).alias("__day"),
    )
    return join_tables(measures, [result], [day.day], grid=grid)


def read_oracle(root: Path, market: str, seconds: int) -> pl.DataFrame:
    return pl.read_parquet(root / "oracles" / f"{MARKETS[market][1].format(seconds)}.parquet")


def assert_equal(ours: pl.DataFrame, oracle: pl.DataFrame) -> None:
    strict = oracle.filter(~pl.col("Partial"))
    assert strict.height > 0
    joined = strict.with_columns(pl.col("TimeBucket").to_physical()).join(
        ours, on=["ListingId", "TimeBucket"], suffix="_ours"
    )
    assert joined.height == strict.height, "every bucket of the oracle is there"
    for name in STATES:
        own, reference = joined[f"{name}_ours"], joined[name]
        if name.endswith("Ns"):
            assert own.to_list() == reference.to_list(), name
            continue
        assert own.is_null().to_list() == reference.is_null().to_list(), name
        error = ((own - reference).abs() / reference.abs().clip(1e-300)).fill_nan(None).max()
        exact = (own == reference).all()
        assert exact or float(error) <= 1e-9, f"{name}: {error}"


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("seconds", [60, 300])
def test_states_of_left_closed_buckets_equal_the_oracle(
    shared_data: Path, market: str, seconds: int, clock: Clock
) -> None:
    buckets, oracle = (
        Buckets(seconds * NANOSECONDS, "start", "left"),
        read_oracle(shared_data, market, seconds),
    )
    ours = computed(shared_data, market, clock, buckets, oracle)
    assert_equal(ours, oracle)
