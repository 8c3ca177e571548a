"""Where does Dagster keep its instance on this machine?"""

from __future__ import annotations

import os
from pathlib import Path

from beaf_core import UsageError

VARIABLE = "DAGSTER_HOME"
#: The home on a BMLL machine, where work outlives the machine.
BMLL_HOME = Path("/home/bmll/user/my-dagster")
OWN_HOME = Path("~/.beaf/dagster")


def existing_home(given: str | None = None) -> Path:
    """Return the folder of the instance: as given, else DAGSTER_HOME.

    Raises:
        UsageError: there is none.
    """
    text = given or os.environ.get(VARIABLE)
    if not text:
        raise UsageError(
            f"{VARIABLE} is not set, so there is no Dagster instance",
            remedy=f"export {VARIABLE}=/path/to/folder, or give --dagster_home; "
            "`beaf dagster setup` makes one",
        )
    home = Path(text).expanduser().resolve()
    if not home.is_dir():
        raise UsageError(
            f"the Dagster home {home} is not a folder",
            remedy=f"make it with `beaf dagster setup --dagster_home {text}`",
        )
    return home


def new_home(given: str | None = None, bmll: Path = BMLL_HOME) -> Path:
    """Say where an instance is set up: as given, else DAGSTER_HOME, else where this machine can."""
    text = given or os.environ.get(VARIABLE)
    if text:
        return Path(text).expanduser().resolve()
    can_be = bmll.is_dir() or (bmll.parent.is_dir() and os.access(bmll.parent, os.W_OK))
    return bmll if can_be else OWN_HOME.expanduser().resolve()
