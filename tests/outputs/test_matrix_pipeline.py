"""Does the same pipeline come to the same rows at every target, and rewrite only what changed?

Two passes over two days of the tiny market, of which the second reads what the first has written:
so its numbers are right only where the target gives back what it was given.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from tests.engine.two_passes import write_two_passes
from tests.outputs.places import PLACES, Place, host, ordered
from tests.outputs.standing import trace

from beaf_core import (
    DatePartition,
    ExitCode,
    PartitionRun,
    RunReport,
    UniversePartition,
    run_pipeline,
)
from beaf_core.testing import tiny_table, write_market

MONDAY, TUESDAY = "2025-01-06", "2025-01-07"
#: Hive and Delta on S3 are what they are here, and S3 as parquet has it: their turn is in the soak.
LATE = ("hive-s3", "delta-s3")
SAMPLED = [pytest.param(each, marks=pytest.mark.soak) if each in LATE else each for each in PLACES]
KEYS = ["ListingId", "TimeBucket", "MIC", "Ticker", "CurrencyCode"]
NUMBERS = {"Volume": pl.Float64, "Prints": pl.Int64}
HOURS = {"Bars": pl.Int64, "HourVolume": pl.Float64, "LastVolume": pl.Float64}
TICKERS = {101: "ALFA", 102: "BETA"}


def frame(measures: dict[str, Any], *lines: tuple[Any, ...]) -> pl.DataFrame:
    """Make the rows of a pass from (listing, end of its bucket, measures …)."""
    return pl.DataFrame(
        [(line[0], line[1], "XLON", TICKERS[line[0]], "GBP", *line[2:]) for line in lines],
        schema={
            "ListingId": pl.Int64,
            "TimeBucket": pl.Datetime("ns"),
            "MIC": pl.String,
            "Ticker": pl.String,
            "CurrencyCode": pl.String,
            **measures,
        },
        orient="row",
    )


def at(day: int, hour: int, minute: int) -> datetime:
    return datetime(2025, 1, day, hour, minute)


#: Added up by hand from the trades of the tiny market on XLON: (pass, day) → its rows.
TRUTH = {
    ("bars", MONDAY): frame(
        NUMBERS,
        (101, at(6, 9, 1), 1000.0, 4),
        (101, at(6, 9, 2), 1100.0, 2),
        (102, at(6, 9, 1), 50.0, 1),
        (102, at(6, 9, 5), 150.0, 1),
    ),
    ("bars", TUESDAY): frame(NUMBERS, (101, at(7, 9, 1), 500.0, 1), (102, at(7, 9, 10), 70.0, 1)),
    ("hours", MONDAY): frame(
        HOURS, (101, at(6, 10, 0), 2, 2100.0, 1100.0), (102, at(6, 10, 0), 2, 200.0, 150.0)
    ),
    ("hours", TUESDAY): frame(
        HOURS, (101, at(7, 10, 0), 1, 500.0, 500.0), (102, at(7, 10, 0), 1, 70.0, 70.0)
    ),
}
#: The same, once listing 102 trades 75 shares instead of 70 on Tuesday.
CORRECTED = {
    **TRUTH,
    ("bars", TUESDAY): frame(NUMBERS, (101, at(7, 9, 1), 500.0, 1), (102, at(7, 9, 10), 75.0, 1)),
    ("hours", TUESDAY): frame(
        HOURS, (101, at(7, 10, 0), 1, 500.0, 500.0), (102, at(7, 10, 0), 1, 75.0, 75.0)
    ),
}
#: The hours' pass by half hours.
HALVES = {
    **CORRECTED,
    ("hours", MONDAY): frame(
        HOURS, (101, at(6, 9, 30), 2, 2100.0, 1100.0), (102, at(6, 9, 30), 2, 200.0, 150.0)
    ),
    ("hours", TUESDAY): frame(
        HOURS, (101, at(7, 9, 30), 1, 500.0, 500.0), (102, at(7, 9, 30), 1, 75.0, 75.0)
    ),
}


class Project:
    """A project of its own, whose pipeline writes to a place."""

    def __init__(self, folder: Path, place: Place) -> None:
        self.place, self.market = place, write_market(folder / "market")
        (folder / "beaf.yaml").write_text(f"SOURCE: {{type: parquet, root: '{self.market}'}}\n")
        self.pipeline = write_two_passes(folder)
        settings: dict[str, Any] = {"BATCH_FREQ": "D", "OUTPUT_TARGET": dict(place.section)}
        if place.storage_options:
            settings["S3_STORAGE_OPTIONS"] = dict(place.storage_options)
        (folder / "two_passes.yaml").write_text(yaml.safe_dump(settings))

    def run(self, *sets: str, force: bool = False) -> RunReport:
        return run_pipeline(
            self.pipeline,
            start_date=MONDAY,
            end_date=TUESDAY,
            universe="mic=XLON",
            sets=list(sets),
            force=force,
        )

    def correct_tuesday(self) -> None:
        trades = tiny_table("trades", TUESDAY, "XLON")
        size = pl.when(pl.col("ListingId") == 102).then(75.0).otherwise(pl.col("Size"))
        corrected = trades.with_columns(size.alias("Size"))
        corrected.write_parquet(self.market / "trades" / "XLON" / f"{TUESDAY}.parquet")

    def holds(self, truth: dict[tuple[str, str], pl.DataFrame]) -> None:
        for (name, day), wanted in truth.items():
            target = self.place.target("tiny", name)
            found = host().read_output(target, [partition(day)])
            assert found is not None, f"{name} of {day} is not there"
            back = found.collect()
            assert back.schema == wanted.schema
            assert ordered(back).equals(ordered(wanted)), f"{name} of {day}: {back}"

    def traces(self) -> dict[tuple[str, str], Any]:
        """Return what changes where a partition is written again: it and its receipt."""
        found = {}
        for name, day in TRUTH:
            target = self.place.target("tiny", name)
            receipt = host().find_receipt(target, partition(day))
            found[name, day] = (receipt, trace(self.place, target, partition(day)))
        return found


def partition(day: str) -> PartitionRun:
    return PartitionRun(UniversePartition("mic", "XLON"), DatePartition(day))


def statuses(report: RunReport) -> dict[tuple[str, str], str]:
    return {
        (each.pass_name, each.partition.partition(":")[2]): each.status for each in report.outcomes
    }


@pytest.fixture
def project(tmp_path: Path, place: Place) -> Project:
    return Project(tmp_path, place)


@pytest.mark.parametrize("place", SAMPLED, indirect=True)
def test_a_pipeline_comes_to_the_same_rows_and_rewrites_only_what_changed(
    project: Project,
) -> None:
    report = project.run()
    assert statuses(report) == dict.fromkeys(TRUTH, "written"), report
    project.holds(TRUTH)
    reads_back_as_its_days(project)
    receipts_name_the_place_and_no_secret(project, report)
    written = project.traces()
    assert all(physical for _, physical in written.values()), "a trace that is empty tells nothing"

    assert statuses(project.run()) == dict.fromkeys(TRUTH, "unchanged")
    assert project.traces() == written

    assert statuses(project.run(force=True)) == dict.fromkeys(TRUTH, "written")
    project.holds(TRUTH)
    forced = project.traces()
    assert all(forced[each] != written[each] for each in TRUTH)

    project.correct_tuesday()
    assert statuses(project.run()) == {
        each: "unchanged" if each[1] == MONDAY else "written" for each in TRUTH
    }
    project.holds(CORRECTED)
    corrected = project.traces()
    assert {each for each in TRUTH if corrected[each] == forced[each]} == {
        ("bars", MONDAY),
        ("hours", MONDAY),
    }

    halves = project.run("PASSES.hours.time_bucket_seconds=1800")
    assert statuses(halves) == {
        each: "written" if each[0] == "hours" else "unchanged" for each in TRUTH
    }
    project.holds(HALVES)
    halved = project.traces()
    assert {each for each in TRUTH if halved[each] == corrected[each]} == {
        ("bars", MONDAY),
        ("bars", TUESDAY),
    }


@pytest.mark.parametrize("place", LATE, indirect=True)  # the others have shown it on the way
def test_a_range_reads_back_as_its_days_and_receipts_name_the_place_and_no_secret(
    project: Project,
) -> None:
    report = project.run()
    assert report.exit_code is ExitCode.OK
    reads_back_as_its_days(project)
    receipts_name_the_place_and_no_secret(project, report)


def reads_back_as_its_days(project: Project) -> None:
    target = project.place.target("tiny", "bars")
    both = host().read_output(target, [partition(MONDAY), partition(TUESDAY)])
    assert both is not None
    wanted = pl.concat([TRUTH["bars", MONDAY], TRUTH["bars", TUESDAY]])
    assert ordered(both.collect()).equals(ordered(wanted))
    few = both.filter(pl.col("ListingId") == 102, pl.col("Volume") > 60).select("Volume")
    assert sorted(few.collect()["Volume"]) == [70.0, 150.0]
    receipts = host().list_receipts(
        target, PartitionRun(UniversePartition("mic", "XLON"), DatePartition(MONDAY, TUESDAY))
    )
    assert {partition(MONDAY).key, partition(TUESDAY).key} <= {each.partition for each in receipts}


def receipts_name_the_place_and_no_secret(project: Project, report: RunReport) -> None:
    told = str([each.to_json() for each in report.receipts]) + Path(report.manifest).read_text()
    secrets = [project.place.storage_options.get("aws_secret_access_key"), project.place.password]
    assert not [each for each in secrets if each and each in told]
    for each in report.receipts:
        target = project.place.target("tiny", each.stamp["pass"])
        dates = DatePartition(each.partition.partition(":")[2])
        run = PartitionRun(UniversePartition("mic", "XLON"), dates)
        assert each.location == target.location(run)
