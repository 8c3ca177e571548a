"""When has nothing changed, and what remains of a run?"""

from __future__ import annotations

import hashlib
import json
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

import beaf_core
from beaf_core.config.redact import redact
from beaf_core.engine.aggregations import key_of
from beaf_core.model.errors import ResourceError

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedModule, ResolvedPass, ResolvedPipeline
    from beaf_core.engine.prepare import DayPlan
    from beaf_core.model.module import Measure
    from beaf_core.model.partition import PartitionRun
    from beaf_core.model.primitives import Lookup
    from beaf_core.model.run import PassOutcome, Target
    from beaf_core.model.tables import Part

MANIFEST = "manifest.json"


def fingerprint(
    pipeline: ResolvedPipeline,
    resolved: ResolvedPass,
    partition: PartitionRun,
    target: Target,
    days: Sequence[DayPlan],
) -> str:
    """Digest everything that a partition's rows depend on.

    Equal fingerprints mean that nothing would change: the same source and inputs (location, size,
    version), the same listings, the same pass, the same declarations of its measures, the same
    checks, the same version of BEAF. A piece of input without a version is never the same.
    """
    facts = {
        "beaf": beaf_core.__version__,
        "partition": partition.key,
        "pass": resolved.config.model_dump(mode="json"),
        "source": [pipeline.source, redact(_plain(pipeline.source_options))],
        "modules": [_module_facts(each) for each in resolved.modules],
        "timeline": [_grid_facts(resolved), resolved.forward_fill],
        "checks": _plain(pipeline.config.QUALITY_CHECKS),
        "target": [target.type, target.location(partition), _plain(target.options)],
        "days": [_day_facts(day) for day in days],
    }
    text = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _module_facts(each: ResolvedModule) -> list[Any]:
    rows = {table: _expression(rows) for table, rows in each.rows.items()}
    holds = [[identity.name, _expression(identity.holds)] for identity in each.identities]
    return [each.module.name, rows, holds, [_measure_facts(measure) for measure in each.measures]]


def _grid_facts(resolved: ResolvedPass) -> Any:
    return None if resolved.grid is None else asdict(resolved.grid)


def _measure_facts(measure: Measure) -> list[Any]:
    aggregations = {
        name: [each.kind, _expression(each.of), _expression(each.where), each.q]
        for name, each in measure.aggregations.items()
    }
    post = _expression(measure.post)
    lookups = {name: _lookup_facts(each) for name, each in measure.lookups.items()}
    return [measure.name, measure.table, measure.version, measure.fill, aggregations, post, lookups]


def _lookup_facts(lookup: Lookup) -> list[Any]:
    values = [getattr(lookup, each.name) for each in fields(lookup)]
    return [_expression(each) if isinstance(each, pl.Expr) else each for each in values]


def _expression(expression: pl.Expr | None) -> str | None:
    return None if expression is None else hashlib.sha256(key_of(expression)).hexdigest()


def _part_facts(part: Part) -> dict[str, Any]:
    if part.version is None:
        return {**asdict(part), "version": secrets.token_hex(8)}
    return asdict(part)


def _day_facts(plan: DayPlan) -> dict[str, Any]:
    return {
        "day": plan.day.isoformat(),
        "status": plan.status,
        "listings": plan.listings.to_dicts() and _digest_of_listings(plan),
        "parts": [_part_facts(part) for read in plan.reads for part in read.parts],
    }


def _digest_of_listings(plan: DayPlan) -> str:
    text = json.dumps(plan.listings.to_dicts(), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(options: Any) -> Any:
    return options.model_dump(mode="json") if hasattr(options, "model_dump") else None


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
    staged = path.with_name(f".{MANIFEST}.{secrets.token_hex(4)}")
    try:
        staged.write_text(json.dumps(manifest, indent=2, default=str), encoding="utf-8")
        staged.replace(path)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return str(path)


def outcome_facts(outcome: PassOutcome) -> dict[str, Any]:
    """Render an outcome with its whole receipt, for the manifest."""
    return {
        "pass_name": outcome.pass_name,
        "partition": outcome.partition,
        "status": outcome.status,
        "message": outcome.message,
        "exit_code": int(outcome.exit_code),
        "traceback": outcome.traceback,
        "receipt": outcome.receipt.to_json() if outcome.receipt else None,
    }


def versions() -> dict[str, str]:
    """Name the versions that a run's numbers depend on."""
    python = ".".join(map(str, sys.version_info[:3]))
    return {"beaf": beaf_core.__version__, "polars": pl.__version__, "python": python}


def now() -> str:
    """Return the time of day, UTC, ISO."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
