"""What has a schedule is a job that comes back: one of each name, and each time is served once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from beaf_bmll.config import Config
from beaf_bmll.errors import BMLLError
from beaf_bmll.launcher import find_run, launch_run
from beaf_bmll.runner.entry import FOLDER, SCHEDULE, SUBMIT_ID, Ending, Job
from beaf_bmll.runner.fires import at_fire, day_of, fire_of
from beaf_bmll.sdk import connect
from beaf_bmll.staging import AreaWords
from beaf_bmll.testing import Emulator
from beaf_core import CommandRequest, LaunchRequest, UsageError

#: One process of the suite imports the vendor's package, which takes 3 s.
pytestmark = pytest.mark.xdist_group("bmll")

SIX_IN_LONDON = {
    "cron": "0 6 * * *",
    "timezone": "Europe/London",
    "date": "yesterday",
    "since": None,
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def nightly(area: Path) -> CommandRequest:
    args = (sys.executable, "-c", "pass")
    zone = "Europe/London"
    return CommandRequest("nightly", args, str(area / "project"), (), "0 6 * * MON-FRI", zone)


def job(area: Path, run_id: str) -> Job:
    return Job({FOLDER: str(area), SUBMIT_ID: "nightly", SCHEDULE: "x"}, run_id)


def test_a_schedule_is_a_job_with_triggers_until_it_is_stopped(
    idle: Emulator, config: Config, nightly: CommandRequest
) -> None:
    schedule = launch_run(nightly, config)
    (made,) = connect(config).jobs()
    assert made.triggers
    assert all("MON-FRI" in str(each.cron) for each in made.triggers)  # Monday stays Monday
    assert made.log_path.endswith(f"_bmll_jobs/{made.id}/logs")
    assert idle.runs == []
    again = find_run(schedule.ref, config)
    assert (again.ref, again.status()) == (schedule.ref, "scheduled")
    assert any("starts by" in line for line in again.logs())
    again.stop()
    again.stop()
    assert (idle.jobs, schedule.status()) == ([], "cancelled")
    with pytest.raises(UsageError, match="knows no job"):
        find_run(schedule.ref, config)


def test_one_of_a_name_is_refused_reused_or_replaced(
    idle: Emulator, config: Config, nightly: CommandRequest
) -> None:
    first = launch_run(nightly, config)
    with pytest.raises(UsageError, match="installed already"):
        launch_run(nightly, config)
    reused = launch_run(nightly, config.model_copy(update={"on_name_conflict": "reuse"}))
    assert reused.ref == first.ref
    replaced = launch_run(replace(nightly, replace=True, schedule="0 7 * * MON"), config)
    assert replaced.ref != first.ref
    (left,) = connect(config).jobs()
    assert replaced.ref.startswith(left.id)
    assert {str(each.cron).split()[4] for each in left.triggers} == {"MON"}


def test_a_schedule_that_is_replaced_while_it_works_may_end_its_work(
    idle: Emulator, config: Config, nightly: CommandRequest
) -> None:
    launch_run(nightly, config)
    idle.clock.advance(to=idle.clock.now() + timedelta(days=4))  # over any weekend
    launch_run(replace(nightly, replace=True), config)
    old, new = idle.jobs
    assert [each.active for each in idle.runs if each.job_id == old.id]
    assert all(each.active for each in idle.runs)
    assert (len(old.triggers), bool(new.triggers)) == (0, True)


@pytest.mark.parametrize(
    ("path", "when"),
    [
        pytest.param("/jobs", "before", marks=pytest.mark.soak),  # it is looked for for 15 s
        ("/jobs", "after"),
        ("/jobs/*/triggers", "before"),
        ("/jobs/*/triggers", "after"),
    ],
)
def test_a_schedule_whose_answer_is_lost_is_there_once(
    idle: Emulator, config: Config, nightly: CommandRequest, path: str, when: str
) -> None:
    idle.faults.add("POST", f"*{path}", "503", when=when)
    schedule = launch_run(nightly, config)
    (made,) = connect(config).jobs()
    names = [each.name for each in made.triggers]
    assert schedule.status() == "scheduled"
    assert len(names) == len(set(names)) > 0


def test_a_schedule_that_is_refused_leaves_nothing(
    idle: Emulator, config: Config, nightly: CommandRequest
) -> None:
    idle.faults.add("POST", "*/triggers", "401", times=None)
    with pytest.raises(BMLLError):
        launch_run(nightly, config.model_copy(update={"submit_timeout": 2.0}))
    assert idle.jobs == []


def test_a_cron_that_cannot_be_said_is_refused_before_anything_is_asked(
    idle: Emulator, config: Config, nightly: CommandRequest
) -> None:
    with pytest.raises(UsageError):
        launch_run(replace(nightly, schedule="61 * * * *"), config)
    assert idle.jobs == []


def test_what_two_triggers_start_for_one_time_is_done_once(area: Path) -> None:
    now = at("2026-06-01T05:03")
    assert fire_of(SIX_IN_LONDON, job(area, "run-1"), now) == at("2026-06-01T05:00")
    second = fire_of(SIX_IN_LONDON, job(area, "run-2"), now)
    assert isinstance(second, Ending)
    assert (second.status, second.exit_code) == ("skipped", 0)
    tomorrow = at("2026-06-02T05:03")
    assert fire_of(SIX_IN_LONDON, job(area, "run-3"), tomorrow) == at("2026-06-02T05:00")


def test_what_was_due_before_it_was_installed_is_not_made_up_for(area: Path) -> None:
    schedule = {**SIX_IN_LONDON, "since": "2026-06-01T05:01:00+00:00"}
    skipped = fire_of(schedule, job(area, "run-1"), at("2026-06-01T06:00"))
    assert isinstance(skipped, Ending)
    assert skipped.status == "skipped"


def test_data_that_arrives_is_served_each_time(area: Path) -> None:
    schedule = {**SIX_IN_LONDON, "cron": None}
    now = at("2026-06-01T05:03")
    assert fire_of(schedule, job(area, "run-1"), now) == now
    assert fire_of(schedule, job(area, "run-2"), now) == now


@pytest.mark.parametrize(
    ("word", "due", "zone", "day"),
    [
        ("yesterday", "2026-06-01T05:00", "Europe/London", "2026-05-31"),
        ("today", "2026-06-01T23:30", "Europe/London", "2026-06-02"),
        ("yesterday", "2026-06-01T23:30", "America/New_York", "2026-05-31"),
        ("today", "2026-01-01T20:00", "Australia/Sydney", "2026-01-02"),
        ("yesterday", "2026-03-01T12:00", "UTC", "2026-02-28"),
    ],
)
def test_words_for_days_are_those_of_the_schedules_zone(
    word: str, due: str, zone: str, day: str
) -> None:
    assert day_of(word, at(due), zone) == day


def test_each_time_has_a_run_and_a_day_of_its_own(
    config: Config, demo: Path, asked_for: Callable[..., LaunchRequest]
) -> None:
    request = asked_for(demo)
    due = at("2026-06-01T05:00")
    found = at_fire(request, SIX_IN_LONDON, due)
    assert isinstance(found, LaunchRequest)
    assert found.run_id == f"{request.run_id}-20260601T0500Z"
    assert found.dates.key == "2026-05-31"
    assert (found.config["START_DATE"], found.config["END_DATE"]) == ("2026-05-31",) * 2
    as_asked = at_fire(request, {**SIX_IN_LONDON, "date": None}, due)
    assert isinstance(as_asked, LaunchRequest)
    assert as_asked.dates == request.dates


@pytest.mark.soak
def test_a_schedule_starts_machines_that_work_once_for_each_time(
    bmll_emulator: Emulator, config: Config, demo: Path, asked_for: Callable[..., LaunchRequest]
) -> None:
    request = replace(asked_for(demo), run_id="bars", schedule="* * * * *")
    schedule = launch_run(request, config)
    bmll_emulator.clock.advance(to=bmll_emulator.clock.now() + timedelta(minutes=2))
    for run in bmll_emulator.runs:
        bmll_emulator.wait(run.id)

    words = AreaWords(config)
    told = [words.word(schedule.submit_id, run.id) for run in bmll_emulator.runs]
    statuses = sorted(each.status for each in told if each)
    assert len(statuses) == len(bmll_emulator.runs) >= 2
    assert statuses.count("succeeded") in (1, 2)  # the minute may change meanwhile
    assert statuses.count("skipped") == len(statuses) - statuses.count("succeeded")
    served = find_run(f"{schedule.job_id}/{bmll_emulator.runs[0].id}/{schedule.submit_id}", config)
    assert served.status() == "succeeded"
