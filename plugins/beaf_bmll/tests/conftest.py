"""What do the tests of this distribution share? The emulator, as its users have it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

# Named here too, for environments that were installed before the plugin had an entry point.
from beaf_bmll.testing.plugin import bmll_emulator, bmll_lab

__all__ = ["bmll_emulator", "bmll_lab"]


@pytest.fixture(autouse=True)
def outside_the_lab_again() -> Iterator[None]:
    """Let no test find a `bmll2` that an earlier one has imported."""
    yield
    sys.modules.pop("bmll2", None)
