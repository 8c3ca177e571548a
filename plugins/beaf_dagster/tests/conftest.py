"""What do tests of Dagster share: a project, and an instance that nothing outlives."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from tests.cli.conftest import Beaf, beaf
from tests.dagster_processes import write_home
from tests.dagster_project import write_project
from tests.postgres import PostgresServer, running_postgres_server

__all__ = ["Beaf", "beaf"]


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose tables have been made: that takes longer than a test."""
    return write_home(tmp_path_factory.mktemp("dagster") / "home").folder


@pytest.fixture(scope="session")
def dagster_postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL server; each test has a database or assets of its own."""
    with running_postgres_server() as server:
        yield server


@pytest.fixture
def pipes(tmp_path: Path) -> Path:
    """A folder of pipelines over the tiny market."""
    return write_project(tmp_path)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance in memory."""
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """Give the environment back as it was: commands set what the processes below them need.

    What has not changed is not touched: threads of libraries read the environment meanwhile, and
    a process in which it is emptied under them crashes.
    """
    before = dict(os.environ)
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    for name, value in before.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
