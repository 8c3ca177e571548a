"""Does what checks find reach whoever asks: in the outcome, with the data, through the manifest?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beaf_core import Fault, FinishedRun, RunReport, run_pipeline
from beaf_core.model.faults import CHECKS, faults_text, read_faults

MONDAY = "2025-01-06"
# The dearest bar of XLON on Monday closes at 21, as the market's docstring has it.
DEAR = Fault("ranges", "Close rises to 21.0, above 20.0", "Close", 21.0, 20.0)


def run(pipeline_file: Path, action: str, **more: Any) -> RunReport:
    checks = f"{{ENABLED: true, null_rate_max: 1, ranges: {{Close: [0, 20]}}, action: {action}}}"
    sets = [f"QUALITY_CHECKS={checks}"]
    return run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON", sets=sets, **more)


def test_a_warning_is_told_by_the_run_that_writes_and_by_the_next_that_does_not(
    pipeline_file: Path,
) -> None:
    for status in ("written", "unchanged"):
        [outcome] = run(pipeline_file, "warn").outcomes
        assert (outcome.status, outcome.faults, outcome.refused) == (status, (DEAR,), ())


def test_what_is_refused_is_told_and_read_again_from_the_manifest(pipeline_file: Path) -> None:
    report = run(pipeline_file, "raise")
    [outcome] = report.outcomes
    assert (outcome.status, outcome.faults) == ("failed", (DEAR,))
    assert FinishedRun.load(report.manifest).report.outcomes == (outcome,)


def test_a_partition_without_faults_has_none(pipeline_file: Path) -> None:
    report = run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON")
    assert [each.faults for each in report.outcomes] == [()]
    assert "faults" not in report.receipts[0].stamp


def test_a_refused_schema_is_a_fault(pipeline_file: Path) -> None:
    lock = pipeline_file.with_name("lock.json")
    lock.write_text('{"bars": {"Close": "String"}}')
    sets = [f"SCHEMA_LOCK_PATH={lock}", "SCHEMA_LOCK_MODE=raise"]
    report = run_pipeline(pipeline_file, date=MONDAY, universe="mic=XLON", sets=sets)
    [fault] = report.outcomes[0].faults
    assert fault.check == "schema"
    assert "Close: String → Float64" in fault.text


@pytest.mark.parametrize("fault", [DEAR, Fault("keys", "the key is null in 1 rows")])
def test_faults_travel_as_text(fault: Fault) -> None:
    assert fault.check in CHECKS
    assert read_faults(faults_text([fault, fault])) == (fault, fault)
    assert Fault.from_json({**fault.to_json(), "of a newer version": 1}) == fault
    assert read_faults(None) == ()
