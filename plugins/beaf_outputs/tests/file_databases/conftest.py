"""A file of each kind of database, and a desk to write and read at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.file_databases import KINDS, FileDatabases, url_of
from tests.outputs.crew import Crew, running_crew
from tests.sql_desk import Desk, partition

from beaf_core import PartitionRun


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "market.db"


@pytest.fixture
def desk(kind: str, file: Path) -> Desk:
    return Desk(FileDatabases(), url_of(kind, file))


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """Writers that may be killed, each a fork of a process that has everything imported."""
    with running_crew(tmp_path_factory.mktemp("crew")) as found:
        yield found


@pytest.fixture
def monday() -> PartitionRun:
    return partition("2025-01-06")


@pytest.fixture
def tuesday() -> PartitionRun:
    return partition("2025-01-07")
