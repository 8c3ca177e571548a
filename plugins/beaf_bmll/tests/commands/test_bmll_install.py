"""`beaf job install` and `uninstall`, typed: one job of each name, started when it was meant."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.cli.conftest import Beaf, Typed

from beaf_bmll.config import Config
from beaf_bmll.gateway import Job as KnownJob
from beaf_bmll.launcher import launch_run
from beaf_bmll.runner.entry import Ending, Job, read_request
from beaf_bmll.runner.work import carry_out
from beaf_bmll.sdk import SDKGateway
from beaf_bmll.testing import Emulator
from beaf_bmll.testing.jobs import Run
from beaf_core import CommandRequest

#: One process of the suite imports the vendor's package, which takes 3 s.
pytestmark = pytest.mark.xdist_group("bmll")

DEMO = "01_ohlcv_bars.py"
NAME = "beaf_01_ohlcv_bars_mic=XLON"
SEEDS_OWN = "0 6 ? * MON-FRI *"


def crons_of(emulator: Emulator) -> list[str]:
    (job,) = emulator.jobs
    return sorted(each.cause["cron"] for each in job.triggers.values())


def asked_of(emulator: Emulator) -> dict[str, Any]:
    """Read what the machine of the one job would be asked to do."""
    (job,) = emulator.jobs
    asked: dict[str, Any] = json.loads(Path(job.parameters["beaf_request"]).read_text())
    return asked


def install(beaf: Beaf, *words: str) -> Typed:
    return beaf("job", "install", "--pipeline", DEMO, *words)


def test_the_seeds_own_line_installs_a_job_that_computes_yesterday(
    idle: Emulator, beaf: Beaf
) -> None:
    done = install(beaf, "--cron", SEEDS_OWN)
    assert done.code == 0, done.err
    assert done.out.startswith(f"installed {NAME}: job {idle.jobs[0].id}\n")
    assert done.out.count("06:00 (UTC+0000)") == 5
    assert not {"Sat", "Sun"} & set(done.out.split())
    assert crons_of(idle) == [SEEDS_OWN]
    asked = asked_of(idle)
    assert asked["schedule"]["date"] == "yesterday"
    assert (asked["request"]["run_id"], asked["request"]["universe"]) == (NAME, "mic=XLON")
    assert asked["request"]["config"]["LAUNCHER"] == "local"
    assert idle.runs == []


def test_a_second_installation_changes_nothing(idle: Emulator, beaf: Beaf) -> None:
    words = ("--cron", "0 7 * * 1-5", "--timezone", "Europe/London", "--instance_size", "64")
    install(beaf, *words)
    before, asked = idle.jobs, len(changes(idle))
    again = install(beaf, *words, "--json")
    assert (again.code, again.json["outcome"]) == (0, "unchanged")
    assert again.json["job_id"] == before[0].id
    assert (idle.jobs, len(changes(idle))) == (before, asked)


def changes(emulator: Emulator) -> list[str]:
    """Name the requests that change something at the vendor."""
    return [
        f"{each.method} {each.path}"
        for each in emulator.requests
        if "/compute/" in each.path and each.method != "GET"
    ]


def test_another_time_is_refused_kept_or_put_in_its_place(idle: Emulator, beaf: Beaf) -> None:
    install(beaf, "--cron", SEEDS_OWN)
    (first,) = idle.jobs
    refused = install(beaf, "--cron", "0 7 * * *")
    assert refused.code == 2
    assert "is installed already, and not as it is asked for now" in refused.err
    assert "--on_name_conflict overwrite" in refused.err
    kept = install(beaf, "--cron", "0 7 * * *", "--on_name_conflict", "reuse", "--json")
    assert (kept.json["outcome"], kept.json["job_id"]) == ("kept", first.id)
    assert crons_of(idle) == [SEEDS_OWN]
    replaced = install(beaf, "--cron", "0 7 * * *", "--on_name_conflict", "overwrite", "--json")
    assert replaced.json["outcome"] == "replaced"
    assert [each.id for each in idle.jobs] == [replaced.json["job_id"]]
    assert crons_of(idle) == ["0 7 ? * * *"]


def test_a_larger_machine_is_another_job(idle: Emulator, beaf: Beaf) -> None:
    install(beaf, "--cron", SEEDS_OWN)
    assert install(beaf, "--cron", SEEDS_OWN, "--instance_size", "128").code == 2
    words = ("--instance_size", "128", "--on_name_conflict", "overwrite")
    assert install(beaf, "--cron", SEEDS_OWN, *words).code == 0
    assert [each.settings["instanceSize"] for each in idle.jobs] == [128]


def test_a_cron_of_another_zone_has_a_trigger_for_each_offset(idle: Emulator, beaf: Beaf) -> None:
    done = install(beaf, "--cron", "0 7 * * 1-5", "--timezone", "Europe/London", "--json")
    assert crons_of(idle) == ["0 6 ? 3-10 MON-FRI *", "0 7 ? 1-3,10-12 MON-FRI *"]
    assert [f"{each} (UTC)" for each in crons_of(idle)] == done.json["triggers"]
    times = [datetime.fromisoformat(each) for each in done.json["next"]]
    assert len(times) == 5
    assert all((each.hour, each.minute, each.weekday() < 5) == (7, 0, True) for each in times)
    schedule = asked_of(idle)["schedule"]
    assert (schedule["cron"], schedule["timezone"]) == ("0 7 * * 1-5", "Europe/London")
    since = datetime.fromisoformat(schedule["since"])
    assert abs(since - datetime.now(UTC)) < timedelta(minutes=5)


def test_an_installation_that_was_cut_off_is_finished_by_the_next(
    idle: Emulator, beaf: Beaf
) -> None:
    words = ("--cron", "0 7 * * 1-5", "--timezone", "Europe/London")
    install(beaf, *words)
    (job,) = idle.jobs
    job.triggers.popitem()  # as if whoever installed it had died before the last one
    done = install(beaf, *words)
    assert done.code == 0, done.err
    assert len(crons_of(idle)) == 2


def test_data_that_arrive_start_a_job(idle: Emulator, beaf: Beaf) -> None:
    done = install(beaf, "--when", "l3=XLON,XPAR", "--name", "on_l3")
    assert done.code == 0, done.err
    assert "l3=XLON,XPAR" in done.out
    idle.make_available("l3", "XLON")
    assert idle.runs == []
    idle.make_available("l3", "XPAR")
    assert len(idle.runs) == 1
    assert asked_of(idle)["schedule"]["cron"] is None


def test_a_schedule_of_the_pipeline_is_installed_as_it_stands_there(
    idle: Emulator, beaf: Beaf
) -> None:
    done = install(beaf, "--schedule", "daily_demo", "--json")  # 02:00 in London
    (told,) = done.json
    assert told["name"] == f"{NAME}_daily_demo"
    assert crons_of(idle) == ["0 1 ? 3-10 * *", "0 2 ? 1-3,10-12 * *"]
    assert (told["date"], told["timezone"]) == ("yesterday", "Europe/London")
    assert install(beaf, "--schedule", "daily_demo", "--json").json[0]["outcome"] == "unchanged"
    (again,) = install(beaf, "--schedule", "daily_demo", "--name", "demo", "--json").json
    assert (again["name"], again["outcome"]) == ("demo", "installed")


def test_each_partition_of_a_schedule_is_a_job(idle: Emulator, beaf: Beaf) -> None:
    partitions = [
        {"date": "-1bd", "universe": "mic=XPAR"},
        {"date": "2026-02-02_2026-02-03", "universe": "mic=XLON"},
        {"date": "today", "universe": "mic=XLON"},
    ]
    schedules = [{"name": "three", "cron": "0 6 * * *", "partitions": partitions}]
    done = install(
        beaf, "--schedule", "three", "--json", "--set", f"SCHEDULES={json.dumps(schedules)}"
    )
    assert done.code == 0, done.err
    told = [(each["name"].removeprefix("beaf_01_ohlcv_bars_"), each["date"]) for each in done.json]
    assert told == [
        ("mic=XPAR_three", "-1bd"),
        ("mic=XLON_three_2", "2026-02-02_2026-02-03"),
        ("mic=XLON_three_3", "today"),
    ]
    assert len(idle.jobs) == 3


def test_a_dry_run_tells_everything_and_touches_nothing(idle: Emulator, beaf: Beaf) -> None:
    shown = install(beaf, "--cron", "0 6 1 * MON", "--date", "-1bd", "--dry_run", "--json").json
    assert [each["path"] for each in shown["requests"]] == [
        "/jobs",
        "/jobs/<job id>/triggers",
        "/jobs/<job id>/triggers",
    ]
    assert shown["requests"][1]["json"] == {"name": "beaf-1", "cron": "0 6 1 * ? *"}
    assert shown["requests"][0]["json"]["name"] == NAME
    assert shown["date"] == "-1bd"
    assert (idle.jobs, changes(idle)) == ([], [])
    assert not list(Path.cwd().rglob("_bmll_jobs"))
    told = install(beaf, "--cron", "0 6 1 * MON", "--dry_run")
    assert told.out.startswith(f"not installed {NAME}\n")
    assert "nothing was written or sent" in told.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing says when it starts"),
        (("--cron", SEEDS_OWN, "--when", "l3=XLON"), "both say when"),
        (("--cron", "0 6 */2 * MON"), 'for either write "0 6 1-31/2 * MON"'),
        (("--cron", "0 6 ? * MON 2020"), "never due again"),
        (("--cron", "0 6 * * *", "--timezone", "Mars"), "no time zone 'Mars'"),
        (("--cron", "0 6 * * *", "--name", "a b;c"), "cannot be called 'a b;c'"),
        (("--cron", "0 6 * * *", "--name", "a\nb"), "cannot be called"),
        (("--cron", "0 6 * * *", "--date", "-0bd"), "date"),
        (("--cron", SEEDS_OWN, "--set", "BMLL_JOBS.cron_format=dagster"), "should have five"),
        (("--cron", "0 6 * * *", "--set", "BMLL_JOBS.cron_format=bmll"), "should have six"),
        (("--schedule", "daily_dem"), 'did you mean "daily_demo"?'),
        (("--schedule", "daily_demo", "--cron", "0 6 * * *"), "says when it starts"),
        (("--schedule", "daily_demo", "--date", "today"), "says which days"),
        (("--when", "XLON"), "does not say which data"),
        (("--when", "l3=xlon"), "does not say which data"),
        (("--when", "l4=XLON"), "no 'l4'"),
        (("--when", "l3=ZZZZ"), "ZZZZ"),
        (("--cron", "0 6 * * *", "--instance_size", "17"), "not offered"),
    ],
)
def test_what_cannot_be_installed_is_told_and_leaves_nothing(
    idle: Emulator, beaf: Beaf, words: tuple[str, ...], said: str
) -> None:
    done = install(beaf, *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "→" in done.err
    assert idle.jobs == []


def test_what_is_installed_is_taken_away_by_name_id_or_pipeline(idle: Emulator, beaf: Beaf) -> None:
    for words in ((NAME,), ("--pipeline", DEMO), (None,)):
        install(beaf, "--cron", SEEDS_OWN)
        (job,) = idle.jobs
        done = beaf("job", "uninstall", *(job.id if each is None else each for each in words))
        assert (done.code, done.out) == (0, f"uninstalled {NAME}: job {job.id}\n")
        assert idle.jobs == []


def test_a_run_of_what_is_taken_away_is_ended(idle: Emulator, beaf: Beaf) -> None:
    install(beaf, "--when", "l3=XLON", "--name", "on_l3")
    idle.make_available("l3", "XLON")
    (run,) = idle.runs
    assert beaf("job", "uninstall", "on_l3", "--json").json["uninstalled"][0]["name"] == "on_l3"
    assert (run.active, idle.jobs) == (False, [])


def test_what_is_not_installed_cannot_be_taken_away(idle: Emulator, beaf: Beaf) -> None:
    install(beaf, "--cron", SEEDS_OWN, "--name", "nightly")
    for words, said in (((), "which schedule"), (("nightl",), 'did you mean "nightly"?')):
        done = beaf("job", "uninstall", *words)
        assert (done.code, done.out) == (2, "")
        assert said in done.err
    assert len(idle.jobs) == 1


def test_a_job_that_runs_once_is_no_schedule(idle: Emulator, beaf: Beaf) -> None:
    once = beaf("job", "run", "--pipeline", DEMO, "--date", "2026-02-02", "--name", "once")
    assert once.code == 0, once.err
    assert beaf("job", "uninstall", "once").code == 2
    assert len(idle.jobs) == 1


# -- what starts, and what comes of it -------------------------------------------------------------


def next_minute() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)


def twice_at(due: datetime) -> str:
    """Write a cron that is due then by its day and by its weekday: two triggers say so."""
    return f"{due:%-M %-H %-d} * {due:%a}"


def carried_out(run: Run) -> Ending:
    """Do what a machine does once it has its parameters."""
    job = Job(dict(run.parameters), run.id)
    return carry_out(read_request(job.parameters), job)


def bars_of(day: date) -> pl.DataFrame:
    (file,) = Path.cwd().glob(f"data/**/{day}_{day}.parquet")
    return pl.read_parquet(file)


def test_what_two_triggers_start_is_done_once_and_for_yesterday(idle: Emulator, beaf: Beaf) -> None:
    due = next_minute()
    install(beaf, "--cron", twice_at(due))
    assert len(crons_of(idle)) == 2
    idle.clock.advance(to=due)
    first, second = idle.runs
    assert carried_out(first).status == "succeeded"
    skipped = carried_out(second)
    assert (skipped.status, skipped.exit_code) == ("skipped", 0)
    assert bars_of(due.date() - timedelta(days=1)).height > 0


def test_a_start_at_which_nothing_is_due_does_nothing(idle: Emulator, beaf: Beaf) -> None:
    install(beaf, "--cron", twice_at(next_minute() + timedelta(hours=2)))
    idle.clock.advance(hours=3)  # the clock of this machine stays: nothing is due by it
    ending = carried_out(idle.runs[0])
    assert (ending.status, ending.exit_code) == ("skipped", 0)
    assert "nothing is due" in ending.message
    assert not (Path.cwd() / "data").exists()


def test_data_that_have_arrived_are_computed_of_the_day_before(idle: Emulator, beaf: Beaf) -> None:
    install(beaf, "--when", "l3=XLON", "--date", "-1bd")
    idle.make_available("l3", "XLON")
    assert carried_out(idle.runs[0]).status == "succeeded"
    today = datetime.now(UTC).date()
    days_back = {0: 3, 6: 2}.get(today.weekday(), 1)  # Monday and Sunday go back to a Friday
    assert bars_of(today - timedelta(days=days_back)).height > 0


@pytest.mark.soak
def test_machines_that_a_cron_starts_write_what_a_run_here_writes_and_once(
    bmll_emulator: Emulator, project: Path, beaf: Beaf
) -> None:
    due = next_minute()
    yesterday = due.date() - timedelta(days=1)
    assert install(beaf, "--cron", twice_at(due)).code == 0
    bmll_emulator.clock.advance(to=due)
    for run in bmll_emulator.runs:
        assert bmll_emulator.wait(run.id, 120).exit_code == 0
    statuses = [json.loads(each.read_text()) for each in project.rglob("runs/*/*/status.json")]
    assert sorted(each["status"] for each in statuses) == ["skipped", "succeeded"]
    there = bars_of(yesterday)
    words = ("--pipeline", DEMO, "--date", yesterday, "--set")
    template = f"OUTPUT_TARGET.path_template={project}/here.parquet"
    assert beaf("pipeline", "run", *words, template).code == 0
    assert_frame_equal(there, pl.read_parquet(project / "here.parquet"))


@pytest.mark.soak
def test_a_machine_that_data_start_writes_the_day_before(
    bmll_emulator: Emulator, project: Path, beaf: Beaf
) -> None:
    assert install(beaf, "--when", "MarketDataTrades=XLON,XPAR", "--name", "on_trades").code == 0
    bmll_emulator.make_available("MarketDataTrades", "XLON", "XPAR")
    (run,) = bmll_emulator.runs
    assert bmll_emulator.wait(run.id, 120).exit_code == 0
    assert bars_of(datetime.now(UTC).date() - timedelta(days=1)).height > 0
    assert beaf("job", "uninstall", "on_trades").code == 0
    assert bmll_emulator.jobs == []


def test_a_daemon_of_dagster_starts_on_the_days_of_the_scheduler(idle: Emulator) -> None:
    roots = {name: str(root) for name, root in idle.area_roots.items()}
    config = Config(project_root=str(Path.cwd()), area_roots=roots, lab_org_id=idle.lab_org_id)
    args = ("beaf", "dagster", "scheduler", "serve")
    asked = CommandRequest("daemon", args, str(Path.cwd()), (), "0 */6 * * *", "Europe/London")
    launch_run(asked, config)
    assert all("MON-SAT" in each or "SUN-FRI" in each for each in crons_of(idle))
    assert asked_of(idle)["schedule"]["cron"] == "0 */6 * * MON-SAT"


@pytest.mark.soak
def test_a_crowd_that_installs_one_name_leaves_one_job(idle: Emulator) -> None:
    beaf = Path(sys.executable).with_name("beaf")
    words = (beaf, "job", "install", "--pipeline", DEMO, "--cron", SEEDS_OWN, "--json")
    crowd = [subprocess.Popen(words, stdout=subprocess.DEVNULL) for _ in range(4)]
    codes = [each.wait(120) for each in crowd]
    assert set(codes) <= {0, 2}
    assert 0 in codes
    assert crons_of(idle) == [SEEDS_OWN]


def test_one_who_comes_between_a_look_and_the_installation_is_not_replaced(
    idle: Emulator, beaf: Beaf, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, looks = SDKGateway.jobs, iter([True])

    def late(gateway: SDKGateway, *, active_only: bool = False) -> Iterator[KnownJob]:
        """List nothing at the first look: the other one is not there yet."""
        return iter(()) if next(looks, False) else listed(gateway, active_only=active_only)

    install(beaf, "--cron", SEEDS_OWN)
    monkeypatch.setattr(SDKGateway, "jobs", late)
    assert install(beaf, "--cron", "0 7 * * *").code == 2
    assert crons_of(idle) == [SEEDS_OWN]
