"""Does the digest of a pass change with what its rows depend on, and with nothing else?"""

from __future__ import annotations

from pathlib import Path

import pytest

from beaf_core import pass_digest, prepare_pipeline, run_pipeline


def _digest(path: Path, *sets: str) -> str:
    resolved = prepare_pipeline(path, sets=sets).resolved
    return pass_digest(resolved, resolved.passes[0])


@pytest.mark.parametrize(
    "text",
    [
        "PASSES.bars.time_bucket_seconds=120",
        "PASSES.bars.time_bucket_anchor=start",
        "DEFAULT_FFILL=true",
        "QUALITY_CHECKS.ENABLED=true",
        "SOURCE.root=elsewhere",
        "OUTPUT_TARGET.path_template=else/{pass}/{universe}/{start_date}.parquet",
    ],
)
def test_what_rows_depend_on_changes_the_digest(pipeline_file: Path, text: str) -> None:
    assert _digest(pipeline_file, text) != _digest(pipeline_file)


@pytest.mark.parametrize(
    "text",
    [
        "LOGGING_LEVEL=ERROR",
        "NUM_WORKERS=0",
        "MEMORY_PER_WORKER=1",
        "TEMP_DIR=/tmp",
        "START_DATE=2025-01-06",
        "UNIVERSE=mic=XLON",
        "BATCH_FREQ=M",
        "SKIP_EXISTING_OUTPUT=true",
        "AUTO_MATERIALIZE_ENABLED=true",
    ],
)
def test_who_runs_it_and_when_does_not(pipeline_file: Path, text: str) -> None:
    assert _digest(pipeline_file, text) == _digest(pipeline_file)


def test_a_partition_is_computed_anew_where_the_digest_has_changed(pipeline_file: Path) -> None:
    for text, status in (
        ("LOGGING_LEVEL=INFO", "written"),
        ("LOGGING_LEVEL=ERROR", "unchanged"),
        ("DEFAULT_FFILL=true", "written"),
    ):
        report = run_pipeline(pipeline_file, date="2025-01-06", universe="mic=XLON", sets=[text])
        assert [each.status for each in report.outcomes] == [status]


def test_a_day_without_a_session_has_a_status_that_is_a_plain_word(pipeline_file: Path) -> None:
    report = run_pipeline(pipeline_file, date="2025-01-04", universe="mic=XLON")
    [outcome] = report.outcomes
    assert outcome.status == "closed"
    assert type(outcome.status) is str
