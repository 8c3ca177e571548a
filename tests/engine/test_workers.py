"""Are batches, computed by whatever processes, together what one computation would be?"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.conftest import (
    DAYS,
    Cut,
    Layout,
    assert_same,
)

from beaf_core import ExitCode, LaunchRequest, execute_request, run_partition
from beaf_core.config.analytics import AnalyticsConfig
from beaf_core.engine.batches import crew, pool
from beaf_core.engine.batches.process import WorkerProcess
from beaf_core.engine.batches.wire import Task, WorkerFaultError, describe, raised_again
from beaf_core.engine.compiler import compute
from beaf_core.engine.session import Session
from beaf_core.model.errors import AbsentDayError, BeafError, DataInvalidError, ResourceError
from beaf_core.model.partition import DatePartition, PartitionRun, UniversePartition
from beaf_core.plugins.errors import PluginNotFoundError
from beaf_core.prepare import prepare_pipeline

#: Seconds after which a test that waits has failed.
PATIENCE = 60
CAP = "MAX_ROWS_PER_TABLE.trades"
IN_WORKER = '"beaf_core.engine.worker" in sys.orig_argv'
Rows = Callable[..., pl.DataFrame]


def manifest(report: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(report.manifest).read_text())
    return found


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def workers_of(parent: int) -> list[int]:
    """List the worker processes that a process has started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            facts = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if int(facts[1]) == parent and facts[0] != "Z" and b"beaf_core.engine.worker" in command:
            found.append(int(entry.name))
    return found


