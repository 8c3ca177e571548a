"""Does a machine of BMLL run Dagster's daemon every few hours, on the days that were meant?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from tests.dagster_processes import write_home

from beaf_bmll.testing import Emulator
from beaf_core import PluginHost, UsageError
from beaf_core.cli import app
from beaf_dagster.launcher.options import hours_of

from .conftest import options_of

pytestmark = pytest.mark.xdist_group("bmll")

SEED = ("--interval_hours", "6", "--instance_size", "16", "--max_runtime_hours", "1")


@pytest.fixture
def project(servers: Emulator, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in the user's area, with its home, whose jobs go to BMLL."""
    folder = servers.area_roots["user"] / "scheduled"
    if not folder.exists():
        folder.mkdir()
        (folder / "beaf.yaml").write_text(
            yaml.safe_dump({"LAUNCHER": "bmll", "BMLL_JOBS": options_of(servers)})
        )
        home = write_home(folder / "home")
        (home.folder / "workspace.yaml").write_text("load_from: []\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DAGSTER_HOME", str(folder / "home"))
    return folder


def scheduler(*words: str) -> Result:
    return CliRunner().invoke(app, ["dagster", "scheduler", *words])


def test_the_seeds_command_installs_a_daemon_that_comes_back_monday_to_saturday(
    servers: Emulator, project: Path
) -> None:
    done = scheduler("install", *SEED, "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["launcher"], told["status"], told["outcome"]) == ("bmll", "scheduled", "installed")

    (job,) = servers.jobs
    assert job.settings["instanceSize"] == 16
    assert job.settings["maxRuntimeHours"] == 1
    assert crons_of(job) == ["0 0,6,12,18 ? * MON-SAT *"]

    served = request_of(project)["request"]["args"]
    assert served[1:6] == ["-m", "beaf_core", "dagster", "scheduler", "serve"]
    assert float(served[-1]) == pytest.approx(50 / 60, abs=1e-3), "it ends before its machine does"

    (shown,) = json.loads(scheduler("status", "--json").stdout)["schedulers"]
    assert (shown["name"], shown["status"]) == ("dagster_scheduler", "scheduled")

    again = scheduler("install", *SEED, "--overwrite_existing")
    assert again.exit_code == 0, again.stderr
    assert len(servers.jobs) == 1, "one daemon, not two"

    assert scheduler("uninstall").exit_code == 0
    assert servers.jobs == []


def test_days_and_hours_are_those_of_the_configuration_and_its_time_zone(
    servers: Emulator, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEAF__BMLL_JOBS__scheduler_days", "MON-FRI")
    done = scheduler("install", "--interval_hours", "24", "--cron_timezone", "Asia/Tokyo")
    assert done.exit_code == 0, done.stderr
    (job,) = servers.jobs
    # Midnight in Tokyo, Monday to Friday, is three in the afternoon of the day before in UTC.
    assert crons_of(job) == ["0 15 ? * SUN-THU *"]
    assert scheduler("uninstall").exit_code == 0


def test_a_folder_that_lies_in_no_area_is_refused_and_nothing_is_installed(
    servers: Emulator, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = write_home(tmp_path / "home")
    (home.folder / "workspace.yaml").write_text("load_from: []\n")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "beaf.yaml").write_text((project / "beaf.yaml").read_text())
    done = scheduler("install", *SEED, "--dagster_home", str(home.folder))
    assert isinstance(done.exception, UsageError)
    assert "lies in no storage area" in done.exception.message
    assert servers.jobs == []
    assert not list(home.folder.glob("beaf/dagster_scheduler_*"))


@pytest.mark.parametrize(
    ("asked", "machine", "served"),
    [(0.25, "1", 0.25), (0.5, "1", 0.5), (1, "1", 50 / 60), (2.5, "3", 2.5), (3, "3", 170 / 60)],
)
def test_a_daemon_ends_ten_minutes_before_its_machine_is_taken_away(
    asked: float, machine: str, served: float
) -> None:
    options, hours = hours_of(PluginHost(), "bmll", asked)
    assert options == {"max_runtime_hours": machine}
    assert hours == pytest.approx(served)


def crons_of(job: Any) -> list[str]:
    return [str(each.cause["cron"]) for each in job.triggers.values()]


def request_of(project: Path) -> Any:
    """Read what the machine of the newest job is to do."""
    requests = project.parent.glob("project/_bmll_jobs/requests/*.json")
    return json.loads(max(requests, key=lambda each: each.stat().st_mtime_ns).read_text())
