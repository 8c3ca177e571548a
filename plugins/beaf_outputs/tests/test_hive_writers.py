"""Do writers, readers and full disks that meet in one dataset leave every partition whole?"""

from __future__ import annotations

import resource
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol

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
from beaf_outputs.parquet import (
    Config,
    find_receipt,
    list_receipts,
    read_output,
    steps,
    write_output,
)
from beaf_outputs.stores import open_store

MICS = ("XLON", "XPAR", "BATE", "XAMS")


class Place(Protocol):
    root: str
    options: dict[str, str]


def day(number: int) -> PartitionRun:
    start = date(2025, 1, 1) + timedelta(number)
    return PartitionRun(UniversePartition("mic", "XLON"), DatePartition(start.isoformat()))


def rows(writer: int, mics: tuple[str, ...] = MICS) -> pl.DataFrame:
    return pl.DataFrame({"MIC": mics}).with_columns(pl.lit(writer).alias("Writer"))


def target_in(place: Place, writer: int = 0, mode: str = "strict") -> Target:
    return Target(
        "parquet", "tiny", "bars", f"{place.root}/bars", Config(schema_mode=mode), ("MIC",),
        place.options, stamp={"fingerprint": str(writer)}, shared=True,
    )  # fmt: skip


def read(target: Target, *partitions: PartitionRun) -> pl.DataFrame:
    found = read_output(target, partitions)
    assert found is not None
    return found.collect()


def files(place: Place) -> list[str]:
    names = open_store(f"{place.root}/bars", place.options).names("")
    return [each for each in names if not each.startswith("_beaf/")]


def test_writers_of_different_partitions_all_land_once_also_when_they_begin_the_dataset(
    place: Place,
) -> None:
    def write(number: int) -> None:
        write_output(rows(number).lazy(), target_in(place, number), day(number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(24)))
    found = read(target_in(place), *map(day, range(24)))
    assert sorted(found["Writer"]) == sorted(list(range(24)) * len(MICS))
    assert len(files(place)) == 24 * len(MICS)
    month = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-01_2025-01-31"))
    assert len(list_receipts(target_in(place), month)) == 24


def test_of_writers_of_one_partition_one_wins_whole(place: Place) -> None:
    def write(number: int) -> None:
        mics = MICS[number % 3 :]
        write_output(rows(number, mics).lazy(), target_in(place, number), day(0))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(16)))
    target = target_in(place)
    found, receipt = read(target, day(0)), find_receipt(target, day(0))
    assert receipt is not None
    winner = int(str(receipt.fingerprint))
    assert set(found["Writer"]) == {winner}
    assert sorted(found["MIC"]) == sorted(MICS[winner % 3 :])
    assert len(files(place)) == found.height
    assert not [
        each for each in open_store(place.root, place.options).names("") if "staged" in each
    ]


def test_writers_who_add_columns_at_once_all_land(place: Place) -> None:
    def write(number: int) -> None:
        frame = rows(number).with_columns(pl.lit(number).alias(f"Measure{number}"))
        write_output(frame.lazy(), target_in(place, number, "add_columns"), day(number))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(8)))
    found = read(target_in(place), *map(day, range(8)))
    assert found.height == 8 * len(MICS)
    for number in range(8):
        mine = found.filter(pl.col("Writer") == number)
        assert set(mine[f"Measure{number}"]) == {number}
        assert mine[f"Measure{(number + 1) % 8}"].null_count() == len(MICS)


def test_writers_who_begin_the_dataset_anew_at_once_with_the_same_columns_all_land(
    place: Place,
) -> None:
    write_output(rows(99).lazy(), target_in(place), day(99))

    def write(number: int) -> None:
        wider = rows(number).with_columns(pl.lit("new").alias("More"))
        write_output(wider.lazy(), target_in(place, number, "overwrite"), day(number))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(8)))
    found = read(target_in(place), day(99), *map(day, range(8)))
    assert sorted(found["Writer"]) == sorted(list(range(8)) * len(MICS))
    assert len(files(place)) == 8 * len(MICS)


