"""How does a request come to lie where the machine of its job can read it?"""

from __future__ import annotations

from beaf_bmll.staging.areas import AreaPath, locate, mounted
from beaf_bmll.staging.asked import Schedule
from beaf_bmll.staging.stage import Staged, install_scripts, prepare, put, stage
from beaf_bmll.staging.store import AreaStore, open_store
from beaf_bmll.staging.words import AreaWords, Word

__all__ = [
    "AreaPath",
    "AreaStore",
    "AreaWords",
    "Schedule",
    "Staged",
    "Word",
    "install_scripts",
    "locate",
    "mounted",
    "open_store",
    "prepare",
    "put",
    "stage",
]
