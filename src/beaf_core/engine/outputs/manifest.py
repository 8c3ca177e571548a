"""What remains of a run, and what did earlier runs of the pipeline come to?"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

import beaf_core
from beaf_core.config.redact import redact
from beaf_core.engine.files import replace_text
from beaf_core.model.errors import ExitCode, ResourceError

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass, ResolvedPipeline
    from beaf_core.engine.planning.prepare import DayPlan
    from beaf_core.model.partition import PartitionRun
    from beaf_core.model.run import LaunchRequest, PassOutcome

MANIFEST = "manifest.json"

#: A partition of a pass, by name and key.
PassKey = tuple[str, str]


def runs_folder(project: str | Path) -> Path:
    """Return where the runs of a project leave their manifests."""
    return Path(project, ".beaf", "runs")


def make_folder(folder: Path) -> None:
    """Make the folder of a run.

    Raises:
        ResourceError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(path: Path, error: OSError) -> ResourceError:
    return ResourceError(
        f"the run's manifest cannot be written to {path}: {error.strerror or error}",
        remedy="make the project's folder writable, or make room",
    )


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> str:
    """Write a run's manifest, whole or not at all.

    Returns:
        Its path.

    Raises:
        ResourceError: the folder cannot be written.
    """
    path = folder / MANIFEST
    try:
        replace_text(path, json.dumps(manifest, indent=2, default=str))
    except OSError as error:
        raise _unwritable(folder, error) from error
    return str(path)


def request_facts(request: LaunchRequest) -> dict[str, Any]:
    """Render what was asked, without secrets."""
    return {
        "run_id": request.run_id,
        "pipeline": request.pipeline,
        "universe": request.universe,
        "dates": request.dates.key,
        "config": redact(dict(request.config)),
    }


def day_facts(resolved: ResolvedPass, plan: DayPlan) -> dict[str, Any]:
    """Render what was found of a day."""
    parts = [part for table in plan.tables for part in table.read.parts]
    rows = [part.rows for part in parts if part.rows is not None]
    return {
        "pass": resolved.name,
        "day": plan.day.isoformat(),
        "status": plan.status,
        "listings": plan.listings.height,
        "rows_in": sum(rows) if len(rows) == len(parts) else None,
        "parts": [part.location for part in parts],
        "absent": list(plan.absent),
    }


def outcome_facts(outcome: PassOutcome) -> dict[str, Any]:
    """Render an outcome with its whole receipt, for the manifest."""
    return {
        "pass_name": outcome.pass_name,
        "partition": outcome.partition,
        "status": outcome.status,
        "message": outcome.message,
        "exit_code": int(outcome.exit_code),
        "traceback": outcome.traceback,
        "refused": [each.to_json() for each in outcome.refused],
        "receipt": outcome.receipt.to_json() if outcome.receipt else None,
    }


def versions() -> dict[str, str]:
    """Name the versions that a run's numbers depend on."""
    python = ".".join(map(str, sys.version_info[:3]))
    return {"beaf": beaf_core.__version__, "polars": pl.__version__, "python": python}


def now() -> str:
    """Return the time of day, UTC, ISO."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass
class Record:
    """What a run noticed on its way, for its manifest."""

    request: LaunchRequest
    pipeline: ResolvedPipeline
    started: str = field(default_factory=now)
    outcomes: list[PassOutcome] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _days: list[dict[str, Any]] = field(default_factory=list)
    _timings: list[dict[str, Any]] = field(default_factory=list)

    def days(self, resolved: ResolvedPass, plans: Sequence[DayPlan]) -> None:
        """Note what was found of the days of a pass."""
        self._days += [day_facts(resolved, plan) for plan in plans]

    @contextmanager
    def step(self, name: str, passes: Sequence[str], partition: PartitionRun) -> Iterator[None]:
        """Note how long a step took."""
        started = time.perf_counter()
        try:
            yield
        finally:
            seconds = round(time.perf_counter() - started, 3)
            self._timings.append(
                {
                    "step": name,
                    "passes": list(passes),
                    "partition": partition.key,
                    "seconds": seconds,
                }
            )

    def facts(self, code: ExitCode) -> dict[str, Any]:
        """Render what was asked, what was found, and what became of it."""
        return {
            **request_facts(self.request),
            "started": self.started,
            "finished": now(),
            "exit_code": int(code),
            "versions": versions(),
            "notes": [*self.pipeline.notes, *self.notes],
            "days": self._days,
            "timings": self._timings,
            "outcomes": [outcome_facts(each) for each in self.outcomes],
        }


def failed_before(request: LaunchRequest) -> set[PassKey]:
    """List what the newest manifest of this pipeline and universe says has failed.

    Manifests that cannot be read, such as those of a run that goes on, tell nothing.
    """
    # By the clock of the disk: the names of runs of one second sort by chance.
    manifests = runs_folder(request.project).glob(f"*/{MANIFEST}")
    for path in sorted(manifests, key=lambda each: each.stat().st_mtime_ns, reverse=True):
        manifest = _read(path)
        if manifest is not None and _is_of(manifest, request):
            return {
                (each["pass_name"], each["partition"])
                for each in manifest["outcomes"]
                if each["exit_code"] != ExitCode.OK
            }
    return set()


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "outcomes" in found else None


def _is_of(manifest: Mapping[str, Any], request: LaunchRequest) -> bool:
    mine = request_facts(request)
    same = all(manifest.get(name) == mine[name] for name in ("pipeline", "universe"))
    dataset = [each.get("DATASETNAME") for each in (manifest["config"], mine["config"])]
    return same and dataset[0] == dataset[1]
