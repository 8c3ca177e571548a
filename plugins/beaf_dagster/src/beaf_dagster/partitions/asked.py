"""Which venues does a source have? Asked once a day, and kept in a file of the project.

Definitions load in every process of Dagster: without the file each of them would ask the source,
and none would load while it cannot be reached.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from beaf_core import BeafError, source_values

if TYPE_CHECKING:
    from beaf_core.prepare import PreparedPipeline

#: How long an answer counts: venues come and go by the month.
MAX_AGE = timedelta(days=1)

_FOLDER = Path(".beaf", "dagster")

log = logging.getLogger("beaf.dagster")


class UniversesUnknownError(BeafError):
    """A source that cannot be asked now, nor was before: make it answer, or list the universes."""

    def __init__(self, name: str, error: BeafError) -> None:
        super().__init__(
            f"the universes {name}=… cannot be asked of the source: {error.message}",
            remedy="list them in the pipeline (UNIVERSES, or UNIVERSE), or let the source answer"
            + (f": {error.remedy}" if error.remedy else ""),
        )
        self.exit_code = error.exit_code


def values_of(
    prepared: PreparedPipeline, max_age: timedelta = MAX_AGE
) -> Callable[[str], list[str]]:
    """Return a function that tells which values a universe plugin offers in a pipeline's source.

    Nothing is asked before it is called. An answer younger than `max_age` is taken from
    `.beaf/dagster/` in the project; so is an older one where the source fails, which is logged.

    Raises (when called):
        UniversesUnknownError: the source fails, and has never answered before.
    """
    ask = source_values(prepared)

    def values(name: str) -> list[str]:
        kept = _Kept(_path(prepared, name))
        standing = kept.read()
        if standing is not None and standing.age < max_age:
            return standing.values
        try:
            found = ask(name)
        except BeafError as error:
            if standing is None:
                raise UniversesUnknownError(name, error) from error
            log.warning(
                "the universes %s=… are those of %s: the source cannot be asked: %s",
                name,
                standing.asked.strftime("%Y-%m-%d %H:%M UTC"),
                error.message,
            )
            return standing.values
        kept.write(found)
        return found

    return values


@dataclass(frozen=True, slots=True)
class _Answer:
    asked: datetime
    values: list[str]

    @property
    def age(self) -> timedelta:
        return datetime.now(UTC) - self.asked


@dataclass(frozen=True, slots=True)
class _Kept:
    """The file of one answer."""

    path: Path

    def read(self) -> _Answer | None:
        """Read the answer; None where there is none that can be read."""
        try:
            kept = json.loads(self.path.read_text())
            values = [str(each) for each in kept["values"]]
            return _Answer(datetime.fromisoformat(kept["asked"]), values)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            log.warning("%s cannot be read, so the source is asked: %s", self.path, error)
            return None

    def write(self, values: list[str]) -> None:
        """Keep an answer; readers see the old file or the new one."""
        text = json.dumps({"asked": datetime.now(UTC).isoformat(), "values": values}, indent=1)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _replace(self.path, text)
        except OSError as error:
            log.warning("the answer of the source cannot be kept, so it is asked again: %s", error)


def _replace(path: Path, text: str) -> None:
    staged = path.with_name(f"{path.name}.{uuid4().hex}")
    try:
        staged.write_text(text)
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)


def _path(prepared: PreparedPipeline, name: str) -> Path:
    """Name the file of a source's answer; another source, or other options, have another file."""
    resolved = prepared.resolved
    options = resolved.source_options
    asked = [
        resolved.source,
        None if options is None else options.model_dump_json(),
        resolved.config.START_DATE,  # the day on which it is asked
        name,
    ]
    # Of options the digest alone: nothing of them is in the file.
    digest = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]
    return resolved.project / _FOLDER / f"universes-{digest}.json"
