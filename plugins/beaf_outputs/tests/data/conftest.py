"""What do the tests of `beaf data` share? A command line, a project, and a place of each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.cli.conftest import Beaf, Typed, beaf
from tests.conftest import pipeline_file, table
from tests.postgres import PostgresServer, running_postgres_server
from tests.s3 import S3Server

__all__ = ["Beaf", "Typed", "beaf", "pipeline_file", "table"]

MONDAY, TUESDAY = "2025-01-06", "2025-01-07"


@pytest.fixture
def project(pipeline_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a project, which is the working folder: paths are short, as a person has it."""
    monkeypatch.chdir(pipeline_file.parent)
    return pipeline_file.parent


Run = Callable[..., list[str]]


@pytest.fixture
def run(beaf: Beaf, project: Path) -> Run:
    """Run the project's pipeline over two days; the locations that were written."""

    def go(*sets: str, universe: str = "mic=XLON", pipeline: str = "bars.yaml") -> list[str]:
        given = [word for each in ("BATCH_FREQ=D", *sets) for word in ("--set", each)]
        done = beaf("pipeline", "run", "--pipeline", pipeline, "--start_date", MONDAY,
                    "--end_date", TUESDAY, "--universe", universe, *given, "--json")  # fmt: skip
        assert done.code == 0, done.err
        return [each["location"] for each in done.json["receipts"]]

    return go


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL server."""
    with running_postgres_server() as server:
        yield server


@dataclass(frozen=True)
class Kept:
    """A place of one kind, as a person configures it and asks for it.

    Attributes:
        kind: what `beaf data describe` calls it.
        sets: the configuration.
        asked: what a person types after `beaf data describe`.
    """

    kind: str
    sets: tuple[str, ...]
    asked: tuple[str, ...]


@pytest.fixture(
    params=["parquet", "hive", "delta", "sqlite", "duckdb", "postgresql", "s3", "hive on s3"]
)
def kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """A place of each kind, not written to yet."""
    name: str = request.param
    if name == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        return _database(server.create_database(), monkeypatch)
    if name in {"sqlite", "duckdb"}:
        return _database(f"{name}:///{request.getfixturevalue('tmp_path')}/x.db", monkeypatch)
    if name.endswith("s3"):
        return _on_s3(name, request, monkeypatch)
    path = "kept/{datasetname}/{pass}"
    more = {
        "parquet": ("OUTPUT_TARGET.path_template=" + path + "/{universe}.{start_date}.parquet",),
        "hive": (f"OUTPUT_TARGET.path_template={path}", "OUTPUT_TARGET.partition_columns=[MIC]"),
        "delta": (f"OUTPUT_TARGET.path_template={path}", "OUTPUT_TARGET.type=delta"),
    }[name]
    return Kept(name, more, ("kept/tiny/bars",))


def _database(url: str, monkeypatch: pytest.MonkeyPatch) -> Kept:
    monkeypatch.setenv("DATABASE_URL", url)
    sets = ("OUTPUT_TARGET.type=sql", "OUTPUT_TARGET.sql_connection=${env:DATABASE_URL}")
    return Kept("sql", sets, (url, "--table", "tiny_bars"))


def _on_s3(name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Kept:
    server: S3Server = request.getfixturevalue("s3")
    for variable, value in server.environment().items():
        monkeypatch.setenv(variable, value)
    bucket = server.create_bucket("described")
    place = f"{bucket}/{request.node.name.translate(str.maketrans('[] ', '---'))}"
    hive = name.startswith("hive")
    template = place if hive else f"{place}/{{universe}}.{{start_date}}.parquet"
    sets = (f"OUTPUT_TARGET.path_template={template}",)
    more = ("OUTPUT_TARGET.partition_columns=[MIC]",) if hive else ()
    return Kept("hive" if hive else "parquet", (*sets, *more), (place,))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that need a server together, so that one is enough."""
    for each in items:
        for server in ("postgresql", "s3"):
            if "/tests/data/" in str(each.path) and f"{server}]" in each.name:
                each.add_marker(pytest.mark.xdist_group(server))
