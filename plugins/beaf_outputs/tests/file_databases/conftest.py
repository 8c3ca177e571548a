"""A file of each kind of database, and a desk to write and read at."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.file_databases import KINDS, FileDatabases, url_of
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


@pytest.fixture
def monday() -> PartitionRun:
    return partition("2025-01-06")


@pytest.fixture
def tuesday() -> PartitionRun:
    return partition("2025-01-07")
