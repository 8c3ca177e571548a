"""In which storage area does a path lie, and what is it called there?"""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from pathlib import Path

from beaf_bmll.config import Area, Config
from beaf_core import UsageError


@dataclass(frozen=True, slots=True)
class AreaPath:
    """A place in a storage area.

    Attributes:
        area: `user` or `organisation`.
        path: below the area's root, with `/`; empty for the root itself.
    """

    area: Area
    path: str

    def __truediv__(self, name: str) -> AreaPath:
        return AreaPath(self.area, posixpath.join(self.path, name))

    def __str__(self) -> str:
        return f"{self.area}:{self.path}"


def locate(path: str, config: Config, what: str = "the path") -> AreaPath:
    """Find a path in an area; a relative one belongs to `project_root`.

    Args:
        path: as it is mounted, here or on a machine.
        config: where areas are mounted.
        what: what the path is, for messages.

    Raises:
        UsageError: it lies in no area, or leaves it on its way.
    """
    _refuse_odd(path, what)
    whole = posixpath.normpath(posixpath.join(config.project_folder, path))
    for area, root in _roots(config):
        for known in dict.fromkeys((root, os.path.realpath(root))):
            if whole == known or whole.startswith(f"{known}/"):
                found = AreaPath(area, whole[len(known) + 1 :])
                _refuse_escape(whole, root, what)
                return found
    shown = " or ".join(root for _, root in _roots(config))
    raise UsageError(
        f"{what} lies in no storage area: {path}",
        remedy=f"copy it below {shown}, where the machines of jobs see it; another mount is named "
        "by BMLL_JOBS.area_roots",
    )


def lies_in_area(path: str, config: Config) -> bool:
    """Say whether a path lies in an area."""
    try:
        locate(path, config)
    except UsageError:
        return False
    return True


def locate_file(path: str, config: Config, what: str) -> AreaPath:
    """Find a file in an area, as `locate` does; where the area is mounted here, it must be there.

    Raises:
        UsageError: it lies in no area, or is not there.
    """
    place = locate(path, config, what)
    seen = Path(config.area_roots[place.area]).is_dir()
    if seen and not Path(mounted(place, config)).is_file():
        raise UsageError(
            f"{what} is not there: {mounted(place, config)}", remedy="write it, or name another"
        )
    return place


def mounted(place: AreaPath, config: Config) -> str:
    """Name a place by its mount, which is the same in the Lab and on the machines of jobs."""
    # Guess: both mount an area at the same folder, as the predecessor's paths had it.
    return posixpath.join(config.area_roots[place.area].rstrip("/"), place.path).rstrip("/")


def _roots(config: Config) -> list[tuple[Area, str]]:
    """List the areas, the innermost mount first."""
    found = [(area, root.rstrip("/")) for area, root in config.area_roots.items()]
    return sorted(found, key=lambda each: -len(each[1]))


def _refuse_odd(path: str, what: str) -> None:
    if ".." in path.split("/"):
        raise UsageError(
            f"{what} goes up by `..`: {path}", remedy="write it without, as it is mounted"
        )
    odd = [each for each in path if not each.isprintable()]
    if odd or not path.strip():
        told = f"holds {odd[0]!r}" if odd else "is empty"
        raise UsageError(f"{what} {told}: {path!r}", remedy="give it another name")


def _refuse_escape(whole: str, root: str, what: str) -> None:
    """Refuse a link that leads out of its area: on a machine, it leads nowhere."""
    real, within = os.path.realpath(whole), os.path.realpath(root)
    if real != within and not real.startswith(f"{within}/"):
        raise UsageError(
            f"{what} is a link out of its storage area: {whole} leads to {real}",
            remedy="copy what it leads to into the area",
        )
