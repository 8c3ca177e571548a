"""After a kill at any step of a write of a Delta table, are old or new rows there, whole?"""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable
from tests.delta_tables import MONDAY, TUESDAY, bars, read, table_of, target_at, write

from beaf_core import ResourceError, Target
from beaf_outputs import delta

SLOW = pytest.mark.soak

# The child kills itself before or after one step, of a first write or of a rewrite.
STEPS = [
    pytest.param("beaf_outputs.stores.local.LocalFiles", "staging", "before", True, marks=SLOW),
    pytest.param("beaf_outputs.stores.local.LocalFiles", "staging", "before", False, marks=SLOW),
    pytest.param("beaf_outputs.delta.files.Writer", "_put", "before", True, marks=SLOW),
    pytest.param("beaf_outputs.stores.local.LocalFiles", "put", "after", True),
    pytest.param("beaf_outputs.stores.local.LocalFiles", "put", "after", False),
    pytest.param("beaf_outputs.delta.write", "keep", "before", True, marks=SLOW),
    pytest.param("beaf_outputs.delta.write", "keep", "after", True),
    pytest.param("beaf_outputs.delta.write", "keep", "after", False, marks=SLOW),
    pytest.param("deltalake.table.DeltaTable", "create_write_transaction", "before", True),
    pytest.param("deltalake.table.DeltaTable", "create_write_transaction", "after", True),
    pytest.param("beaf_outputs.delta.commit", "create_table_with_add_actions", "before", False),
    pytest.param("beaf_outputs.delta.commit", "create_table_with_add_actions", "after", False),
    pytest.param("beaf_outputs.delta.commit", "_flush_log", "before", True, marks=SLOW),
    pytest.param("beaf_outputs.delta.commit", "_flush_log", "after", True, marks=SLOW),
]
COMMITS = {"create_write_transaction", "create_table_with_add_actions"}

CHILD = """
import functools, importlib, os, signal, sys
from pathlib import Path
from tests.delta_tables import MONDAY, bars, target_at, write
import beaf_outputs.delta.commit, beaf_outputs.delta.write

root, scale, home, name, when = sys.argv[1], int(sys.argv[2]), *sys.argv[3:6]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

if home:
    try:
        owner = importlib.import_module(home)
    except ModuleNotFoundError:
        owner = getattr(importlib.import_module(home.rpartition(".")[0]), home.rpartition(".")[2])
    real = getattr(owner, name)

    @functools.wraps(real)
    def deadly(*args, **kwargs):
        if when == "before":
            die()
        answer = real(*args, **kwargs)
        die()

    setattr(owner, name, deadly)
print("ready", flush=True)
if not sys.stdin.readline():
    sys.exit()  # the parent is gone
while True:
    write(bars(scale), target_at(root))
    scale += 1
    if home:
        break
"""


