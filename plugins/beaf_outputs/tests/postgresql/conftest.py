"""A PostgreSQL server for these tests, and a desk to write and read at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.postgres import PostgresServer, running_postgres_server
from tests.sql_desk import Desk, partition

from beaf_core import PartitionRun


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def database(postgres: PostgresServer) -> str:
    return postgres.create_database()


@pytest.fixture
def desk(postgres: PostgresServer, database: str) -> Desk:
    return Desk(postgres, postgres.emptied(database))


@pytest.fixture
def monday() -> PartitionRun:
    return partition("2025-01-06")


@pytest.fixture
def tuesday() -> PartitionRun:
    return partition("2025-01-07")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests together, so that one server is enough."""
    for each in items:
        if "/postgresql/" in str(each.path):
            each.add_marker(pytest.mark.xdist_group("postgresql"))
