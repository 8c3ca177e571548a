"""How is something told once that every day of a year would tell again?"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger("beaf.universes")

# Nothing but what has been said in this process; no answer depends on it.
_told: set[tuple[Path, str]] = set()


def warn_once(path: Path, what: str, day: str) -> None:
    """Warn of what a file says on a day, unless the same was told of another day."""
    if (path, what) in _told:
        return
    _told.add((path, what))
    _log.warning("warning: %s: %s on %s; the same on other days is not told", path, what, day)
