"""Do modules compute from frames at hand what a run would write?"""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from beaf_core import (
    Aggregation,
    AnalyticsModule,
    ConfigError,
    Context,
    DataInvalidError,
    DataMissingError,
    Kind,
    Measure,
    UsageError,
    compute_frame,
)

TRADES = pl.DataFrame(
    {
        "ListingId": [1, 1, 1, 2],
        "TradeTimestamp": [datetime(2025, 1, 6, 9, 0, second) for second in (10, 20, 50)]
        + [datetime(2025, 1, 6, 9, 1, 30)],
        "Size": [100.0, 50.0, 25.0, 7.0],
    }
)
SHARES = Measure("Shares", "trades", Aggregation(Kind.SUM, pl.col("Size")), "shares", "", "")
VOLUMES = AnalyticsModule("volumes", measures=lambda _options: [SHARES])


def test_a_module_at_hand_is_computed_over_frames_at_hand() -> None:
    found = compute_frame(VOLUMES, {"trades": TRADES})
    assert found.select("ListingId", "Shares").rows() == [(1, 175.0), (2, 7.0)]
    assert found["TimeBucket"].to_list() == [
        datetime(2025, 1, 6, 9, 1), datetime(2025, 1, 6, 9, 2)
    ]  # fmt: skip


def test_fields_of_the_pass_count() -> None:
    found = compute_frame(
        ["trade"],
        {"trades": TRADES.with_columns(Classification=pl.lit("DARK"))},
        time_bucket_seconds=300,
        trade_analytics={
            "classifications": "all",
            "market_state": False,
            "generic_metrics": [{"measures": "Volume"}],
        },
    )
    assert found["TimeBucket"].unique().to_list() == [datetime(2025, 1, 6, 9, 5)]
    assert found["TradeTotalVolume"].to_list() == [175.0, 7.0]


def test_fields_of_the_pipeline_count() -> None:
    latest = Measure("Latest", "trades", Aggregation(Kind.LAST, pl.col("Size")), "shares", "", "")
    module = AnalyticsModule("latest", measures=lambda _options: [latest])
    given = {"mode": "uniform", "time_interval": ["09:00", "09:02"]}
    rows = {"trades": TRADES.filter(pl.col("ListingId") == 1)}
    for filled, sizes in ((True, [25.0, 25.0]), (False, [25.0, None])):
        found = compute_frame([module, "dense"], rows, dense_analytics=given, DEFAULT_FFILL=filled)
        assert found["Latest"].to_list() == sizes


def test_a_module_that_works_on_an_earlier_pass_reads_the_source() -> None:
    def doubled(context: Context, _options: object) -> pl.LazyFrame:
        rows = context.tables["source"]
        return rows.select("ListingId", "TimeBucket", Twice=pl.col("Close") * 2)

    module = AnalyticsModule(
        "twice",
        measures=lambda _options: [Measure("Twice", "source", None, "ccy", "", "")],
        compute=doubled,
        reads=lambda _options: {"source": ("Close",)},
    )
    source = pl.DataFrame(
        {
            "ListingId": [1, 2],
            "TimeBucket": [datetime(2025, 1, 6, 9, 1), datetime(2025, 1, 6, 9, 2)],
            "Close": [10.0, 11.0],
        }
    )
    found = compute_frame(module, {}, source=source)
    assert found.select("ListingId", "TimeBucket", "Twice").rows() == [
        (1, datetime(2025, 1, 6, 9, 1), 20.0),
        (2, datetime(2025, 1, 6, 9, 2), 22.0),
    ]


def test_a_table_that_is_not_at_hand_is_told() -> None:
    with pytest.raises(DataMissingError, match="the tables at hand are l2; there is no trades"):
        compute_frame(VOLUMES, {"l2": TRADES.rename({"TradeTimestamp": "EventTimestamp"})})


def test_a_column_that_is_not_there_is_told() -> None:
    with pytest.raises(DataInvalidError, match="has no column Size"):
        compute_frame(VOLUMES, {"trades": TRADES.drop("Size")})


def test_a_day_is_asked_for_where_no_row_tells_it() -> None:
    with pytest.raises(UsageError, match="its trade date is not known"):
        compute_frame(VOLUMES, {"trades": TRADES.clear()})


def carrying(name: str, price: float, *, gives_way: bool) -> AnalyticsModule:
    of = Aggregation(Kind.MAX, pl.lit(price))
    state = Measure("State", "trades", of, "ccy", "", "", gives_way=gives_way)
    return AnalyticsModule(name, measures=lambda _options: [state])


@pytest.mark.parametrize(
    ("gives_way", "state"),
    [((True, False), 2.0), ((False, True), 1.0), ((True, True), 1.0)],
)
def test_what_several_modules_carry_stands_there_once(
    gives_way: tuple[bool, bool], state: float
) -> None:
    modules = [carrying(str(n), n, gives_way=each) for n, each in enumerate(gives_way, start=1)]
    found = compute_frame(modules, {"trades": TRADES})
    assert found["State"].to_list() == [state, state]


def test_two_modules_that_do_not_give_way_are_refused() -> None:
    modules = [carrying(name, 1.0, gives_way=False) for name in ("one", "two")]
    with pytest.raises(ConfigError, match='"one" and "two" both yield State'):
        compute_frame(modules, {"trades": TRADES})
