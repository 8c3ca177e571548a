"""Do bars of real order flow equal the reference values, computed elsewhere?"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from beaf_core import run_pipeline

DEMO = Path(__file__).resolve().parents[2] / "demo" / "01_ohlcv_bars.py"

pytestmark = pytest.mark.shared_data

EXACT = {
    "TradeTotalCount": "TradeCount",
    "TradeBuyCount": "BuyTradeCount",
    "TradeBidCount": "SellTradeCount",
}
CLOSE = {
    "Open": "Open",
    "High": "High",
    "Low": "Low",
    "Close": "Close",
    "TradeTotalVolume": "Volume",
    "TradeTotalNotional": "Notional",
    "TradeTotalVWAP": "VWAP",
    "TradeBuyVolume": "BuyVolume",
    "TradeAskVolume": "BuyVolume",
    "TradeBidVolume": "SellVolume",
    "TradeUnknownVolume": "UnknownVolume",
}
METRICS = (
    "[{measures: [OHLC, Volume, Notional, VWAP, Count]}, "
    "{sides: [Buy, Bid], measures: [Volume, Count]}, "
    "{sides: [Ask, Unknown], measures: Volume}]"
)

MARKETS = {
    "bme_ana": ("2019-05-23", "mic=XMAD", "bme_ana_{}s"),
    "binance_spot": ("2024-08-08", "mic=XBNS", "binance_spot_dev_{}s"),
}


def run(root: Path, out: Path, market: str, seconds: int, *sets: str) -> pl.DataFrame:
    date, universe, _ = MARKETS[market]
    report = run_pipeline(
        DEMO,
        date=date,
        universe=universe,
        sets=[
            "SOURCE.type=parquet",
            f"SOURCE.root={root / market}",
            f"OUTPUT_TARGET.path_template={out}/{{pass}}.parquet",
            f"PASSES.bars.time_bucket_seconds={seconds}",
            f"PASSES.bars.trade_analytics.generic_metrics={METRICS}",
            *sets,
        ],
    )
    assert report.status == "succeeded"
    return pl.read_parquet(report.receipts[0].location)


def assert_equals_the_oracle(ours: pl.DataFrame, oracle: pl.DataFrame, label: str) -> None:
    wanted = oracle.filter((pl.col("TradeCount") > 0) & ~pl.col("Partial"))
    assert wanted.height > 0
    joined = wanted.join(
        ours, left_on=["ListingId", label], right_on=["ListingId", "TimeBucket"], suffix="_ours"
    )
    assert joined.height == wanted.height, "every bucket of the oracle is there"
    for mine, theirs in (EXACT | CLOSE).items():
        own = joined[f"{mine}_ours" if f"{mine}_ours" in joined.columns else mine]
        reference = joined[theirs]
        assert own.null_count() == reference.null_count(), mine
        if mine in EXACT:
            assert own.to_list() == reference.to_list(), mine
        else:
            error = ((own - reference).abs() / reference.abs().clip(1e-300)).max()
            exact_zero = (own == reference).all()
            assert exact_zero or float(error) <= 1e-9, f"{mine}: {error}"


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("seconds", [60, 300])
def test_left_closed_bars_labelled_at_their_start_equal_the_oracle(
    shared_data: Path, tmp_path: Path, market: str, seconds: int
) -> None:
    ours = run(
        shared_data,
        tmp_path,
        market,
        seconds,
        "PASSES.bars.time_bucket_anchor=start",
        "PASSES.bars.time_bucket_closed=left",
    )
    oracle = pl.read_parquet(
        shared_data / "oracles" / f"{MARKETS[market][2].format(seconds)}.parquet"
    )
    assert_equals_the_oracle(ours, oracle, "TimeBucket")
    traded = oracle.filter(pl.col("TradeCount") > 0)
    # The capture runs a second past midnight, where the oracle's coverage ends.
    ours = ours.filter(pl.col("TimeBucket") <= oracle["TimeBucket"].max())
    assert ours.height == traded.height, "no bucket but those with trades"


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("seconds", [60, 300])
def test_the_default_right_closed_bars_equal_their_oracle(
    shared_data: Path, tmp_path: Path, market: str, seconds: int
) -> None:
    ours = run(shared_data, tmp_path, market, seconds)
    oracle = pl.read_parquet(
        shared_data / "oracles" / "right_closed" / f"{MARKETS[market][2].format(seconds)}.parquet"
    )
    assert_equals_the_oracle(ours, oracle, "TimeBucketEnd")
