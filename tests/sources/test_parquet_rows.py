"""Do filters reach the scan, and change nothing but the work?"""

from __future__ import annotations

import itertools
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from beaf_core import DataInvalidError, TableRequest, UsageError, alternatives
from beaf_core.sources.parquet import Config, read_table

if TYPE_CHECKING:
    from pathlib import Path

PATH = "trades/XLON/2026-01-02.parquet"
DAY = date(2026, 1, 2)
REFERENCE = pl.DataFrame(
    {
        "ListingId": [1, 2, 3, 4],
        "MIC": ["XLON", "XLON", "XPAR", "XPAR"],
        "Ticker": ["A", "B", None, "700"],
        "IsPrimary": [True, False, None, True],
        "Lot": [1.5, 2.0, 3.0, 4.0],
        "Date": [datetime(2026, 1, 2)] * 3 + [datetime(2026, 1, 5)],
        "Codes": [["a"], ["b"], [], []],
    }
)


def listing_ids(market: Any, **constraints: object) -> list[int]:
    market.put("reference/2026-01-02.parquet", REFERENCE)
    return market.rows("reference", constraints=constraints)["ListingId"].to_list()


@pytest.mark.parametrize(
    ("constraints", "expected"),
    [
        ({"MIC": "XPAR"}, [3, 4]),
        ({"Ticker": "A"}, [1]),
        ({"Ticker": "nobody"}, []),
        ({"Ticker": 700}, [4]),
        ({"ListingId": 2}, [2]),
        ({"ListingId": "2"}, [2]),
        ({"IsPrimary": True}, [1, 4]),
        ({"IsPrimary": "false"}, [2]),
        ({"Lot": 2}, [2]),
        ({"Lot": "1.5"}, [1]),
        ({"Date": "2026-01-05"}, [4]),
        ({"Date": "2026-01-02", "MIC": "XLON", "IsPrimary": True}, [1]),
        ({"MIC": ("XPAR", "XXXX")}, [3, 4]),
        ({"Ticker": ("A", "700", "A")}, [1, 4]),
        ({"ListingId": ("2", 3)}, [2, 3]),
        ({"IsPrimary": (True, "false")}, [1, 2, 4]),
        ({"Lot": ("1.5", 2, 9.0)}, [1, 2]),
        ({"Date": ("2026-01-05", "2026-01-06")}, [4]),
        ({"Ticker": tuple(map(str, range(800)))}, [4]),
        ({"Ticker": ()}, []),
        ({"Ticker": ["B"], "MIC": {"XLON", "XPAR"}}, [2]),
    ],
)
def test_a_constraint_keeps_exact_matches(
    market: Any, constraints: dict[str, object], expected: list[int]
) -> None:
    assert listing_ids(market, **constraints) == expected


@pytest.mark.parametrize(
    "constraints",
    [
        {"ListingId": "two"},
        {"ListingId": True},
        {"ListingId": 1.5},
        {"IsPrimary": 2},
        {"Ticker": True},
        {"Ticker": None},
        {"Lot": "much"},
        {"Date": "soon"},
        {"Codes": "a"},
        {"ListingId": (1, "two")},
        {"Ticker": ("A", None)},
    ],
)
def test_a_value_that_cannot_match_is_an_error(market: Any, constraints: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=next(iter(constraints))):
        listing_ids(market, **constraints)


def test_a_constraint_on_an_unknown_column_names_those_there_are(market: Any) -> None:
    with pytest.raises(UsageError) as caught:
        listing_ids(market, Tickr="A")
    assert 'has no column Tickr — did you mean "Ticker"?' in str(caught.value)
    assert "ListingId, MIC, Ticker, IsPrimary" in str(caught.value)


def test_a_constraint_may_name_a_mapped_column(market: Any) -> None:
    market.put("reference/2026-01-02.parquet", REFERENCE.rename({"Ticker": "symbol"}))
    options = {"columns": {"reference": {"Ticker": "symbol"}}}
    rows = market.rows("reference", options=options, constraints={"Ticker": "B"})
    assert rows["ListingId"].to_list() == [2]


def test_a_constraint_on_an_all_null_column_matches_nothing(market: Any) -> None:
    market.put("reference/2026-01-02.parquet", REFERENCE.with_columns(FIGI=None, foreign=None))
    for column in ("FIGI", "foreign"):
        assert market.rows("reference", constraints={column: "x"}).height == 0


def test_a_constraint_that_one_file_cannot_answer_is_an_error(market: Any) -> None:
    market.put("reference/XLON/2026-01-02.parquet", REFERENCE)
    market.put("reference/XPAR/2026-01-02.parquet", REFERENCE.drop("Ticker"))
    with pytest.raises(DataInvalidError, match=r"XPAR.*\n  column Ticker is missing"):
        market.read("reference", constraints={"Ticker": "A"})


