"""Do measures of listings come to what is worked out by hand over the members of a group?"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_analytics import reaggregate
from beaf_analytics.reaggregate import ReaggregateOptions, rule_of
from beaf_core import ConfigError, Measure, compute_frame, run_pipeline
from beaf_core.cli import app
from beaf_core.model.errors import ModuleFaultError
from beaf_core.testing import check_module, write_market

DAY = date(2025, 1, 6)
NINE = datetime(2025, 1, 6, 9)


def at(minute: int) -> datetime:
    return NINE + timedelta(minutes=minute)


#: Listing, minute, close, spread, volume, count, largest trade, weight, state.
ROWS: list[tuple[Any, ...]] = [
    (1, at(1), 10.0, 4.0, 100.0, 3, 50.0, 1000.0, "OPEN"),
    (2, at(1), 20.0, None, 200.0, 5, 80.0, 3000.0, "OPEN"),
    (3, at(1), 60.0, 1.0, 700.0, 7, 90.0, 5000.0, "OPEN"),
    (4, at(1), 99.0, 9.0, 900.0, 9, 99.0, 9000.0, "OPEN"),
    (1, at(2), 11.0, 5.0, 10.0, 1, 10.0, 0.0, "HALT"),
    (2, at(3), 21.0, 6.0, 20.0, 2, 20.0, None, "OPEN"),
    (3, at(4), 61.0, 7.0, 30.0, 3, 30.0, -5.0, "OPEN"),
]
NAMES = [
    "ListingId", "TimeBucket", "Close", "Spread", "Volume", "Count", "Largest", "Weight", "State",
]  # fmt: skip
SOURCE = pl.DataFrame(ROWS, schema=NAMES, orient="row")
RULES = {
    "Close": "last",
    "Spread": "vw:Volume",
    "Volume": "sum",
    "Count": "sum",
    "Largest": "max",
    "Weight": "sum",
    "State": "last",
}
#: 1 and 2 are in A; 2 and 3 in B; 4 in none; 5 has no rows.
MEMBERS = pl.DataFrame(
    {
        "Date": [DAY] * 5,
        "Index": ["A", "A", "B", "B", "B"],
        "ListingId": [1, 2, 2, 3, 5],
    }
)
LISTINGS = pl.DataFrame(
    {
        "ListingId": [1, 2, 3, 4, 5],
        "MIC": ["XLON", "XPAR", "XLON", "BATE", "XLON"],
        "InstrumentId": [7, 8, None, 7, None],
        "CurrencyCode": ["GBX", "EUR", "GBX", "GBX", "GBX"],
    }
)


def computed(
    source: pl.DataFrame = SOURCE, members: pl.DataFrame = MEMBERS, **section: Any
) -> pl.DataFrame:
    more = {key: section.pop(key) for key in ("time_bucket_seconds", "tables") if key in section}
    return compute_frame(
        "reaggregate",
        {"membership": members, **more.pop("tables", {})},
        source=source,
        source_seconds=60,
        source_rules=RULES,
        listings=LISTINGS,
        **more,
        reaggregate_analytics={"weight_col": "Weight", **section},
    )


def first(frame: pl.DataFrame, group: str, minute: int = 1) -> dict[str, Any]:
    return frame.row(
        by_predicate=(pl.col("IndexId") == group) & (pl.col("TimeBucket") == at(minute)), named=True
    )


def faults(**section: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        computed(**section)
    return str(caught.value)


def test_the_module_keeps_its_contract() -> None:
    rules = {each: each.title() for each in ("sum", "wmean", "mean", "median", "min", "max")}
    check_module(reaggregate, {"rules": {name: rule for rule, name in rules.items()}})


# -- by the rules of the measures ------------------------------------------------------------------


def test_each_group_has_the_columns_of_its_members_put_together() -> None:
    found = computed()
    assert found.columns == [
        "IndexId", "TimeBucket", "Close", "Spread", "Volume", "Count", "Largest", "Weight"
    ]  # fmt: skip
    assert first(found, "A") == {
        "IndexId": "A",
        "TimeBucket": at(1),
        "Close": (10 * 1000 + 20 * 3000) / 4000,
        "Spread": 4.0,  # listing 2 has none, and no weight in it
        "Volume": 300.0,
        "Count": 8,
        "Largest": 80.0,
        "Weight": 4000.0,
    }
    assert first(found, "B") == {
        "IndexId": "B",
        "TimeBucket": at(1),
        "Close": (20 * 3000 + 60 * 5000) / 8000,
        "Spread": 1.0,
        "Volume": 900.0,
        "Count": 12,
        "Largest": 90.0,
        "Weight": 8000.0,
    }


def test_rows_are_sorted_by_group_and_bucket_and_a_listing_without_one_is_in_none() -> None:
    assert computed().select("IndexId", "TimeBucket").rows() == [
        ("A", at(1)), ("A", at(2)), ("A", at(3)), ("B", at(1)), ("B", at(3)), ("B", at(4))
    ]  # fmt: skip


@pytest.mark.parametrize(("group", "minute"), [("A", 2), ("A", 3), ("B", 4)])
def test_a_mean_without_a_positive_weight_is_null(group: str, minute: int) -> None:
    found = first(computed(), group, minute)
    assert (found["Close"], found["Spread"]) == (None, None)
    assert found["Volume"] > 0


def test_a_negative_weight_counts_for_nothing_beside_others() -> None:
    source = (
        SOURCE.with_columns(TimeBucket=pl.lit(at(1)))
        .filter(pl.col("ListingId") == 3)
        .with_columns(ListingId=pl.Series([2, 3]))
    )
    found = computed(source)
    assert first(found, "B")["Close"] == 60.0
    assert first(found, "B")["Weight"] == 4995.0


def test_nothing_to_add_up_is_zero_and_no_extreme_is_null() -> None:
    bare = SOURCE.head(1).with_columns(
        Volume=pl.lit(None, pl.Float64), Largest=pl.lit(None, pl.Float64)
    )
    found = first(computed(bare), "A")
    assert (found["Volume"], found["Largest"]) == (0.0, None)


def test_five_minutes_of_bars_are_put_together_too() -> None:
    found = first(computed(time_bucket_seconds=300), "A", 5)
    # Listing 1 has two bars, listing 2 has two; only those at 09:01 have a weight.
    assert found["Volume"] == 100 + 200 + 10 + 20
    assert found["Close"] == 17.5


def test_members_are_those_of_the_day_each_once() -> None:
    doubled = pl.concat([MEMBERS, MEMBERS])
    assert computed(members=doubled).equals(computed())


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("sum", 300.0),
        ("wmean", (100 * 1000 + 200 * 3000) / 4000),
        ("mean", 150.0),
        ("median", 150.0),
        ("min", 100.0),
        ("max", 200.0),
    ],
)
def test_a_rule_of_ones_own_comes_first(rule: str, value: float) -> None:
    found = computed(rules={"Volume": rule}, columns=["Volume"])
    assert found.columns == ["IndexId", "TimeBucket", "Volume"]
    assert first(found, "A")["Volume"] == value


def test_a_mean_and_a_median_of_three_differ() -> None:
    members = MEMBERS.head(3).with_columns(Index=pl.lit("A"), ListingId=pl.Series([1, 2, 3]))
    for rule, value in (("mean", 30.0), ("median", 20.0)):
        assert first(computed(members=members, rules={"Close": rule}), "A")["Close"] == value


def test_columns_are_chosen_and_prefixed() -> None:
    found = computed(columns=["Volume"], rules={"Close": "max"}, metric_prefix="Index")
    assert found.columns == ["IndexId", "TimeBucket", "IndexVolume", "IndexClose"]


@pytest.mark.parametrize(
    ("declared", "unit", "rule"),
    [
        ("sum", "ccy", "sum"),
        ("sum", "shares", "sum"),
        ("max", "shares", "max"),
        ("min", "bps", "min"),
        ("max", "ccy", "wmean"),  # High: prices of different listings have no common scale
        ("min", "ccy", "wmean"),
        ("first", "ccy", "wmean"),
        ("last", "shares", "wmean"),
        ("vw:Volume", "ccy", "wmean"),
        ("twa", "bps", "wmean"),
        ("none", "ccy", "wmean"),
    ],
)
def test_the_rule_follows_from_what_the_measure_declares(
    declared: str, unit: str, rule: str
) -> None:
    measure = Measure("Avg", "trades", None, unit, "", "", reaggregation=declared)
    assert rule_of(measure) == rule


def test_how_buckets_of_a_group_combine_is_declared() -> None:
    rules = {"A": "sum", "B": "wmean", "C": "max", "D": "median", "W": "sum", "E": "min"}
    options = ReaggregateOptions(rules=rules, weight_col="W", metric_prefix="X")
    found = {each.name: each.reaggregation for each in reaggregate.measures(options)}
    assert found == {
        "XA": "sum", "XB": "vw:XW", "XC": "max", "XD": "none", "XW": "sum", "XE": "min"
    }  # fmt: skip
    alone = ReaggregateOptions(rules={"B": "wmean"}, weight_col="W")
    assert [each.reaggregation for each in reaggregate.measures(alone)] == ["none"]


# -- groups ----------------------------------------------------------------------------------------


def test_groups_need_no_time_and_may_be_cut_by_what_rows_carry() -> None:
    rows = {"columns": ["Volume"]}
    assert computed(group_by=["IndexId"], **rows).rows() == [("A", 330.0), ("B", 950.0)]
    source = SOURCE.join(LISTINGS.select("ListingId", "CurrencyCode"), on="ListingId")
    found = computed(source, group_by=["CurrencyCode", "IndexId"], **rows)
    assert found.rows() == [
        ("EUR", "A", 220.0), ("EUR", "B", 220.0), ("GBX", "A", 110.0), ("GBX", "B", 730.0)
    ]  # fmt: skip


def test_rows_and_members_that_carry_no_group_are_left_out() -> None:
    source = SOURCE.with_columns(CurrencyCode=pl.when(pl.col("ListingId") == 2).then(pl.lit("EUR")))
    found = computed(source, group_by=["IndexId", "CurrencyCode"], columns=["Volume"])
    assert found.rows() == [("A", "EUR", 220.0), ("B", "EUR", 220.0)]
    nameless = MEMBERS.with_columns(Index=pl.when(pl.col("Index") == "A").then(pl.lit("A")))
    assert computed(members=nameless)["IndexId"].unique().to_list() == ["A"]


def test_the_group_has_the_name_that_is_asked_for() -> None:
    found = computed(group_column="Basket", columns=["Volume"])
    assert found.columns == ["Basket", "TimeBucket", "Volume"]


def test_all_listings_of_a_members_instrument_count_where_that_joins_them() -> None:
    found = computed(join_column="InstrumentId", columns=["Volume", "Close"])
    # 1 and 4 are instrument 7, 2 is 8; 3 and 5 have none, and are not each other's for that.
    assert first(found, "A")["Volume"] == 100 + 200 + 900
    assert first(found, "B")["Volume"] == 200


def test_members_may_be_the_rows_of_an_earlier_pass_or_another_table() -> None:
    named = MEMBERS.rename({"Index": "MarketState", "Date": "TimestampNanoseconds"}).with_columns(
        TimestampNanoseconds=pl.lit(NINE)
    )
    found = computed(
        tables={"marketstate": named},
        group_df_context_key="marketstate",
        group_column="MarketState",
        columns=["Volume"],
    )
    assert found.filter(TimeBucket=at(1))["Volume"].to_list() == [300.0, 900.0]


def test_days_may_have_other_members() -> None:
    rows = SOURCE.head(2)
    later = rows.with_columns(pl.col("TimeBucket") + timedelta(days=1))
    members = MEMBERS.filter(pl.col("Index") == "A")
    for frame, day in ((rows, DAY), (later, DAY + timedelta(days=1))):
        assert computed(frame, members.with_columns(Date=pl.lit(day))).height == 1


# -- refused before anything is read ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"weight_col": "Wieght"}, "Close, Spread become means weighted by Wieght, which the pass"),
        ({"weight_col": "Wieght"}, 'did you mean "Weight"?'),
        ({"columns": ["Clsoe"]}, 'yields no column Clsoe — did you mean "Close"?'),
        ({"rules": {"Clsoe": "sum"}}, "yields no column Clsoe"),
        ({"rules": {"Close": "last"}}, "'sum', 'wmean', 'mean', 'median', 'min' or 'max'"),
        ({"group_by": ["TimeBucket"]}, "group_by should have the group_column, IndexId"),
        ({"group_by": ["IndexId", "Sector"]}, 'reads the column "Sector"'),
        ({"group_df_pass": "members"}, "pass:members"),
        ({"group_df_pass": "a", "group_df_context_key": "b"}, "not both"),
        ({"group_df_context_key": "mine"}, "for the table 'mine'"),
        ({"resample_rule": "5m"}, "resample_rule '5m' is 300 s"),
        ({"ENABLED": False}, "its modules are not ENABLED"),
        ({"weights": "x"}, "weights"),
    ],
)
def test_what_cannot_be_computed_is_refused(section: dict[str, Any], words: str) -> None:
    assert words in faults(**section)


def test_no_weight_is_needed_where_nothing_is_weighted() -> None:
    found = computed(columns=["Volume", "Count"], weight_col="nothing")
    assert first(found, "A")["Volume"] == 300.0


def test_a_column_that_is_no_number_is_told() -> None:
    with pytest.raises(ModuleFaultError, match="works on numbers, and State is String"):
        computed(columns=["State"], rules={"State": "max"})
    with pytest.raises(ModuleFaultError, match="works on numbers, and State is String"):
        computed(columns=["Close"], weight_col="State")


def test_a_join_column_that_the_universe_lacks_is_told() -> None:
    with pytest.raises(ModuleFaultError, match="join_column is ISIN, which the universe does not"):
        computed(join_column="ISIN")


# -- in a pipeline ---------------------------------------------------------------------------------

PIPELINE = """
import polars as pl

