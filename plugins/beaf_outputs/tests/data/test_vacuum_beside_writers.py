"""Does a vacuum of a dataset take nothing from those who write to it at the same time?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import polars as pl

from beaf_core import DatePartition, PartitionRun, Target, UniversePartition
from beaf_outputs.parquet import Config, read_output, write_output
from beaf_outputs.parquet.maintain import vacuum

TURNS = 12
DAYS = [
    PartitionRun(UniversePartition("mic", "XLON"), DatePartition(f"2025-01-0{day}"))
    for day in (6, 7, 8)
]


def rows(turn: int) -> pl.DataFrame:
    """Rows of other venues each turn, so that folders come and go."""
    venues = [f"V{(turn + number) % 4}" for number in range(2)]
    return pl.DataFrame({"ListingId": [turn, turn], "MIC": venues, "Close": [1.0, 2.0]})


def test_what_was_written_last_is_there_though_a_vacuum_never_rests(tmp_path: Path) -> None:
    target = Target(
        "parquet", "tiny", "bars", f"{tmp_path}/d", Config(), ("MIC",), shared=True,
        stamp={"fingerprint": "f"},
    )  # fmt: skip
    write_output(rows(0).lazy(), target, DAYS[0])

    def write(day: PartitionRun) -> None:
        for turn in range(TURNS):
            write_output(rows(turn).lazy(), target, day)

    with ThreadPoolExecutor() as pool:
        writing = [pool.submit(write, day) for day in DAYS]
        vacuumed = 0
        while not all(each.done() for each in writing):
            assert vacuum(target.path_template, {}, keep_hours=0, apply=True) is not None
            vacuumed += 1
        for each in writing:
            each.result()
    assert vacuumed > 1
    for day in DAYS:
        found = read_output(target, [day])
        assert found is not None
        assert found.collect().sort("MIC").equals(rows(TURNS - 1).sort("MIC"))


def test_what_begins_anew_meanwhile_is_whole(tmp_path: Path) -> None:
    target = Target(
        "parquet", "tiny", "bars", f"{tmp_path}/d", Config(schema_mode="overwrite"), ("MIC",),
        shared=True, stamp={"fingerprint": "f"},
    )  # fmt: skip

    def write() -> None:
        for turn in range(TURNS):
            frame = rows(turn).with_columns(pl.lit(turn).alias(f"Column{turn % 3}"))
            write_output(frame.lazy(), replace(target), DAYS[0])

    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write)
        while not writing.done():
            vacuum(target.path_template, {}, keep_hours=0, apply=True)
        writing.result()
    found = read_output(target, [DAYS[0]])
    assert found is not None
    assert (
        found.collect()
        .select("ListingId", "MIC")
        .sort("MIC")
        .equals(rows(TURNS - 1).select("ListingId", "MIC").sort("MIC"))
    )
    files = sorted(Path(target.path_template).glob("MIC=*/*.parquet"))
    vacuum(target.path_template, {}, keep_hours=0, apply=True)
    assert sorted(Path(target.path_template).glob("MIC=*/*.parquet")) == files
    assert len(files) == 2, "nothing of what was before is left"
