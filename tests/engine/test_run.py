"""Does a run write each partition once, whole, and say truly what it did?"""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from beaf_core import (
    ConfigError,
    ExitCode,
    PluginError,
    RunReport,
    UsageError,
    run_pipeline,
)
from beaf_core.testing.market import tiny_bars, write_market

MONDAY, TUESDAY = "2025-01-06", "2025-01-07"
RENAMED = {
    "TradeTotalVolume": "Volume",
    "TradeTotalNotional": "Notional",
    "TradeTotalCount": "Count",
}


def bars_of(report: RunReport) -> pl.DataFrame:
    frame = pl.concat([pl.read_parquet(each.location) for each in report.receipts])
    return frame.rename(RENAMED).select(tiny_bars().columns).sort("ListingId", "TimeBucket")


def wanted(*listings: int, day: str | None = None) -> pl.DataFrame:
    bars = tiny_bars().filter(pl.col("ListingId").is_in(listings))
    if day is not None:
        bars = bars.filter(pl.col("TimeBucket").dt.date() == date.fromisoformat(day))
    return bars.sort("ListingId", "TimeBucket")


def test_a_day_of_a_venue_gives_the_bars_worked_out_by_hand(pipeline_file: Path) -> None:
    report = run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON")
    assert report.status == "succeeded"
    assert bars_of(report).equals(wanted(101, 102, day=MONDAY))


def test_several_days_are_one_output_in_one_partition(pipeline_file: Path) -> None:
    report = run_pipeline(pipeline_file, start_date=MONDAY, end_date=TUESDAY, universe="mic=XLON")
    assert [each.partition for each in report.receipts] == [f"mic=XLON:{MONDAY}_{TUESDAY}"]
    assert bars_of(report).equals(wanted(101, 102))


def test_a_daily_frequency_gives_the_same_rows_in_two_outputs(pipeline_file: Path) -> None:
    report = run_pipeline(
        pipeline_file,
        start_date=MONDAY,
        end_date=TUESDAY,
        universe="mic=XLON",
        sets=["BATCH_FREQ=D"],
    )
    assert [each.partition for each in report.receipts] == [
        f"mic=XLON:{MONDAY}",
        f"mic=XLON:{TUESDAY}",
    ]
    assert bars_of(report).equals(wanted(101, 102))


def test_keys_and_reference_columns_come_first_and_rows_are_sorted(pipeline_file: Path) -> None:
    report = run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON")
    frame = pl.read_parquet(report.receipts[0].location)
    assert frame.columns[:6] == [
        "ListingId",
        "TimeBucket",
        "MIC",
        "Ticker",
        "CurrencyCode",
        "MarketState",
    ]
    assert frame.schema["ListingId"] == pl.Int64
    assert frame.schema["TimeBucket"] == pl.Datetime("ns")
    assert frame.equals(frame.sort("ListingId", "TimeBucket"))
    assert frame["MIC"].unique().to_list() == ["XLON"]


def test_the_location_follows_the_default_template_below_the_project(pipeline_file: Path) -> None:
    report = run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON")
    expected = pipeline_file.parent / f"data/tiny/bars/mic=XLON/{MONDAY}_{MONDAY}.parquet"
    assert report.receipts[0].location == str(expected)
    assert expected.is_file()


def test_two_selectors_intersect(pipeline_file: Path) -> None:
    (pipeline_file.with_suffix(".py")).write_text(
        "def get_universe(date, reference):\n    return reference(date, Sector='Energy')\n"
    )
    report = run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON+default")
    assert bars_of(report).equals(wanted(101, day=MONDAY))


def test_a_pipelines_own_universe_names_its_outputs_all(pipeline_file: Path) -> None:
    (pipeline_file.with_suffix(".py")).write_text(
        "def get_universe(date):\n"
        "    import polars as pl\n"
        "    return pl.DataFrame({'ListingId': [201], 'MIC': ['XPAR']})\n"
    )
    report = run_pipeline(pipeline_file, date=MONDAY)
    assert bars_of(report).equals(wanted(201, day=MONDAY))
    assert "/all/" in report.receipts[0].location


