"""What if the disk is full, or cannot be written? Exit code 5, and what stood there stands."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest

from beaf_core import ExitCode, ResourceError, run_pipeline

DAYS = {"start_date": "2026-02-02", "end_date": "2026-02-05", "universe": "mic=XLON"}
SETS = ("SOURCE={type: simulated}", "BATCH_FREQ=D", "PASSES.bars.time_bucket_seconds=1")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, with room for one day of bars and not for four."""
    place = tmp_path / "disk"
    place.mkdir()
    _mounted(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(place)])
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder that not even root can write to."""
    place = tmp_path / "read_only"
    place.mkdir()
    _mounted(["mount", "--bind", str(place), str(place)])
    subprocess.run(["mount", "-o", "remount,bind,ro", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


def _mounted(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no disk can be mounted here: {error}")
    if done.returncode:
        pytest.skip(f"no disk can be mounted here (it takes root): {done.stderr.strip()}")


def fill(path: Path) -> None:
    """Write until the disk has no byte left."""
    with path.open("wb", buffering=0) as file:
        for size in (4096, 1):
            with suppress(OSError):
                while file.write(b"\0" * size):
                    pass
    assert shutil.disk_usage(path).free == 0


def files(place: Path) -> list[Path]:
    return sorted(each for each in place.rglob("*") if each.is_file())


def to(place: Path) -> str:
    return f"OUTPUT_TARGET.path_template={place}/{{pass}}/{{start_date}}.parquet"


def test_a_disk_that_fills_up_is_five_and_keeps_what_was_written(
    pipeline_file: Path, small_disk: Path
) -> None:
    report = run_pipeline(pipeline_file, sets=[*SETS, to(small_disk)], **DAYS)
    statuses = [each.status for each in report.outcomes]
    assert statuses[0] == "written"
    assert "failed" in statuses
    assert report.exit_code is ExitCode.RESOURCES == 5
    failed = next(each for each in report.outcomes if each.status == "failed")
    assert "No space left" in str(failed.message)
    assert "make room" in str(failed.message)
    written = [Path(each.location) for each in report.receipts]
    assert files(small_disk) == sorted(written), "no half-written file stays"
    for receipt in report.receipts:
        assert pl.read_parquet(receipt.location).height == receipt.rows


def test_a_full_disk_keeps_the_partition_that_was_to_be_replaced(
    pipeline_file: Path, small_disk: Path
) -> None:
    day = {**DAYS, "end_date": DAYS["start_date"]}
    first = run_pipeline(pipeline_file, sets=[*SETS, to(small_disk)], **day)
    (receipt,) = first.receipts
    before = pl.read_parquet(receipt.location)
    free = small_disk / "filler"
    fill(free)
    again = run_pipeline(pipeline_file, sets=[*SETS, to(small_disk)], force=True, **day)
    assert again.exit_code is ExitCode.RESOURCES
    assert pl.read_parquet(receipt.location).equals(before)
    assert files(small_disk) == sorted([Path(receipt.location), free])


def test_a_full_project_folder_is_five_before_anything_is_computed(
    pipeline_file: Path, small_disk: Path
) -> None:
    project = small_disk / "project"
    project.mkdir()
    pipeline = project / "bars.yaml"
    pipeline.write_text(pipeline_file.read_text())
    fill(small_disk / "filler")
    with pytest.raises(ResourceError, match="manifest"):
        run_pipeline(pipeline, sets=list(SETS), **DAYS)


def test_a_read_only_target_is_five(pipeline_file: Path, read_only: Path) -> None:
    report = run_pipeline(pipeline_file, sets=[*SETS, to(read_only)], **DAYS)
    assert report.exit_code is ExitCode.RESOURCES
    assert "Read-only file system" in str(report.outcomes[0].message)
    assert files(read_only) == []


def test_a_file_where_a_folder_must_be_is_five(pipeline_file: Path, tmp_path: Path) -> None:
    in_the_way = tmp_path / "in_the_way"
    in_the_way.write_text("mine")
    report = run_pipeline(pipeline_file, sets=[*SETS, to(in_the_way)], **DAYS)
    assert report.exit_code is ExitCode.RESOURCES
    assert in_the_way.read_text() == "mine"