def until(holds: Callable[[], Any]) -> Any:
    """Wait, for a bounded time, until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    return found


# -- the same rows ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cap", "workers", "files", "layout"),
    [
        (60, 1, 1, "listing"),
        (200, 2, 2, "time"),
        pytest.param(1, 3, 3, "listing", marks=pytest.mark.soak),
        pytest.param(500, 3, 1, "time", marks=pytest.mark.soak),
    ],
)
def test_workers_give_the_rows_of_one_computation(
    cut: Cut, whole_rows: Rows, cap: int, workers: int, files: int, layout: Layout
) -> None:
    cut.write(files, layout)
    found = cut.rows(f"{CAP}={cap}", f"NUM_WORKERS={workers}")
    assert_same(found, whole_rows(files))
    assert workers_of(os.getpid()) == []
    assert list(cut.folder.glob(".beaf/tmp/*")) == []


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, Layout], Cut]:
    made: dict[tuple[int, Layout], Cut] = {}
    layouts: tuple[Layout, ...] = ("listing", "time")
    for files in (1, 2, 3):
        for layout in layouts:
            made[files, layout] = Cut(tmp_path_factory.mktemp("project"))
            made[files, layout].write(files, layout)
    return made


@settings(max_examples=8, deadline=None)
@given(
    cap=st.integers(1, 2000), files=st.integers(1, 3), layout=st.sampled_from(["listing", "time"])
)
def test_batches_of_any_size_give_the_rows_of_one_computation(
    projects: Any, whole_rows: Rows, cap: int, files: int, layout: Layout
) -> None:
    found = projects[files, layout].rows(f"{CAP}={cap}", "NUM_WORKERS=0")
    assert_same(found, whole_rows(files))


def test_what_fits_starts_no_worker(cut: Cut, monkeypatch: pytest.MonkeyPatch) -> None:
    cut.write()
    monkeypatch.setattr(crew, "WorkerProcess", None)
    assert cut.rows().height > 0


# -- how many --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wished", "steps", "gigabytes", "found"),
    [
        (-1, 100, 1, 8),  # a worker for each core
        (3, 100, 1, 3),
        (3, 2, 1, 2),  # not more than batches
        (-1, 100, 6, 5),  # five of 6 GB in 32
        (4, 100, 40, 1),  # one there must be
    ],
)
def test_there_are_as_many_workers_as_are_wished_needed_and_find_memory(
    monkeypatch: pytest.MonkeyPatch, wished: int, steps: int, gigabytes: int, found: int
) -> None:
    monkeypatch.setattr(pool, "cores", lambda: 8)
    monkeypatch.setattr(pool, "total_memory", lambda: 32 * 10**9)
    config = AnalyticsConfig(NUM_WORKERS=wished)
    assert pool.worker_count(config, steps, gigabytes * 10**9) == found


def test_workers_are_kept_from_batch_to_batch_and_from_partition_to_partition(cut: Cut) -> None:
    path = cut.folder / "started"
    cut.write(more=f"import os, sys\nif {IN_WORKER}:\n    open({str(path)!r}, 'a').write('x')\n")
    report = cut.run(f"{CAP}=100", "NUM_WORKERS=2", "BATCH_FREQ=D")
    assert len(report.outcomes) == 2
    assert 1 <= len(path.read_text()) <= 2


def test_a_worker_that_holds_more_than_its_budget_is_replaced(
    cut: Cut, whole_rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = cut.folder / "started"
    cut.write(more=f"import os, sys\nif {IN_WORKER}:\n    open({str(path)!r}, 'a').write('x')\n")
    monkeypatch.setattr(crew, "IDLE", -(10**12))
    # 105 has 800 rows; those before it 140, those after it 784.
    found = cut.rows(f"{CAP}=800", "NUM_WORKERS=1")
    assert_same(found, whole_rows())
    assert path.read_text() == "xxx"


def test_the_threads_of_the_machine_are_shared_out(
    cut: Cut, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = cut.folder / "threads"
    monkeypatch.setattr(pool, "cores", lambda: 6)
    cut.write(
        more="import os, sys\n"
        f"if {IN_WORKER}:\n"
        f"    open({str(path)!r}, 'a').write(os.environ['POLARS_MAX_THREADS'] + ' ')\n"
    )
    cut.rows(f"{CAP}=100", "NUM_WORKERS=2")
    assert set(path.read_text().split()) == {"3"}


def test_too_little_memory_for_a_worker_is_refused(cut: Cut) -> None:
    cut.write()
    report = cut.run("MEMORY_PER_WORKER=0.1")
    assert report.exit_code is ExitCode.USAGE
    assert "MEMORY_PER_WORKER is 0.1 GB" in str(report.outcomes[0].message)


# -- what cannot travel ----------------------------------------------------------------------------


def notes_of(report: Any) -> list[str]:
    return [each for each in manifest(report)["notes"] if "no worker can compute" in each]


def test_functions_of_the_caller_are_computed_here_and_it_is_said(
    cut: Cut, whole_rows: Rows
) -> None:
    path = cut.write()
    prepared = prepare_pipeline(path)
    universe = prepared.host.get_universe("default", date=DAYS[0], value=None, reference=None)
    partition = PartitionRun(UniversePartition("default", None), DatePartition(*DAYS))
    config = {
        "SOURCE": {"type": "parquet", "root": str(cut.folder / "market")},
        "OUTPUT_TARGET": {"path_template": str(cut.folder / "out/{universe}_{start_date}.parquet")},
        "MAX_ROWS_PER_TABLE": {"trades": 100},
        "PASSES": [{"name": "bars", "time_bucket_seconds": 600}],
    }
    report = run_partition(
        config,
        lambda date: universe,
        partition,
        get_pipeline=lambda pass_config: [prepared.host.analytics_module("custom")],
    )
    assert_same(pl.read_parquet(report.receipts[0].location), whole_rows())
    [note] = notes_of(report)
    assert note.endswith("get_universe and get_pipeline was given as a function of this process")


def test_a_universe_that_differs_in_a_worker_is_noticed(cut: Cut, whole_rows: Rows) -> None:
    cut.write(
        more=f"import sys\nif {IN_WORKER}:\n"
        "    get_universe = lambda date: pl.DataFrame({'ListingId': [105], 'MIC': ['XLON']})\n"
    )
    report = cut.run(f"{CAP}=100", "NUM_WORKERS=1")
    assert_same(pl.read_parquet(report.receipts[0].location), whole_rows())
    [note] = notes_of(report)
    assert "the declarations, listings or inputs of the pass bars differ" in note


def test_a_function_that_was_edited_before_a_worker_loaded_it_is_noticed(
    cut: Cut, whole_rows: Rows
) -> None:
    cut.write(
        more="import sys\nfrom beaf_core import AnalyticsModule\n"
        f"FACTOR = 2 if {IN_WORKER} else 1\n"
        "def computed(context, options):\n"
        "    rows = context.tables['trades'].group_by('ListingId', 'TimeBucket').agg(pl.len())\n"
        "    return rows.select('ListingId', 'TimeBucket', Rows=pl.col('len') * FACTOR)\n"
        "EDITED = AnalyticsModule('edited', lambda options: ["
        "Measure('Rows', 'trades', None, 'rows', 'd', 'f')], "
        "compute=computed, reads=lambda options: {'trades': ('Size',)})\n"
        "USER_CONFIG['PASSES'][0]['modules'] = ['custom', 'edited']\n"
    )
    wanted = cut.rows("NUM_WORKERS=0")
    report = cut.run(f"{CAP}=100", "NUM_WORKERS=1")
    assert_same(pl.read_parquet(report.receipts[0].location), wanted)
    [note] = notes_of(report)
    assert "the declarations, listings or inputs of the pass bars differ" in note


def test_a_pipeline_that_a_worker_cannot_load_is_computed_here(cut: Cut, whole_rows: Rows) -> None:
    cut.write(more=f"import sys\nif {IN_WORKER}:\n    raise RuntimeError('not here')\n")
    report = cut.run(f"{CAP}=100", "NUM_WORKERS=1")
    assert_same(pl.read_parquet(report.receipts[0].location), whole_rows())
    assert "not here" in notes_of(report)[0]


def test_a_pipeline_that_is_plain_data_travels(cut: Cut, beaf_market: Path) -> None:
    config = {
        "SOURCE": {"type": "parquet", "root": str(beaf_market)},
        "OUTPUT_TARGET": {"path_template": str(cut.folder / "{start_date}.parquet")},
        "MAX_ROWS_PER_TABLE": {"trades": 1},
        "NUM_WORKERS": 1,
        "TEMP_DIR": str(cut.folder / "temporary"),
        "UNIVERSE": "mic=XLON",
        "BATCH_FREQ": None,
        "PASSES": [{"name": "bars", "modules": ["trade"]}],
    }
    report = cut.run(pipeline=config)
    assert report.status == "succeeded"
    assert notes_of(report) == []
    assert (cut.folder / "temporary").is_dir()  # a worker has used it
    assert list((cut.folder / "temporary").iterdir()) == []


def test_what_is_sent_holds_names_of_secrets_not_secrets(
    cut: Cut, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut.write()
    monkeypatch.setenv("MY_SECRET", "hunter2")
    sent: list[str] = []
    ask = WorkerProcess.ask

    def heard(worker: WorkerProcess, task: Task) -> Any:
        sent.append(task.to_line())
        return ask(worker, task)

    monkeypatch.setattr(WorkerProcess, "ask", heard)
    option = "S3_STORAGE_OPTIONS={aws_secret_access_key: '${env:MY_SECRET}'}"
    cut.rows(f"{CAP}=100", "NUM_WORKERS=1", option)
    assert len(sent) > 2
    assert all("${env:MY_SECRET}" in line and "hunter2" not in line for line in sent)


# -- what goes wrong -------------------------------------------------------------------------------


def test_a_plugin_that_prints_and_reads_does_not_break_the_protocol(
    cut: Cut, whole_rows: Rows
) -> None:
    cut.write(
        more="import os, sys\n"
        "print('{\"error\": null}', flush=True)\n"
        f"if {IN_WORKER}:\n"
        "    os.write(1, b'nonsense\\n')\n"
        "    assert sys.stdin.read() == ''\n"
        "    os.system('echo from a child')\n"
    )
    report = cut.run(f"{CAP}=100", "NUM_WORKERS=1")
    assert_same(pl.read_parquet(report.receipts[0].location), whole_rows())
    assert notes_of(report) == []


def test_an_error_in_a_worker_is_told_as_if_it_had_been_raised_here(cut: Cut) -> None:
    cut.write(more="BAD = of('Bad', Kind.SUM, 'Price', where=pl.col('Size') + 1)\n")
    here = cut.run(f"{CAP}=100", "NUM_WORKERS=0").outcomes[0]
    there = cut.run(f"{CAP}=100", "NUM_WORKERS=1").outcomes[0]
    assert there.status == "failed"
    assert (there.message, there.exit_code) == (here.message, here.exit_code)
    assert "in a worker process" in str(there.traceback)
    assert "execute.py" in str(there.traceback)


class OwnError(DataInvalidError):
    """A class that only this process knows."""

    exit_code = ExitCode.LOCKED


@pytest.mark.parametrize(
    "error",
    [
        DataInvalidError("bad rows", remedy="mend them"),
        AbsentDayError("none", "closed"),
        PluginNotFoundError("module", "trad", ["trade"]),
        OwnError("own"),
    ],
)
def test_an_error_that_has_travelled_is_what_it_was(error: BeafError) -> None:
    found = raised_again(json.loads(json.dumps(describe(error))))
    assert type(found) is type(error)
    assert isinstance(found, BeafError)
    assert str(found) == str(error)
    assert (found.remedy, found.exit_code) == (error.remedy, error.exit_code)
    assert {**vars(found), "__notes__": 0} == {
        **vars(error),
        "__notes__": 0,
        "exit_code": error.exit_code,
    }


def test_an_error_of_a_class_unknown_here_is_of_its_nearest_known_one() -> None:
    told = describe(OwnError("own"))
    told["classes"] = ["ElsewhereError", *told["classes"][1:]]
    found = raised_again(told)
    assert type(found) is DataInvalidError
    assert found.exit_code is ExitCode.LOCKED


def test_a_fault_of_our_own_stays_one_and_no_memory_is_a_persons() -> None:
    fault = raised_again(describe(ZeroDivisionError("ours")))
    assert isinstance(fault, WorkerFaultError)
    assert "ZeroDivisionError: ours" in str(fault)
    assert isinstance(raised_again(describe(MemoryError("1 TB"))), ResourceError)


#: Cuts a day's file in half once everything is planned, and says so in a file beside it.
SHRINKS = """
def shrink():
    import os
    from beaf_core.engine.compiler import compute
    real = compute._compute_pass
    def first(*given):
        os.truncate(SHRUNK, os.path.getsize(SHRUNK) // 2)
        open(SHRUNK + '.pid', 'w').write(str(os.getpid()))
        compute._compute_pass = real
        return real(*given)
    compute._compute_pass = first
"""


@pytest.mark.parametrize("workers", [0, 1])
def test_a_file_that_shrinks_once_it_is_planned_fails_its_partition_and_no_other(
    cut: Cut, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    path = cut.folder / "market" / "trades" / "XLON" / f"{DAYS[0]}.parquet"
    where = "here" if workers == 0 else "there"
    cut.write(
        1,
        more=f"SHRUNK = {str(path)!r}\n{SHRINKS}\nimport sys\n"
        f"if ({IN_WORKER}) == ({where!r} == 'there'):\n    shrink()\n",
    )
    # What the pipeline's file changes here is changed back.
    monkeypatch.setattr(compute, "_compute_pass", compute._compute_pass)
    cap = [f"{CAP}=100"] if workers else []
    report = cut.run(*cap, f"NUM_WORKERS={workers}", "BATCH_FREQ=D")
    assert (int(Path(f"{path}.pid").read_text()) == os.getpid()) == (workers == 0)
    first, second = report.outcomes
    assert (first.status, first.exit_code) == ("failed", DataInvalidError.exit_code)
    assert f"trades cannot be read (on {DAYS[0]}, in {path})" in str(first.message)
    assert (second.status, second.exit_code) == ("written", ExitCode.OK)


# -- killed ----------------------------------------------------------------------------------------


def killing(path: Path) -> str:
    """Write code by which the first worker to load the pipeline kills itself."""
    return (
        "import os, sys\n"
        f"if {IN_WORKER}:\n"
        f"    if not os.path.exists({str(path)!r}):\n"
        f"        open({str(path)!r}, 'x')\n"
        "        os.kill(os.getpid(), 9)\n"
    )


def test_a_killed_worker_s_batch_is_computed_once_more_and_it_is_said(
    cut: Cut, whole_rows: Rows
) -> None:
    cut.write(more=killing(cut.folder / "killed"))
    report = cut.run(f"{CAP}=100", "NUM_WORKERS=1")
    assert_same(pl.read_parquet(report.receipts[0].location), whole_rows())
    [note] = [each for each in manifest(report)["notes"] if "once more" in each]
    assert "batch 1 of " in note
    assert "it was killed" in note


def test_a_batch_that_ends_two_workers_is_one_clear_error_and_nothing_is_written(cut: Cut) -> None:
    cut.write(more=f"import os, sys\nif {IN_WORKER}:\n    os.kill(os.getpid(), 9)\n")
    report = cut.run(f"{CAP}=100", "NUM_WORKERS=1")
    assert report.exit_code is ExitCode.RESOURCES
    [outcome] = report.outcomes
    assert "of all:2025-01-06_2025-01-07 ended two workers (it was killed" in str(outcome.message)
    assert "it has listings 105\n" in str(outcome.message)  # the largest comes first
    assert not (cut.folder / "data").exists()
    assert workers_of(os.getpid()) == []
    assert list(cut.folder.glob(".beaf/tmp/*")) == []


@contextmanager
def one_worker_killed_at_random(rng: random.Random, latest: float) -> Iterator[list[int]]:
    """Kill one worker of this process, at a random time after it has started; latest: seconds."""
    killed: list[int] = []
    ended = threading.Event()
    delay = rng.uniform(0, latest)

    def kill() -> None:
        while not (found := workers_of(os.getpid())):
            if ended.wait(0.005):
                return
        if not ended.wait(delay):
            victims = workers_of(os.getpid()) or found
            victim = rng.choice(victims)
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                return
            killed.append(victim)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        ended.set()
        thread.join(PATIENCE)


def run_with_a_killed_worker(cut: Cut, wanted: pl.DataFrame, seed: int) -> list[int]:
    """Run until a worker was killed on the way; return who, once the rows are as wanted."""
    cut.write()
    rng = random.Random(seed)
    victims: list[int] = []
    for turn in range(8):  # where the machine is quick, the run may end first
        with one_worker_killed_at_random(rng, 0.8 / 2**turn) as killed:
            found = cut.rows(f"{CAP}=60", "NUM_WORKERS=2")
        assert_same(found, wanted)
        victims += killed
        if victims:
            break
    assert workers_of(os.getpid()) == []
    return victims


@pytest.mark.parametrize("seed", [0])
def test_a_worker_killed_at_any_point_changes_nothing(
    cut: Cut, whole_rows: Rows, seed: int
) -> None:
    assert run_with_a_killed_worker(cut, whole_rows(), seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, 50))
def test_a_worker_killed_at_many_points_changes_nothing(
    cut: Cut, whole_rows: Rows, seed: int
) -> None:
    assert run_with_a_killed_worker(cut, whole_rows(), seed)


RUN = "from beaf_core import run_pipeline\n"


def asked(cut: Cut, workers: int) -> str:
    """Spell a run with so many workers in Python."""
    dates = f"start_date='{DAYS[0]}', end_date='{DAYS[1]}'"
    sets = [f"{CAP}=100", f"NUM_WORKERS={workers}"]
    return f"run_pipeline({str(cut.pipeline)!r}, {dates}, force=True, sets={sets})"


def test_a_killed_parent_leaves_no_worker_and_the_next_run_removes_its_files(
    cut: Cut, whole_rows: Rows
) -> None:
    busy = cut.folder / "busy"
    cut.write(
        more="import contextlib, os, sys, threading\n"
        f"if {IN_WORKER} and not os.path.exists({str(busy)!r}):\n"
        "    with contextlib.suppress(FileExistsError):  # both workers may come here\n"
        f"        open({str(busy)!r}, 'x').write(str(os.getpid()))\n"
        "    threading.Event().wait(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", f"{RUN}{asked(cut, 2)}"], cwd=cut.folder)
    try:
        until(lambda: busy.exists() and busy.read_text())
        workers = workers_of(parent.pid)
        assert workers
    finally:
        parent.kill()
        parent.wait()
    until(lambda: not any(map(alive, workers)))
    assert len(list(cut.folder.glob(".beaf/tmp/*"))) == 1
    assert_same(cut.rows(f"{CAP}=100", "NUM_WORKERS=1"), whole_rows())
    assert list(cut.folder.glob(".beaf/tmp/*")) == []


def test_a_script_that_has_used_polars_runs_twice_and_does_not_hang(cut: Cut) -> None:
    cut.write()
    script = cut.folder / "script.py"
    # No guard of __main__: a child that imported it again would start it again.
    script.write_text(
        "import polars as pl\n"
        "frame = pl.LazyFrame({'a': range(100_000)}).group_by(pl.col('a') % 7).len()\n"
        "assert frame.collect(engine='streaming').height == 7\n"
        f"{RUN}for _ in range(2):\n"
        f"    print({asked(cut, 1)}.status)\n"
    )
    found = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert found.stdout == "succeeded\nsucceeded\n", found.stderr


# -- memory ----------------------------------------------------------------------------------------


def test_a_worker_stays_within_its_budget_though_one_listing_has_half_of_the_rows(
    tmp_path: Path,
) -> None:
    rows, half = 6_000_000, 3_000_000
    ids = pl.select(
        ListingId=pl.when(pl.int_range(rows) < half)
        .then(500)
        .otherwise(501 + (pl.int_range(rows) - half) // (half // 50))
    )
    path = tmp_path / "market/trades/XLON/2025-01-06.parquet"
    path.parent.mkdir(parents=True)
    midnight = 1_736_121_600 * 10**9
    ids.with_columns(
        TradeTimestampNanoseconds=midnight + pl.int_range(rows) % 50_000 * 10**9,
        Price=pl.int_range(rows) % 997 / 7,
    ).write_parquet(path, row_group_size=262_144)
    own = tmp_path / "own.py"
    own.write_text(
        "import polars as pl\n"
        "from beaf_core import Aggregation, Kind, Measure\n"
        "M = Measure('Middle', 'trades', Aggregation(Kind.MEDIAN, pl.col('Price')), '', '', '')\n"
        "def get_universe(date):\n"
        "    return pl.DataFrame({'ListingId': range(500, 551), 'MIC': ['XLON'] * 51})\n"
        "USER_CONFIG = {'PASSES': [{'name': 'bars', 'modules': ['custom']}], 'NUM_WORKERS': 1,\n"
        "               'MEMORY_PER_WORKER': 0.9,\n"
        "               'SOURCE': {'type': 'parquet', 'root': 'market'}}\n"
    )
    prepared = prepare_pipeline(own, flags={"START_DATE": DAYS[0], "END_DATE": DAYS[0]})
    session = Session(prepared.host, prepared.resolved)
    config = prepared.loaded.tree.plain()
    request = LaunchRequest(
        "one", config, None, DatePartition(DAYS[0], DAYS[0]), str(own), str(tmp_path)
    )
    report = execute_request(replace(request, session=session))
    assert report.status == "succeeded", report.outcomes
    assert 300 * 10**6 < session.pool.peak <= 900 * 10**6
