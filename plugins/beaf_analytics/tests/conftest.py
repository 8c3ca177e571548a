"""Where is the market data that some tests compare with?"""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real market data; its tests skip, saying so, where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the market data is not at {SHARED_DATA}")
    return SHARED_DATA
