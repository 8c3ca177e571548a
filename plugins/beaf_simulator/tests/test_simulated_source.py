"""Does the source answer as the engine expects: lazily, and honest about what it lacks?"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from beaf_core import DayStatus, TableRead, TableRequest
from beaf_core.testing import check_source
from beaf_simulator import columns
from beaf_simulator.source import Config, read_table

SUNDAY = date(2026, 2, 1)
CONFIG = Config(trades_per_listing=60)
SMALL = Config(trades_per_listing=60, orders_per_listing=60, listings_per_mic=2)
TABLES = (
    "trades", "cbbo", "imbalance", "l2", "l3", "marketstate", "reference", "membership",
)  # fmt: skip


def read(table: str, day: date = SUNDAY, config: Config = CONFIG, **asked: Any) -> TableRead:
    return read_table(TableRequest(table, day, **asked), config)


def rows(table: str, day: date = SUNDAY, config: Config = CONFIG, **asked: Any) -> pl.DataFrame:
    frame = read(table, day, config, **asked).frame
    assert frame is not None
    return frame.collect()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Collect the ListingId of each tape that is made."""
    listings: list[int] = []
    record = columns.Tape.record

    def counted(config: Config, listing: Any, day: date) -> columns.Tape:
        listings.append(listing.listing_id)
        return record(config, listing, day)

    monkeypatch.setattr(columns.Tape, "record", staticmethod(counted))
    return listings


def test_the_installed_source_keeps_the_contract_of_sources() -> None:
    check_source(
        "simulated",
        SMALL.model_dump(),
        day=SUNDAY.isoformat(),
        tables=TABLES,
        absent_day="2025-12-25",
    )


def test_reading_a_table_and_its_schema_makes_no_trade(made: list[int]) -> None:
    answer = read("trades", mics=("XLON",))
    assert answer.frame is not None
    assert answer.frame.select("Price").collect_schema() == {"Price": pl.Float64}
    assert answer.frame.filter(pl.col("Size") > 1).explain()
    assert made == []
    answer.frame.select("Price").collect()
    assert made == [*range(100_001, 100_009)]


def test_only_what_is_asked_for_is_made(made: list[int]) -> None:
    rows("trades", listings=(200_003, 300_001), columns=("Price", "BestBidPrice"))
    assert made == [200_003, 300_001]


def test_only_the_columns_of_a_query_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(tape: columns.Tape) -> Any:
        raise AssertionError("computed, though not asked for")

    kept = {name: columns.COLUMNS[name] for name in ("ListingId", "Price", "AggressorSide")}
    others = {name: (kind, refused) for name, (kind, _) in columns.COLUMNS.items()}
    monkeypatch.setattr(columns, "COLUMNS", others | kept)
    frame = read("trades").frame
    assert frame is not None
    bought = frame.filter(pl.col("AggressorSide") == 1)
    assert bought.group_by("ListingId").agg(pl.max("Price")).collect().height == 24


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_a_query_gives_what_the_same_query_on_the_whole_table_gives(engine: Any) -> None:
    lazy, eager = read("trades", mics=("XLON",)).frame, rows("trades", mics=("XLON",))
    assert lazy is not None
    buys = pl.col("AggressorSide") == 1
    for query in (
        lambda frame: frame.filter(buys).select("Price"),
        lambda frame: frame.filter(buys).head(7),
        lambda frame: frame.head(100).filter(buys),
        lambda frame: frame.slice(90, 50).select("TradeId", "MIC"),
        lambda frame: frame.select(pl.len()),
        lambda frame: frame.group_by("ListingId").agg(pl.col("Price").first()).sort("ListingId"),
    ):
        assert query(lazy).collect(engine=engine).equals(query(eager))


@pytest.mark.parametrize("table", TABLES)
def test_frames_have_the_schema_that_was_promised(table: str) -> None:
    promised = read(table, config=SMALL).frame
    assert promised is not None
    assert rows(table, config=SMALL).schema == promised.collect_schema()


@pytest.mark.parametrize("table", TABLES)
def test_parts_count_the_rows_of_each_venue_without_making_them(table: str) -> None:
    answer = read(table, config=SMALL)
    assert [part.location for part in answer.parts] == [
        f"simulated://7/{table}/{mic}/2026-02-01" for mic in ("XLON", "XPAR", "BATE")
    ]
    for part in answer.parts:
        mic = part.location.split("/")[-2]
        assert part.rows == rows(table, config=SMALL, mics=(mic,)).height
        assert part.version is not None
        assert part.version.startswith("7-")


