"""What do the tests of all outputs share? One S3 server, and one in front of it that fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.s3 import S3Server, running_s3_server
from tests.s3_faults import Faults, running_faults


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server."""
    with running_s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def bucket(s3: S3Server) -> str:
    """The URL of a bucket; what a test writes goes below a prefix of its own."""
    return s3.create_bucket("outputs")


@pytest.fixture
def faults(s3: S3Server) -> Iterator[Faults]:
    """A server in front of the real one, which fails as its `answers` say."""
    with running_faults(s3) as faults:
        yield faults


@dataclass(frozen=True)
class Place:
    """Where a test writes to: a folder of its own, or a prefix of its own on S3."""

    root: str
    options: dict[str, str] = field(default_factory=dict)


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place on this machine, then one on S3."""
    if request.param == "folder":
        return Place(f"{tmp_path}/some root")
    server: S3Server = request.getfixturevalue("s3")
    bucket: str = request.getfixturevalue("bucket")
    return Place(f"{bucket}/{tmp_path.parent.name}/{tmp_path.name}", server.storage_options())
