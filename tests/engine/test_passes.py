"""Does a later pass read exactly its own partition's rows of an earlier one, each once?"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.engine.two_passes import write_two_passes

from beaf_core import (
    DatePartition,
    ExitCode,
    PartitionRun,
    PluginHost,
    RunReport,
    UniversePartition,
    run_partition,
    run_pipeline,
)
from beaf_core.engine.planning.forecast import forecast
from beaf_core.model.run import PassOutcome
from beaf_core.prepare import prepare_pipeline, request_flags
from beaf_core.run import launch, request_of
from beaf_core.testing.market import tiny_table, write_market

MONDAY, TUESDAY = "2025-01-06", "2025-01-07"


@pytest.fixture
def two_passes(pipeline_file: Path) -> Path:
    return write_two_passes(pipeline_file.parent)


def statuses(report: RunReport) -> dict[str, str]:
    return {f"{each.pass_name} {each.partition}": each.status for each in report.outcomes}


def rows_of(report: RunReport, name: str) -> pl.DataFrame:
    found = [each.receipt for each in report.outcomes if each.pass_name == name]
    return pl.concat([pl.read_parquet(each.location) for each in found if each]).sort(
        "ListingId", "TimeBucket"
    )


def hours_by_hand(volumes: pl.DataFrame) -> pl.DataFrame:
    """Work the hours out from bars, row by row."""
    hours: dict[tuple[int, datetime], list[tuple[datetime, float]]] = {}
    for listing, end, volume in volumes.select("ListingId", "TimeBucket", "Volume").iter_rows():
        last = end - timedelta(microseconds=1)
        hour = last.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        hours.setdefault((listing, hour), []).append((end, volume))
    rows = [
        (listing, hour, len(bars), sum(v for _, v in bars), max(bars)[1])
        for (listing, hour), bars in sorted(hours.items())
    ]
    names = ["ListingId", "TimeBucket", "Bars", "HourVolume", "LastVolume"]
    return pl.DataFrame(rows, schema=names, orient="row")


def test_an_hour_of_bars_is_what_is_worked_out_by_hand(two_passes: Path) -> None:
    report = run_pipeline(two_passes, date=MONDAY, universe="mic=XLON")
    assert report.status == "succeeded", report.outcomes
    hours = rows_of(report, "hours")
    # 101: 900 + 100 in the first minute, 1000 off the book and 100 in the second; 102: two bars.
    assert hours.select("ListingId", "Bars", "HourVolume").rows() == [
        (101, 2, 2100.0),
        (102, 2, 200.0),
    ]
    assert hours["TimeBucket"].dt.hour().to_list() == [10, 10]
    assert hours["Ticker"].to_list() == ["ALFA", "BETA"]


def test_a_bar_that_ends_on_the_hour_belongs_to_the_hour_that_ends_there(
    two_passes: Path, tmp_path: Path
) -> None:
    market = write_market(tmp_path / "market")
    path = market / "trades" / "XLON" / f"{MONDAY}.parquet"
    trades = pl.read_parquet(path)
    ends = datetime(2025, 1, 6, 10)
    # One print exactly on the hour, and one a nanosecond later.
    last = trades.filter(pl.col("ListingId") == 101).tail(1)
    time = pl.lit(ends).cast(pl.Datetime("ns"))
    late = time + pl.duration(nanoseconds=1, time_unit="ns")
    on = last.with_columns(time.alias("TradeTimestampNanoseconds"), pl.lit(7.0).alias("Size"))
    after = last.with_columns(late.alias("TradeTimestampNanoseconds"), pl.lit(9.0).alias("Size"))
    pl.concat([trades, on, after]).write_parquet(path)
    sets = [f"SOURCE.root={market}"]
    report = run_pipeline(two_passes, date=MONDAY, universe="mic=XLON", sets=sets)
    mine = rows_of(report, "hours").filter(pl.col("ListingId") == 101)
    assert mine.select("TimeBucket", "HourVolume", "LastVolume").rows() == [
        (ends, 2107.0, 7.0),
        (ends + timedelta(hours=1), 9.0, 9.0),
    ]


@pytest.mark.parametrize("anchor", ["start", "end"])
@pytest.mark.parametrize("closed", ["left", "right"])
@pytest.mark.parametrize("reader", ["left", "right"])
def test_rows_keep_their_interval_whatever_label_and_edges_it_has(
    two_passes: Path, anchor: str, closed: str, reader: str
) -> None:
    sets = [
        f"PASSES.bars.time_bucket_anchor={anchor}",
        f"PASSES.bars.time_bucket_closed={closed}",
        f"PASSES.hours.time_bucket_closed={reader}",
    ]
    report = run_pipeline(two_passes, date=MONDAY, universe="mic=XLON", sets=sets)
    # Every bar lies between 09:00 and 10:00, on whichever edge it is labelled.
    hours = rows_of(report, "hours")
    assert hours["TimeBucket"].dt.hour().to_list() == [10, 10]
    assert hours["HourVolume"].to_list() == [2100.0, 200.0]


def test_a_coarser_pass_reads_whole_partitions_of_a_finer_one(two_passes: Path) -> None:
    sets = ["PASSES.bars.batch_freq=D", "PASSES.hours.batch_freq=W"]
    report = run_pipeline(
        two_passes, start_date=MONDAY, end_date=TUESDAY, universe="mic=XLON", sets=sets
    )
    assert list(statuses(report)) == [
        f"bars mic=XLON:{MONDAY}",
        f"bars mic=XLON:{TUESDAY}",
        f"hours mic=XLON:{MONDAY}_{TUESDAY}",
    ]
    wanted = hours_by_hand(rows_of(report, "bars"))
    found = rows_of(report, "hours").select(wanted.columns)
    assert found.rows() == wanted.rows()


def test_a_reader_of_several_days_is_foretold_the_rows_of_all_of_them(two_passes: Path) -> None:
    days: dict[str, str] = {"start_date": MONDAY, "end_date": TUESDAY, "universe": "mic=XLON"}
    report = run_pipeline(two_passes, **days)
    sets = ["PASSES.hours.time_bucket_seconds=7200"]
    flags = request_flags(None, MONDAY, TUESDAY, "mic=XLON")
    prepared = prepare_pipeline(two_passes, sets=sets, flags=flags)
    found = {each.pass_name: each for each in forecast(request_of(prepared))}
    assert found["hours"].rows_in == rows_of(report, "bars").height > 0


class _OtherRun:
    """Another run that writes the bars again as soon as this one has."""

    def __init__(self, path: Path, *sets: str) -> None:
        self.path, self.sets = path, sets

    def begin(self, total: int) -> None:
        pass

    def advance(self, outcome: PassOutcome) -> None:
        if outcome.pass_name == "bars":
            run_pipeline(self.path, date=MONDAY, universe="mic=XLON", sets=self.sets)


@pytest.mark.parametrize(
    ("sets", "status"),
    [([], "written"), (["PASSES.bars.time_bucket_seconds=300"], "failed")],
)
def test_bars_that_another_run_has_replaced_meanwhile_are_not_read_as_ones_own(
    two_passes: Path, sets: list[str], status: str
) -> None:
    bars_alone = two_passes.with_name("bars_alone.py")
    text = two_passes.read_text(encoding="utf-8")
    reader = '        {"name": "hours", "time_bucket_seconds": 3600, "source_pass": "bars"},\n'
    assert reader in text
    bars_alone.write_text(text.replace(reader, ""), encoding="utf-8")
    prepared = prepare_pipeline(two_passes, flags=request_flags(MONDAY, None, None, "mic=XLON"))
    report = launch(prepared, progress=_OtherRun(bars_alone, *sets))
    assert [each.status for each in report.outcomes] == ["written", status]
    if status == "failed":
        assert "another run has replaced" in str(report.outcomes[1].message)
        assert report.exit_code is ExitCode.PARTLY_FAILED


def test_passes_of_one_depth_are_computed_together(
    two_passes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from beaf_core.engine.batches import pool as engine

    asked: list[list[str]] = []
    compute = engine.compute

    def watched(work: Any, batch: Any) -> Any:
        asked.append([each.resolved.name for each in work])
        return compute(work, batch)

    monkeypatch.setattr(engine, "compute", watched)
    text = two_passes.read_text().replace(
        '"PASSES": [', '"PASSES": [{"name": "wide", "time_bucket_seconds": 300},'
    )
    two_passes.write_text(text.replace('== "bars"', '!= "hours"'))
    report = run_pipeline(two_passes, date=MONDAY, universe="mic=XLON")
    assert report.status == "succeeded", report.outcomes
    assert asked == [["bars", "wide"], ["hours"]]
    assert [each.pass_name for each in report.outcomes] == ["wide", "bars", "hours"]


def test_a_pass_that_cannot_be_computed_leaves_those_that_were_computed_with_it(
    two_passes: Path,
) -> None:
    text = two_passes.read_text().replace(
        '"PASSES": [', '"PASSES": [{"name": "broken", "time_bucket_seconds": 60},'
    )
    text += (
        "\n\nBROKEN = AnalyticsModule('broken', lambda options: [\n"
        "    measure('Sum', 'trades', Aggregation(Kind.SUM, pl.col('Ticker').str.to_date()))])\n\n"
        "def get_pipeline(pass_config):\n"
        "    return [{'bars': BARS, 'hours': HOURS, 'broken': BROKEN}[pass_config.name]]\n"
    )
    two_passes.write_text(text)
    report = run_pipeline(two_passes, date=MONDAY, universe="mic=XLON")
    found = {each.pass_name: each.status for each in report.outcomes}
    assert found == {"broken": "failed", "bars": "written", "hours": "written"}


# -- what becomes of readers -----------------------------------------------------------------------


def test_a_pass_that_has_failed_blocks_its_readers_and_says_so(two_passes: Path) -> None:
    report = run_pipeline(two_passes, date="2025-01-08", universe="mic=XLON")
    assert [each.status for each in report.outcomes] == ["failed", "blocked"]
    assert report.exit_code is ExitCode.DATA_MISSING
    assert 'reads the pass "bars", which failed' in str(report.outcomes[1].message)


def test_a_closed_pass_closes_its_readers(two_passes: Path) -> None:
    report = run_pipeline(two_passes, date="2025-01-11", universe="mic=XLON")
    assert [each.status for each in report.outcomes] == ["closed", "closed"]
    manifest = json.loads(Path(report.manifest).read_text())
    assert [(each["pass"], each["day"], each["status"]) for each in manifest["days"]] == [
        ("bars", "2025-01-11", "closed"),
        ("hours", "2025-01-11", "closed"),
    ]


def test_a_pending_pass_makes_its_readers_pending(two_passes: Path) -> None:
    tomorrow = (date.today() + timedelta(days=1)).isoformat()
    report = run_pipeline(two_passes, date=tomorrow, universe="mic=XLON")
    assert [each.status for each in report.outcomes] == ["pending", "pending"]


def test_a_missing_day_that_is_allowed_is_left_out_of_both_passes(two_passes: Path) -> None:
    report = run_pipeline(
        two_passes,
        start_date=MONDAY,
        end_date="2025-01-08",
        universe="mic=XLON",
        allow_missing=True,
        sets=["PASSES.bars.batch_freq=D"],
    )
    assert list(statuses(report).values()) == ["written", "written", "missing", "written"]
    assert "2025-01-08 is missing" in str(report.outcomes[-1].message)
    wanted = hours_by_hand(rows_of(report, "bars"))
    assert rows_of(report, "hours").select(wanted.columns).rows() == wanted.rows()


def test_what_makes_a_pass_stale_makes_its_readers_stale(two_passes: Path) -> None:
    run_pipeline(two_passes, date=MONDAY, universe="mic=XLON")
    again = run_pipeline(two_passes, date=MONDAY, universe="mic=XLON")
    assert [each.status for each in again.outcomes] == ["unchanged", "unchanged"]
    two_passes.write_text(two_passes.read_text().replace("Kind.SUM, SIZE", "Kind.MAX, SIZE"))
    changed = run_pipeline(two_passes, date=MONDAY, universe="mic=XLON")
    assert [each.status for each in changed.outcomes] == ["written", "written"]
    assert rows_of(changed, "hours")["HourVolume"].to_list() == [1400.0, 200.0]


def test_a_reader_alone_is_stale_where_its_own_declaration_changes(two_passes: Path) -> None:
    run_pipeline(two_passes, date=MONDAY, universe="mic=XLON")
    two_passes.write_text(two_passes.read_text().replace("Kind.SUM, VOLUME", "Kind.MAX, VOLUME"))
    changed = run_pipeline(two_passes, date=MONDAY, universe="mic=XLON")
    assert [each.status for each in changed.outcomes] == ["unchanged", "written"]


# -- markets that never close ----------------------------------------------------------------------

ROUND_THE_CLOCK = [  # ListingId, time of the print, size
    (1, "2025-01-06 00:00:00", 1.0),  # on the edge: its bar begins on Sunday
    (1, "2025-01-06 12:00:30", 2.0),
    (1, "2025-01-06 23:59:30", 4.0),
    (1, "2025-01-07 00:00:00", 8.0),  # Tuesday's print in the bar that began on Monday
    (1, "2025-01-07 00:00:01", 16.0),
    (2, "2025-01-07 00:00:00", 32.0),  # of a listing that only Tuesday's universe has
    (1, "2025-01-08 23:59:59", 64.0),
]


@pytest.fixture
def crypto(pipeline_file: Path, tmp_path: Path) -> Callable[..., RunReport]:
    """A market of three days that trades across midnight."""
    market = tmp_path / "crypto"
    days = ["2025-01-06", "2025-01-07", "2025-01-08"]
    trades = pl.DataFrame(ROUND_THE_CLOCK, schema=["ListingId", "Time", "Size"], orient="row")
    for number, day in enumerate(days):
        listings = [1] if number == 0 else [1, 2]
        reference = tiny_table("reference", MONDAY, "XLON").head(len(listings))
        reference = reference.with_columns(pl.Series("ListingId", listings))
        prints = trades.filter(pl.col("Time").str.starts_with(day)).with_columns(
            pl.col("Time").str.to_datetime(time_unit="ns").alias("TradeTimestampNanoseconds")
        )
        for table, frame in (("reference", reference), ("trades", prints.drop("Time"))):
            place = market / table / "XLON" / f"{day}.parquet"
            place.parent.mkdir(parents=True, exist_ok=True)
            frame.write_parquet(place)
    path = write_two_passes(pipeline_file.parent)

    def run(*sets: str) -> RunReport:
        return run_pipeline(
            path,
            start_date=days[0],
            end_date=days[-1],
            universe="mic=XLON",
            sets=[f"SOURCE.root={market}", *sets],
        )

    return run


@pytest.mark.parametrize(("bars", "hours"), [("D", "D"), ("D", "W"), ("W", "W")])
def test_no_row_is_lost_or_doubled_where_buckets_cross_midnight(
    crypto: Callable[..., RunReport], bars: str, hours: str
) -> None:
    report = crypto(f"PASSES.bars.batch_freq={bars}", f"PASSES.hours.batch_freq={hours}")
    assert report.status == "succeeded", report.outcomes
    assert rows_of(report, "bars")["Volume"].sum() == 127.0
    found = rows_of(report, "hours")
    assert found["HourVolume"].sum() == 127.0
    assert found["Bars"].sum() == rows_of(report, "bars").height
    if hours == "W":
        assert (
            not found.select(pl.struct("ListingId", "TimeBucket").is_duplicated()).to_series().any()
        )


# -- two weeks -------------------------------------------------------------------------------------

WEEKS = [("2026-02-02", "2026-02-08"), ("2026-02-09", "2026-02-15")]


@pytest.mark.parametrize("workers", [pytest.param(0, marks=pytest.mark.soak), 2])
def test_two_weeks_in_batches_give_each_key_once_and_each_week_its_own(
    two_passes: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, list[str]]] = []
    read = PluginHost.read_output

    def watched(self: PluginHost, target: Any, partitions: Any) -> Any:
        asked.append((target.pass_name, [each.key for each in partitions]))
        return read(self, target, partitions)

    monkeypatch.setattr(PluginHost, "read_output", watched)
    report = run_pipeline(
        two_passes,
        start_date=WEEKS[0][0],
        end_date=WEEKS[1][1],
        universe="mic=XLON",
        sets=[
            "SOURCE={type: simulated}",
            "BATCH_FREQ=W",
            f"NUM_WORKERS={workers}",
            # Far less than a week of trades, so that there are several batches.
            "MAX_ROWS_PER_TABLE={trades: 5000, 'pass:bars': 2000}",
        ],
    )
    assert report.status == "succeeded", report.outcomes
    notes = json.loads(Path(report.manifest).read_text())["notes"]
    assert not any("no worker can compute" in each for each in notes), notes
    keys = [f"mic=XLON:{start}_{end}" for start, end in WEEKS]
    assert list(statuses(report)) == [f"{name} {key}" for key in keys for name in ("bars", "hours")]
    assert [partitions for name, partitions in asked if name == "bars"] == [[key] for key in keys]
    by_key = {f"{each.pass_name} {each.partition}": each.receipt for each in report.outcomes}
    for key in keys:
        bars, hours = (
            pl.read_parquet(by_key[f"{name} {key}"].location) for name in ("bars", "hours")
        )
        assert bars.height > 1000
        assert not hours.select(pl.struct("ListingId", "TimeBucket").is_duplicated().any()).item()
        wanted = hours_by_hand(bars)
        found = hours.select(wanted.columns)
        assert found.select("ListingId", "TimeBucket", "Bars", "LastVolume").rows() == (
            wanted.select("ListingId", "TimeBucket", "Bars", "LastVolume").rows()
        )
        assert found["HourVolume"].to_list() == pytest.approx(wanted["HourVolume"].to_list())


# -- requests of orchestrators, and selections -----------------------------------------------------


def test_one_partition_is_not_cut_whatever_frequencies_the_passes_have(two_passes: Path) -> None:
    text = two_passes.read_text().replace(
        '"time_bucket_seconds": 60}', '"time_bucket_seconds": 60, "batch_freq": "D"}'
    )
    two_passes.write_text(text.replace('"hours", ', '"hours", "batch_freq": "W", '))
    partition = PartitionRun(UniversePartition("mic", "XLON"), DatePartition(MONDAY, TUESDAY))
    report = run_partition(str(two_passes), None, partition)
    assert statuses(report) == {
        f"bars mic=XLON:{MONDAY}_{TUESDAY}": "written",
        f"hours mic=XLON:{MONDAY}_{TUESDAY}": "written",
    }


def test_a_reader_of_a_pass_that_was_skipped_and_never_written_is_skipped(
    two_passes: Path,
) -> None:
    report = run_pipeline(two_passes, date=MONDAY, universe="mic=XLON", only="stale")
    assert [each.status for each in report.outcomes] == ["skipped", "skipped"]
    assert 'reads the pass "bars", which was skipped and has no output' in str(
        report.outcomes[1].message
    )


def test_universes_of_days_that_are_done_are_let_go(
    two_passes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from beaf_core.engine.planning.plans import Planner

    held: list[tuple[int, int]] = []
    forget = Planner.forget_before

    def watched(self: Planner, day: date) -> None:
        forget(self, day)
        held.append((len(self._plans), len(self._preparer.universes._known)))

    monkeypatch.setattr(Planner, "forget_before", watched)
    sets = ["SOURCE={type: simulated}", "BATCH_FREQ=D"]
    run_pipeline(
        two_passes, start_date="2026-02-02", end_date="2026-02-06", universe="mic=XLON", sets=sets
    )
    assert max(plans for plans, _ in held) <= 1, "bars, while hours are planned"
    assert max(universes for _, universes in held) <= 1
