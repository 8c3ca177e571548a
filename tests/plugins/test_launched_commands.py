"""Do commands that the launcher `local` starts live, end and stop as they should?"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from beaf_core import CommandRequest, PluginHost, UsageError, execute_request, hookimpl
from beaf_core.launchers import detached
from beaf_core.testing import check_launched_commands

TREE = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""
WAITS = """
import pathlib, time
while not pathlib.Path("go").exists():
    time.sleep(0.05)
print("late")
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""


def asked(folder, code, run_id="one", **more):
    return CommandRequest(run_id, (sys.executable, "-c", code), str(folder), **more)


def lines(run, count=1, seconds=10.0):
    """Wait for the first lines of a log."""
    deadline = time.monotonic() + seconds
    while len(found := list(run.logs())) < count:
        assert time.monotonic() < deadline, "it says nothing"
        time.sleep(0.02)
    return found


def ended(pid, seconds=10.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


def test_the_first_party_launcher_starts_commands_as_its_contract_says(tmp_path):
    check_launched_commands("local", tmp_path)


def test_a_command_outlives_who_started_it_and_tells_another_how_it_ended(tmp_path):
    parent = (
        "import sys; from beaf_core import CommandRequest, PluginHost\n"
        f"request = CommandRequest('one', (sys.executable, '-c', {WAITS!r}), {str(tmp_path)!r})\n"
        "print(PluginHost().launch_run('local', request, None).ref)\n"
    )
    ref = subprocess.check_output([sys.executable, "-c", parent], text=True, timeout=60).strip()
    run = PluginHost().find_run("local", ref, None)
    assert run.status() == "running"
    (tmp_path / "go").touch()
    assert run.wait().exit_code == 0
    assert list(run.logs()) == ["late", "ended with exit code 0"]


def test_a_killed_command_is_told_with_its_signal_and_leaves_no_children(tmp_path):
    run = detached.DetachedRun.start(asked(tmp_path, TREE))
    child = int(lines(run)[0])
    os.kill(json.loads((run.folder / detached.PROCESSES).read_text())["command"], signal.SIGKILL)
    assert run.wait().exit_code == 3
    assert run.status() == "failed"
    assert list(run.logs())[-1] == "ended with exit code -9 (SIGKILL)"
    assert ended(child)


def test_a_command_that_does_not_listen_is_made_to_end_after_the_grace(tmp_path):
    run = detached.DetachedRun.start(asked(tmp_path, STUBBORN), grace=0.3)
    assert lines(run) == ["deaf"]
    run.stop()
    assert run.wait().exit_code == 130
    assert run.status() == "cancelled"
    assert list(run.logs())[-1] == "ended with exit code -9 (SIGKILL), as it was asked to"


def test_a_command_whose_supervisor_was_killed_runs_on_and_can_be_stopped(tmp_path):
    run = detached.DetachedRun.start(asked(tmp_path, TREE))
    child = int(lines(run)[0])
    processes = json.loads((run.folder / detached.PROCESSES).read_text())
    os.kill(processes["supervisor"], signal.SIGKILL)
    assert ended(processes["supervisor"])
    assert run.status() == "running"
    run.stop()
    assert ended(processes["command"])
    assert ended(child)
    assert run.status() == "failed"
    assert "nobody saw how" in list(run.logs())[-1]


def test_two_who_ask_whether_a_lock_is_held_do_not_take_each_other_for_its_holder(tmp_path):
    lock = tmp_path / "lock"
    with detached.held(lock, fcntl.LOCK_SH):  # another one is asking
        assert not detached.is_held(lock)
    with detached.held(lock):
        assert detached.is_held(lock)


def test_what_a_command_says_is_closed_to_others(tmp_path):
    run = detached.DetachedRun.start(asked(tmp_path, "print(1)"))
    run.wait()
    assert run.folder.stat().st_mode & 0o777 == 0o700
    assert (run.folder / detached.LOG).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("request_of", "message"),
    [
        (lambda at: CommandRequest("x", ("no-such-program",), str(at)), "cannot be started"),
        (
            lambda at: asked(at, "", schedule="0 */4 * * *"),
            'cannot hold the schedule "0 */4 * * *"',
        ),
    ],
)
def test_a_command_that_cannot_be_started_is_told(tmp_path, request_of, message):
    with pytest.raises(UsageError) as told:
        PluginHost().launch_run("local", request_of(tmp_path), None)
    assert message in told.value.message
    assert told.value.remedy
    assert not list(tmp_path.glob(".beaf/commands/*"))


def test_a_name_is_given_to_one_command(tmp_path):
    detached.DetachedRun.start(asked(tmp_path, "")).wait()
    with pytest.raises(UsageError, match="a command named one was started before"):
        detached.DetachedRun.start(asked(tmp_path, ""))


def test_a_launcher_that_runs_pipelines_alone_refuses_a_command(tmp_path):
    with pytest.raises(UsageError, match="cannot start the command"):
        execute_request(asked(tmp_path, ""))


def test_a_request_for_a_command_survives_its_travel(tmp_path):
    request = asked(tmp_path, "", environment=("HOME",), schedule="0 0 * * *", timezone="UTC")
    assert CommandRequest.from_json(json.loads(json.dumps(request.to_json()))) == request


class SaysNothing:
    """Wrong: it loses what a command says."""

    @hookimpl
    def launch_run(self, request):
        return self.wrapped(PluginHost().launch_run("local", request, None))

    @hookimpl
    def find_run(self, ref):
        return self.wrapped(PluginHost().find_run("local", ref, None))

    def wrapped(self, run):
        return Changed(run, logs=lambda: ["ended with exit code 0"])


class TellsSuccess(SaysNothing):
    """Wrong: every end is a success."""

    def wrapped(self, run):
        def status():
            return "succeeded" if run.status() == "failed" else run.status()

        return Changed(run, status=status)


class DoesNotStop(SaysNothing):
    """Wrong: what is asked to end ends well."""

    def wrapped(self, run):
        def status():
            return "succeeded" if run.status() == "cancelled" else run.status()

        return Changed(run, status=status)


class Changed:
    def __init__(self, run, **changes):
        self.run = run
        vars(self).update(changes)

    def __getattr__(self, name):
        return getattr(self.run, name)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (SaysNothing, "logs() lacks the line"),
        (TellsSuccess, "exit code 3 is told as 'succeeded', not 'failed'"),
        (DoesNotStop, "of a command that was stopped, status() answers 'succeeded'"),
    ],
)
def test_a_launcher_that_is_wrong_about_commands_is_caught(wrong, reason, tmp_path, refused):
    assert reason in refused(check_launched_commands, wrong(), tmp_path)


def test_a_finished_pipeline_is_still_found_by_its_manifest(tmp_path):
    with pytest.raises(UsageError, match="no run has the manifest"):
        PluginHost().find_run("local", str(tmp_path / "nothing"), None)
