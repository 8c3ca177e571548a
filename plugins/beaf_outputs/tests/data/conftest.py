"""What do the tests of `beaf data` share? A command line, a project, and a place of each kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Beaf, Typed, beaf
from tests.conftest import pipeline_file

__all__ = ["Beaf", "Typed", "beaf", "pipeline_file"]

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
