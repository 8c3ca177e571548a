"""What do the tests of this distribution share? The emulator, as its users have it."""

from __future__ import annotations

# Named here too, for environments that were installed before the plugin had an entry point.
from beaf_bmll.testing.plugin import bmll_emulator, bmll_lab

__all__ = ["bmll_emulator", "bmll_lab"]
