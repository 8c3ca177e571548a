"""Does a run of the emulator live and die as one on the vendor's machines?"""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

# The vendor's package takes seconds to import: one process of the suite does it for all.
pytestmark = pytest.mark.xdist_group("bmll")


def alive(pid: int) -> bool:
    """Say whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def read_when_there(path: Path) -> str:
    until = time.monotonic() + 10
    while not (path.exists() and path.read_text().endswith("\n")):
        assert time.monotonic() < until, f"{path} was never written"
        time.sleep(0.01)
    return path.read_text()


def test_a_script_that_fails_ends_as_failed(job, bmll_emulator):
    run = job("echo before; exit 3").execute()
    ended = bmll_emulator.wait(run.id)
    run.reload()
    assert (run.current_state, ended.exit_code) == ("failed", 3)
    assert run.termination_reason == "the script ended with 3"
    assert [event.message for event in ended.stream] == ["before"]


def test_a_bootstrap_that_fails_keeps_the_script_from_starting(job, script, bmll_emulator):
    steps = [{"area": "user", "path": script("bad.sh", "exit 9")}]
    run = bmll_emulator.wait(job(bootstraps=steps).execute().id)
    assert run.state == "failed"
    assert run.since("running") is None
    assert run.stream == []


def test_a_script_that_is_not_there_fails(compute, bmll_emulator):
    made = compute.create_job("instance", script_path="nowhere.sh", log_path="logs")
    run = bmll_emulator.wait(made.execute().id)
    assert (run.state, run.exit_code) == ("failed", 127)


def test_a_machine_inherits_nothing_and_loses_what_a_bootstrap_exports(
    job, script, bmll_emulator, monkeypatch
):
    monkeypatch.setenv("OF_THE_SUBMITTER", "leaked")
    bmll_emulator.machine_environment["OF_THE_MACHINE"] = "given"
    steps = [{"area": "user", "path": script("export.sh", "export OF_THE_BOOTSTRAP=kept")}]
    run = bmll_emulator.wait(job("env", bootstraps=steps).execute().id)
    variables = dict(event.message.partition("=")[::2] for event in run.stream)
    assert variables["OF_THE_MACHINE"] == "given"
    assert variables["JOB_RUN_ID"] == run.id
    assert variables["BMLL_JOB_RUN_TASK_ID"] == str(run.task_id)
    assert not {"OF_THE_SUBMITTER", "OF_THE_BOOTSTRAP", "BMLL_KEY_PATH"} & set(variables)


def test_a_terminated_run_takes_every_process_with_it(job, compute, bmll_emulator, tmp_path):
    told = tmp_path / "pids"
    # The second one leaves the process group, as a daemon does.
    text = (
        f'sleep 60 & echo $! > {told}; setsid sleep 60 & echo $! >> {told}; echo "" >> {told}; wait'
    )
    run = job(text).execute()
    until = time.monotonic() + 10
    while not (told.exists() and told.read_text().endswith("\n\n")) and time.monotonic() < until:
        time.sleep(0.01)
    pids = [int(line) for line in told.read_text().split()]
    assert [alive(pid) for pid in pids] == [True, True]
    answer = compute.terminate_job_run(run.id)
    assert answer["jobRunId"] == run.id
    ended = bmll_emulator.wait(run.id)
    assert ended.state == "terminated"
    assert ended.termination_user == bmll_emulator.user
    assert [alive(pid) for pid in pids] == [False, False]


def test_a_run_that_has_ended_cannot_be_terminated(job, compute, bmll_emulator):
    run = job().execute()
    bmll_emulator.wait(run.id)
    with pytest.raises(Exception, match="not active"):
        compute.terminate_job_run(run.id)
    assert bmll_emulator.run(run.id).state == "completed"


def test_a_closing_emulator_ends_its_machines(job, bmll_emulator, tmp_path):
    told = tmp_path / "pid"
    job(f"echo $$ > {told}; sleep 60").execute()
    pid = int(read_when_there(told))
    assert alive(pid)
    bmll_emulator.close()
    assert not alive(pid)


def test_the_runtime_cap_takes_the_machine_away(job, bmll_emulator):
    run = job("sleep 60", max_runtime_hours=2).execute()
    while bmll_emulator.run(run.id).since("running") is None:
        time.sleep(0.01)
    bmll_emulator.clock.advance(hours=1.9)
    assert bmll_emulator.run(run.id).active
    bmll_emulator.clock.advance(hours=0.2)
    ended = bmll_emulator.wait(run.id)
    assert ended.state == "timed_out"
    assert ended.termination_reason == "max_runtime_hours are over"


def test_a_lost_machine_is_noticed_or_not(job, compute, bmll_emulator, tmp_path):
    noticed, unnoticed = (job("sleep 60").execute() for _ in range(2))
    bmll_emulator.lose_machine(noticed.id)
    bmll_emulator.lose_machine(unnoticed.id, noticed=False)
    assert [run.id for run in compute.get_job_runs(state="active")] == [unnoticed.id]
    (lost,) = compute.get_job_runs(state="inactive")
    assert (lost.id, lost.termination_reason) == (noticed.id, "machine lost")


def test_overrides_hold_for_one_run_and_parameters_replace_those_of_the_job(job, bmll_emulator):
    made = job(a="1", b="1")
    run = made.execute(instance_size=128, script_parameters={"b": "2"})
    assert (run.instance_size, run.script_parameters) == (128, {"b": "2"})
    made.reload()
    assert (made.instance_size, made.script_parameters) == (16, {"a": "1", "b": "1"})


def test_bootstraps_run_in_the_order_of_their_numbers(job, script, bmll_emulator):
    steps = [
        {"area": "user", "path": script(f"{n}.sh", f"echo step {n}"), "order": n} for n in (2, 0, 1)
    ]
    run = bmll_emulator.wait(job(bootstraps=steps).execute().id)
    said = [event.message for event in run.general if event.message.startswith("step")]
    assert said == ["step 0", "step 1", "step 2"]


@pytest.mark.parametrize(
    "bmll_emulator", [{"machine_delay": 60.0}, {"start_machines": False}], indirect=True
)
def test_a_run_that_waits_for_its_machine_is_terminated(job, compute, bmll_emulator):
    run = job().execute()
    compute.terminate_job_run(run.id)
    ended = bmll_emulator.wait(run.id)
    assert (ended.state, ended.since("running"), ended.stream) == ("terminated", None, [])


@pytest.mark.parametrize("bmll_emulator", [{"seconds_per_hour": 0.2}], indirect=True)
def test_hours_may_be_short(job, bmll_emulator):
    assert bmll_emulator.wait(job("sleep 60").execute().id).state == "timed_out"


def test_a_job_reads_its_parameters_as_the_vendor_says(job, compute, bmll_emulator, monkeypatch):
    run = job(date="2026-02-01").execute()
    monkeypatch.setenv("JOB_RUN_ID", run.id)
    monkeypatch.setenv("BMLL_JOB_RUN_TASK_ID", str(bmll_emulator.run(run.id).task_id))
    assert compute.get_job_run_parameters() == {"date": "2026-02-01"}


def test_logs_are_cut_to_their_window_and_come_in_pages(job, bmll_emulator):
    run = job("for n in $(seq 120); do echo $n; done").execute()
    bmll_emulator.wait(run.id)
    began = datetime.fromisoformat(run.states[0][1])
    start, end = (f"{began + timedelta(hours=n):%Y-%m-%dT%H:%M:%S}" for n in (-1, 1))
    lines = [event["message"] for event in run.stream_logs(start, end)]
    assert lines == [str(n) for n in range(1, 121)]
    pages = [each for each in bmll_emulator.requests if each.route == "/compute/runs/{run}/stream"]
    assert len(pages) == 3
    assert list(run.stream_logs(end, end)) == []


@pytest.mark.parametrize("bmll_emulator", [{"start_machines": False}], indirect=True)
def test_runs_without_machines_wait_until_they_are_ended(job, compute, bmll_emulator):
    made = job("exit 1")
    first, second, third = (made.execute() for _ in range(3))
    assert [run.state for run in bmll_emulator.runs] == ["requested"] * 3
    bmll_emulator.end(first.id)
    bmll_emulator.end(second.id, "failed")
    assert [run.current_state for run in made.previous_runs()] == [
        "requested",
        "failed",
        "completed",
    ]
    assert [run.id for run in compute.get_job_runs(state="active")] == [third.id]


def test_states_of_one_moment_are_in_order(job, bmll_emulator):
    run = job().execute()
    bmll_emulator.wait(run.id)
    run.reload()
    times = [when for _, when in run.states]
    assert times == sorted(set(times))
    assert len({len(when) for when in times}) == 1


def test_a_script_may_print_what_is_no_text(job, bmll_emulator):
    run = bmll_emulator.wait(job(r"printf '\xff\n\0end'").execute().id)
    assert [event.message for event in run.stream] == ["\ufffd", "\0end"]
    assert os.environ.get("JOB_RUN_ID") is None
