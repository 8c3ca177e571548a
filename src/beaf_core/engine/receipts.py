"""When has nothing changed, and what remains of a run?"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import beaf_core
from beaf_core.model.errors import ResourceError

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass
    from beaf_core.engine.prepare import DayPlan
    from beaf_core.model.partition import PartitionRun
    from beaf_core.model.run import PassOutcome, Target

MANIFEST = "manifest.json"


def fingerprint(
    resolved: ResolvedPass, partition: PartitionRun, target: Target, days: Sequence[DayPlan]
) -> str:
    """Digest everything that a partition's rows depend on.

    Equal fingerprints mean that nothing would change: the same inputs (location, size, version),
    the same listings, the same pass, the same definitions, the same version of BEAF.
    """
    facts = {
        "beaf": beaf_core.__version__,
        "partition": partition.key,
        "pass": resolved.config.model_dump(mode="json"),
        "measures": [[each.name, each.version] for each in resolved.measures],
        "target": [target.type, target.location(partition), _plain(target.options)],
        "days": [_day_facts(day) for day in days],
    }
    text = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _day_facts(plan: DayPlan) -> dict[str, Any]:
    return {
        "day": plan.day.isoformat(),
        "status": plan.status,
        "listings": plan.listings.to_dicts() and _digest_of_listings(plan),
        "parts": [asdict(part) for table in plan.tables for part in table.read.parts],
    }


def _digest_of_listings(plan: DayPlan) -> str:
    text = json.dumps(plan.listings.to_dicts(), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(options: Any) -> Any:
    return options.model_dump(mode="json") if hasattr(options, "model_dump") else None


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> str:
    """Write a run's manifest, whole or not at all.

    Returns:
        Its path.

    Raises:
        ResourceError: the folder cannot be written.
    """
    path = folder / MANIFEST
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, staged = tempfile.mkstemp(dir=folder, prefix=".manifest-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(manifest, file, indent=2, default=str)
        Path(staged).replace(path)
    except OSError as error:
        raise ResourceError(
            f"the manifest {path} cannot be written: {error}",
            remedy="make the project's folder writable, or make room",
        ) from error
    return str(path)


def outcome_facts(outcome: PassOutcome) -> dict[str, Any]:
    """Render an outcome with its whole receipt, for the manifest."""
    return {
        "pass_name": outcome.pass_name,
        "partition": outcome.partition,
        "status": outcome.status,
        "message": outcome.message,
        "exit_code": int(outcome.exit_code),
        "receipt": outcome.receipt.to_json() if outcome.receipt else None,
    }


def versions() -> dict[str, str]:
    """Name the versions that a run's numbers depend on."""
    import polars as pl

    python = ".".join(map(str, sys.version_info[:3]))
    return {"beaf": beaf_core.__version__, "polars": pl.__version__, "python": python}


def now() -> str:
    """Return the time of day, UTC, ISO."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
