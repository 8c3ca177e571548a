"""What do tests of the launcher share: an instance with it, runs, and one that notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pydantic import BaseModel

from beaf_core import CommandRequest, ExitCode, RunReport, UsageError, hookimpl
from beaf_core.testing import host_with
from beaf_dagster.launcher import BeafRunLauncher


@dg.job
def empty() -> None:
    """Does nothing."""


class NotedRun:
    """A run that does what a test says."""

    def __init__(self, ref: str) -> None:
        self.ref, self.state, self.lines, self.stopped = ref, "running", ["a line"], 0

    def status(self) -> str:
        return self.state

    def stop(self) -> None:
        self.stopped += 1

    def logs(self) -> list[str]:
        return self.lines

    def wait(self) -> RunReport:
        return RunReport(self.ref, self.ref, (), ExitCode.OK)


class Config(BaseModel):
    """Options of a launcher that takes machines."""

    default_instance_size: int = 8
    conda_env: str | None = None


class Noting:
    """A launcher that notes what it is asked."""

    Config = Config

    def __init__(self) -> None:
        self.asked: list[tuple[CommandRequest, Any]] = []
        self.runs: dict[str, NotedRun] = {}
        self.broken: Exception | None = None

    @hookimpl
    def launch_run(self, request: CommandRequest, config: Any) -> NotedRun:
        if self.broken is not None:
            raise self.broken
        self.asked.append((request, config))
        return self.runs.setdefault(f"job-{request.run_id}", NotedRun(f"job-{request.run_id}"))

    @hookimpl
    def find_run(self, ref: str) -> NotedRun:
        if self.broken is not None:
            raise self.broken
        if ref not in self.runs:
            raise UsageError(f"no job {ref}")
        return self.runs[ref]


class Desk:
    """An instance whose launcher hands runs to one that notes."""

    def __init__(self, instance: dg.DagsterInstance, noting: Noting) -> None:
        self.instance, self.noting = instance, noting
        assert isinstance(instance.run_launcher, BeafRunLauncher)
        self.launcher = instance.run_launcher

    def run(self, tags: Mapping[str, str] | None = None) -> dg.DagsterRun:
        """Create a run that is about to start."""
        origin = dg.reconstructable(empty).get_python_origin()
        return self.instance.create_run_for_job(
            empty, tags=dict(tags or {}), job_code_origin=origin
        )

    def launched(self, tags: Mapping[str, str] | None = None) -> dg.DagsterRun:
        """Create and launch a run."""
        run = self.run(tags)
        self.instance.launch_run(run.run_id, None)
        found = self.instance.get_run_by_id(run.run_id)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """An instance on disk, with the launcher as `dagster.yaml` names it."""
    launcher = {
        "module": "beaf_dagster.launcher",
        "class": "BeafRunLauncher",
        "config": {"launcher": "noting", "options": {"conda_env": "base"}},
    }
    folder = str(tmp_path_factory.mktemp("instance"))
    # One database for all runs: Dagster's default makes one for each, half a second long.
    events = {
        "module": "dagster._core.storage.event_log",
        "class": "ConsolidatedSqliteEventLogStorage",
        "config": {"base_dir": folder},
    }
    settings: Any = {
        "run_launcher": launcher,
        "event_log_storage": events,
        "telemetry": {"enabled": False},
    }
    with dg.DagsterInstance.local_temp(folder, settings) as instance:
        yield instance


@pytest.fixture
def desk(stored: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The instance, over a launcher that notes."""
    noting = Noting()
    made = Desk(stored, noting)
    monkeypatch.setattr(made.launcher, "_host", host_with(launcher={"noting": noting}))
    return made


@pytest.fixture
def reference(stored: dg.DagsterInstance) -> Path:
    """The folder of the files that lead workers to the instance."""
    return Path(stored.root_directory, "beaf", "instances")
