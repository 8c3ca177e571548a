"""Does a table of PostgreSQL keep its partitions, whole, once, and with their meaning?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.postgres import PostgresServer, running_postgres_server

from beaf_core.testing import check_output


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres_server() as server:
        yield server


def test_the_output_keeps_the_contract(postgres: PostgresServer, tmp_path: Path) -> None:
    check_output("sql", tmp_path, options={"sql_connection": postgres.create_database()})