def overtaken(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """Let another writer do something once this one has computed its rows."""
    real = steps._stage

    def stage(*args: Any) -> Any:
        staged = real(*args)
        monkeypatch.setattr(steps, "_stage", real)
        meanwhile()
        return staged

    monkeypatch.setattr(steps, "_stage", stage)


def test_a_writer_whose_dataset_begins_anew_meanwhile_is_refused_and_leaves_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = rows(2).with_columns(More=pl.lit(1)).lazy()
    write_output(rows(0).lazy(), target_in(place), day(0))
    overtaken(monkeypatch, lambda: write_output(wide, target_in(place, mode="overwrite"), day(0)))
    with pytest.raises(UsageError, match="holds other columns"):
        write_output(rows(1).lazy(), target_in(place), day(1))
    assert find_receipt(target_in(place), day(1)) is None
    assert len([each for each in files(place) if each.endswith(".parquet")]) == len(MICS)


def test_a_writer_joins_a_dataset_that_begins_anew_meanwhile_with_its_columns(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = target_in(place, mode="overwrite")
    wide = rows(1).with_columns(More=pl.lit(1)).lazy()
    write_output(rows(0).lazy(), target, day(0))

    def begins_anew_twice() -> None:
        write_output(rows(3).lazy().with_columns(Other=pl.lit(1)), target, day(0))
        write_output(wide, target, day(0))

    write_output(wide, target, day(2))
    overtaken(monkeypatch, begins_anew_twice)
    write_output(wide, target, day(1))
    assert read(target, day(0), day(1)).height == 2 * len(MICS)
    assert find_receipt(target, day(2)) is None


def test_a_writer_whose_files_another_one_has_swept_commits_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = target_in(place)
    write_output(rows(1).lazy(), target, day(0))
    later = replace(target, stamp={"fingerprint": "3", "written_at": "2100-01-01T00:00:00+00:00"})
    keep_about = steps.keep_about

    def meanwhile(*given: Any) -> None:
        monkeypatch.setattr(steps, "keep_about", keep_about)
        write_output(rows(3).lazy(), later, day(0))

    monkeypatch.setattr(steps, "keep_about", meanwhile)
    with pytest.raises(ResourceError, match="another run has begun"):
        write_output(rows(2).lazy(), target, day(0))
    assert set(read(target, day(0))["Writer"]) == {3}
    assert len(files(place)) == len(MICS)


def test_a_writer_that_meets_another_machine_is_told(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = steps.finish

    def meanwhile(*given: Any) -> bool:
        moved = finish(*given)  # the other one has no part in this machine's locks
        path = steps.record_path(version, day(0).key)
        store = open_store(f"{place.root}/bars", place.options)
        store.write(path, b'{"write": "other", "gone": []}')
        return moved

    write_output(rows(1).lazy(), target_in(place), day(0))
    version = steps.fitted(
        open_store(f"{place.root}/bars", place.options), rows(1).schema, target_in(place)
    )[0]
    monkeypatch.setattr(steps, "finish", meanwhile)
    with pytest.raises(ResourceError, match="another machine"):
        write_output(rows(2).lazy(), target_in(place), day(0))


def test_a_reader_meets_whole_partitions_while_others_are_written(place: Place) -> None:
    for number in range(3):
        write_output(rows(number).lazy(), target_in(place), day(number))
    stop = threading.Event()

    def keep_writing() -> None:
        while not stop.is_set():
            write_output(rows(7).lazy(), target_in(place, 7), day(0))

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        for _ in range(10):
            found = read(target_in(place), day(1), day(2))
            assert sorted(found["Writer"]) == [1] * len(MICS) + [2] * len(MICS)
    finally:
        stop.set()
        writer.join()


FILLING = """
import sys, resource
import polars as pl
sys.path.insert(0, sys.argv[1])
from test_hive_writers import day, rows, target_in
from beaf_core import ResourceError
from beaf_outputs.parquet import write_output

class Place:
    root, options = sys.argv[2], {}

try:
    frame = pl.concat([rows(n) for n in range(2000)])
    write_output(frame.lazy(), target_in(Place()), day(0))
except ResourceError as error:
    print(error)
    sys.exit(int(error.exit_code))
"""


@pytest.mark.parametrize("limit", [100, 1000])
def test_a_disk_that_fills_up_is_told_and_the_old_partition_stays(
    tmp_path: Path, limit: int
) -> None:
    """100 bytes: the first file does not fit; 1000: files do, and the record does not."""

    class Here:
        root, options = str(tmp_path), dict[str, str]()

    write_output(rows(1).lazy(), target_in(Here()), day(0))
    before = files(Here())

    def confine() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-c", FILLING, str(Path(__file__).parent), str(tmp_path)],
        capture_output=True, text=True, timeout=60, preexec_fn=confine, check=False,
    )  # fmt: skip
    assert done.returncode == 5, done.stderr
    assert "cannot be written" in done.stdout
    assert set(read(target_in(Here()), day(0))["Writer"]) == {1}
    assert files(Here()) == before
    write_output(rows(2).lazy(), target_in(Here()), day(0))
    assert set(read(target_in(Here()), day(0))["Writer"]) == {2}
