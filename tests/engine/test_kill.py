"""Is everything as if nothing had happened, once a run that was killed is run again?"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from tests.engine.two_passes import write_two_passes

from beaf_core import run_pipeline

START, END = "2025-01-06", "2025-01-07"

#: Runs the pipeline; dies by its own hand at one of its steps on the disk, if one is given.
CHILD = """
import os, signal, sys
from pathlib import Path

import polars as pl

from beaf_core import run_pipeline

deadly, seen = int(sys.argv[2]), 0


def counted(function):
    def call(*given, **named):
        global seen
        seen += 1
        if seen == deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*given, **named)
    return call


os.fsync = counted(os.fsync)
Path.replace = counted(Path.replace)
Path.unlink = counted(Path.unlink)
Path.mkdir = counted(Path.mkdir)
pl.LazyFrame.sink_parquet = counted(pl.LazyFrame.sink_parquet)
print("ready", flush=True)
run_pipeline(sys.argv[1], start_date="2025-01-06", end_date="2025-01-07", universe="mic=XLON",
             sets=["BATCH_FREQ=D"])
print(seen)
"""


def start(path: Path, deadly: int = 0) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), str(deadly)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def outputs(folder: Path) -> dict[str, pl.DataFrame]:
    """Read everything below the folder of outputs, hidden files included."""
    place = folder / "data"
    return {
        str(each.relative_to(place)): pl.read_parquet(each)
        for each in sorted(place.rglob("*"))
        if each.is_file()
    }


@dataclass(frozen=True)
class Undisturbed:
    """What a run comes to that nobody kills."""

    outputs: dict[str, pl.DataFrame]
    steps: int
    seconds: float


def project(folder: Path, market: Path) -> Path:
    folder.mkdir()
    (folder / "beaf.yaml").write_text(f"SOURCE: {{type: parquet, root: '{market}'}}\n")
    return write_two_passes(folder)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, beaf_market: Path) -> Undisturbed:
    path = project(tmp_path_factory.mktemp("undisturbed") / "project", beaf_market)
    process = start(path)
    started = time.perf_counter()
    printed, _ = process.communicate(timeout=120)
    seconds = time.perf_counter() - started
    found = outputs(path.parent)
    assert len(found) == 4
    return Undisturbed(found, int(printed), seconds)


def killed_somewhere(path: Path, dice: random.Random, undisturbed: Undisturbed) -> None:
    """Kill a run: before one of its steps on the disk, or after any part of its time."""
    if dice.random() < 0.5:
        process = start(path, deadly=dice.randint(1, undisturbed.steps))
        # One that takes up what another left has fewer steps, and may end before.
        assert process.wait(120) in {-signal.SIGKILL, 0}
        return
    process = start(path)
    try:
        process.wait(dice.random() * undisturbed.seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(120)


@pytest.mark.parametrize(
    "seed",
    # The first is killed after some time, and the second before a step on the disk.
    [pytest.param(seed, marks=[] if seed in {1, 2} else [pytest.mark.soak]) for seed in range(50)],
)
def test_a_run_that_was_killed_loses_and_doubles_nothing(
    tmp_path: Path, beaf_market: Path, undisturbed: Undisturbed, seed: int
) -> None:
    dice = random.Random(seed)
    path = project(tmp_path / "project", beaf_market)
    for _ in range(dice.randint(1, 2)):
        killed_somewhere(path, dice, undisturbed)
    # What a reader finds meanwhile is whole, and is what it will be.
    for name, frame in outputs_in_sight(path.parent).items():
        assert frame.equals(undisturbed.outputs[name])
    report = run_pipeline(
        path, start_date=START, end_date=END, universe="mic=XLON", sets=["BATCH_FREQ=D"]
    )
    assert report.status == "succeeded", report.outcomes
    found = outputs(path.parent)
    assert found.keys() == undisturbed.outputs.keys(), "nothing lacks, and nothing is left over"
    assert all(frame.equals(undisturbed.outputs[name]) for name, frame in found.items())


def outputs_in_sight(folder: Path) -> dict[str, pl.DataFrame]:
    place = folder / "data"
    return {
        str(each.relative_to(place)): pl.read_parquet(each)
        for each in sorted(place.rglob("*.parquet"))
        if not each.name.startswith(".")
    }


def test_what_a_killed_writer_has_staged_is_swept_by_the_next_run_of_the_same_file(
    tmp_path: Path, beaf_market: Path, undisturbed: Undisturbed
) -> None:
    path = project(tmp_path / "project", beaf_market)
    place = path.parent / "data/tiny/bars/mic=XLON"
    place.mkdir(parents=True)
    own = place / f".{START}_{START}.parquet.0123.staged"
    others = place / ".2024-01-01_2024-01-01.parquet.0123.staged"
    for each in (own, others):
        each.write_bytes(b"half a file")
    run_pipeline(path, date=START, universe="mic=XLON")
    assert not own.exists()
    assert others.exists(), "it may belong to a run that goes on"
