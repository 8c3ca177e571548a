"""Do two runs at once stay out of each other's outputs, and does a killed one let go?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from beaf_core import DatePartition, ExitCode, LaunchRequest, RunReport, UsageError, run_pipeline
from beaf_core.engine.batches import pool
from beaf_core.engine.outputs.locks import locked
from beaf_core.model.errors import LockedError
from beaf_core.model.outputs import Target
from beaf_core.model.partition import PartitionRun, UniversePartition
from beaf_core.testing.market import tiny_bars

MONDAY = "2025-01-06"
XLON = PartitionRun(UniversePartition("mic", "XLON"), DatePartition(MONDAY))

HOLDER = """
import sys
from beaf_core import DatePartition, LaunchRequest, PartitionRun, Target, UniversePartition
from beaf_core.engine.outputs.locks import locked

request = LaunchRequest("r", {}, None, DatePartition("2025-01-06"), None, sys.argv[1])
partition = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-06"))
with locked(request, Target("parquet", "tiny", "bars", ""), partition):
    print("held", flush=True)
    sys.stdin.readline()
"""


def request(project: Path, **more: Any) -> LaunchRequest:
    return LaunchRequest("r", {}, None, DatePartition(MONDAY), None, str(project), **more)


def target(name: str = "bars", dataset: str = "tiny") -> Target:
    return Target("parquet", dataset, name, "")


@pytest.fixture
def holder(pipeline_file: Path) -> Any:
    """Another process that holds the lock of the pipeline's output."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(pipeline_file.parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait(30)


def run(path: Path, **more: Any) -> RunReport:
    return run_pipeline(path, date=MONDAY, universe="mic=XLON", **more)


def test_a_run_that_is_not_to_wait_fails_with_six(pipeline_file: Path, holder: Any) -> None:
    report = run(pipeline_file, on_lock="fail")
    assert report.exit_code is ExitCode.LOCKED == 6
    assert "another run is writing tiny, pass bars, mic=XLON:2025-01-06" in str(
        report.outcomes[0].message
    )
    assert not (pipeline_file.parent / "data").exists()


def test_a_run_may_skip_what_another_one_writes(pipeline_file: Path, holder: Any) -> None:
    report = run(pipeline_file, on_lock="skip")
    assert [each.status for each in report.outcomes] == ["skipped"]
    assert report.exit_code is ExitCode.OK


def test_a_run_waits_no_longer_than_it_says(pipeline_file: Path, holder: Any) -> None:
    started = time.monotonic()
    report = run(pipeline_file, lock_timeout=0.2)
    assert time.monotonic() - started < 20
    assert report.exit_code is ExitCode.LOCKED
    assert "waited 0.2 seconds" in str(report.outcomes[0].message)


def test_a_run_that_waits_goes_on_once_the_other_lets_go(pipeline_file: Path, holder: Any) -> None:
    threading.Timer(0.3, holder.stdin.close).start()
    report = run(pipeline_file, lock_timeout=60)
    assert [each.status for each in report.outcomes] == ["written"]
    assert (
        report.receipts[0].rows
        == tiny_bars()
        .filter((tiny_bars()["ListingId"] < 200) & (tiny_bars()["TimeBucket"].dt.day() == 6))
        .height
    )


def test_a_killed_holder_lets_go(pipeline_file: Path, holder: Any) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait(30)
    assert [each.status for each in run(pipeline_file, on_lock="fail").outcomes] == ["written"]


def test_other_passes_datasets_and_universes_are_not_held_up(tmp_path: Path) -> None:
    asked, other = request(tmp_path, on_lock="fail"), UniversePartition("mic", "XPAR")
    with locked(asked, target(), XLON):
        for free, partition in (
            (target("other"), XLON),
            (target(dataset="other"), XLON),
            (target(), PartitionRun(other, XLON.dates)),
            (target("mic=XLON", "tiny--bars"), XLON),
        ):
            with locked(asked, free, partition):
                pass
        with pytest.raises(LockedError), locked(asked, target(), XLON):
            pass


def test_other_days_of_an_output_are_not_held_up(tmp_path: Path) -> None:
    asked = request(tmp_path, on_lock="fail")
    days = [DatePartition(f"2025-02-{day:02}") for day in range(1, 29)]
    with locked(asked, target(), XLON):
        free = 0
        for each in days:
            with suppress(LockedError), locked(asked, target(), PartitionRun(XLON.universe, each)):
                free += 1
    assert free > 20, "but for a few that share a lock's file with the day that is held"


def test_what_another_run_writes_in_the_meantime_is_not_counted_twice(
    pipeline_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute = pool.compute
    meanwhile: list[RunReport] = []

    def slowly(work: Any, batch: Any) -> Any:
        monkeypatch.setattr(pool, "compute", compute)
        meanwhile.append(
            run_pipeline(
                pipeline_file, start_date=MONDAY, end_date="2025-01-07", universe="mic=XLON"
            )
        )
        return compute(work, batch)

    monkeypatch.setattr(pool, "compute", slowly)
    report = run(pipeline_file)
    assert [each.status for each in meanwhile[0].outcomes] == ["written"]
    assert [each.status for each in report.outcomes] == ["failed"]
    assert "shares days with mic=XLON:2025-01-06_2025-01-07" in str(report.outcomes[0].message)


def test_names_that_differ_only_in_what_a_file_cannot_bear_have_locks_of_their_own(
    tmp_path: Path,
) -> None:
    asked = request(tmp_path, on_lock="fail")
    slash, colon = (PartitionRun(UniversePartition("a", each), XLON.dates) for each in ("/", ":"))
    with locked(asked, target(), slash), locked(asked, target(), colon):
        names = [path.name for path in (tmp_path / ".beaf" / "locks").iterdir()]
    assert len(names) == 2


def test_two_runs_at_once_write_one_output_and_the_second_finds_it(pipeline_file: Path) -> None:
    found: list[RunReport] = []

    def work() -> None:
        found.append(run(pipeline_file))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    statuses = sorted(each.outcomes[0].status for each in found)
    assert statuses == ["unchanged", "unchanged", "written"]


def test_a_word_that_is_no_choice_is_refused(pipeline_file: Path) -> None:
    with pytest.raises(UsageError, match="on_lock"):
        run(pipeline_file, on_lock="hope")
