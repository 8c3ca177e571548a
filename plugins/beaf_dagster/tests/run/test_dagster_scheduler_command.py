"""Does `beaf dagster scheduler` hand a daemon to a launcher, remember it, and find it again?"""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from beaf_core import CommandRequest, PluginHost, UsageError, hookimpl
from beaf_core.testing import host_with
from beaf_dagster.launcher.daemons import LIVE_SECONDS, is_live

if TYPE_CHECKING:
    from conftest import Beaf


class HeldRun:
    """A schedule that a launcher holds."""

    def __init__(self, request: CommandRequest) -> None:
        self.request, self.ref, self.state = request, f"held-{request.run_id}", "scheduled"

    def status(self) -> str:
        return self.state

    def stop(self) -> None:
        self.state = "cancelled"

    def logs(self) -> list[str]:
        return []

    def wait(self) -> None:
        raise AssertionError("nobody waits for a schedule")


class Holding:
    """A launcher that holds schedules."""

    def __init__(self) -> None:
        self.held: dict[str, HeldRun] = {}
        self.full = False

    @hookimpl
    def launch_run(self, request: CommandRequest) -> HeldRun:
        if self.full:
            raise UsageError("no room")
        run = HeldRun(request)
        self.held[run.ref] = run
        return run

    @hookimpl
    def find_run(self, ref: str) -> HeldRun:
        if ref not in self.held:
            raise UsageError(f"no job {ref}")
        return self.held[ref]


@pytest.fixture
def holding(monkeypatch: pytest.MonkeyPatch) -> Holding:
    """A launcher `holding`, installed."""
    found = Holding()
    host = host_with(launcher={"holding": found})
    monkeypatch.setattr("beaf_dagster.commands.scheduler.PluginHost", lambda: host)
    return found


def files(instance: dg.DagsterInstance) -> list[Path]:
    return list(Path(instance.root_directory, "beaf").glob("dagster_scheduler_*.json"))


def install(pipes: Path, *more: str) -> tuple[str, ...]:
    named = ("--pipeline", str(pipes / "bars.yaml"), "--launcher", "holding")
    return ("scheduler", "install", *named, *more)


def test_a_daemon_is_scheduled_shown_and_removed(
    pipes: Path, home: dg.DagsterInstance, beaf: Beaf, holding: Holding
) -> None:
    done = beaf(*install(pipes, "--interval_hours", "6", "--max_runtime_hours", "2"))
    assert done.code == 0, done.err
    (run,) = holding.held.values()
    assert (run.request.schedule, run.request.timezone) == ("0 */6 * * *", "UTC")
    assert run.request.args[1:] == (
        *("-m", "beaf_core", "dagster", "scheduler", "serve"),
        *("--pipeline", str(pipes / "bars.yaml")),
        *("--dagster_home", home.root_directory, "--max_runtime_hours", "2"),
    )
    (shown,) = beaf("scheduler", "status", "--json").json["schedulers"]
    assert (shown["name"], shown["status"]) == ("dagster_scheduler", "scheduled")
    assert beaf("scheduler", "uninstall").code == 0
    assert run.state == "cancelled"
    assert not files(home)


@pytest.mark.parametrize(
    ("hours", "cron"),
    [pytest.param("1", "0 */1 * * *", marks=pytest.mark.soak), ("24", "0 0 * * *")],
)
def test_hours_become_a_cron_expression(
    pipes: Path, home: dg.DagsterInstance, beaf: Beaf, holding: Holding, hours: str, cron: str
) -> None:
    zone = ("--cron_timezone", "Europe/London")
    done = beaf(*install(pipes, "--interval_hours", hours, *zone, "--json"))
    assert (done.json["schedule"], done.json["timezone"]) == (cron, "Europe/London")


def test_a_name_is_given_twice_only_on_purpose(
    pipes: Path, home: dg.DagsterInstance, beaf: Beaf, holding: Holding
) -> None:
    assert beaf(*install(pipes)).code == 0
    again = beaf(*install(pipes))
    assert (again.code, "is installed already" in again.err) == (2, True)
    assert len(holding.held) == 1
    replaced = beaf(*install(pipes, "--overwrite_existing", "--interval_hours", "8"))
    assert replaced.code == 0, replaced.err
    (run,) = holding.held.values()
    assert (run.request.replace, run.request.schedule) == (True, "0 */8 * * *")
    assert run.state == "scheduled"


def test_what_runs_is_not_stopped_before_its_successor_is_taken(
    pipes: Path, home: dg.DagsterInstance, beaf: Beaf, holding: Holding
) -> None:
    assert beaf(*install(pipes)).code == 0
    (run,) = holding.held.values()
    run.state, holding.full = "running", True
    beat(home, 5)  # its own heart
    refused = beaf(*install(pipes, "--overwrite_existing", "--interval_hours", "8"))
    assert (refused.code, "no room" in refused.err) == (2, True)
    assert run.state == "running"
    assert beaf("scheduler", "status", "--json").json["schedulers"][0]["status"] == "running"


