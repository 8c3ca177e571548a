"""Which checks does a run make of its rows, and what did they find?

A run checks rows before it writes them, so a result costs no second look. One check of Dagster
stands for each kind of check that is configured; it tells of every pass and partition of its step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

from beaf_core import ExitCode
from beaf_dagster.assets.telling.limits import NOTES, kept
from beaf_dagster.assets.telling.told import outcomes_of

if TYPE_CHECKING:
    from beaf_core import Fault, PassOutcome, RunReport
    from beaf_core.config.checks import QualityCheckConfig
    from beaf_core.config.resolved import ResolvedPass
    from beaf_dagster.pipelines import Pipeline

#: Check of the run → the name and the meaning of Dagster's.
_CHECKS: Mapping[str, tuple[str, str]] = {
    "keys": ("keys_are_unique", "No key is null or repeated. Rows that fail are never written."),
    "identities": ("identities_hold", "What modules declare to hold between columns does."),
    "rows": ("has_rows", "The output has rows."),
    "nulls": ("nulls_are_few", "No measure is null or NaN more often than null_rate_max."),
    "ranges": ("values_are_in_range", "Every value lies within the range of its column."),
    "expectations": ("expectations_are_met", "The rows, listings and columns are there."),
    "schema": ("schema_is_locked", "The columns are those of the schema lock."),
}
#: Checks that are made whether or not QUALITY_CHECKS is ENABLED.
_ALWAYS = ("keys", "rows")


@dataclass(frozen=True)
class _Found:
    """A fault, with the pass and partition that it was found in."""

    outcome: PassOutcome
    fault: Fault

    @property
    def is_refused(self) -> bool:
        return self.outcome.exit_code is not ExitCode.OK

    @property
    def line(self) -> str:
        return f"{self.outcome.partition} {self.outcome.pass_name}: {self.fault.text}"


def check_specs_of(
    pipeline: Pipeline, pass_name: str | None, *, asset: dg.AssetKey
) -> list[dg.AssetCheckSpec]:
    """List the checks that a run makes of an asset's rows, in the step that computes them.

    Args:
        pipeline: what is run.
        pass_name: the pass that the asset is of; None for all passes of the pipeline.
        asset: its key.
    """
    return [
        dg.AssetCheckSpec(_CHECKS[check][0], asset=asset, description=_CHECKS[check][1])
        for check in _made(pipeline, pass_name)
    ]


def check_results(
    pipeline: Pipeline, pass_name: str | None, reports: Sequence[RunReport], *, asset: dg.AssetKey
) -> Iterator[dg.AssetCheckResult]:
    """Yield one result for each check that `check_specs_of` lists, over all partitions of a run.

    What rows were found to be when they were written is also told where a run left them unchanged.
    Where a run failed, the checks that refused rows are told, and the others are not: nothing is
    known of rows that were not computed. So yield them before the step fails.

    Args:
        pipeline: what was run.
        pass_name: the pass that the asset is of; None for all passes of the pipeline.
        reports: one per partition; of a run that failed, too.
        asset: its key.
    """
    outcomes = outcomes_of(pass_name, reports)
    found = [_Found(each, fault) for each in outcomes for fault in each.faults]
    found = list({each.line: each for each in found}.values())  # once, however many outputs
    failed = not outcomes or any(each.exit_code is not ExitCode.OK for each in outcomes)
    for check in _made(pipeline, pass_name):
        mine = [each for each in found if each.fault.check == check]
        if mine or not failed:
            yield _result(_CHECKS[check][0], asset, mine, outcomes)


def _result(
    name: str, asset: dg.AssetKey, found: Sequence[_Found], outcomes: Sequence[PassOutcome]
) -> dg.AssetCheckResult:
    refused = any(each.is_refused for each in found)
    return dg.AssetCheckResult(
        passed=not found,
        asset_key=asset,
        check_name=name,
        severity=dg.AssetCheckSeverity.ERROR if refused else dg.AssetCheckSeverity.WARN,
        description=_described(found, outcomes),
        metadata=_metadata(found, outcomes),
    )


def _described(found: Sequence[_Found], outcomes: Sequence[PassOutcome]) -> str:
    if found:
        return "\n".join(kept([each.line for each in found], NOTES, "the run's manifest"))
    checked = sum(each.receipt is not None for each in outcomes)
    if not checked:
        return "nothing to check: " + ", ".join(dict.fromkeys(each.status for each in outcomes))
    partitions = list(dict.fromkeys(each.partition for each in outcomes))
    rest = f" and {len(partitions) - 1} more partitions" if len(partitions) > 1 else ""
    return f"{partitions[0]}{rest}"


def _metadata(
    found: Sequence[_Found], outcomes: Sequence[PassOutcome]
) -> dict[str, dg.MetadataValue]:
    rows = sum(each.receipt.rows for each in outcomes if each.receipt)
    told: dict[str, dg.MetadataValue] = {
        "rows": dg.MetadataValue.int(rows),
        "faults": dg.MetadataValue.int(len(found)),
    }
    measured = [each for each in found if each.fault.column]
    if measured:
        lines = [_row(each) for each in measured]
        head = ["| partition | pass | column | found | limit |", "|---|---|---|---|---|"]
        table = "\n".join([*head, *kept(lines, NOTES, "the run's manifest")])
        told["columns"] = dg.MetadataValue.md(table)
    return told


def _row(found: _Found) -> str:
    fault, outcome = found.fault, found.outcome
    numbers = ["" if each is None else f"{each:.6g}" for each in (fault.found, fault.limit)]
    cells = [outcome.partition, outcome.pass_name, str(fault.column), *numbers]
    return f"| {' | '.join(cells)} |"


# -- which checks are made ---------------------------------------------------------------------


def _made(pipeline: Pipeline, pass_name: str | None) -> list[str]:
    resolved = pipeline.ready.resolved
    passes = [each for each in resolved.passes if pass_name in (None, each.name)]
    made = {*_ALWAYS, *(check for each in passes for check in _made_of(pipeline, each))}
    return [check for check in _CHECKS if check in made]


def _made_of(pipeline: Pipeline, resolved: ResolvedPass) -> Iterator[str]:
    config = pipeline.config
    if any(each.identities for each in resolved.modules):
        yield "identities"
    if config.SCHEMA_LOCK_MODE != "off":
        yield "schema"
    own = resolved.config.quality_checks
    checks = own if own is not None and own.ENABLED else config.QUALITY_CHECKS
    if checks.ENABLED:
        yield from _configured(checks)


def _configured(checks: QualityCheckConfig) -> Iterator[str]:
    yield "nulls"
    if checks.ranges:
        yield "ranges"
    if checks.expect.model_fields_set:
        yield "expectations"
