"""What do tests of the run launcher share: BMLL's servers, an instance in an area, and its runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.reconstruct import ReconstructableJob

from beaf_bmll.dagster import BMLLRunLauncher
from beaf_bmll.testing import Emulator
from beaf_bmll.testing.plugin import lead_sdk_here

#: A code location, as it lies in an area.
CODE = """
import os

import dagster as dg


@dg.op
def tell():
    with open("told", "a") as file:
        file.write(os.environ.get("COLOUR", "none"))


@dg.job
def telling():
    tell()
"""


def options_of(emulator: Emulator) -> dict[str, Any]:
    """Spell BMLL_JOBS of somebody whose areas are those of the emulator."""
    return {
        "area_roots": {str(area): str(root) for area, root in emulator.area_roots.items()},
        "project_root": str(emulator.area_roots["user"] / "project"),
        "lab_org_id": emulator.lab_org_id,
        "poll_seconds": 0.05,
        "submit_timeout": 20,
    }


def settings_of(options: Mapping[str, Any], **config: Any) -> dict[str, Any]:
    """Spell the section of `dagster.yaml`."""
    return {
        "run_launcher": {
            "module": "beaf_bmll.dagster",
            "class": "BMLLRunLauncher",
            "config": {"options": dict(options), **config},
        },
        "telemetry": {"enabled": False},
    }


@dataclass(frozen=True)
class Desk:
    """An instance whose runs go to the machines of an emulator."""

    emulator: Emulator
    instance: dg.DagsterInstance
    code: Path

    @property
    def launcher(self) -> BMLLRunLauncher:
        launcher = self.instance.run_launcher
        assert isinstance(launcher, BMLLRunLauncher)
        return launcher

    def run(self, tags: Mapping[str, str] | None = None, code: Path | None = None) -> dg.DagsterRun:
        """Create a run that is about to start."""
        job = ReconstructableJob.for_file(str(code or self.code), "telling")
        return self.instance.create_run_for_job(
            job.get_definition(), tags=dict(tags or {}), job_code_origin=job.get_python_origin()
        )

    def launched(self, tags: Mapping[str, str] | None = None) -> dg.DagsterRun:
        """Create and launch a run."""
        run = self.run(tags)
        self.instance.launch_run(run.run_id, None)
        return self.found(run.run_id)

    def found(self, run_id: str) -> dg.DagsterRun:
        """Read a run as it is now."""
        found = self.instance.get_run_by_id(run_id)
        assert found is not None
        return found

    def vendors(self, run: dg.DagsterRun) -> str:
        """Name the run of BMLL that carries a run of Dagster out."""
        return self.found(run.run_id).tags["beaf/job"].split("/")[1]

    def told(self, run: dg.DagsterRun) -> str:
        """Read what the instance tells of a run."""
        return "\n".join(each.message for each in self.instance.all_logs(run.run_id))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """BMLL's servers, whose runs stay requested until they are ended."""
    folder = tmp_path_factory.mktemp("bmll")
    with (
        Emulator(folder, start_machines=False) as emulator,
        pytest.MonkeyPatch.context() as patched,
    ):
        for name, value in emulator.environment.items():
            patched.setenv(name, value)
        patched.delenv("BMLL_BASE_URL", raising=False)
        lead_sdk_here()
        yield emulator
    assert not emulator.violations


@pytest.fixture(scope="module")
def stored(servers: Emulator) -> Iterator[Desk]:
    """An instance in the user's area, with the launcher as `dagster.yaml` names it."""
    project = servers.area_roots["user"] / "project"
    home = project / "home"
    home.mkdir(parents=True)
    (project / "defs.py").write_text(CODE)
    # One database for all runs: Dagster's default makes one for each, half a second long.
    events = {
        "module": "dagster._core.storage.event_log",
        "class": "ConsolidatedSqliteEventLogStorage",
        "config": {"base_dir": str(home)},
    }
    settings = settings_of(options_of(servers)) | {"event_log_storage": events}
    with dg.DagsterInstance.local_temp(str(home), settings) as instance:
        yield Desk(servers, instance, project / "defs.py")


@pytest.fixture
def desk(stored: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The same, in the folder of the project; what a test leaves running is ended."""
    monkeypatch.chdir(stored.code.parent)
    yield stored
    for run in stored.emulator.runs:
        if run.active:
            stored.emulator.end(run.id)
