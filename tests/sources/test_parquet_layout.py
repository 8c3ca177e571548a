"""Does the source find the files of a table, and say honestly what is not there?"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from beaf_core import DataMissingError, DayStatus, PluginHost, TableRequest, UsageError
from beaf_core.sources.parquet import Config

REFERENCE = pl.DataFrame({"ListingId": [1, 2], "MIC": ["XLON", "XPAR"], "Ticker": ["A", "B"]})
DAY = date(2026, 1, 2)
PATH = "trades/XLON/2026-01-02.parquet"


def test_the_default_layout_is_table_venue_day(market: Any) -> None:
    market.put(PATH)
    read = market.read(mics=("XLON",))
    assert read.status is DayStatus.READY
    assert [part.location for part in read.parts] == [str(market.root / PATH)]
    assert read.absent == ()
    assert read.frame.collect().height == 10


def test_no_venue_asked_for_means_every_venue_that_has_a_file(market: Any) -> None:
    market.put(PATH)
    market.put("trades/XPAR/2026-01-02.parquet")
    market.put("trades/BATE/2026-01-05.parquet")  # another day
    (market.root / "trades" / ".ipynb_checkpoints").mkdir()
    read = market.read()
    assert read.status is DayStatus.READY
    assert [part.location.split("/")[-2] for part in read.parts] == ["XLON", "XPAR"]


@pytest.mark.parametrize("folder", ["trades", "trades-plus"])
def test_a_table_is_found_under_its_name_or_an_alias(market: Any, folder: str) -> None:
    market.put(f"{folder}/XLON/2026-01-02.parquet")
    assert len(market.read(mics=("XLON",)).parts) == 1
    assert len(market.read().parts) == 1


def test_the_own_name_wins_over_an_alias_venue_by_venue(market: Any) -> None:
    own = market.put(PATH)
    market.put("trades-plus/XLON/2026-01-02.parquet")
    other = market.put("trades-plus/XPAR/2026-01-02.parquet")
    assert [part.location for part in market.read().parts] == [str(own), str(other)]


def test_market_state_is_found_under_the_alias_with_a_dash(market: Any) -> None:
    market.put("market-state/XLON/2026-01-02.parquet")
    assert market.read("marketstate", mics=("XLON",)).status is DayStatus.READY


def test_a_table_can_be_named_outright(market: Any) -> None:
    market.put("my/ticks/XLON/2026-01-02.parquet")
    market.put(PATH)
    read = market.read(mics=("XLON",), options={"tables": {"trades": "my/ticks"}})
    assert "/my/ticks/" in read.parts[0].location


def test_an_option_may_call_a_table_by_its_alias(market: Any) -> None:
    assert market.config(tables={"trades-plus": "ticks"}).tables == {"trades": "ticks"}


@pytest.mark.parametrize(
    ("day", "status"),
    [
        (date(2026, 1, 2), DayStatus.MISSING),
        (date(2026, 1, 3), DayStatus.CLOSED),
        (datetime.now(UTC).date() + timedelta(days=1), DayStatus.PENDING),
    ],
)
def test_a_day_without_a_file_is_missing_closed_or_pending(
    market: Any, day: date, status: DayStatus
) -> None:
    read = market.read(mics=("XLON",), day=day)
    assert read.status is status
    assert read.frame is None
    assert read.absent == (
        f"{market.root}/trades/XLON/{day}.parquet",
        f"{market.root}/trades-plus/XLON/{day}.parquet",
    )


def test_a_venue_without_a_file_is_told_beside_those_that_have_one(market: Any) -> None:
    market.put(PATH)
    read = market.read(mics=("XLON", "XPAR"))
    assert read.status is DayStatus.MISSING
    assert read.frame.collect().height == 10
    assert read.absent == (
        f"{market.root}/trades/XPAR/2026-01-02.parquet",
        f"{market.root}/trades-plus/XPAR/2026-01-02.parquet",
    )


def test_a_venue_named_twice_is_read_once(market: Any) -> None:
    market.put(PATH)
    assert market.rows(mics=("XLON", "XLON")).height == 10


def test_a_table_that_is_nowhere_names_what_was_tried(market: Any) -> None:
    market.put("reference/XLON/2026-01-02.parquet", REFERENCE)
    read = market.read()
    assert read.status is DayStatus.MISSING
    assert read.absent == (
        f"{market.root}/trades/*/2026-01-02.parquet",
        f"{market.root}/trades-plus/*/2026-01-02.parquet",
    )


def test_a_root_that_does_not_exist_is_an_error_with_a_remedy(market: Any) -> None:
    market.root = market.root / "nowhere"
    with pytest.raises(DataMissingError, match=r"nowhere does not exist\n.*SOURCE.root"):
        market.read()


def test_a_root_that_is_a_file_is_an_error(market: Any) -> None:
    market.root = market.put("a.parquet")
    with pytest.raises(DataMissingError, match="is a file"):
        market.read()


def test_the_vendors_layout_is_known(market: Any, day_of_trades: Any) -> None:
    market.put("Trades-Plus/XLON/2026/01/02/trades-plus-XLON-20260102.parquet")
    market.put("MarketState/XLON/2026/01/02/market-state-XLON-20260102.parquet")
    book = day_of_trades().rename({"ListingId": "BMLLObjectId"})
    market.put("Equity/XLON/2026/01/02/XLON-20260102.parquet", book)
    market.put("CBBO/XLON/2026/01/02/cbbo-XLON-20260102.parquet", book)
    market.put("Equity-L3/XLON/2026/01/02/l3-XLON-20260102.parquet")
    market.put("reference/XLON/2026-01-02.parquet", REFERENCE)
    for table in ("trades", "l2", "l3", "cbbo", "marketstate", "reference"):
        for mics in ((), ("XLON",)):
            rows = market.rows(table, mics=mics, options={"layout": "bmll"}, listings=(1,))
            assert rows["ListingId"].unique().to_list() == [1], table
            assert "BMLLObjectId" not in rows.columns


def test_a_vendor_file_that_has_both_ids_keeps_both(market: Any, day_of_trades: Any) -> None:
    both = day_of_trades().with_columns(BMLLObjectId=pl.col("ListingId") + 100)
    market.put("Equity/XLON/2026/01/02/XLON-20260102.parquet", both)
    rows = market.rows("l2", options={"layout": "bmll"}, listings=(1,))
    assert rows["ListingId"].unique().to_list() == [1]
    assert rows["BMLLObjectId"].unique().to_list() == [101]


def test_a_template_of_ones_own(market: Any) -> None:
    market.put("2026/01/XLON_trades_20260102.pq")
    options = {"path_template": "{yyyy}/{mm}/{mic}_{table}_{yyyymmdd}.pq"}
    assert len(market.read(options=options).parts) == 1
    assert len(market.read(options=options, mics=("XLON",)).parts) == 1


def test_a_template_may_name_the_venue_twice(market: Any) -> None:
    market.put("trades/XLON-XLON/XLON-2026-01-02.parquet")
    market.put("trades/XLON-XPAR/XLON-2026-01-02.parquet")
    options = {"path_template": "{table}/{mic}-{mic}/{mic}-{date}.parquet"}
    assert len(market.read(options=options).parts) == 1


def test_each_table_may_have_its_template(market: Any) -> None:
    market.put("ticks/2026-01-02.parquet")
    market.put("other/l2/XLON/2026-01-02.parquet")
    options = {
        "path_template": {
            "trades": "ticks/{date}.parquet",
            "default": "other/{table}/{mic}/{date}.parquet",
        }
    }
    assert len(market.read(options=options).parts) == 1
    assert len(market.read("l2", options=options).parts) == 1


def test_brackets_and_spaces_in_a_path_are_just_that(market: Any) -> None:
    market.root = market.root / "a [1] *?"
    market.put(PATH)
    assert market.rows().height == 10


def test_membership_lies_in_one_file_for_all_venues(market: Any) -> None:
    frame = pl.DataFrame({"ListingId": [1, 2], "Index": ["STOXX600", "FTSE"]})
    market.put("membership/2026-01-02.parquet", frame)
    rows = market.rows("membership", constraints={"Index": "FTSE"})
    assert rows["ListingId"].to_list() == [2]
    assert market.rows("membership", mics=("XLON",)).height == 2


def test_reference_in_one_file_is_filtered_by_venue(market: Any) -> None:
    market.put("reference/2026-01-02.parquet", REFERENCE)
    assert market.rows("reference", mics=("XPAR",))["ListingId"].to_list() == [2]
    assert market.rows("reference", constraints={"MIC": "XLON"})["ListingId"].to_list() == [1]


def test_reference_by_venue_comes_before_one_file_for_all(market: Any) -> None:
    market.put("reference/2026-01-02.parquet", REFERENCE)
    own = market.put("reference/XLON/2026-01-02.parquet", REFERENCE.head(1))
    assert [part.location for part in market.read("reference").parts] == [str(own)]


def test_market_tables_are_not_looked_for_without_their_venue(market: Any) -> None:
    market.put("trades/2026-01-02.parquet")
    assert market.read().frame is None


def test_an_undated_reference_is_filtered_by_its_date_if_it_has_one(market: Any) -> None:
    options = {"path_template": {"reference": "listings.parquet"}}
    market.put("listings.parquet", REFERENCE)
    assert market.rows("reference", options=options).height == 2
    days = pl.Series("Date", [datetime(2026, 1, 2), datetime(2026, 1, 5)])
    market.put("listings.parquet", REFERENCE.with_columns(days))
    assert market.rows("reference", options=options)["ListingId"].to_list() == [1]
    market.put("listings.parquet", REFERENCE.with_columns(days.cast(pl.Date)))
    assert market.rows("reference", options=options)["ListingId"].to_list() == [1]


def test_a_template_without_venue_filters_by_the_column_if_there_is_one(
    market: Any, day_of_trades: Any
) -> None:
    options = {"path_template": "{table}/{date}.parquet"}
    both = pl.concat([day_of_trades("XLON", (1,)), day_of_trades("XPAR", (2,))])
    market.put("trades/2026-01-02.parquet", both)
    market.put("l3/2026-01-02.parquet", both.drop("MIC"))
    assert market.rows(options=options, mics=("XPAR",))["MIC"].unique().to_list() == ["XPAR"]
    assert market.rows("l3", options=options, mics=("XPAR",)).height == 10
    assert market.rows("l3", options=options, mics=("XPAR",), listings=(2,)).height == 5


def test_a_constraint_on_the_venue_narrows_the_files(market: Any) -> None:
    market.put("reference/XLON/2026-01-02.parquet", REFERENCE)
    market.put("reference/XPAR/2026-01-02.parquet", REFERENCE)
    read = market.read("reference", constraints={"MIC": "XLON"})
    assert len(read.parts) == 1
    assert read.frame.collect()["ListingId"].to_list() == [1]  # siblings elsewhere are filtered


def test_a_venue_that_is_only_in_the_path_satisfies_the_constraint(market: Any) -> None:
    market.put("reference/XLON/2026-01-02.parquet", REFERENCE.drop("MIC"))
    assert market.rows("reference", constraints={"MIC": "XLON"}).height == 2


def test_venues_that_are_only_in_the_path_are_narrowed_by_the_constraint(market: Any) -> None:
    for mic, listing in (("XLON", 1), ("XPAR", 2), ("BATE", 3)):
        frame = REFERENCE.drop("MIC").head(1).with_columns(ListingId=pl.lit(listing))
        market.put(f"reference/{mic}/2026-01-02.parquet", frame)

    def found(mics: tuple[str, ...], wanted: object) -> list[int]:
        rows = market.rows("reference", mics=mics, constraints={"MIC": wanted})
        listed: list[int] = rows["ListingId"].to_list()
        return listed

    assert found((), ("XPAR", "BATE")) == [2, 3]
    assert found(("XLON", "XPAR"), ("XPAR", "BATE")) == [2]
    assert found(("XLON",), ("XPAR", "BATE")) == []


def test_a_constraint_against_the_venues_asked_for_leaves_nothing(market: Any) -> None:
    market.put("reference/XLON/2026-01-02.parquet", REFERENCE.drop("MIC"))
    assert market.rows("reference", mics=("XLON",), constraints={"MIC": "XPAR"}).height == 0


@pytest.mark.parametrize("mic", ["../etc", "a/b", ".hidden", ""])
def test_a_venue_cannot_lead_out_of_its_folder(market: Any, mic: str) -> None:
    with pytest.raises(UsageError, match="not a venue code"):
        market.read(mics=(mic,))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path_template": "{table}/{day}.parquet"}, r"unknown placeholder \{day\}.*\{yyyymmdd\}"),
        ({"path_template": "{table}/{dat}.pq"}, 'did you mean "date"'),
        ({"path_template": "{table}/{date:%Y}.pq"}, "takes no format"),
        ({"path_template": "{table}/{date"}, "expected '}'"),
        ({"path_template": "{mic}/{date}.pq"}, "every table would be read from the same file"),
        ({"path_template": "{table}/{mic}.pq"}, "must name the day"),
        ({"path_template": {"l2": "{mic}.pq"}}, "must name the day"),
        ({"path_template": "/{table}/{date}.pq"}, "below the root"),
        ({"path_template": {"trade": "{date}.pq"}}, 'did you mean "trades"'),
        ({"tables": {"refrence": "x"}}, 'did you mean "reference"'),
        ({"tables": {"trades": "a", "trades-plus": "b"}}, "given twice"),
        ({"layout": "bmll", "tables": {"trades": "a"}}, r"has no \{table\}"),
        ({"columns": {"trade": {"Price": "px"}}}, 'did you mean "trades"'),
        ({"order": {"tradez": ["Price"]}}, 'did you mean "trades"'),
        ({"root": "gs://bucket"}, "gs:// is not supported"),
        ({"root": "s3://"}, "name a folder"),
        ({"root": ""}, "name a folder"),
        ({"rot": "/data"}, "Extra inputs"),
        ({"layout": "bmll2"}, "'default' or 'bmll'"),
    ],
)
def test_a_wrong_option_is_refused_with_the_reason(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Config(**{"type": "parquet", "root": "/data", **options})


def test_the_host_finds_the_source_by_its_name(market: Any) -> None:
    market.put(PATH)
    read = PluginHost().read_table("parquet", TableRequest("trades", DAY), market.config())
    assert read.status is DayStatus.READY


def test_every_option_is_described() -> None:
    assert all(field.description for field in Config.model_fields.values())


def test_options_travel_as_plain_data() -> None:
    config = Config(type="parquet", root="/data", layout="bmll", columns={"trades": {"Price": "p"}})
    assert Config.model_validate_json(config.model_dump_json()) == config
    assert Config.model_validate(config.model_dump()).template("l2").startswith("Equity/")
