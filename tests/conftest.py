"""What do all suites share? The market data beside the repository, where it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real market data; its tests skip, saying so, where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the market data is not at {SHARED_DATA}")
    return SHARED_DATA