def child(
    root: Path, scale: int, home: str = "", name: str = "", when: str = ""
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", CHILD, str(root), str(scale), home, name, when]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[3],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def let_go(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"go\n")
    process.stdin.flush()


def kill_at(root: Path, home: str, name: str, when: str) -> None:
    process = child(root, 2, home, name, when)
    let_go(process)
    assert process.wait(30) == -signal.SIGKILL


def is_whole(target: Target) -> float | None:
    """Check that rows and receipt agree; the scale of what is there."""
    receipt = delta.find_receipt(target, MONDAY)
    frame = delta.read_output(target, [MONDAY])
    if receipt is None:
        assert frame is None
        return None
    assert frame is not None
    rows = frame.collect()
    scale = rows["Close"][0]
    assert rows.equals(bars(scale))
    assert receipt.rows == rows.height
    return float(scale)


@pytest.mark.parametrize(("home", "name", "when", "there"), STEPS)
def test_a_kill_at_a_step_leaves_the_old_or_the_new_rows_and_a_rerun_heals(
    tmp_path: Path, home: str, name: str, when: str, there: bool
) -> None:
    target = target_at(tmp_path)
    if there:
        write(bars(1), target)
        write(bars(50), target, TUESDAY)
    kill_at(tmp_path, home, name, when)
    committed = name == "_flush_log" or (name in COMMITS and when == "after")
    assert is_whole(target) == (2 if committed else 1 if there else None)
    write(bars(3), target)
    assert is_whole(target) == 3
    if there:
        assert read(target, TUESDAY).equals(bars(50))
    assert pl.scan_delta(table_of(target)).collect().height == (6 if there else 3)


def killed_at_random(tmp_path: Path, kills: int, seed: int) -> dict[str, int]:
    """Kill a process that writes again and again; each time look, and heal."""
    target, chance = target_at(tmp_path), random.Random(seed)
    write(bars(1), target)
    write(bars(50), target, TUESDAY)
    seen = {"old": 0, "new": 0}
    with ExitStack() as started:
        waiting: list[subprocess.Popen[bytes]] = []
        for number in range(kills):
            while len(waiting) < 2:  # one starts up while the other is killed
                waiting.append(child(tmp_path, 1000 * (number + len(waiting) + 1)))
                started.callback(waiting[-1].kill)
            before, process = is_whole(target), waiting.pop(0)
            let_go(process)
            time.sleep(chance.uniform(0.0, 0.12))
            process.kill()
            process.wait(10)
            after = is_whole(target)
            assert after is not None
            seen["old" if after == before else "new"] += 1
            assert read(target, TUESDAY).equals(bars(50))
            assert pl.scan_delta(table_of(target)).collect().height == 6
    write(bars(3), target)
    assert is_whole(target) == 3
    return seen


def test_kills_at_random_lose_and_double_nothing(tmp_path: Path) -> None:
    seen = killed_at_random(tmp_path, 3, seed=1)
    assert sum(seen.values()) == 3


@pytest.mark.soak
def test_two_hundred_kills_at_random_lose_and_double_nothing(tmp_path: Path) -> None:
    seen = killed_at_random(tmp_path, 200, seed=2)
    assert seen["new"] > 50
    sys.stdout.write(f"200 kills: {seen}\n")


def test_what_killed_writes_left_is_swept_once_it_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = target_at(tmp_path)
    write(bars(1), target)
    kill_at(tmp_path, "beaf_outputs.delta.files.Writer", "_put", "before")
    kill_at(tmp_path, "beaf_outputs.delta.write", "keep", "before")
    kill_at(tmp_path, "beaf_outputs.delta.write", "keep", "after")
    dry = delta.vacuum(target.location(MONDAY), apply=True, keep_hours=0)
    assert dry is not None
    assert dry.removed == ()  # it may be of writes under way
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 25 * 3600)
    done = delta.vacuum(target.location(MONDAY), apply=True, keep_hours=0)
    assert done is not None
    kinds = [Path(each).suffix for each in done.removed]
    assert kinds.count(".parquet") == 2
    assert kinds.count(".json") == 1
    assert len(kinds) == 4  # and what was staged
    assert is_whole(target) == 1
    left = {each.name for each in table_of(target).rglob("*") if each.is_file()}
    uri = DeltaTable(table_of(target)).file_uris()
    assert {each for each in left if each.endswith(".parquet")} == {Path(each).name for each in uri}


@pytest.mark.parametrize("limit", [50, 700, 1100])
def test_a_full_disk_is_told_and_leaves_the_old_rows(tmp_path: Path, limit: int) -> None:
    """The kernel refuses to let any file grow beyond the limit: rows, receipt or commit."""
    target = target_at(tmp_path)
    write(bars(1), target)
    sizes = {
        kind: max(each.stat().st_size for each in table_of(target).rglob(kind) if each.is_file())
        for kind in ("*.parquet", "*.json")
    }
    assert limit < max(sizes.values())
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, old[1]))
    try:
        with pytest.raises(ResourceError, match="cannot be written"):
            write(bars(2), target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert is_whole(target) == 1
    write(bars(3), target)
    assert is_whole(target) == 3


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResourceError, match="cannot be written"):
        write(bars(1), target_at(tmp_path / "file"))
