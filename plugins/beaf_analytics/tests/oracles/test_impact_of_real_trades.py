"""Do costs of real trades equal what another way of looking up says, and what the source says?"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from beaf_core import compute_frame

pytestmark = pytest.mark.shared_data

MARKET = "bme_ana"
PLACE = "XMAD/2019-05-23.parquet"
WORDS = ["EffectiveSpread", "RealizedSpread", "PriceImpact"]
TIME = "TimestampNanoseconds"


def tables(shared_data: Path) -> dict[str, pl.DataFrame]:
    return {
        name: pl.read_parquet(shared_data / MARKET / folder / PLACE)
        for name, folder in (("trades", "trades-plus"), ("l2", "l2"))
    }


def computed(given: dict[str, pl.DataFrame], horizon: str, mids: str) -> pl.DataFrame:
    metric = {"variant": WORDS, "horizon": horizon, "mids": mids, "aggregations": ["Mean", "Sum"]}
    section = {"market_state": False, "impact_metrics": [metric]}
    found = compute_frame("trade", given, time_bucket_seconds=900, trade_analytics=section)
    return found.rename(lambda name: name.replace(horizon, ""))


def by_hand(given: dict[str, pl.DataFrame], seconds: int) -> pl.DataFrame:
    """Look up row by row with `join_asof`, and aggregate by bucket."""
    time = pl.col("TradeTimestampNanoseconds").cast(pl.Int64)
    book = given["l2"].with_columns(pl.col(TIME).cast(pl.Int64)).sort(TIME, "BMLLSequenceNo")
    bid, ask = pl.col("BidPrice1"), pl.col("AskPrice1")
    continuous = pl.col("MarketState") == "CONTINUOUS_TRADING"
    mids = book.filter((bid > 0) & (ask > bid) & continuous)
    mids = mids.select(TIME, m=(bid + ask) / 2)
    rows = (
        given["trades"]
        .sort(time)
        .select(
            p="InstrumentCurrencyPrice",
            d=pl.when(pl.col("AggressorSide") == 1).then(1).otherwise(-1),
            t=time,
            later=time + seconds * 10**9,
            b=-(-time // (900 * 10**9)),
        )
    )
    before = rows.join_asof(
        mids, left_on="t", right_on=TIME, allow_exact_matches=False, coalesce=False
    ).rename({"m": "before"})
    after = before.drop(TIME).join_asof(mids, left_on="later", right_on=TIME, coalesce=False)
    phase = book.select(TIME, open=continuous)
    found = after.drop(TIME).join_asof(phase, left_on="later", right_on=TIME)
    kept = found.filter(pl.col("open") & pl.col("before").is_not_null())
    price, before_, after_, side = (pl.col(name) for name in ("p", "before", "m", "d"))
    return (
        kept.group_by("b")
        .agg(
            EffectiveSpread=(2 * side * (price - before_)).mean(),
            RealizedSpread=(2 * side * (price - after_)).mean(),
            PriceImpact=(2 * side * (after_ - before_)).mean(),
        )
        .sort("b")
    )


@pytest.mark.parametrize("seconds", [1, 7, 60])
def test_the_book_is_looked_up_as_row_by_row(shared_data: Path, seconds: int) -> None:
    given = tables(shared_data)
    found = computed(given, f"{seconds}s", "l2").drop_nulls("RealizedSpread")
    wanted = by_hand(given, seconds)
    assert found.height == wanted.height > 20
    for word in WORDS:
        gap = (found[word] - wanted[word]).abs().max()
        assert isinstance(gap, float), word
        assert gap < 1e-11, word


@pytest.mark.parametrize("horizon", ["1s", "60s"])
def test_the_columns_of_trades_and_the_book_say_the_same(shared_data: Path, horizon: str) -> None:
    given = tables(shared_data)
    stored, looked_up = (computed(given, horizon, mids) for mids in ("trades", "l2"))
    gap = (stored["RealizedSpreadSum"] - looked_up["RealizedSpreadSum"]).abs().max()
    assert isinstance(gap, float)
    assert gap < 1e-9
