"""Is a partition old or new, whole, wherever its writer dies, and does the next writer heal it?"""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import obstore
import polars as pl
import pytest

from beaf_core import DatePartition, PartitionRun, Receipt, Target, UniversePartition
from beaf_outputs.parquet import Config, find_receipt, read_output, remove_output, write_output
from beaf_outputs.stores import open_store

MONDAY = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-06"))
TUESDAY = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-07"))
#: Later than whatever a test stages: what is left behind has no living owner.
LATER = "2100-01-01T00:00:00+00:00"


class Place(Protocol):
    root: str
    options: dict[str, str]


def rows(version: int, mics: tuple[str, ...]) -> pl.DataFrame:
    frame = pl.DataFrame({"MIC": sorted(mics * 3), "N": list(range(3)) * len(mics)})
    return frame.with_columns(pl.lit(version).alias("Version"))


OLD, NEW = rows(1, ("XLON", "XPAR", "BATE")), rows(2, ("XPAR", "XAMS"))
WIDE = NEW.with_columns(pl.lit("new").alias("More"))


def target_in(place: Place, kind: str, version: int, mode: str = "strict") -> Target:
    template = {"file": "{start_date}.parquet", "hive": "bars"}[kind]
    columns = ("MIC",) if kind == "hive" else ()
    stamp = {"fingerprint": str(version), "written_at": LATER}
    return Target(
        "parquet", "tiny", "bars", f"{place.root}/{template}", Config(schema_mode=mode), columns,
        place.options, stamp=stamp, shared=kind == "hive",
    )  # fmt: skip


class Killed(BaseException):
    """Stands for the death of a process: nothing catches it, nothing has an effect after it."""


class Life:
    """A process that dies before its n-th step that others can see."""

    STEPS: tuple[tuple[Any, str], ...] = (
        *((os, name) for name in ("fsync", "link", "replace", "unlink", "mkdir", "rmdir")),
        *((obstore, name) for name in ("put", "copy", "delete")),
        (pl.LazyFrame, "sink_parquet"),
    )

    def __init__(self, monkeypatch: pytest.MonkeyPatch, deadly: int) -> None:
        self.seen, self.deadly = 0, deadly
        for owner, name in self.STEPS:
            monkeypatch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            self.seen += 1
            if self.seen >= self.deadly > 0:
                raise Killed
            return step(*given, **named)

        return call


@contextmanager
def life(deadly: int = 0) -> Iterator[Life]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield Life(monkeypatch, deadly)


def read(target: Target, partition: PartitionRun = MONDAY) -> pl.DataFrame | None:
    found = read_output(target, [partition])
    return None if found is None else found.collect()


def in_sight(place: Place) -> pl.DataFrame:
    """Read everything that is in sight, as somebody does who has never heard of BEAF."""
    store = open_store(place.root, place.options)
    names = [each for each in store.names("") if each.endswith(".parquet") and "/." not in each]
    found = [store.read(each) for each in names]
    frames = [pl.read_parquet(io.BytesIO(each)) for each in found if each]
    return pl.concat([rows(0, ()), *frames], how="diagonal_relaxed")


def left_over(place: Place) -> list[str]:
    return [each for each in open_store(place.root, place.options).names("") if "staged" in each]


def same(one: pl.DataFrame | None, other: pl.DataFrame) -> bool:
    if one is None or set(one.columns) != set(other.columns):
        return False
    key = ["MIC", "N", "Version"]
    return one.select(other.columns).sort(key).equals(other.sort(key))


@dataclass(frozen=True)
class Case:
    """What is done while the process dies.

    Attributes:
        kind: of target.
        new: the rows that are written over the old ones; None: they are removed.
        mode: schema_mode of the second write.
    """

    kind: str
    new: pl.DataFrame | None
    mode: str = "strict"

    def prepare(self, place: Place) -> None:
        old = target_in(place, self.kind, 1)
        write_output(OLD.lazy(), old, MONDAY)
        write_output(OLD.lazy(), old, TUESDAY)

    def act(self, place: Place) -> None:
        if self.new is None:
            found = find_receipt(target_in(place, self.kind, 1), MONDAY)
            if found is not None:
                remove_output(target_in(place, self.kind, 1), found)
        else:
            write_output(self.new.lazy(), target_in(place, self.kind, 2, self.mode), MONDAY)

    def check_old_or_new(self, place: Place) -> bool:
        """Return whether it is the new one, by what it says and by its rows."""
        target = target_in(place, self.kind, 2)
        found = read(target)
        receipt = find_receipt(target, MONDAY)
        if found is not None and same(found, OLD):
            assert receipt is not None
            assert (receipt.fingerprint, receipt.rows) == ("1", OLD.height)
            assert same(read(target, TUESDAY), OLD)
            return False
        if self.new is None:
            assert (found, receipt) == (None, None)
            return True
        assert same(found, self.new)
        assert receipt is not None
        assert (receipt.fingerprint, receipt.rows) == ("2", self.new.height)
        return True

    def check_healed(self, place: Place) -> None:
        target = target_in(place, self.kind, 2)
        others = [] if self.mode == "overwrite" else [OLD]
        expected = [*others, *([] if self.new is None else [self.new])]
        assert same(in_sight(place), pl.concat(expected))
        assert left_over(place) == []
        assert (read(target, TUESDAY) is None) == (self.mode == "overwrite")