def test_an_index_selects_its_members(pipeline_file: Path) -> None:
    pipeline_file.with_suffix(".py").write_text(
        "def get_universe(date, reference):\n    return reference(date, Index='TINY')\n"
    )
    report = run_pipeline(pipeline_file, date=MONDAY)
    assert bars_of(report).equals(wanted(101, 201, day=MONDAY))


def test_tables_of_one_pass_are_joined_and_an_absent_count_is_zero(pipeline_file: Path) -> None:
    path = pipeline_file.with_name("own.py")
    path.write_text(
        "import polars as pl\n"
        "from beaf_core import Aggregation, Kind, Measure\n"
        "A = Measure('Prints', 'trades', Aggregation(Kind.COUNT), 'trades', '', '')\n"
        "B = Measure('States', 'marketstate', Aggregation(Kind.COUNT), 'states', '', '')\n"
        "C = Measure('Top', 'trades', Aggregation(Kind.MAX, pl.col('Price')), 'ccy', '', '')\n"
        "USER_CONFIG = {'PASSES': [{'name': 'bars', 'modules': ['custom'],\n"
        "               'time_bucket_seconds': 3600}]}\n"
    )
    report = run_pipeline(path, date=MONDAY, universe="mic=XLON")
    frame = pl.read_parquet(report.receipts[0].location).filter(pl.col("ListingId") == 101)
    # States at 08:50 and 09:00 end in the bucket of 09:00, those of 16:30 and 16:35 in 17:00;
    # all six prints lie between 09:00 and 10:00.
    assert frame["TimeBucket"].dt.hour().to_list() == [9, 10, 17]
    assert frame["Prints"].to_list() == [0, 6, 0]
    assert frame["States"].to_list() == [2, 0, 2]
    assert frame["Top"].to_list() == [None, 11.0, None]


# -- idempotence -----------------------------------------------------------------------------------


def test_a_second_run_with_nothing_changed_writes_nothing(pipeline_file: Path) -> None:
    first = run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON")
    path = Path(first.receipts[0].location)
    before = path.stat().st_mtime_ns
    second = run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON")
    assert [each.status for each in second.outcomes] == ["unchanged"]
    assert second.receipts[0].stamp["run_id"] == first.run_id
    assert path.stat().st_mtime_ns == before


def test_force_writes_all_the_same(pipeline_file: Path) -> None:
    run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON")
    again = run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON", force=True)
    assert [each.status for each in again.outcomes] == ["written"]


def test_a_changed_option_and_a_changed_input_make_the_output_stale(
    pipeline_file: Path, tmp_path: Path, beaf_market: Path
) -> None:
    market = tmp_path / "market"
    shutil.copytree(beaf_market, market)
    sets = [f"SOURCE.root={market}"]
    run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON", sets=sets)
    wider = [*sets, "PASSES.bars.time_bucket_seconds=300"]
    assert (
        run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON", sets=wider).outcomes[0].status
        == "written"
    )
    trades = market / "trades" / "XLON" / f"{MONDAY}.parquet"
    pl.read_parquet(trades).with_columns(pl.col("Size") * 2).write_parquet(trades)
    changed = run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON", sets=sets)
    assert changed.outcomes[0].status == "written"
    doubled = wanted(101, 102, day=MONDAY)["Volume"].sum() * 2
    assert bars_of(changed)["Volume"].sum() == doubled


@pytest.mark.parametrize(
    "change",
    [
        "SOURCE.columns={trades: {InstrumentCurrencyPrice: Price}}",
        "SOURCE.order={trades: [TradeTimestampNanoseconds]}",
        "QUALITY_CHECKS.ENABLED=true",
        "PASSES.bars.trade_analytics.classifications=all",
    ],
)
def test_whatever_rows_depend_on_makes_the_output_stale(pipeline_file: Path, change: str) -> None:
    run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON")
    again = run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON", sets=[change])
    assert [each.status for each in again.outcomes] == ["written"]


