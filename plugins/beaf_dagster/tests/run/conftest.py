"""What do tests of commands share: a command line over a Dagster home of their own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from click.testing import CliRunner

from beaf_core import BeafError
from beaf_core.cli import app


@dataclass(frozen=True)
class Said:
    """What a command has said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """What it printed, read."""
        found: dict[str, Any] = json.loads(self.out)
        return found


Beaf = Callable[..., Said]


@pytest.fixture
def home(
    tmp_path: Path, empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """An instance on disk that DAGSTER_HOME leads to; commands may change the environment."""
    folder = shutil.copytree(empty_home, tmp_path / "home")
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    with dg.DagsterInstance.get() as opened:
        yield opened


@pytest.fixture
def beaf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Beaf:
    """The command line, in this process, with the test's folder as the working one."""
    monkeypatch.chdir(tmp_path)

    def call(*args: str) -> Said:
        done = CliRunner().invoke(app, ["dagster", *args])
        if isinstance(done.exception, BeafError):
            told = f"error: {done.exception}"
            return Said(int(done.exception.exit_code), done.stdout, done.stderr + told)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Said(done.exit_code, done.stdout, done.stderr)

    return call
