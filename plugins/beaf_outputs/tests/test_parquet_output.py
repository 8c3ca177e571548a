"""Is a partition's file whole at every moment, and does it carry its own receipt?"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from beaf_core import (
    DatePartition,
    PartitionRun,
    ResourceError,
    Target,
    UniversePartition,
    UsageError,
)
from beaf_core.testing import check_output
from beaf_outputs.parquet import find_receipt, read_output, write_output

MONDAY = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-06"))
TUESDAY = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-07"))
ROWS = pl.DataFrame({"ListingId": [1, 2], "Open": [10.0, 20.0]})


@pytest.fixture
def target(tmp_path: Path) -> Target:
    template = f"{tmp_path}/{{datasetname}}/{{pass}}/{{universe}}/{{start_date}}.parquet"
    return Target("parquet", "tiny", "bars", template, stamp={"fingerprint": "f1"})


def test_the_output_keeps_the_contract(tmp_path: Path) -> None:
    check_output("parquet", tmp_path)


def test_what_is_written_is_read_back_with_its_receipt(target: Target) -> None:
    receipt = write_output(ROWS.lazy(), target, MONDAY)
    assert receipt.location == target.location(MONDAY)
    assert receipt.rows == 2
    assert find_receipt(target, MONDAY) == receipt
    found = read_output(target, [MONDAY])
    assert found is not None
    assert found.collect().equals(ROWS)


def test_nothing_is_there_before_it_is_written(target: Target) -> None:
    assert read_output(target, [MONDAY]) is None
    assert find_receipt(target, MONDAY) is None


def test_a_rewrite_replaces_its_partition_and_no_other(target: Target) -> None:
    write_output(ROWS.lazy(), target, MONDAY)
    write_output(ROWS.lazy(), target, TUESDAY)
    changed = ROWS.with_columns(pl.col("Open") * 2)
    write_output(changed.lazy(), target, MONDAY)
    monday, tuesday = read_output(target, [MONDAY]), read_output(target, [TUESDAY])
    assert monday is not None
    assert tuesday is not None
    assert monday.collect().equals(changed)
    assert tuesday.collect().equals(ROWS)


def test_an_empty_frame_is_a_file_without_rows(target: Target) -> None:
    assert write_output(ROWS.clear().lazy(), target, MONDAY).rows == 0
    found = read_output(target, [MONDAY])
    assert found is not None
    assert found.collect_schema() == ROWS.schema


def test_a_file_of_another_origin_is_not_taken_for_ours(target: Target) -> None:
    path = Path(target.location(MONDAY))
    path.parent.mkdir(parents=True)
    ROWS.write_parquet(path)
    for content in (path.read_bytes(), b"", b"something else"):
        path.write_bytes(content)
        with pytest.raises(UsageError, match="BEAF has not written it"):
            find_receipt(target, MONDAY)
    write_output(ROWS.lazy(), target, MONDAY)
    assert pl.read_parquet(path).equals(ROWS)


def test_names_from_users_stay_inside_their_folder(tmp_path: Path) -> None:
    template = f"{tmp_path}/root/{{datasetname}}/{{universe}}.parquet"
    hostile = PartitionRun(
        UniversePartition("mic", "../../../escaped"), DatePartition("2025-01-06")
    )
    target = Target("parquet", "a/../../b", "bars", template)
    receipt = write_output(ROWS.lazy(), target, hostile)
    assert Path(receipt.location).resolve().is_relative_to(tmp_path / "root")
    with pytest.raises(UsageError, match="cannot be part of an output path"):
        Target("parquet", "..", "bars", template).location(MONDAY)


def test_an_unknown_placeholder_names_the_known_ones(tmp_path: Path) -> None:
    target = Target("parquet", "tiny", "bars", f"{tmp_path}/{{venue}}.parquet")
    with pytest.raises(UsageError, match=r"\{universe\}"):
        target.location(MONDAY)


def test_a_url_is_refused_with_a_word_on_what_to_do(target: Target) -> None:
    remote = Target("parquet", "tiny", "bars", "gs://bucket/{pass}.parquet")
    with pytest.raises(UsageError, match="neither a folder nor on S3"):
        write_output(ROWS.lazy(), remote, MONDAY)


def test_a_fault_while_writing_leaves_the_old_file_and_nothing_else(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_output(ROWS.lazy(), target, MONDAY)

    def broken(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(ResourceError, match="No space left"):
        write_output(ROWS.clear().lazy(), target, MONDAY)
    path = Path(target.location(MONDAY))
    assert pl.read_parquet(path).equals(ROWS)
    assert list(path.parent.iterdir()) == [path]


WRITER = """
import sys
import polars as pl
from beaf_core import DatePartition, PartitionRun, ResourceError, Target, UniversePartition
from beaf_outputs.parquet import write_output

monday = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-06"))
target = Target("parquet", "tiny", "bars", sys.argv[1])
ids = pl.int_range(1_000_000, eager=True)  # hashed: noise takes time to write
frame = pl.DataFrame({"Noise": ids.hash()}).with_columns(pl.lit(int(sys.argv[2])).alias("Version"))
print("ready", flush=True)
try:
    while True:
        write_output(frame.lazy(), target, monday)
        if sys.argv[3] == "once":
            break
except ResourceError as error:
    print(error, flush=True)
    sys.exit(int(error.exit_code))
"""


def writer(location: str, version: int, mode: str, **options: object) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, location, str(version), mode],
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_writer_that_is_killed_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "bars.parquet"
    assert writer(str(path), 0, "once").wait(60) == 0
    for round_, delay in enumerate((0.01, 0.03, 0.06, 0.1, 0.15), start=1):
        process = writer(str(path), round_, "forever")
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(60)
        found = pl.read_parquet(path)
        assert found.height == 1_000_000
        assert found["Version"].n_unique() == 1, "old or new, never both"


def test_a_reader_meets_a_whole_file_while_it_is_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "bars.parquet"
    assert writer(str(path), 0, "once").wait(60) == 0
    process = writer(str(path), 1, "forever")
    try:
        for _ in range(60):
            assert pl.read_parquet(path).height == 1_000_000
    finally:
        process.kill()
        process.wait(60)


def test_a_disk_that_fills_up_is_told_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "bars.parquet"
    assert writer(str(path), 0, "once").wait(60) == 0
    before = path.read_bytes()
    limit = 100  # bytes: the kernel refuses to let any file of the process grow beyond it

    def confine() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    process = writer(str(path), 1, "once", preexec_fn=confine)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 5, printed
    assert "cannot be written" in printed
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
