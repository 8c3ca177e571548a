"""Which pipelines does a code location show that names none itself?"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from beaf_core import UsageError
from beaf_dagster.pipelines import Pipeline, find_pipelines, holds_pipelines

#: Folders, files and packages, separated as in PATH.
VARIABLE = "BEAF_PIPELINES"
#: Folders of a project that hold its pipelines.
FOLDERS = ("pipelines", "demo")
#: What marks the folder of a project.
PROJECT_FILE = "beaf.yaml"

log = logging.getLogger("beaf.dagster")


def located_pipelines(
    environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> list[Pipeline]:
    """Load the pipelines of BEAF_PIPELINES; else those of the project; none, and say so, else.

    Args:
        environ: the environment; the process's own by default.
        folder: where to look for a project; the working directory by default.

    Raises:
        UsageError: BEAF_PIPELINES names what is not there.
    """
    named = (os.environ if environ is None else environ).get(VARIABLE, "")
    packages = [each.strip() for each in named.split(os.pathsep) if each.strip()]
    if packages:
        return [found for each in packages for found in _named(each)]
    start = (folder or Path.cwd()).resolve()
    found = [each for home in project_folders(start) for each in find_pipelines(home)]
    if not found:
        log.warning(
            "no pipelines: set %s to folders, files or packages (separated by %r), or start in a "
            "project, whose folder has a %s, or in a folder that has %s; looked from %s",
            VARIABLE,
            os.pathsep,
            PROJECT_FILE,
            " or ".join(FOLDERS),
            start,
        )
    return found


def project_folders(start: Path) -> list[Path]:
    """List the folders of a project that hold pipelines.

    A project is the nearest folder, from `start` upwards, that has a beaf.yaml: the pipelines
    beside that file count, and those of its folders `pipelines` and `demo`. Without a beaf.yaml,
    these two folders of `start` alone.
    """
    return [each for each in _candidates(start) if each.is_dir() and holds_pipelines(each)]


def _candidates(start: Path) -> Iterator[Path]:
    project = next(
        (each for each in (start, *start.parents) if (each / PROJECT_FILE).is_file()), None
    )
    if project is not None:
        yield project
    yield from ((project or start) / each for each in FOLDERS)


def _named(package: str) -> list[Pipeline]:
    try:
        return find_pipelines(package)
    except UsageError as error:
        raise UsageError(f"{VARIABLE}: {error.message}", remedy=error.remedy) from error
