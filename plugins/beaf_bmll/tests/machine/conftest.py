"""An area as it is mounted in the Lab, with the project of a pipeline in it; and the Lab itself."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from beaf_bmll.config import Config
from beaf_bmll.testing import Emulator
from beaf_bmll.testing.plugin import lead_here
from beaf_core import LaunchRequest, prepare_pipeline
from beaf_core.run import request_of

DEMO = Path(__file__).parents[4] / "demo"


@pytest.fixture
def area(tmp_path: Path) -> Path:
    """The user's area, mounted."""
    root = tmp_path / "bmll" / "user"
    (root / "project").mkdir(parents=True)
    return root


@pytest.fixture
def config(area: Path) -> Config:
    """Options of jobs in that area."""
    roots = {"user": str(area), "organisation": str(area.parent / "organisation")}
    return Config.model_validate(
        {
            "area_roots": roots,
            "project_root": str(area / "project"),
            "lab_org_id": "emulated",
            "poll_seconds": 0.05,
        }
    )


@pytest.fixture
def demo(area: Path) -> Path:
    """The first demo, copied into the area with its project."""
    for name in ("01_ohlcv_bars.py", "01_ohlcv_bars.yaml", "beaf.yaml"):
        shutil.copy(DEMO / name, area / "project" / name)
    return area / "project" / "01_ohlcv_bars.py"


@pytest.fixture
def asked_for() -> Callable[..., LaunchRequest]:
    """Make the request of a pipeline, as the command line would."""

    def ask(pipeline: Path, date: str = "2026-02-02", *sets: str) -> LaunchRequest:
        flags = {"START_DATE": date, "END_DATE": date}
        return request_of(prepare_pipeline(pipeline, sets=sets, flags=flags))

    return ask


@pytest.fixture
def idle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """Servers whose runs stay requested until they are ended."""
    with Emulator(tmp_path / "bmll", start_machines=False) as emulator:
        lead_here(emulator, monkeypatch)
        yield emulator
    assert not emulator.violations
