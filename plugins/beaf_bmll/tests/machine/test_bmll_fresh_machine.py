"""A machine that has the vendor's package alone gets BEAF by its bootstrap, and does its work."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from beaf_bmll.config import Config
from beaf_bmll.launcher import launch_run
from beaf_bmll.testing import Emulator
from beaf_core import LaunchRequest

ROOT = Path(__file__).parents[4]
UV = Path(sys.executable).with_name("uv")

#: It builds every distribution, and installs the vendor's package and ours: a minute.
pytestmark = [pytest.mark.soak, pytest.mark.xdist_group("bmll")]


def _run(*command: str | Path, variables: Mapping[str, str] | None = None) -> str:
    ended = subprocess.run(
        [str(each) for each in command],
        cwd=ROOT,
        env=None if variables is None else dict(variables),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture
def vendors_python(tmp_path: Path) -> Path:
    """An environment with pip and the vendor's package, as on the vendor's machines."""
    home = tmp_path / "vendor"
    _run(UV, "venv", "--quiet", "--seed", "--python", sys.executable, home)
    _run(UV, "pip", "install", "--quiet", "--python", home / "bin" / "python", "bmll==1.25.6")
    return home / "bin" / "python"


def test_a_machine_without_beaf_is_prepared_once_and_does_its_work(
    idle: Emulator,
    config: Config,
    area: Path,
    demo: Path,
    asked_for: Callable[..., LaunchRequest],
    vendors_python: Path,
) -> None:
    wheels = area / "project" / "_bmll_jobs" / "wheels"
    source = area.parent / "source"
    ignored = shutil.ignore_patterns("__pycache__", ".*", "dist", "build", "data")
    shutil.copytree(ROOT, source, ignore=ignored)
    _run(UV, "build", "--quiet", "--wheel", "--all-packages", "--out-dir", wheels, source)
    launched = launch_run(asked_for(demo), config)
    run = idle.run(launched.run_id)
    machine = {
        **{name: value for name, value in os.environ.items() if name.startswith("PIP_")},
        **idle.machine_environment,
        "PATH": f"{vendors_python.parent}:/usr/bin:/bin",
        "HOME": str(area.parent),
        "JOB_RUN_ID": run.id,
        "BMLL_JOB_RUN_TASK_ID": str(run.task_id),
    }
    (step,) = run.settings["bootstraps"]

    first = _run("bash", area / step["path"], variables=machine)
    second = _run("bash", area / step["path"], variables=machine)
    said = _run(vendors_python, area / run.settings["scriptPath"], variables=machine)

    assert first.startswith("beaf: installing ")
    assert second.startswith("beaf: all of it is installed")
    assert "bars written: 3,348 rows" in said
    assert launched.status() == "succeeded"
    assert "No broken requirements" in _run(vendors_python, "-m", "pip", "check")
