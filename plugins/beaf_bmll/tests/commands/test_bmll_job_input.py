"""Is wrong input of `beaf job` told once, with its remedy, before anybody is asked anything?"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cli.conftest import Beaf, Typed

from beaf_bmll.commands import job
from beaf_bmll.testing import Emulator
from beaf_core.testing import check_command

pytestmark = pytest.mark.xdist_group("bmll")

WRONG = {
    "a size that is not offered": (
        ["--instance_size", "20"],
        ["--instance_size", "instance size 20 is not offered", "allow_unlisted=true"],
    ),
    "an environment that is not offered": (
        ["--conda-env", "py39"],
        ["--conda_env", "'py39' is not offered", "py311-stable"],
    ),
    "no hours at all": (["--max_runtime_hours", "0"], ["'--max_runtime_hours'", "0 is not in"]),
    "logs that leave the area": (
        ["--log_path", "../elsewhere"],
        ["the log path", "../elsewhere"],
    ),
    "a name of two lines": (["--name", "a\nb"], [r"a job cannot be called 'a\nb'", "on one line"]),
    "no name": (["--name", " "], ["a job cannot be called ' '"]),
    "no such pipeline": (["--pipeline", "02.py"], ["02.py"]),
    "a misspelt option of jobs": (
        ["--set", "BMLL_JOBS.default_instance_sise=64"],
        ['did you mean "default_instance_size"'],
    ),
}


@pytest.mark.parametrize(("words", "told"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_two_and_asks_nobody(
    idle: Emulator, submit: Callable[..., Typed], words: list[str], told: list[str]
) -> None:
    refused = submit(*words)
    assert refused.code == 2, refused.err
    for each in told:
        assert each in refused.err
    assert "Traceback" not in refused.err
    assert idle.requests == []
    assert not idle.jobs


def test_a_size_that_is_not_listed_is_taken_where_a_person_insists(
    idle: Emulator, submit: Callable[..., Typed]
) -> None:
    ran = submit("--instance_size", "2048", "--set", "BMLL_JOBS.allow_unlisted=true", "--dry_run",
                 "--json")  # fmt: skip
    assert ran.json["requests"][0]["json"]["instanceSize"] == 2048


def test_a_pipeline_outside_the_areas_is_refused_before_anything_is_sent(
    idle: Emulator, beaf: Beaf, tmp_path: Path
) -> None:
    source = Path("01_ohlcv_bars.py").read_text()
    outside = tmp_path / "outside.py"
    outside.write_text(source)
    (tmp_path / "beaf.yaml").write_text(Path("beaf.yaml").read_text())
    refused = beaf("job", "run", "--pipeline", outside, "--date", "2026-02-01")
    assert refused.code == 2
    assert f"lies in no storage area: {outside}" in refused.err
    assert idle.requests == []


def test_outside_the_lab_an_organisation_must_be_named(
    idle: Emulator, submit: Callable[..., Typed]
) -> None:
    refused = submit("--set", "BMLL_JOBS.lab_org_id=null")
    assert refused.code == 2
    assert "BMLL_JOBS.lab_org_id" in refused.err


def test_the_group_keeps_the_contract_of_commands() -> None:
    check_command(job)
    assert "cancel" in CliRunner().invoke(job, ["--help"]).output


def test_help_never_imports_the_vendors_package(tmp_path: Path) -> None:
    poison = "raise SystemExit('the package of BMLL was imported')\n"
    for name in ("bmll.py", "bmll2.py"):
        (tmp_path / name).write_text(poison)
    program = (
        "import sys\n"
        "from beaf_core.cli import app\n"
        "for words in (['--help'], ['job', '--help'], ['job', 'run', '--help'],\n"
        "              ['plugins', 'list'], ['plugins', 'check']):\n"
        "    code = app.main(words, standalone_mode=False)\n"
        "    assert not code, (words, code)\n"
        "print(sorted({'bmll', 'bmll2', 'dagster'} & set(sys.modules)))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "[]"


def test_a_day_of_a_schedule_that_is_none_is_told_with_the_words_that_are(
    idle: Emulator, beaf: Beaf
) -> None:
    words = ("--cron", "0 6 * * 1-5", "--date", "gestern")
    refused = beaf("job", "install", "--pipeline", "01_ohlcv_bars.py", *words)
    assert refused.code == 2
    assert "'gestern' is no day" in refused.err
    assert "yesterday, today, -3d, -1bd" in refused.err
    assert idle.requests == []


@pytest.mark.parametrize(
    "command", [["run"], ["install", "--cron", "0 6 * * 1-5"]], ids=lambda w: w[0]
)
def test_who_is_not_let_in_has_written_nothing(
    idle: Emulator, beaf: Beaf, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("BMLL_USERNAME", "stranger@example.org")
    day = ["--date", "2026-02-01"] if command == ["run"] else []
    refused = beaf("job", *command, "--pipeline", "01_ohlcv_bars.py", *day)
    assert (refused.code, refused.out) == (3, "")
    assert "logging in failed: BMLL answered 401" in refused.err
    assert "check BMLL_USERNAME" in refused.err
    assert not Path("_bmll_jobs").exists()