def test_a_part_names_the_range_of_its_listings() -> None:
    answer = read("trades", listings=(100_002, 100_005, 300_001))
    assert [part.listings for part in answer.parts] == [(100_002, 100_005), (300_001, 300_001)]


def test_the_version_changes_with_every_option_that_changes_the_market() -> None:
    versions = {
        Config(**options).version
        for options in ({}, {"seed": 8}, {"listings_per_mic": 9}, {"trades_per_listing": 9})
    }
    assert len(versions) == 4


@pytest.mark.parametrize(
    "day",
    [
        "2026-01-31",
        "2099-07-05",
        pytest.param("2026-02-01", marks=pytest.mark.soak),  # the day of the tests above
        pytest.param("1999-12-31", marks=pytest.mark.soak),
    ],
)
@pytest.mark.parametrize("table", TABLES)
def test_weekends_and_the_future_have_data(table: str, day: str) -> None:
    assert read(table, date.fromisoformat(day)).status is DayStatus.READY
    assert rows(table, date.fromisoformat(day), SMALL).height > 0


@pytest.mark.parametrize("day", ["2025-12-25", "2031-12-26", "2026-01-01"])
@pytest.mark.parametrize("table", TABLES)
def test_holidays_of_any_year_are_closed(table: str, day: str) -> None:
    assert read(table, date.fromisoformat(day)) == TableRead(DayStatus.CLOSED)


def test_a_declared_day_is_closed_in_its_year_only() -> None:
    config = Config.model_validate({"holidays": [date(2026, 4, 3), "12-24"]})
    closed = [date(2026, 4, 3), date(2026, 12, 24), date(2030, 12, 24)]
    assert [config.is_holiday(day) for day in closed] == [True] * 3
    assert not any(map(config.is_holiday, [date(2027, 4, 3), date(2026, 12, 25)]))


@pytest.mark.parametrize("text", ["12-32", "christmas", "2026-02-29", "5"])
def test_a_holiday_that_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="MM-DD"):
        Config.model_validate({"holidays": [text]})


def test_unknown_options_are_refused() -> None:
    with pytest.raises(ValidationError, match="trades_per_lisitng"):
        Config.model_validate({"type": "simulated", "trades_per_lisitng": 3})


def test_a_table_that_the_market_lacks_is_missing_by_name() -> None:
    answer = read("weather")
    assert (answer.status, answer.frame) == (DayStatus.MISSING, None)
    assert answer.absent == (f"the simulated market has {', '.join(TABLES)}; it has no weather",)


def test_a_venue_that_the_market_lacks_is_missing_and_the_others_are_there() -> None:
    answer = read("trades", mics=("XLON", "XETR"))
    assert answer.status is DayStatus.MISSING
    assert answer.absent == ("the simulated market has XLON, XPAR, BATE; it has no XETR",)
    assert rows("trades", mics=("XLON", "XETR")).equals(rows("trades", mics=("XLON",)))


def test_unknown_venues_alone_give_no_frame() -> None:
    answer = read("trades", mics=("XETR", "XNAS"))
    assert (answer.status, answer.frame, len(answer.absent)) == (DayStatus.MISSING, None, 2)


def test_an_unknown_venue_is_missing_on_a_holiday_too() -> None:
    answer = read("trades", date(2025, 12, 25), mics=("XLON", "XETR"))
    assert (answer.status, answer.frame) == (DayStatus.MISSING, None)


def test_days_beyond_nanosecond_timestamps_are_missing() -> None:
    answer = read("trades", date(2262, 6, 1))
    assert answer.status is DayStatus.MISSING
    assert "1678-01-01 to 2261-12-31" in answer.absent[0]


def test_a_listing_that_does_not_exist_has_no_rows() -> None:
    answer = read("trades", listings=(42,))
    assert (answer.status, answer.parts) == (DayStatus.READY, ())
    assert rows("trades", listings=(42,)).shape == (0, len(columns.COLUMNS))


def test_constraints_on_listings_are_applied_and_others_left_to_the_engine() -> None:
    asked = {"CurrencyCode": "EUR", "IsPrimary": False, "Sector": "Energy"}
    kept = rows("reference", constraints=asked)
    assert kept["MIC"].to_list() == ["BATE"] * 4
    assert kept["OPOL"].to_list() == ["XPAR"] * 4


def test_only_the_columns_asked_for_come_back() -> None:
    asked = ("Price", "ListingId", "NoSuchColumn")
    assert set(rows("trades", columns=asked).columns) == {"Price", "ListingId"}


def test_without_options_the_market_is_the_default_one() -> None:
    assert (
        read_table(TableRequest("trades", SUNDAY), None).parts
        == read("trades", config=Config()).parts
    )
