"""Does a place that holds many partitions hold each once, and no other pass's?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.table_output import Table

from beaf_core import ExitCode, RunReport, UsageError, run_pipeline
from beaf_core.engine.planning.stages import check_locations, stages_of
from beaf_core.model.partition import DatePartition, UniversePartition
from beaf_core.prepare import prepare_pipeline

MONDAY, TUESDAY = "2025-01-06", "2025-01-07"
DAYS = [f"mic=XLON:{MONDAY}", f"mic=XLON:{TUESDAY}"]
WEEK = f"mic=XLON:{MONDAY}_{TUESDAY}"
SHELF = "OUTPUT_TARGET.type=shelf"
DAILY = "BATCH_FREQ=D"


def run(path: Path, *sets: str, **more: Any) -> RunReport:
    given: dict[str, Any] = {"start_date": MONDAY, "end_date": TUESDAY, "universe": "mic=XLON"}
    return run_pipeline(path, sets=(SHELF, *sets), **{**given, **more})


def statuses(report: RunReport) -> list[str]:
    return [each.status for each in report.outcomes]


def message(report: RunReport, number: int = 0) -> str:
    return str(report.outcomes[number].message)


# -- many partitions in one place ------------------------------------------------------------------


def test_all_partitions_of_a_pass_go_to_one_place_in_the_project(
    pipeline_file: Path, table: Table
) -> None:
    report = run(pipeline_file, DAILY)
    assert statuses(report) == ["written", "written"]
    place = str(pipeline_file.parent / "data/tiny/bars.shelf")
    assert {each.location for each in report.receipts} == {place}
    assert table.partitions == DAYS
    assert statuses(run(pipeline_file, DAILY)) == ["unchanged", "unchanged"]


def test_a_later_pass_reads_its_own_partition_out_of_the_place(
    pipeline_file: Path, table: Table, tmp_path: Path
) -> None:
    text = pipeline_file.read_text() + (
        "  - name: hours\n"
        "    modules: [generic]\n"
        "    source_pass: bars\n"
        "    time_bucket_seconds: 3600\n"
        "    generic_analytics: {aggregations: {TradeTotalVolume: sum}}\n"
    )
    pipeline_file.write_text(text)
    report = run(pipeline_file, DAILY)
    assert statuses(report) == ["written"] * 4, report.outcomes
    volumes = {
        (Path(place).stem, key): rows["TradeTotalVolume"].sum()
        for (place, key), rows in table.rows.items()
    }
    assert all(volumes["hours", key] == volumes["bars", key] > 0 for key in DAYS)


def test_other_universes_are_no_overlap_though_they_share_the_place(
    pipeline_file: Path, table: Table
) -> None:
    run(pipeline_file)
    assert statuses(run(pipeline_file, DAILY, universe="mic=XPAR")) == ["written", "written"]
    assert len(table.receipts) == 3


# -- overlaps: several receipts in one location ----------------------------------------------------


def test_days_that_another_partition_of_the_place_holds_are_refused(
    pipeline_file: Path, table: Table
) -> None:
    run(pipeline_file, DAILY)
    report = run(pipeline_file)
    assert report.exit_code is ExitCode.USAGE
    for day in DAYS:
        assert day in message(report), "both are named, not only the last of the place"
    assert table.partitions == DAYS


def test_force_replaces_every_partition_of_the_place_that_shares_days(
    pipeline_file: Path, table: Table
) -> None:
    run(pipeline_file, DAILY)
    report = run(pipeline_file, force=True)
    assert message(report) == f"{DAYS[0]} was replaced; {DAYS[1]} was replaced"
    assert table.partitions == [WEEK]


def test_force_with_finer_partitions_replaces_the_coarser_one_once(
    pipeline_file: Path, table: Table
) -> None:
    run(pipeline_file)
    report = run(pipeline_file, DAILY, force=True)
    assert statuses(report) == ["written", "written"]
    assert message(report) == f"{WEEK} was replaced, and with it {TUESDAY} to {TUESDAY}"
    assert report.outcomes[1].message is None
    assert table.partitions == DAYS


# -- one pass of one dataset per place -------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("DATASETNAME=other", "of the dataset tiny, pass bars"),
        ("PASSES=[{name: more, modules: [trade]}]", "of the dataset tiny, pass bars"),
    ],
)
def test_another_dataset_or_pass_in_the_place_is_not_taken_for_ours(
    pipeline_file: Path, table: Table, change: str, told: str
) -> None:
    place = f"OUTPUT_TARGET.path_template={pipeline_file.parent}/one_place"
    run(pipeline_file, place)
    if change.startswith("PASSES"):
        pipeline_file.write_text(pipeline_file.read_text().replace("name: bars", "name: more"))
        change = place
    before = dict(table.rows)
    report = run(pipeline_file, place, change)
    assert statuses(report) == ["failed"]
    assert report.exit_code is ExitCode.USAGE
    assert f"one_place holds {WEEK} {told}" in message(report)
    assert "{datasetname} and {pass}" in message(report)
    assert table.rows.keys() == before.keys()
    assert all(table.rows[key] is rows for key, rows in before.items())


def stages(path: Path, *sets: str) -> Any:
    dates = DatePartition(MONDAY, TUESDAY)
    pipeline = prepare_pipeline(path, sets=(SHELF, DAILY, *sets)).resolved
    return stages_of(pipeline, UniversePartition("mic", "XLON"), dates)


def two_passes(path: Path, *outputs: str) -> Path:
    """Two passes, each with an output of its own."""
    made = [f"{{name: {name}, modules: [trade], output: {{path_template: {where}}}}}"
            for name, where in zip(("bars", "more"), outputs, strict=True)]  # fmt: skip
    path.write_text(f"DATASETNAME: tiny\nPASSES: [{', '.join(made)}]\n")
    return path


def test_partitions_of_one_pass_may_share_a_place_if_the_output_says_so(
    pipeline_file: Path, table: Table
) -> None:
    check_locations(stages(pipeline_file))
    one_file = ("OUTPUT_TARGET.shared=false", "OUTPUT_TARGET.path_template=/out/{pass}")
    with pytest.raises(UsageError) as caught:
        check_locations(stages(pipeline_file, *one_file))
    assert caught.value.message == (
        f"bars {DAYS[0]} and bars {DAYS[1]} would both be written to /out/bars"
    )


def test_two_passes_never_share_a_place(pipeline_file: Path, table: Table) -> None:
    path = two_passes(pipeline_file, "'/out/{datasetname}'", "/out/tiny")
    with pytest.raises(UsageError) as caught:
        check_locations(stages(path))
    assert caught.value.message == "bars and more would both be written to /out/tiny"
    assert "a place of its own" in str(caught.value.remedy)
    check_locations(stages(two_passes(pipeline_file, "'/out/{datasetname}'", "/out/other")))


def test_a_run_into_one_place_of_two_passes_writes_neither(
    pipeline_file: Path, table: Table
) -> None:
    path = two_passes(pipeline_file, "'/out/{datasetname}'", "/out/tiny")
    with pytest.raises(UsageError, match="would both be written to /out/tiny"):
        run(path)
    assert not table.receipts


def test_a_pass_never_writes_twice_to_one_place(pipeline_file: Path, table: Table) -> None:
    # Of other options, so that it is no plain repetition.
    extra = "PASSES.bars.extra_outputs=[{type: shelf, says: {again: 1}}]"
    with pytest.raises(UsageError) as caught:
        check_locations(stages(pipeline_file, extra))
    assert "bars and bars (extra 1) would both be written to" in caught.value.message


# -- what outputs have to say ----------------------------------------------------------------------


def test_notes_of_receipts_are_told_once_per_run_and_are_in_the_manifest(
    pipeline_file: Path, table: Table
) -> None:
    report = run(pipeline_file, DAILY, "OUTPUT_TARGET.says={rounded: 1, repeated: 3}")
    wanted = ("rounded (2 times)", "repeated (6 times)")
    assert report.notes == wanted
    manifest = json.loads(Path(report.manifest).read_text())
    assert [each for each in manifest["notes"] if each in wanted] == list(wanted)
    assert "repeated" not in json.dumps(report.to_json())


def test_a_place_that_is_no_path_is_the_one_that_receipts_and_manifest_tell(
    pipeline_file: Path, table: Table
) -> None:
    report = run(pipeline_file, "OUTPUT_TARGET.table='{datasetname}_{pass}'")
    place = "shelf://me:***@here/tiny_bars"
    assert [each.location for each in report.receipts] == [place]
    manifest = json.loads(Path(report.manifest).read_text())
    assert manifest["outcomes"][0]["receipt"]["location"] == place
    assert isinstance(table.rows[place, WEEK], pl.DataFrame)
