"""Does the exit code of `beaf job run --wait` say how the run went?"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.cli.conftest import Beaf, Typed

from beaf_bmll.testing import Emulator

from .conftest import soon

pytestmark = pytest.mark.xdist_group("bmll")


@pytest.mark.parametrize(
    ("state", "code", "status"),
    [
        ("succeeded", 0, "succeeded"),
        ("failed", 3, "failed"),
        ("timed_out", 5, "capped"),
        ("terminated", 130, "cancelled"),
    ],
)
def test_who_waits_learns_how_the_run_went(
    idle: Emulator, submit: Callable[..., Typed], state: str, code: int, status: str
) -> None:
    soon(idle, lambda run_id: idle.end(run_id, state))
    ran = submit("--wait", "--json")
    assert (ran.code, ran.json["status"]) == (code, status), ran.err
    assert ran.json["exit_code"] == code


def test_a_machine_that_is_taken_away_says_what_to_give_the_next_one(
    idle: Emulator, submit: Callable[..., Typed]
) -> None:
    soon(idle, lambda run_id: idle.end(run_id, "timed_out"))
    ran = submit("--wait")
    assert ran.code == 5
    assert "capped" in ran.out
    assert "max_runtime_hours" in ran.err


@pytest.mark.parametrize(
    ("state", "after", "left"),
    [("succeeded", "success", 0), ("failed", "success", 1), ("failed", "always", 0),
     ("succeeded", "never", 1)],
)  # fmt: skip
def test_who_waits_leaves_the_jobs_that_are_to_stay(
    idle: Emulator, submit: Callable[..., Typed], state: str, after: str, left: int
) -> None:
    soon(idle, lambda run_id: idle.end(run_id, state))
    submit("--wait", "--set", f"BMLL_JOBS.delete_job_after={after}")
    assert len(idle.jobs) == left


def test_who_does_not_wait_is_told_the_ids_and_how_to_go_on(
    idle: Emulator, submit: Callable[..., Typed], beaf: Beaf
) -> None:
    ran = submit()
    (job,), (run,) = idle.jobs, idle.runs
    assert (ran.code, ran.out) == (0, f"job {job.id}\nrun {run.id}\n")
    assert beaf("job", "status", "--json").json["status"] == "starting"
    assert "states (UTC)  requested " in beaf("job", "status", job.id).out
    assert "machine       16 GB, py311-stable, at most 1 h" in beaf("job", "status", job.id).out
    listed = beaf("job", "list", "--json").json
    assert [(each["status"], each["goes_on"]) for each in listed] == [("requested", True)]


def test_a_run_is_cancelled_once_and_a_second_time_stays_as_it_is(
    idle: Emulator, submit: Callable[..., Typed], beaf: Beaf
) -> None:
    submit()
    (run,) = idle.runs
    first = beaf("job", "cancel", run.id, "--json")
    assert first.json == {
        "run_id": run.id, "job_id": run.job_id, "status": "cancelled", "was_active": True,
    }  # fmt: skip
    assert not run.active
    again = beaf("job", "cancel", run.id)
    assert (again.code, again.out) == (0, f"{run.id} had ended already: cancelled\n")
    assert "nothing runs" in beaf("job", "list").err


def test_the_cap_holds_and_says_who_is_in_the_way(
    idle: Emulator, submit: Callable[..., Typed]
) -> None:
    assert submit("--max_concurrent_instances", "1").code == 0
    second = submit("--max_concurrent_instances", "1")
    assert second.code == 5
    assert idle.runs[0].id in second.err
    assert "beaf job list" in second.err
    assert len(idle.runs) == 1


@pytest.mark.parametrize("command", ["status", "logs", "cancel"])
def test_what_nobody_knows_is_told(idle: Emulator, beaf: Beaf, command: str) -> None:
    unknown = beaf("job", command, "nothing-of-ours")
    assert unknown.code == 2
    assert "no job, run or submission is called nothing-of-ours" in unknown.err


def test_who_stops_waiting_is_told_that_the_run_goes_on(
    idle: Emulator, submit: Callable[..., Typed], monkeypatch: pytest.MonkeyPatch
) -> None:
    def impatient(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("beaf_bmll.commands.following.time.sleep", impatient)
    left = submit("--wait")
    (run,) = idle.runs
    assert left.code == 130
    assert f"the run goes on; `beaf job cancel {run.id}` ends it" in left.err
    assert run.active
