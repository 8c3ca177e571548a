"""Do the checks of a run reach Dagster, with the column and how much?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from beaf_core import (
    DatePartition,
    PartitionRun,
    RunFailedError,
    RunReport,
    UniversePartition,
    run_partition,
)
from beaf_dagster.assets.telling import check_results, check_specs_of
from beaf_dagster.pipelines import Pipeline, load_pipeline

KEY = dg.AssetKey(["pipes", "bars"])
XLON = UniversePartition("mic", "XLON")
# The dearest bar of XLON on Monday closes at 21, as the market's docstring has it.
DEAR = (
    "QUALITY_CHECKS: {ENABLED: true, null_rate_max: 1, ranges: {Close: [0, 20]}, action: ACTION}\n"
)


def report_of(pipeline: Pipeline, day: str = "2025-01-06") -> RunReport:
    try:
        return run_partition(pipeline.path, None, PartitionRun(XLON, DatePartition(day)))
    except RunFailedError as failed:
        return failed.report


def bars(pipes: Path, more: str = "") -> Pipeline:
    path = pipes / "bars.yaml"
    path.write_text(path.read_text() + more)
    return load_pipeline(path)


def results(pipeline: Pipeline, *reports: RunReport) -> dict[str, dg.AssetCheckResult]:
    found = check_results(pipeline, None, reports, asset=KEY)
    return {str(each.check_name): each for each in found}


def names(pipeline: Pipeline) -> list[str]:
    return [each.name for each in check_specs_of(pipeline, None, asset=KEY)]


def test_only_what_is_checked_is_listed(pipes: Path) -> None:
    assert names(bars(pipes)) == ["keys_are_unique", "identities_hold", "has_rows"]
    lock = f"SCHEMA_LOCK_MODE: warn\nSCHEMA_LOCK_PATH: {pipes}/lock.json\n"
    more = DEAR.replace("ACTION", "warn") + lock
    assert names(bars(pipes, more)) == [
        "keys_are_unique",
        "identities_hold",
        "has_rows",
        "nulls_are_few",
        "values_are_in_range",
        "schema_is_locked",
    ]


def test_each_listed_check_has_one_result_for_a_whole_range(pipes: Path) -> None:
    pipeline = bars(pipes, DEAR.replace("ACTION", "warn"))
    found = check_results(
        pipeline,
        None,
        [report_of(pipeline, "2025-01-06"), report_of(pipeline, "2025-01-11")],
        asset=KEY,
    )
    assert [each.check_name for each in found] == names(pipeline)


def test_a_warning_tells_column_value_and_limit_also_of_rows_that_stood_unchanged(
    pipes: Path,
) -> None:
    pipeline = bars(pipes, DEAR.replace("ACTION", "warn"))
    for _ in ("written", "unchanged"):
        found = results(pipeline, report_of(pipeline))
        assert {name for name, each in found.items() if not each.passed} == {"values_are_in_range"}
        told = found["values_are_in_range"]
        assert told.severity is dg.AssetCheckSeverity.WARN
        assert told.description == ("mic=XLON:2025-01-06 bars: Close rises to 21.0, above 20.0")
        row = "| mic=XLON:2025-01-06 | bars | Close | 21 | 20 |"
        assert row in str(told.metadata["columns"].value)


def test_what_is_refused_is_an_error_and_what_was_not_checked_is_not_told(pipes: Path) -> None:
    pipeline = bars(pipes, DEAR.replace("ACTION", "raise"))
    found = results(pipeline, report_of(pipeline))
    assert list(found) == ["values_are_in_range"]
    assert not found["values_are_in_range"].passed
    assert found["values_are_in_range"].severity is dg.AssetCheckSeverity.ERROR


def test_a_partition_that_passes_is_named(pipes: Path) -> None:
    pipeline = bars(pipes)
    found = results(pipeline, report_of(pipeline), report_of(pipeline, "2025-01-07"))
    assert all(each.passed for each in found.values())
    assert found["keys_are_unique"].description == "mic=XLON:2025-01-06 and 1 more partitions"
    assert found["keys_are_unique"].metadata["rows"].value == 6


def test_a_day_without_a_session_has_nothing_to_check(pipes: Path) -> None:
    pipeline = bars(pipes)
    told = results(pipeline, report_of(pipeline, "2025-01-11"))["has_rows"]
    assert (told.passed, told.description) == (True, "nothing to check: closed")


@pytest.mark.parametrize("action", ["warn", "raise"])
def test_results_of_a_step_are_kept_by_the_event_log_even_where_it_fails(
    pipes: Path, instance: dg.DagsterInstance, action: str
) -> None:
    pipeline = bars(pipes, DEAR.replace("ACTION", action))

    @dg.multi_asset(
        specs=[dg.AssetSpec(KEY)], check_specs=check_specs_of(pipeline, None, asset=KEY)
    )
    def computed() -> Iterator[Any]:
        report = report_of(pipeline)
        yield from check_results(pipeline, None, [report], asset=KEY)
        if report.status != "succeeded":
            raise dg.Failure("refused")
        yield dg.MaterializeResult(KEY)

    done = dg.materialize([computed], instance=instance, raise_on_error=False)
    assert done.success == (action == "warn")
    told = {each.check_name: each.passed for each in done.get_asset_check_evaluations()}
    assert told["values_are_in_range"] is False
    assert len(told) == (len(names(pipeline)) if done.success else 1)
