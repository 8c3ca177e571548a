"""Do bars put together, groups of their own and indicators equal what is worked out by hand?"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_analytics import generic
from beaf_analytics.measures import indicators
from beaf_core import ConfigError, SourcePass, compute_frame, run_pipeline
from beaf_core.model.errors import ModuleFaultError
from beaf_core.testing import check_module, write_market

NINE = datetime(2025, 1, 6, 9)


def at(minute: int, day: int = 0) -> datetime:
    return NINE + timedelta(minutes=minute, days=day)


#: Listing, minute, close, volume, state.
BARS = pl.DataFrame(
    [
        (1, at(1), 10.0, 100.0, "OPEN"),
        (1, at(3), 14.0, 300.0, "OPEN"),
        (1, at(5), None, 50.0, "HALT"),
        (1, at(6), 11.0, 7.0, "OPEN"),
        (2, at(4), 20.0, 40.0, "OPEN"),
        (3, at(2), 30.0, 60.0, "OPEN"),
    ],
    schema=["ListingId", "TimeBucket", "Close", "Volume", "State"],
    orient="row",
)
#: 1 and 3 are one instrument; 2 has none.
LISTINGS = pl.DataFrame(
    {
        "ListingId": [1, 2, 3],
        "MIC": ["XLON", "XLON", "XPAR"],
        "InstrumentId": [7, None, 7],
    }
)


def computed(source: pl.DataFrame = BARS, **section: Any) -> pl.DataFrame:
    seconds = section.pop("seconds", 300)
    return compute_frame(
        "generic",
        {},
        source=source,
        source_seconds=60,
        listings=LISTINGS,
        time_bucket_seconds=seconds,
        generic_analytics=section,
    )


def faults(**section: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        computed(**section)
    return str(caught.value)


def test_the_module_keeps_its_contract() -> None:
    words = ["sum", "mean", "first", "last", "max", "min", "count"]
    check_module(generic, {"aggregations": {f"Of{word}": word for word in words}})
    check_module(generic, {"talib_indicators": [{"name": "RSI", "input_col": "Close"}]})


# -- aggregations ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "values"),
    [
        # The bar at 09:05 has no close; the one at 09:06 is in the next five minutes.
        ("sum", [24.0, 11.0, 20.0, 30.0]),
        ("mean", [12.0, 11.0, 20.0, 30.0]),
        ("first", [10.0, 11.0, 20.0, 30.0]),
        ("last", [14.0, 11.0, 20.0, 30.0]),
        ("max", [14.0, 11.0, 20.0, 30.0]),
        ("min", [10.0, 11.0, 20.0, 30.0]),
        ("count", [2, 1, 1, 1]),
    ],
)
def test_bars_of_a_minute_become_five_minutes(word: str, values: list[float]) -> None:
    found = computed(aggregations={"Close": word})
    assert found.select("ListingId", "TimeBucket").rows() == [
        (1, at(5)), (1, at(10)), (2, at(5)), (3, at(5))
    ]  # fmt: skip
    assert found["Close"].to_list() == values
    assert found["MIC"].to_list() == ["XLON", "XLON", "XLON", "XPAR"]


def test_columns_keep_their_names_behind_a_prefix() -> None:
    found = computed(aggregations={"Close": "last", "Volume": "sum"}, metric_prefix="G")
    assert found.columns == ["ListingId", "TimeBucket", "MIC", "GClose", "GVolume"]
    assert found.row(0)[3:] == (14.0, 450.0)


def test_a_text_has_a_first_and_a_last_value() -> None:
    assert computed(aggregations={"State": "last"})["State"].to_list()[:2] == ["HALT", "OPEN"]


def test_a_count_of_nothing_is_zero_and_the_rest_null() -> None:
    alone = BARS.filter(pl.col("Close").is_null())
    section = {"aggregations": {"Close": "count", "Volume": "mean"}}
    assert computed(alone, **section).row(0)[3:] == (0, 50.0)
    assert computed(alone, aggregations={"Close": "last"}).row(0)[3:] == (None,)
    own = {"group_by": ["InstrumentId"], "aggregations": {"Close": "count", "Volume": "max"}}
    assert computed(alone, **own).rows() == [(7, 0, 50.0)]


def test_a_mean_is_not_additive_and_says_so() -> None:
    rules = {
        each.name: each.reaggregation
        for each in generic.measures(
            generic.GenericOptions(
                aggregations={"A": "mean", "B": "count", "C": "first", "D": "min"}
            )
        )
    }
    assert rules == {"A": "none", "B": "sum", "C": "first", "D": "min"}


def test_what_is_said_of_a_column_is_what_its_word_does() -> None:
    words = {"A": "first", "B": "last", "C": "count"}
    rsi = {"name": "rsi", "input_col": "D", "timeperiod": 9}
    asked = generic.GenericOptions.model_validate(
        {"aggregations": words, "talib_indicators": [rsi]}
    )
    assert [each.doc for each in generic.measures(asked)] == [
        "First value of A of the source pass.",
        "Last value of B of the source pass.",
        "Number of values of C of the source pass.",
        "Wilder's relative strength index of D over 9 buckets of a group that have a value.",
    ]


# -- groups ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("sum", [54.0, 11.0]),
        ("mean", [18.0, 11.0]),
        # In the order of their times: 10 at 09:01, 30 at 09:02, 14 at 09:03.
        ("first", [10.0, 11.0]),
        ("last", [14.0, 11.0]),
        ("max", [30.0, 11.0]),
        ("min", [10.0, 11.0]),
        ("count", [3, 1]),
    ],
)
def test_listings_are_put_together_by_instrument(word: str, values: list[float]) -> None:
    found = computed(group_by=["InstrumentId", "TimeBucket"], aggregations={"Close": word})
    assert found.columns == ["InstrumentId", "TimeBucket", "Close"]
    assert found.rows() == [(7, at(5), values[0]), (7, at(10), values[1])]


def test_first_and_last_of_one_bucket_are_those_of_the_lowest_and_highest_listing() -> None:
    rows = BARS.filter(pl.col("ListingId") != 1).with_columns(TimeBucket=pl.lit(at(2)))
    for word, value in (("first", 20.0), ("last", 30.0)):
        section = {"group_by": ["TimeBucket"], "aggregations": {"Close": word}}
        assert computed(rows.reverse(), **section).rows() == [(at(5), value)]


@pytest.mark.parametrize(
    ("groups", "rows"),
    [
        (["MIC"], [("XLON", 497.0), ("XPAR", 60.0)]),
        (["ListingId"], [(1, 457.0), (2, 40.0), (3, 60.0)]),
        (["State"], [("HALT", 50.0), ("OPEN", 507.0)]),
        (["TimeBucket"], [(at(5), 550.0), (at(10), 7.0)]),
        (
            ["TimeBucket", "MIC"],
            [(at(5), "XLON", 490.0), (at(5), "XPAR", 60.0), (at(10), "XLON", 7.0)],
        ),
        (["TradeDate"], [(NINE.date(), 557.0)]),
    ],
)
def test_groups_are_columns_of_the_universe_or_of_the_source_pass(
    groups: list[str], rows: list[tuple[object, ...]]
) -> None:
    found = computed(group_by=groups, aggregations={"Volume": "sum"}, metric_prefix="All")
    assert found.columns == [*groups, "AllVolume"]
    assert found.rows() == rows


def test_listing_and_bucket_in_any_order_are_the_usual_rows() -> None:
    found = computed(group_by=["TimeBucket", "ListingId"], aggregations={"Volume": "sum"})
    assert found.columns == ["ListingId", "TimeBucket", "MIC", "Volume"]


def test_a_group_that_nobody_knows_is_told() -> None:
    with pytest.raises(ModuleFaultError, match="group_by names InstrumentID, which neither"):
        computed(group_by=["InstrumentID"], aggregations={"Volume": "sum"})


def test_keys_of_the_source_pass_are_groups() -> None:
    known = SourcePass("events", ("ListingId", "TimeBucket", "EventType"), (), 60, 60)
    asked = generic.GenericOptions(group_by=["EventType"], aggregations={"Close": "count"})
    assert generic.reads(generic.from_source(asked, known)) == {"source": ("Close", "EventType")}


# -- indicators ------------------------------------------------------------------------------------

SMA = {"name": "SMA", "input_col": "Close", "timeperiod": 2}
MINUTES = pl.DataFrame(
    {
        "ListingId": [1, 1, 1, 1, 2, 2],
        "TimeBucket": [at(1), at(2), at(3), at(4), at(1), at(2)],
        "Close": [10.0, 12.0, None, 20.0, 5.0, 7.0],
    }
)


def test_an_indicator_runs_along_the_buckets_of_each_listing() -> None:
    found = computed(
        MINUTES.sample(fraction=1, shuffle=True, seed=3), seconds=60, talib_indicators=[SMA]
    )
    assert found.columns == ["ListingId", "TimeBucket", "MIC", "SMA_2"]
    # Null until two buckets have a value; the one without is passed over.
    assert found["SMA_2"].to_list() == [None, 11.0, None, 16.0, None, 6.0]


def test_several_indicators_stand_beside_aggregations_under_their_names() -> None:
    asked = [
        SMA | {"output_col": "Close"},
        {"name": "mom", "input_col": "Close", "timeperiod": 1},
        {"name": "ROCP", "input_col": "Close", "timeperiod": 1},
    ]
    found = computed(MINUTES, seconds=60, talib_indicators=asked)
    assert found.columns[3:] == ["Close", "mom_1", "ROCP_1"]
    assert found["Close"].to_list() == [None, 11.0, None, 16.0, None, 6.0]
    assert found["mom_1"].to_list() == [None, 2.0, None, 8.0, None, 2.0]
    assert found["ROCP_1"].to_list() == pytest.approx([None, 0.2, None, 8 / 12, None, 0.4])


def test_an_indicator_stands_beside_the_aggregation_of_another_column() -> None:
    found = computed(
        talib_indicators=[SMA | {"timeperiod": 1}],
        aggregations={"Volume": "sum"},
        metric_prefix="X",
    )
    assert found.columns[3:] == ["XVolume", "XSMA_1"]
    assert found.select(found.columns[3:]).rows() == [
        (450.0, 14.0), (7.0, 11.0), (40.0, 20.0), (60.0, 30.0)
    ]  # fmt: skip


def test_an_indicator_takes_the_aggregated_value_of_a_bucket_or_the_last() -> None:
    two = {"talib_indicators": [SMA], "seconds": 120}
    # 09:01 and 09:02; 20 of 09:03 and 09:04.
    assert computed(MINUTES, **two)["SMA_2"].to_list() == [None, 16.0, None]
    found = computed(MINUTES, **two, aggregations={"Close": "first"})
    assert found["Close"].to_list() == [10.0, 20.0, 5.0]
    assert found["SMA_2"].to_list() == [None, 15.0, None]


def test_an_indicator_of_a_group_follows_its_buckets() -> None:
    section = {"group_by": ["MIC", "TimeBucket"], "aggregations": {"Close": "sum"}}
    found = computed(MINUTES, seconds=60, talib_indicators=[SMA], **section)
    assert found.rows() == [
        ("XLON", at(1), 15.0, None),
        ("XLON", at(2), 19.0, 17.0),
        ("XLON", at(3), 0.0, 9.5),
        ("XLON", at(4), 20.0, 10.0),
    ]


def test_every_indicator_is_known_to_the_package_from_its_fewest_rows_on() -> None:
    rows = pl.DataFrame({"TimeBucket": range(12), "Close": [1.0, 3.0, 2.0] * 4, "One": 1})
    for name, (least, *_) in indicators.INDICATORS.items():
        asked = indicators.IndicatorOptions(name=name.lower(), input_col="Close", timeperiod=least)
        found = indicators.add_indicators(rows.lazy(), [asked], ["One"]).collect()
        assert found[f"__{asked.column}"].null_count() < 6
        assert not found[f"__{asked.column}"].is_nan().any()


def test_every_indicator_can_be_looked_up_where_the_package_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [each.name for options in generic.catalogue() for each in generic.measures(options)]
    assert found == [f"{name}_14" for name in indicators.INDICATORS]
    monkeypatch.setattr(indicators, "find_spec", lambda _name: None)
    assert generic.catalogue() == []


def test_an_rsi_is_wilders() -> None:
    closes = [10.0, 11.0, 10.5, 11.5, 11.0]
    source = pl.DataFrame(
        {"ListingId": [1] * 5, "TimeBucket": [at(each) for each in range(1, 6)], "Close": closes}
    )
    rsi = {"name": "RSI", "input_col": "Close", "timeperiod": 2}
    found = computed(source, seconds=60, talib_indicators=[rsi])["RSI_2"].to_list()
    # Mean gain and loss of the first two changes: 0.5 and 0.25; then Wilder's smoothing.
    assert found == pytest.approx(
        [None, None, 100 * 2 / 3, 100 * 0.75 / 0.875, 100 * 0.375 / 0.6875]
    )


def two_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **section: Any) -> pl.DataFrame:
    monkeypatch.chdir(tmp_path)
    asked = {"aggregations": {"Volume": "sum"}, "talib_indicators": [
        {"name": "SMA", "input_col": "Volume", "timeperiod": 2}], **section}  # fmt: skip
    report = run_pipeline(
        {
            "SOURCE": {
                "type": "parquet",
                "root": str(write_market(tmp_path / "market", every_column=True)),
            },
            "PASSES": [
                {"name": "pass1", "modules": ["trade"]},
                {"name": "second", "modules": ["generic"], "generic_analytics": asked},
            ],
        },
        start_date="2025-01-06",
        end_date="2025-01-07",
        universe="mic=XLON",
    )
    assert report.status == "succeeded", report.outcomes
    found = pl.read_parquet(report.receipts[-1].location)
    assert found["Volume"].to_list() == [1000.0, 100.0, 500.0, 50.0, 150.0, 70.0]
    return found


def test_an_indicator_begins_anew_each_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = two_days(tmp_path, monkeypatch)
    assert found["SMA_2"].to_list() == [None, 550.0, None, None, 100.0, None]


def test_an_indicator_may_reach_across_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = two_days(tmp_path, monkeypatch, across_days=True)
    assert found["SMA_2"].to_list() == [None, 550.0, 300.0, None, 100.0, 110.0]


def test_indicators_of_one_column_stand_beside_several_aggregations_of_a_pipeline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [SMA, {"name": "RSI", "input_col": "Close", "timeperiod": 2}]
    both = {"aggregations": {"Close": "last", "Volume": "sum"}, "talib_indicators": asked}
    found = two_days(tmp_path, monkeypatch, **both, across_days=True)
    assert found["Close"].to_list() == [10.4, 10.6, 11.0, 20.0, 21.0, 22.0]
    assert found["SMA_2"].to_list() == pytest.approx([None, 10.5, 10.8, None, 20.5, 21.5])
    assert found["RSI_2"].to_list() == [None, None, 100.0, None, None, 100.0]


# -- refused before anything is read ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({}, 'the module "generic" yields no column'),
        ({"aggregations": {"Close": "median"}}, "'sum', 'mean', 'first', 'last', 'max', 'min' or"),
        ({"aggregations": {"Clsoe": "sum"}}, 'does not yield — did you mean "Close"?'),
        ({"talib_indicators": [{"name": "SNA", "input_col": "Close"}]}, "is no indicator of one"),
        ({"talib_indicators": [SMA | {"timeperiod": 0}]}, "timeperiod"),
        ({"talib_indicators": [SMA | {"name": "RSI", "timeperiod": 1}]}, "should be at least 2"),
        ({"talib_indicators": [SMA | {"input_col": "Opne"}]}, 'reads the column "Opne"'),
        ({"talib_indicators": [SMA, SMA]}, "yields SMA_2 more than once"),
        (
            {"aggregations": {"Close": "sum"}, "talib_indicators": [SMA | {"output_col": "Close"}]},
            "yields Close more than once",
        ),
        ({"talib_indicators": [SMA], "group_by": ["MIC"]}, "group_by has no TimeBucket"),
        (
            {"aggregations": {"Close": "sum"}, "resample_rule": "1m"},
            "the rule may then be left out",
        ),
        ({"aggregations": {"Close": "sum"}, "resample_rule": "soon"}, "is no duration"),
        ({"aggregations": {"Close": "sum"}, "group_by": []}, "group_by"),
        ({"aggregations": {"Close": "sum"}, "metrics": 1}, "metrics"),
    ],
)
def test_what_cannot_be_computed_is_refused(section: dict[str, Any], words: str) -> None:
    assert words in faults(**section)


@pytest.mark.parametrize("rule", ["5m", "5min", "300s", "5T", " 5 m "])
def test_a_rule_that_says_what_the_pass_says_is_taken(rule: str) -> None:
    found = computed(aggregations={"Volume": "sum"}, resample_rule=rule)
    assert found["Volume"].to_list() == [450.0, 7.0, 40.0, 60.0]


@pytest.mark.parametrize(("rule", "seconds"), [("h", 3600), ("1d", 86_400), ("30s", 30)])
def test_rules_are_durations(rule: str, seconds: float) -> None:
    found = computed(aggregations={"Volume": "sum"}, resample_rule=rule, seconds=seconds)
    assert found["Volume"].sum() == 557.0


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indicators, "find_spec", lambda _name: None)
    message = faults(talib_indicators=[SMA])
    assert "need the package polars-talib, which is not installed" in message
    assert 'pip install "beaf-analytics[talib]"' in message


def test_a_module_that_is_switched_off_yields_no_column() -> None:
    message = faults(aggregations={"Close": "sum"}, ENABLED=False)
    assert "its modules are not ENABLED" in message


# -- laws ------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=15)
@given(
    st.dictionaries(
        st.tuples(st.integers(1, 3), st.integers(1, 20)),
        st.tuples(st.floats(-100, 100), st.integers(0, 9)),
        min_size=1,
        max_size=25,
    )
)
def test_groups_of_listings_and_buckets_equal_the_declared_aggregations(
    bars: dict[tuple[int, int], tuple[float, int]],
) -> None:
    source = pl.DataFrame(
        [(listing, at(minute), *values) for (listing, minute), values in bars.items()],
        schema={
            "ListingId": pl.Int64,
            "TimeBucket": pl.Datetime,
            "Close": pl.Float64,
            "Volume": pl.Int64,
        },
        orient="row",
    ).with_columns(Copy="ListingId")
    for words in ("first", "sum"), ("last", "max"), ("min", "count"), ("mean", "mean"):
        asked = {"aggregations": dict(zip(("Close", "Volume"), words, strict=True))}
        declared = computed(source, **asked)
        own = computed(source, **asked, group_by=["Copy", "TimeBucket"])
        for name in ("Close", "Volume"):
            assert own[name].to_list() == pytest.approx(declared[name].to_list())
