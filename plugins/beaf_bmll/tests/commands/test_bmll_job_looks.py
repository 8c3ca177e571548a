"""What do `list`, `status`, `logs`, `bootstrap`, `doctor` and `conformance` show?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import sleep

import pytest
from tests.cli.conftest import Beaf, Typed

from beaf_bmll.testing import Emulator
from beaf_bmll.testing.jobs import LogEvent

from .conftest import soon

pytestmark = pytest.mark.xdist_group("bmll")


def test_who_follows_sees_each_line_once_and_what_comes_at_the_end(
    idle: Emulator, submit: Callable[..., Typed]
) -> None:
    def speak(run_id: str) -> None:
        run, now = idle.run(run_id), idle.clock.now()
        for number in range(120):  # several pages of a log
            run.stream.append(LogEvent(now + timedelta(milliseconds=number), f"line {number}"))
        run.stream.append(LogEvent(now, "a URL https://me:hunter2@db/x"))
        run.stream.append(LogEvent(now + timedelta(minutes=10), "the newest"))
        sleep(0.25)
        run.stream.append(LogEvent(now + timedelta(minutes=1), "what came late"))
        idle.end(run_id, "succeeded")

    soon(idle, speak)
    ran = submit("--follow")
    said = [each for each in ran.out.splitlines() if each.startswith("line ")]
    assert said == [f"line {number}" for number in range(120)]
    assert "https://me:***@db/x" in ran.out
    assert ran.out.splitlines()[-3:] == ["the newest", "what came late", "succeeded"]
    assert ran.code == 0


def test_a_schedule_is_listed_with_what_starts_it_beside_its_runs(
    idle: Emulator, beaf: Beaf
) -> None:
    installed = beaf("job", "install", "-p", "01_ohlcv_bars.py", "--cron", "0 6 * * MON-FRI",
                     "--name", "nightly", "--json")  # fmt: skip
    assert installed.code == 0, installed.err
    (job,) = idle.jobs
    (line,) = beaf("job", "list", "--json").json
    assert (line["status"], line["goes_on"], line["job_id"]) == ("scheduled", False, job.id)
    (cron,) = line["when"]
    assert "MON-FRI" in cron
    idle_job = beaf("job", "status", job.id, "--json")
    assert (idle_job.code, idle_job.json["status"]) == (0, "idle")
    idle.clock.advance(days=4)
    runs = [each.id for each in idle.runs]
    assert runs, "four days have a weekday among them"
    told = beaf("job", "status", job.id, "--json").json
    assert (told["run_id"], told["status"]) == (runs[-1], "starting")
    listed = beaf("job", "list", "--json").json
    assert {each["run_id"] for each in listed} == {*runs, None}


def test_the_scripts_come_to_lie_in_the_area_or_are_printed(idle: Emulator, beaf: Beaf) -> None:
    shown = beaf("job", "bootstrap", "--print")
    assert shown.out.startswith("#!/usr/bin/env bash")
    assert "set -euo pipefail" in shown.out
    assert not list(idle.root.rglob("*.sh"))
    written = beaf("job", "bootstrap", "--json")
    assert all(Path(each).is_file() for each in written.json)
    assert idle.requests == []
    assert beaf("job", "bootstrap", "--print", "--refresh").code == 2


def test_the_doctor_says_what_a_dead_submitter_left_and_mends_it(
    idle: Emulator, submit: Callable[..., Typed], beaf: Beaf
) -> None:
    submit()
    (page,) = Path("_bmll_jobs", "ledger").glob("*.json")
    page.unlink()  # as if it had been submitted from another machine
    found = beaf("job", "doctor")
    assert found.code == 3
    assert idle.runs[0].id in found.out
    assert "--fix does what can be done" in found.err
    mended = beaf("job", "doctor", "--fix", "--json")
    assert (mended.code, [each["done"] for each in mended.json]) == (0, [True])
    well = beaf("job", "doctor")
    assert (well.code, "all is well" in well.out) == (0, True)


def test_conformance_asks_and_changes_nothing(
    idle: Emulator, submit: Callable[..., Typed], beaf: Beaf
) -> None:
    submit()
    asked = len(idle.requests)
    seen = beaf("job", "conformance", "--json")
    assert seen.code == 0, seen.out
    assert {each["verdict"] for each in seen.json} <= {"as assumed", "not told"}
    methods = {(each.method, each.path) for each in idle.requests[asked:]}
    assert not {path for method, path in methods if method not in ("GET", "POST")}
    assert all("query" in path or "auth" in path for method, path in methods if method == "POST")
