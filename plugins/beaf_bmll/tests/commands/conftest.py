"""A project in a storage area of emulated servers, and `beaf job` typed in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from time import sleep

import pytest
import yaml
from tests.cli.conftest import Beaf, Typed, beaf
from tests.conftest import ROOT

from beaf_bmll.testing import Emulator
from beaf_bmll.testing.plugin import lead_here

__all__ = ["beaf"]

DAY = "2026-02-01"
#: What no log, ledger, payload, file or answer may hold.
PASSWORD = "hunter2-never-to-be-seen"


def make_project(emulator: Emulator) -> Path:
    """Copy the first demo into the user's area, with the options of jobs beside it."""
    folder = emulator.area_roots["user"] / "project"
    folder.mkdir()
    for name in ("01_ohlcv_bars.py", "01_ohlcv_bars.yaml"):
        shutil.copy(ROOT / "demo" / name, folder / name)
    jobs = {
        "lab_org_id": emulator.lab_org_id,
        "poll_seconds": 0.05,
        "project_root": str(folder),
        "area_roots": {name: str(root) for name, root in emulator.area_roots.items()},
    }
    settings = {"SOURCE": {"type": "simulated"}, "BMLL_JOBS": jobs}
    (folder / "beaf.yaml").write_text(yaml.safe_dump(settings))
    return folder


@pytest.fixture
def project(bmll_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, whose machines work; tests stand in it."""
    folder = make_project(bmll_emulator)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def idle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """The project, whose runs stay requested until a test ends them; tests stand in it."""
    with Emulator(tmp_path / "bmll", start_machines=False) as emulator:
        lead_here(emulator, monkeypatch)
        monkeypatch.chdir(make_project(emulator))
        yield emulator
    assert not emulator.violations


@pytest.fixture
def submit(beaf: Beaf) -> Callable[..., Typed]:
    """Type `beaf job run` of the demo, with more words."""

    def run(*words: object) -> Typed:
        return beaf("job", "run", "--pipeline", "01_ohlcv_bars.py", "--date", DAY, *words)

    return run


def soon(emulator: Emulator, do: Callable[[str], object]) -> Thread:
    """Do something to the first run, once it has been asked after a few times."""

    def watch() -> None:
        while not emulator.runs:
            sleep(0.01)
        sleep(0.25)
        do(emulator.runs[0].id)

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    return watcher
