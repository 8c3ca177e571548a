"""What do tests of the event log share? One instance over SQLite, and one over PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from tests.dagster_project import write_project
from tests.dagster_sync import Project
from tests.event_logs import instance_of, postgres_home, sqlite_home
from tests.postgres import PostgresServer


@pytest.fixture(scope="session")
def postgres_instance(
    dagster_postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dg.DagsterInstance]:
    """One instance over PostgreSQL; each test tells of assets of its own."""
    url = dagster_postgres.create_database()
    with instance_of(postgres_home(tmp_path_factory.mktemp("postgres"), url)) as instance:
        yield instance


@pytest.fixture(scope="session")
def sqlite_instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """One instance over SQLite; each test tells of assets of its own."""
    with instance_of(sqlite_home(tmp_path_factory.mktemp("sqlite"))) as instance:
        yield instance


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.soak)])
def event_log(request: pytest.FixtureRequest) -> dg.DagsterInstance:
    """An instance over SQLite, then one over PostgreSQL."""
    found: dg.DagsterInstance = request.getfixturevalue(f"{request.param}_instance")
    return found


@pytest.fixture
def asset(request: pytest.FixtureRequest) -> dg.AssetKey:
    """An asset that no other test tells of."""
    return dg.AssetKey(["sync", request.node.name])


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose event log is there already: to make its tables takes half a second."""
    folder = tmp_path_factory.mktemp("made")
    write_project(folder)
    with instance_of(sqlite_home(folder / "home")):
        return folder


@pytest.fixture
def project(
    made: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Project:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    project = Project(tmp_path, capsys)
    monkeypatch.setenv("DAGSTER_HOME", str(project.home))
    monkeypatch.chdir(tmp_path)
    return project
