"""Which servers and places do the tests of the matrix share?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from tests.outputs.crew import Crew, running_crew
from tests.outputs.places import ON_S3, PLACES, SERVED, Place, files_place, local_place, sql_place
from tests.postgres import PostgresServer, running_postgres_server
from tests.s3 import S3Server, running_s3_server

MakePlace = Callable[[str], Place]


@pytest.fixture(scope="session")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    with running_crew(tmp_path_factory.mktemp("crew")) as found:
        yield found


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running_s3_server(tmp_path_factory.mktemp("s3")) as server:
        server.create_bucket("matrix")
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres_server() as server:
        yield server


@pytest.fixture
def make_place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> MakePlace:
    """Make an empty place by its name; a server is started once it is needed."""

    def make(name: str) -> Place:
        folder = tmp_path_factory.mktemp(name)
        if name.endswith("-s3"):
            server: S3Server = request.getfixturevalue("s3")
            return files_place(name, f"s3://matrix/{folder.name}", server.storage_options())
        if name in SERVED:
            database: PostgresServer = request.getfixturevalue("postgres")
            url = database.create_database()
            return sql_place(name, url, url)
        return local_place(name, folder)

    return make


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, make_place: MakePlace) -> Place:
    """An empty place of every kind."""
    return make_place(request.param)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def sampled(names: Sequence[str], *in_soak: str) -> list[object]:
    """Give names for a test, of which some are for `make soak` alone: what is slow on S3, too.

    Those of a kind of store that tests beside it put through the same: it is proven there.
    """
    late = {*ON_S3, *in_soak}
    return [pytest.param(each, marks=pytest.mark.soak) if each in late else each for each in names]
