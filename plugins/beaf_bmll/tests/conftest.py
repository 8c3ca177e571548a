"""What do the tests of this distribution share? The emulator, and a job that is small."""

from __future__ import annotations

from beaf_bmll.testing.plugin import bmll_emulator

__all__ = ["bmll_emulator"]
