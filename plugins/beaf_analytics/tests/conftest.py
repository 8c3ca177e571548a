"""Where is the market data that some tests compare with?"""

from __future__ import annotations

from tests.conftest import shared_data

__all__ = ["shared_data"]