def test_an_edited_measure_of_the_pipelines_own_file_makes_the_output_stale(
    pipeline_file: Path,
) -> None:
    path = pipeline_file.with_name("own.py")
    source = (
        "import polars as pl\n"
        "from beaf_core import Aggregation, Kind, Measure\n"
        "SIZE = Measure('Size', 'trades', Aggregation(Kind.SUM, pl.col('Size')), 'x', '', '')\n"
        "USER_CONFIG = {'PASSES': [{'name': 'bars', 'modules': ['custom']}]}\n"
    )
    for text, status in ((source, "written"), (source, "unchanged")):
        path.write_text(text)
        report = run_pipeline(path, date=MONDAY, universe="mic=XLON")
        assert [each.status for each in report.outcomes] == [status]
    path.write_text(source.replace("Kind.SUM", "Kind.MAX"))
    report = run_pipeline(path, date=MONDAY, universe="mic=XLON")
    assert [each.status for each in report.outcomes] == ["written"]
    # The off-book print of 1000 counts too: a module without rows of its own sees every print.
    assert pl.read_parquet(report.receipts[0].location)["Size"].to_list() == [400, 1000, 50, 150]


def test_a_file_that_beaf_has_not_written_is_not_replaced_unasked(
    pipeline_file: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.parquet"
    pl.DataFrame({"precious": [1]}).write_parquet(mine)
    sets = [f"OUTPUT_TARGET.path_template={mine}"]
    refused = run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON", sets=sets)
    assert refused.exit_code is ExitCode.USAGE
    assert pl.read_parquet(mine).columns == ["precious"]
    forced = run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON", sets=sets, force=True)
    assert [each.status for each in forced.outcomes] == ["written"]


def test_a_rerun_replaces_its_partition_and_leaves_the_others(pipeline_file: Path) -> None:
    for day in (MONDAY, TUESDAY):
        run_pipeline(pipeline_file, date=day, universe="mic=XLON")
    kept = pipeline_file.parent / f"data/tiny/bars/mic=XLON/{MONDAY}_{MONDAY}.parquet"
    before = kept.read_bytes()
    run_pipeline(pipeline_file, date=TUESDAY, universe="mic=XLON", force=True)
    assert kept.read_bytes() == before
    assert len(list(kept.parent.iterdir())) == 2, "no staged file stays behind"


def test_two_partitions_at_one_place_are_refused_before_anything_is_written(
    pipeline_file: Path, tmp_path: Path
) -> None:
    template = f"OUTPUT_TARGET.path_template={tmp_path}/one.parquet"
    with pytest.raises(UsageError, match="would both be written"):
        run_pipeline(
            pipeline_file,
            start_date=MONDAY,
            end_date=TUESDAY,
            universe="mic=XLON",
            sets=[template, "BATCH_FREQ=D"],
        )
    assert not (tmp_path / "one.parquet").exists()


def test_a_place_that_holds_another_partition_is_not_replaced_unasked(
    pipeline_file: Path, tmp_path: Path
) -> None:
    sets = [f"OUTPUT_TARGET.path_template={tmp_path}/one.parquet"]
    run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON", sets=sets)
    refused = run_pipeline(pipeline_file, date=TUESDAY, universe="mic=XLON", sets=sets)
    assert refused.exit_code is ExitCode.USAGE
    assert f"mic=XLON:{MONDAY}" in str(refused.outcomes[0].message)
    assert pl.read_parquet(tmp_path / "one.parquet").height == 4
    forced = run_pipeline(pipeline_file, date=TUESDAY, universe="mic=XLON", sets=sets, force=True)
    assert [each.status for each in forced.outcomes] == ["written"]


# -- days ------------------------------------------------------------------------------------------


def test_a_missing_day_is_loud_and_writes_nothing(pipeline_file: Path) -> None:
    report = run_pipeline(
        pipeline_file, start_date=MONDAY, end_date="2025-01-08", universe="mic=XLON"
    )
    assert report.exit_code is ExitCode.DATA_MISSING
    assert "2025-01-08" in str(report.outcomes[0].message)
    assert not (pipeline_file.parent / "data").exists()


def test_a_missing_day_that_is_allowed_is_left_out_and_told(pipeline_file: Path) -> None:
    report = run_pipeline(
        pipeline_file,
        start_date=MONDAY,
        end_date="2025-01-08",
        universe="mic=XLON",
        allow_missing=True,
    )
    assert report.exit_code is ExitCode.OK
    assert bars_of(report).equals(wanted(101, 102))
    assert "2025-01-08 is missing" in str(report.outcomes[0].message)


def test_one_venue_without_a_file_is_missing_though_the_other_is_there(
    pipeline_file: Path, tmp_path: Path
) -> None:
    market = write_market(tmp_path / "market")
    (market / "trades" / "XPAR" / f"{MONDAY}.parquet").unlink()
    pipeline_file.with_suffix(".py").write_text(
        "def get_universe(date, reference):\n    return reference(date)\n"
    )
    report = run_pipeline(pipeline_file, date=MONDAY, sets=[f"SOURCE.root={market}"])
    assert report.exit_code is ExitCode.DATA_MISSING
    assert "XPAR" in str(report.outcomes[0].message)


def test_weekends_are_left_out_of_ranges(pipeline_file: Path) -> None:
    report = run_pipeline(
        pipeline_file,
        start_date="2025-01-04",
        end_date=TUESDAY,
        universe="mic=XLON",
        sets=["BATCH_FREQ=null"],
    )
    assert report.exit_code is ExitCode.OK
    manifest = json.loads(Path(report.manifest).read_text())
    assert [each["day"] for each in manifest["days"]] == [MONDAY, TUESDAY]


def test_a_weekend_named_by_itself_is_closed_where_there_is_no_data(pipeline_file: Path) -> None:
    report = run_pipeline(pipeline_file, date="2025-01-05", universe="mic=XLON")
    assert [each.status for each in report.outcomes] == ["closed"]
    assert report.exit_code is ExitCode.OK


def test_a_day_that_has_not_come_is_pending(pipeline_file: Path) -> None:
    tomorrow = (date.today() + timedelta(days=1)).isoformat()
    report = run_pipeline(pipeline_file, date=tomorrow, universe="mic=XLON")
    assert [each.status for each in report.outcomes] == ["pending"]


def test_a_day_of_which_one_venue_is_still_to_come_is_not_written(
    pipeline_file: Path, tmp_path: Path
) -> None:
    today = datetime.now(UTC).date().isoformat()
    market = write_market(tmp_path / "market")
    for table in ("reference", "trades"):
        for mic in ("XLON", "XPAR"):
            path = market / table / mic / f"{today}.parquet"
            shutil.copy(path.with_name(f"{MONDAY}.parquet"), path)
    (market / "trades" / "XPAR" / f"{today}.parquet").unlink()
    pipeline_file.with_suffix(".py").write_text(
        "def get_universe(date, reference):\n    return reference(date)\n"
    )
    report = run_pipeline(pipeline_file, date=today, sets=[f"SOURCE.root={market}"])
    assert [each.status for each in report.outcomes] == ["pending"]
    assert not (pipeline_file.parent / "data").exists()


def test_a_partition_that_fails_leaves_the_others(pipeline_file: Path) -> None:
    report = run_pipeline(
        pipeline_file,
        start_date=TUESDAY,
        end_date="2025-01-08",
        universe="mic=XLON",
        sets=["BATCH_FREQ=D"],
    )
    assert [each.status for each in report.outcomes] == ["written", "failed"]
    assert report.status == "partly_failed"
    assert report.exit_code is ExitCode.DATA_MISSING
    assert bars_of(report).equals(wanted(101, 102, day=TUESDAY))


# -- faults in data --------------------------------------------------------------------------------


def test_a_corrupt_page_inside_a_file_names_the_day(pipeline_file: Path, tmp_path: Path) -> None:
    market = write_market(tmp_path / "market")
    path = market / "trades" / "XLON" / f"{MONDAY}.parquet"
    content = bytearray(path.read_bytes())
    content[4 : len(content) // 3] = b"\xff" * (len(content) // 3 - 4)
    path.write_bytes(content)
    report = run_pipeline(
        pipeline_file, date=MONDAY, universe="mic=XLON", sets=[f"SOURCE.root={market}"]
    )
    assert report.exit_code is ExitCode.DATA_MISSING
    assert MONDAY in str(report.outcomes[0].message)
    assert not list(pipeline_file.parent.glob("data/**/*.parquet"))


def test_an_empty_universe_says_which_values_there_are(pipeline_file: Path) -> None:
    report = run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLOM")
    assert report.exit_code is ExitCode.DATA_MISSING
    assert 'did you mean "XLON"' in str(report.outcomes[0].message)


# -- requests that cannot be carried out -----------------------------------------------------------


def test_a_run_without_dates_or_universe_or_source_says_what_to_give(
    pipeline_file: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="no dates"):
        run_pipeline(pipeline_file, universe="mic=XLON")
    with pytest.raises(UsageError, match="no universe"):
        run_pipeline(pipeline_file, date=MONDAY)
    lonely = tmp_path / "lonely.yaml"
    lonely.write_text("PASSES: [{name: bars, modules: [trade]}]\n")
    with pytest.raises(UsageError, match="no SOURCE"):
        run_pipeline(lonely, date=MONDAY, universe="mic=XLON")


def test_an_unknown_universe_is_refused_before_any_data_is_read(pipeline_file: Path) -> None:
    with pytest.raises(PluginError, match='did you mean "mic"'):
        run_pipeline(pipeline_file, date=MONDAY, universe="mik=XLON")


def test_a_day_beside_a_range_is_refused(pipeline_file: Path) -> None:
    with pytest.raises(UsageError, match="both ends"):
        run_pipeline(pipeline_file, date=MONDAY, start_date=MONDAY, universe="mic=XLON")


def test_a_range_that_ends_before_it_starts_is_refused(pipeline_file: Path) -> None:
    with pytest.raises(ConfigError, match="before the start"):
        run_pipeline(pipeline_file, start_date=TUESDAY, end_date=MONDAY, universe="mic=XLON")


# -- what remains ----------------------------------------------------------------------------------


def test_the_manifest_tells_what_was_asked_found_and_written(pipeline_file: Path) -> None:
    report = run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON")
    manifest = json.loads(Path(report.manifest).read_text())
    assert Path(report.manifest).parent.parent.parent == pipeline_file.parent / ".beaf"
    assert manifest["run_id"] == report.run_id
    assert manifest["days"][0]["rows_in"] == 8
    assert manifest["days"][0]["listings"] == 2
    assert manifest["outcomes"][0]["receipt"]["rows"] == report.receipts[0].rows == 4
    assert set(manifest["versions"]) == {"beaf", "polars", "python"}


def test_the_manifest_tells_the_status_of_every_day(pipeline_file: Path) -> None:
    # Monday and Tuesday have data, Wednesday to Friday should, the weekend need not.
    report = run_pipeline(
        pipeline_file,
        start_date=MONDAY,
        end_date="2025-01-12",
        universe="mic=XLON",
        sets=["BATCH_FREQ=D", "EXCLUDE_WEEKENDS=false"],
    )
    manifest = json.loads(Path(report.manifest).read_text())
    told = {each["day"]: each["status"] for each in manifest["days"]}
    assert list(told) == [f"2025-01-{day:02}" for day in range(6, 13)]
    assert list(told.values()) == ["ready"] * 2 + ["missing"] * 3 + ["closed"] * 2
    outcomes = [each["status"] for each in manifest["outcomes"]]
    assert outcomes == ["written"] * 2 + ["failed"] * 3 + ["closed"] * 2
    assert "/2025-01-08.parquet" in manifest["days"][2]["absent"][0]


def test_no_secret_is_written_anywhere(
    pipeline_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_SECRET", "open-sesame")
    report = run_pipeline(
        pipeline_file,
        date=MONDAY,
        universe="mic=XLON",
        sets=[
            "S3_STORAGE_OPTIONS.aws_secret_access_key=${env:ACME_SECRET}",
            "S3_STORAGE_OPTIONS.aws_session_token=written-out",
        ],
    )
    for path in pipeline_file.parent.rglob("*"):
        if path.is_file() and path != pipeline_file:
            content = path.read_bytes()
            assert b"open-sesame" not in content, path
            assert b"written-out" not in content, path
    assert "open-sesame" not in repr(report)


def test_a_message_does_not_tell_a_secret_that_it_was_given(
    pipeline_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_PW", "open-sesame")
    pipeline_file.with_suffix(".py").write_text(
        "import os\n"
        "def get_universe(date):\n"
        "    raise ConnectionError('refused: db://me:' + os.environ['ACME_PW'] + '@host')\n"
    )
    sets = ["S3_STORAGE_OPTIONS.aws_session_token=${env:ACME_PW}"]
    report = run_pipeline(pipeline_file, date=MONDAY, sets=sets)
    assert "ConnectionError" in str(report.outcomes[0].message)
    assert "open-sesame" not in str(report)
    assert "open-sesame" not in Path(report.manifest).read_text()


def test_a_fault_of_our_own_is_one_partitions_and_told_as_such(
    pipeline_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("beaf_core.engine.batches.pool.compute", broken)
    report = run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON")
    assert report.exit_code is ExitCode.BUG
    assert "a bug in BEAF" in str(report.outcomes[0].message)
    assert "ZeroDivisionError" in str(report.outcomes[0].traceback)


def test_rows_without_an_event_time_are_refused(pipeline_file: Path, tmp_path: Path) -> None:
    market = write_market(tmp_path / "market")
    path = market / "trades" / "XLON" / f"{MONDAY}.parquet"
    time = pl.col("TradeTimestampNanoseconds")
    timeless = (
        pl.when(pl.col("Size") == 50).then(None).otherwise(time).alias(time.meta.output_name())
    )
    pl.read_parquet(path).with_columns(timeless).write_parquet(path)
    report = run_pipeline(
        pipeline_file, date=MONDAY, universe="mic=XLON", sets=[f"SOURCE.root={market}"]
    )
    assert report.exit_code is ExitCode.DATA_MISSING
    assert "without an event time" in str(report.outcomes[0].message)


def test_an_output_without_rows_is_told(pipeline_file: Path) -> None:
    sets = ["PASSES.bars.trade_analytics.classifications=[LIT_CONTINOUS]"]
    report = run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON", sets=sets)
    assert report.receipts[0].rows == 0
    assert "no row matches" in str(report.outcomes[0].message)


def test_extra_outputs_get_the_same_rows(pipeline_file: Path, tmp_path: Path) -> None:
    second = tmp_path / "second.parquet"
    report = run_pipeline(
        pipeline_file,
        date=MONDAY,
        universe="mic=XLON",
        sets=[f"PASSES.bars.extra_outputs=[{{path_template: '{second}'}}]"],
    )
    assert [each.location for each in report.receipts][1] == str(second)
    assert pl.read_parquet(second).equals(pl.read_parquet(report.receipts[0].location))


@pytest.mark.parametrize(
    ("checks", "fault"),
    [
        ("{ENABLED: true, action: raise, ranges: {Open: [null, 15]}}", "Open rises to 21.0"),
        ("{ENABLED: true, action: raise, ranges: {Opne: [0, 1]}}", "no column Opne"),
    ],
)
def test_a_failed_quality_check_keeps_the_partition_from_being_written(
    pipeline_file: Path, checks: str, fault: str
) -> None:
    report = run_pipeline(
        pipeline_file, date=MONDAY, universe="mic=XLON", sets=[f"QUALITY_CHECKS={checks}"]
    )
    assert report.exit_code is ExitCode.PARTLY_FAILED
    assert fault in str(report.outcomes[0].message)
    assert not (pipeline_file.parent / "data").exists()


def test_a_quality_warning_is_told_and_the_partition_is_written(pipeline_file: Path) -> None:
    checks = "QUALITY_CHECKS={ENABLED: true, ranges: {Open: [null, 15]}}"
    report = run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON", sets=[checks])
    assert report.exit_code is ExitCode.OK
    assert "Open rises to 21.0" in str(report.outcomes[0].message)
