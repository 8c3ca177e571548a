"""Where is the market data that the oracles were computed from?"""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
SHARED_DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real market data; its tests skip, saying so, where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the market data is not at {SHARED_DATA}")
    return SHARED_DATA