from beaf_core import Aggregation, AnalyticsModule, Kind, Measure

SIDE = Measure(
    "Basket", "trades", Aggregation(Kind.LAST, pl.col("Classification")), "state", "x", "x"
)
members = AnalyticsModule("members", lambda options: [SIDE])


def get_universe(date, reference):
    return reference(date)


USER_CONFIG = {
    "DATASETNAME": "index",
    "SOURCE": {"type": "parquet", "root": "market"},
    "PASSES": [
        {"name": "bars", "modules": ["trade"], "trade_analytics": {
            "market_state": True, "generic_metrics": [
                {"measures": ["Volume", "VWAP", "NotionalEUR", "OHLC"]}]}},
        {"name": "index", "modules": ["reaggregate"], "source_pass": "bars"},
    ],
}
"""


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_market(tmp_path / "market", every_column=True)
    (tmp_path / "index.py").write_text(PIPELINE)
    return tmp_path / "index.py"


def days(pipeline: Path, *sets: str) -> Any:
    return run_pipeline(pipeline, start_date="2025-01-06", end_date="2025-01-07", sets=sets)


def test_an_index_of_bars_is_written_with_the_columns_that_are_listed(pipeline: Path) -> None:
    sets = [
        "PASSES.index.reaggregate_analytics={columns: [TradeTotalVolume, TradeTotalVWAP], "
        "weight_col: TradeTotalVolume}"
    ]
    report = days(pipeline, *sets)
    assert report.status == "succeeded", report.outcomes
    found = pl.read_parquet(report.receipts[-1].location)
    asked = ["--pipeline", str(pipeline), "--set", *sets, "--json", "--include_keys"]
    arguments = ["analytics", "list", *asked]
    listed = json.loads(CliRunner().invoke(app, arguments).stdout)
    assert [row["column"] for row in listed if row["pass"] == "index"] == found.columns
    # TINY is 101 and 201: 1000 shares at 10.32 and 40 at 12.375 in Monday's first minute.
    assert found.filter(IndexId="TINY").select("TradeTotalVolume", "TradeTotalVWAP").rows()[0] == (
        1040.0,
        pytest.approx((1000 * 10.32 + 40 * 12.375) / 1040),
    )
    assert days(pipeline, *sets).outcomes[-1].status == "unchanged"


def test_by_default_all_numbers_are_put_together_weighted_by_euros(pipeline: Path) -> None:
    report = days(pipeline)
    assert report.status == "succeeded", report.outcomes
    found = pl.read_parquet(report.receipts[-1].location)
    assert "MarketState" not in found.columns
    assert {"Open", "High", "Low", "Close", "TradeTotalNotionalEUR"} <= {*found.columns}
    assert found.filter(
        (pl.col("Low") > pl.col("Close")) | (pl.col("Close") > pl.col("High"))
    ).is_empty()


def test_without_weights_nothing_is_read(pipeline: Path) -> None:
    sets = ["PASSES.bars.trade_analytics.generic_metrics=[{measures: [VWAP]}]"]
    with pytest.raises(ConfigError, match="TradeTotalVWAP becomes a mean weighted by TradeTotal"):
        days(pipeline, *sets)


def test_an_earlier_pass_says_who_is_in_which_basket(pipeline: Path) -> None:
    text = PIPELINE.replace(
        '{"name": "index", "modules": ["reaggregate"], "source_pass": "bars"},',
        '{"name": "members", "modules": ["members"], "time_bucket_seconds": 86400},\n'
        '{"name": "index", "modules": ["reaggregate"], "source_pass": "bars",\n'
        '"reaggregate_analytics": {"group_df_pass": "members", "group_column": "Basket",\n'
        '"columns": ["TradeTotalVolume"]}},',
    )
    pipeline.write_text(text)
    report = days(pipeline)
    assert report.status == "succeeded", report.outcomes
    found = pl.read_parquet(report.receipts[-1].location)
    # The last print of 101 on Monday is off the book, all others are on it.
    assert found.columns == ["Basket", "TimeBucket", "TradeTotalVolume"]
    volumes = found.group_by("Basket").agg(pl.col("TradeTotalVolume").sum()).sort("Basket")
    assert volumes.rows() == [("LIT_CONTINUOUS", 830.0), ("OFF_BOOK_ON_EXCHANGE", 1100.0)]


# -- laws ------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 5),
            st.integers(1, 3),
            st.none() | st.floats(-50, 50),
            st.none() | st.integers(-3, 9),
        ),
        min_size=1,
        max_size=15,
        unique_by=lambda row: row[:2],
    )
)
def test_weighted_means_and_sums_equal_a_loop_over_the_members(
    rows: list[tuple[int, int, float | None, int | None]],
) -> None:
    source = pl.DataFrame(
        [(listing, at(minute), *rest) for listing, minute, *rest in rows],
        schema={
            "ListingId": pl.Int64,
            "TimeBucket": pl.Datetime,
            "Close": pl.Float64,
            "Weight": pl.Int64,
        },
        orient="row",
    )
    found = {row[:2]: row[2:] for row in computed(source).rows()}
    members = {"A": {1, 2}, "B": {2, 3, 5}}
    wanted = {}
    for group, ids in members.items():
        for minute in {row[1] for row in rows if row[0] in ids}:
            mine = [row[2:] for row in rows if row[0] in ids and row[1] == minute]
            pairs = [(x, w) for x, w in mine if x is not None and w is not None and w > 0]
            total = sum(w for _, w in pairs)
            mean = sum(x * w for x, w in pairs) / total if total else None
            wanted[group, at(minute)] = (mean, sum(w for _, w in mine if w is not None))
    assert {key: row[1] for key, row in found.items()} == {
        key: row[1] for key, row in wanted.items()
    }
    for key, row in wanted.items():
        assert found[key][0] == pytest.approx(row[0], abs=1e-9)
