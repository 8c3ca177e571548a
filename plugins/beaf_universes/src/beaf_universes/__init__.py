"""Which listings does a selector mean, and which partitions form a universe of universes?"""

from __future__ import annotations

from beaf_universes.structured import (
    IndexUniverse,
    MICUniverse,
    OPOLUniverse,
    default_universes,
)

__all__ = ["IndexUniverse", "MICUniverse", "OPOLUniverse", "default_universes"]