def test_what_its_launcher_has_lost_can_still_be_removed(
    pipes: Path, home: dg.DagsterInstance, beaf: Beaf, holding: Holding
) -> None:
    assert beaf(*install(pipes)).code == 0
    holding.held.clear()
    (shown,) = beaf("scheduler", "status", "--json").json["schedulers"]
    assert shown["status"].startswith("unknown: no job")
    done = beaf("scheduler", "uninstall", "--pipeline", str(pipes / "bars.yaml"))
    assert (done.code, "knows held-dagster_scheduler no more" in done.err) == (0, True)
    assert not files(home)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--launcher", "local"), "--interval_hours 0 runs it once"),
        (("--launcher", "holdin"), 'did you mean "holding"'),
        (("--workspace", "w.yaml"), "name two sets of definitions"),
        (("--name", "a/b"), "cannot be called 'a/b'"),
        (("--cron_timezone", "Mars/Base"), "no time zone Mars/Base"),
    ],
)
def test_what_cannot_be_installed_is_told_and_leaves_nothing(
    pipes: Path,
    home: dg.DagsterInstance,
    beaf: Beaf,
    holding: Holding,
    args: tuple[str, ...],
    told: str,
) -> None:
    done = beaf(*install(pipes, *args))
    assert done.code == 2
    assert told in done.err
    assert not files(home)
    assert not holding.held


def test_without_a_workspace_or_a_pipeline_there_is_nothing_to_serve(
    home: dg.DagsterInstance, beaf: Beaf
) -> None:
    done = beaf("scheduler", "install")
    assert (done.code, "there is no workspace" in done.err) == (2, True)


def test_a_name_that_nothing_bears_is_told_with_what_is_near(
    pipes: Path, home: dg.DagsterInstance, beaf: Beaf, holding: Holding
) -> None:
    assert beaf(*install(pipes, "--name", "nightly")).code == 0
    done = beaf("scheduler", "uninstall", "--name", "nightli")
    assert (done.code, 'did you mean "nightly"' in done.err) == (2, True)


def beat(instance: dg.DagsterInstance, seconds_ago: float) -> None:
    """Leave a heartbeat, as a daemon would."""
    from dagster._daemon.types import DaemonHeartbeat

    at = time.time() - seconds_ago
    instance.add_daemon_heartbeat(DaemonHeartbeat(at, "SCHEDULER", "some-daemon", None))


def test_a_second_daemon_is_refused_while_one_is_alive(
    pipes: Path, home: dg.DagsterInstance, beaf: Beaf, holding: Holding
) -> None:
    beat(home, 5)
    for command in (install(pipes), ("scheduler", "serve", "-p", str(pipes / "bars.yaml"))):
        done = beaf(*command)
        assert (done.code, "a daemon is alive over" in done.err) == (2, True)
    assert not holding.held
    assert beaf("scheduler", "status", "--json").json["daemon_is_live"]


def test_a_daemon_whose_heart_has_stopped_is_no_daemon(home: dg.DagsterInstance) -> None:
    assert not is_live(home)
    beat(home, LIVE_SECONDS + 5)
    assert not is_live(home)


@pytest.mark.soak
def test_a_daemon_runs_for_its_time_and_ends_as_if_nothing_had_happened(
    pipes: Path, home: dg.DagsterInstance, beaf: Beaf
) -> None:
    hours = ("--interval_hours", "0", "--max_runtime_hours", "0.01")
    named = ("--pipeline", str(pipes / "bars.yaml"))
    done = beaf("scheduler", "install", *named, *hours, "--instance_size", "16", "--json")
    assert done.code == 0, done.err
    assert "instance_size: it has no effect" in done.err
    told: dict[str, Any] = json.loads(done.out)
    run = PluginHost().find_run("local", told["ref"], None)
    deadline = time.monotonic() + 60
    while not is_live(home):
        assert time.monotonic() < deadline, list(run.logs())
        time.sleep(0.5)
    assert run.wait().exit_code == 0, list(run.logs())
    assert run.status() == "succeeded"
    assert not is_live(home)


def alive_in(group: int) -> list[str]:
    """Name what lives in a process group; what has ended and nobody has fetched does not."""
    found = []
    for each in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            state, _, its_group = each.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                found.append(each.parent.name)
    return found


@pytest.mark.soak
def test_no_daemon_is_left_of_a_command_that_was_killed(
    pipes: Path, home: dg.DagsterInstance, beaf: Beaf
) -> None:
    named = ("--pipeline", str(pipes / "bars.yaml"), "--interval_hours", "0")
    done = beaf("scheduler", "install", *named, "--json")
    assert done.code == 0, done.err
    run = PluginHost().find_run("local", done.json["ref"], None)
    deadline = time.monotonic() + 60
    while not is_live(home):
        assert time.monotonic() < deadline, list(run.logs())
        time.sleep(0.5)
    group = json.loads((Path(run.ref) / "processes.json").read_text())["command"]
    assert len(alive_in(group)) > 1  # the command, and its daemon
    os.kill(group, signal.SIGKILL)
    assert run.wait().exit_code == 3
    deadline = time.monotonic() + 10  # what is killed is gone a moment later
    while alive_in(group):
        assert time.monotonic() < deadline, alive_in(group)
        time.sleep(0.1)
