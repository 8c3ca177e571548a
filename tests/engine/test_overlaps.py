"""Is no day ever held by two outputs of one pass, unless a person forces it?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from beaf_core import (
    DatePartition,
    ExitCode,
    PartitionRun,
    PluginHost,
    RunReport,
    Target,
    UniversePartition,
    run_pipeline,
)

MONDAY, TUESDAY = "2025-01-06", "2025-01-07"
WEEK = f"mic=XLON:{MONDAY}_{TUESDAY}"


def run(path: Path, *sets: str, **more: Any) -> RunReport:
    given: dict[str, Any] = {"start_date": MONDAY, "end_date": TUESDAY, "universe": "mic=XLON"}
    return run_pipeline(path, sets=sets, **{**given, **more})


def files(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.glob("data/**/*") if each.is_file())


def test_a_day_that_another_output_holds_is_refused(pipeline_file: Path) -> None:
    run(pipeline_file)
    report = run(pipeline_file, "BATCH_FREQ=D")
    assert [each.status for each in report.outcomes] == ["failed", "failed"]
    assert report.exit_code is ExitCode.USAGE
    assert f"shares days with {WEEK}" in str(report.outcomes[0].message)
    assert files(pipeline_file) == [f"{MONDAY}_{TUESDAY}.parquet"]


def test_force_replaces_it_once_the_new_one_is_there_and_says_what_went(
    pipeline_file: Path,
) -> None:
    first = run(pipeline_file)
    rows = pl.read_parquet(first.receipts[0].location)
    report = run(pipeline_file, "BATCH_FREQ=D", force=True)
    assert [each.status for each in report.outcomes] == ["written", "written"]
    assert report.outcomes[0].message == f"{WEEK} was replaced, and with it {TUESDAY} to {TUESDAY}"
    assert report.outcomes[1].message is None
    assert files(pipeline_file) == [f"{MONDAY}_{MONDAY}.parquet", f"{TUESDAY}_{TUESDAY}.parquet"]
    both = pl.concat([pl.read_parquet(each.location) for each in report.receipts])
    assert both.sort("ListingId", "TimeBucket").equals(rows)


def test_a_coarser_output_replaces_all_finer_ones(pipeline_file: Path) -> None:
    run(pipeline_file, "BATCH_FREQ=D")
    report = run(pipeline_file, force=True)
    assert report.outcomes[0].message == (
        f"mic=XLON:{MONDAY} was replaced; mic=XLON:{TUESDAY} was replaced"
    )
    assert files(pipeline_file) == [f"{MONDAY}_{TUESDAY}.parquet"]


def test_what_fails_to_be_written_replaces_nothing(pipeline_file: Path) -> None:
    run(pipeline_file)
    checks = "QUALITY_CHECKS={ENABLED: true, action: raise, ranges: {Open: [null, 15]}}"
    report = run(pipeline_file, "BATCH_FREQ=D", checks, force=True)
    assert report.outcomes[0].status == "failed"
    assert files(pipeline_file) == [f"{MONDAY}_{TUESDAY}.parquet"]


@pytest.mark.parametrize(
    "other",
    [
        {"universe": "mic=XPAR"},
        {"sets": ("DATASETNAME=other",)},
        {"sets": ("PASSES=[{name: other, modules: [trade]}]",)},
        {"start_date": "2025-01-11", "end_date": "2025-01-12"},
    ],
)
def test_another_universe_dataset_pass_or_day_is_no_overlap(
    pipeline_file: Path, other: dict[str, Any]
) -> None:
    # All in one folder, so that only receipts tell them apart.
    template = (
        f"OUTPUT_TARGET.path_template={pipeline_file.parent}/data/"
        "{universe}-{datasetname}-{pass}-{start_date}-{end_date}.parquet"
    )
    run(pipeline_file, template)
    sets = other.pop("sets", ())
    if "PASSES" in str(sets):
        text = pipeline_file.read_text().replace("name: bars", "name: other")
        pipeline_file.write_text(text)
        sets = ()
    if "start_date" not in other:
        other |= {"start_date": MONDAY, "end_date": MONDAY}
    report = run(pipeline_file, template, *sets, **other)
    assert [each.status for each in report.outcomes] in (["written"], ["closed"])


def test_a_template_that_tells_passes_apart_by_receipt_alone_still_finds_overlaps(
    pipeline_file: Path,
) -> None:
    template = f"OUTPUT_TARGET.path_template={pipeline_file.parent}/data/{{start_date}}.parquet"
    run(pipeline_file, template, start_date=TUESDAY)
    report = run(pipeline_file, template)
    assert f"shares days with mic=XLON:{TUESDAY}" in str(report.outcomes[0].message)


def test_two_outputs_left_by_a_crash_are_told_though_nothing_has_changed(
    pipeline_file: Path,
) -> None:
    run(pipeline_file)
    week = next(pipeline_file.parent.glob("data/**/*.parquet"))
    kept = week.read_bytes()
    run(pipeline_file, "BATCH_FREQ=D", force=True)
    week.write_bytes(kept)  # as if the run had died before it removed it
    report = run(pipeline_file, "BATCH_FREQ=D")
    assert [each.status for each in report.outcomes] == ["failed", "failed"]
    assert run(pipeline_file, "BATCH_FREQ=D", force=True).status == "succeeded"
    assert week.name not in files(pipeline_file)


def test_each_target_is_listed_to_plan_and_again_before_the_first_write_alone(
    pipeline_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Target] = []
    listing = PluginHost.list_receipts

    def watched(self: PluginHost, target: Target, partition: PartitionRun) -> Any:
        asked.append(target)
        return listing(self, target, partition)

    monkeypatch.setattr(PluginHost, "list_receipts", watched)
    run(pipeline_file, "BATCH_FREQ=D", "EXCLUDE_WEEKENDS=false", end_date="2025-01-19",
        allow_missing=True)  # fmt: skip
    assert len(asked) == 2, "two outputs are written; others may have written before the first"


# -- how parquet finds them ------------------------------------------------------------------------


def partition(start: str, end: str) -> PartitionRun:
    return PartitionRun(UniversePartition("mic", "XLON"), DatePartition(start, end))


@pytest.mark.parametrize(
    "template",
    [
        "{universe}/{start_date}_{end_date}.parquet",
        "{start_date}/{end_date}/bars[1]*.parquet",
        "{end_date}.parquet",
        "bars-{start_date}.parquet",
    ],
)
def test_files_of_other_dates_are_found_by_name_and_receipt(tmp_path: Path, template: str) -> None:
    host = PluginHost()
    target = Target("parquet", "tiny", "bars", f"{tmp_path}/a[b]?/{template}")
    rows = pl.LazyFrame({"ListingId": [1]})
    ranges = [("2025-01-01", "2025-01-05"), ("2025-01-06", "2025-01-12"), ("2025-01-13",) * 2]
    written = [host.write_output(rows, target, partition(*each)) for each in ranges]
    pl.DataFrame({"a": [1]}).write_parquet(Path(written[0].location).parent / "foreign.parquet")
    found = host.list_receipts(target, partition("2025-01-10", "2025-01-13"))
    # Others, too, where a name does not tell both dates; never one that is lacking.
    assert {each.partition for each in found} >= {each.partition for each in written[1:]}
    if "{start_date}" in template and "{end_date}" in template:
        assert found == written[1:]
    host.remove_output(target, written[1])
    host.remove_output(target, written[1])
    again = host.list_receipts(target, partition("2025-01-10", "2025-01-13"))
    assert written[1] not in again
    assert written[2] in again