CASES = {
    "a file": Case("file", NEW),
    "a removed file": Case("file", None),
    "hive": Case("hive", NEW),
    "hive, empty": Case("hive", NEW.clear()),
    "hive, removed": Case("hive", None),
    "hive, anew": Case("hive", WIDE, "overwrite"),
}


#: Of the steps of a write, `make test` dies at every eighth one; `make soak` at each.
EACH = [8, pytest.param(1, marks=pytest.mark.soak)]


@pytest.mark.parametrize("each", EACH)
@pytest.mark.parametrize("name", CASES)
def test_a_death_at_any_step_leaves_the_old_or_the_new_and_the_next_run_heals_it(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, each: int
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("beaf_outputs.parquet.dataset._PAUSE", 0.001)
    case, here = CASES[name], type(place)
    first = here(f"{place.root}/undisturbed", place.options)
    case.prepare(first)
    with life() as undisturbed:
        case.act(first)
    outcomes = set()
    for deadly in {*range(1, undisturbed.seen + 1, each), undisturbed.seen}:
        there = here(f"{place.root}/{deadly}", place.options)
        case.prepare(there)
        with life(deadly), pytest.raises(Killed):
            case.act(there)
        outcomes.add(case.check_old_or_new(there))
        case.act(there)
        assert case.check_old_or_new(there)
        case.check_healed(there)
    # Some deaths come before what commits, others after it; one request is before alone.
    assert outcomes == ({False, True} if undisturbed.seen > 1 else {False})


@pytest.mark.parametrize("healer", ["a receipt that is asked for", "a writer", "a remover"])
def test_what_a_death_after_the_commit_left_is_finished_by_who_comes_next(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, healer: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("beaf_outputs.parquet.dataset._PAUSE", 0.001)
    case = CASES["hive"]
    case.prepare(place)

    def dead(*_given: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("beaf_outputs.parquet.steps.finish", dead)
        with pytest.raises(Killed):
            case.act(place)
    assert left_over(place), "it died after the commit, before anything was moved"
    assert same(in_sight(place), pl.concat([OLD, OLD]))
    target, then = target_in(place, "hive", 2), case
    assert same(read(target), NEW)
    if healer == "a writer":
        then = Case("hive", rows(3, ("XAMS",)))
        assert then.new is not None
        write_output(then.new.lazy(), target, MONDAY)
    elif healer == "a remover":
        then = CASES["hive, removed"]
        remove_output(target, Receipt("parquet", target.location(MONDAY), 0, MONDAY.key))
    else:
        receipt = find_receipt(target, MONDAY)
        assert receipt is not None
        assert receipt.fingerprint == "2"
    then.check_healed(place)


WRITER = """
import json, sys
import polars as pl
sys.path.insert(0, sys.argv[1])
from test_parquet_kills import NEW, MONDAY, OLD, target_in
from beaf_outputs.parquet import write_output

class Place:
    root, options = sys.argv[2], json.loads(sys.argv[3])

print("ready", flush=True)
number = 0
while True:
    number += 1
    frame = OLD if number % 2 else NEW
    write_output(frame.lazy(), target_in(Place(), sys.argv[4], 1 if number % 2 else 2), MONDAY)
"""


@pytest.mark.parametrize("kind", ["file", "hive"])
@pytest.mark.parametrize(
    "seed", [pytest.param(n, marks=[pytest.mark.soak] if n >= 2 else []) for n in range(20)]
)
def test_a_writer_that_is_killed_loses_and_doubles_nothing(
    place: Place, kind: str, seed: int
) -> None:
    dice = random.Random(seed)
    for version, frame in ((1, OLD), (2, NEW)):
        write_output(frame.lazy(), target_in(place, kind, version), TUESDAY)
    write_output(OLD.lazy(), target_in(place, kind, 1), MONDAY)
    arguments = [str(Path(__file__).parent), place.root, json.dumps(place.options), kind]
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.02 + dice.random() * 0.3)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(60)
    target = target_in(place, kind, 3)
    found, receipt = read(target), find_receipt(target, MONDAY)
    assert receipt is not None
    assert same(found, {"1": OLD, "2": NEW}[str(receipt.fingerprint)])
    write_output(NEW.lazy(), target, MONDAY)
    assert same(in_sight(place), pl.concat([NEW, NEW]))
    assert left_over(place) == []
    assert same(read(target, TUESDAY), NEW)