def test_listings_need_their_id(market: Any) -> None:
    market.put(PATH, pl.DataFrame({"Price": [1.0]}))
    assert market.rows(columns=("Price",)).height == 1
    with pytest.raises(DataInvalidError, match="column ListingId is missing"):
        market.read(columns=("Price",), listings=(1,))


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Int32, pl.UInt32, pl.UInt64])
def test_listings_of_any_integer_dtype_are_found(market: Any, dtype: Any) -> None:
    market.put(PATH, pl.DataFrame({"ListingId": pl.Series([1, 2, 3], dtype=dtype)}))
    assert market.rows(listings=(2, 3, 2**40, -1))["ListingId"].to_list() == [2, 3]


def test_no_listing_wanted_means_no_rows(market: Any) -> None:
    market.put(PATH)
    assert market.rows(listings=()).height == 0


def test_a_file_without_rows_is_an_empty_table(market: Any, day_of_trades: Any) -> None:
    market.put(PATH, day_of_trades().clear())
    read = market.read(columns=("Price",), listings=(1,))
    assert read.status == "ready"
    assert read.frame.collect().height == 0
    assert (read.parts[0].rows, read.parts[0].listings) == (0, None)


def test_filters_and_projection_reach_the_scan(market: Any, day_of_trades: Any) -> None:
    market.put(PATH, day_of_trades().rename({"Price": "px"}))
    market.put("trades/XPAR/2026-01-02.parquet", day_of_trades("XPAR").rename({"Price": "px"}))
    read = market.read(
        columns=("Price", "ListingId"),
        listings=(2,),
        constraints={"MarketState": "CONTINUOUS_TRADING"},
        options={"columns": {"trades": {"Price": "px"}}},
    )
    lazy = read.frame.filter(pl.col("Price") > 102).select("Price")
    plan = lazy.explain()
    assert "FILTER" not in plan  # nothing is left above the scan
    scanned = plan[plan.index("Parquet SCAN") :]
    for text in ('col("ListingId").is_in([[2, ', '"CONTINUOUS_TRADING"', 'col("px") > 102.0'):
        assert text in scanned
    assert "PROJECT 3/7 COLUMNS" in scanned or "PROJECT 1/7 COLUMNS" in scanned
    assert lazy.collect()["Price"].to_list() == [103.0, 104.0] * 2


def test_filters_reach_both_scans_where_schemas_differ(market: Any, day_of_trades: Any) -> None:
    market.put(PATH)
    other = day_of_trades("XPAR").with_columns(pl.col("Price").cast(pl.Float32))
    market.put("trades/XPAR/2026-01-02.parquet", other)
    plan = market.read(columns=("Price",), listings=(2,)).frame.explain()
    assert plan.count("Parquet SCAN") == 2
    assert plan.count("SELECTION") == 2
    assert "FILTER" not in plan


# -- laws -----------------------------------------------------------------------------------------

VENUES = ("XLON", "XPAR", "BATE")
FRAME = pl.DataFrame(
    [
        {"ListingId": 10 * venue + listing, "MIC": mic, "Ticker": ticker, "Size": size}
        for venue, mic in enumerate(VENUES)
        for listing, ticker, size in itertools.product((1, 2, 3), ("A", "B", None), (1, None))
    ]
)


@pytest.fixture(scope="module", params=["by venue", "one file"])
def root(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("law")
    for mic in VENUES:
        target = folder / "reference" / mic / f"{DAY}.parquet"
        if request.param == "one file":
            target = folder / "reference" / f"{DAY}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        rows = FRAME if request.param == "one file" else FRAME.filter(pl.col("MIC") == mic)
        rows.write_parquet(target, row_group_size=4)
    return folder


def one_or_several(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return value | st.lists(value, max_size=3).map(tuple)


def exact(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=values)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    mics=st.lists(st.sampled_from(VENUES), unique=True),
    listings=st.none() | st.lists(st.integers(-1, 25)),
    columns=st.none() | st.lists(st.sampled_from(FRAME.columns), min_size=1, unique=True),
    constraints=exact(
        MIC=one_or_several(st.sampled_from(VENUES)),
        Ticker=one_or_several(st.sampled_from(["A", "B", "C"])),
        Size=one_or_several(st.integers(0, 2)),
        ListingId=one_or_several(st.integers(0, 25)),
    ),
)
def test_pushing_down_equals_filtering_afterwards(
    root: Path,
    mics: list[str],
    listings: list[int] | None,
    columns: list[str] | None,
    constraints: dict[str, Any],
) -> None:
    request = TableRequest(
        "reference",
        DAY,
        tuple(mics),
        None if listings is None else tuple(listings),
        None if columns is None else tuple(columns),
        constraints,
    )
    read = read_table(request, Config(root=str(root)))
    assert read.frame is not None
    expected = FRAME.filter(
        *(pl.col(name).is_in(alternatives(value)) for name, value in constraints.items())
    )
    if mics:
        expected = expected.filter(pl.col("MIC").is_in(mics))
    if listings is not None:
        expected = expected.filter(pl.col("ListingId").is_in(listings))
    if columns is not None:
        expected = expected.select(columns)
    found = read.frame.collect(engine="streaming")
    assert_frame_equal(found, expected, check_row_order=False)
