"""Is a finished partition fit to be published?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from beaf_core.model.errors import PartitionFailedError

if TYPE_CHECKING:
    from beaf_core.config.analytics import QualityCheckConfig
    from beaf_core.config.resolved import ResolvedPass


def check_quality(
    resolved: ResolvedPass, checks: QualityCheckConfig, frame: pl.DataFrame
) -> list[str]:
    """Check the measures of a partition: share of nulls and NaNs, and ranges.

    An empty frame fails its checks, as does a range for a column that is not there: nothing
    passes unseen.

    Returns:
        What is wrong, for a warning.

    Raises:
        PartitionFailedError: something is wrong and the action is `raise`.
    """
    if not checks.ENABLED:
        return []
    faults = _empty(frame) or [
        *_null_rates(resolved, checks, frame),
        *_ranges(checks, frame),
    ]
    if faults and checks.action == "raise":
        raise PartitionFailedError(
            f"pass {resolved.name} fails its quality checks: {'; '.join(faults)}",
            remedy="look at the data, or change QUALITY_CHECKS",
        )
    return faults


def _empty(frame: pl.DataFrame) -> list[str]:
    return ["the output has no rows"] if frame.is_empty() else []


def _null_rates(
    resolved: ResolvedPass, checks: QualityCheckConfig, frame: pl.DataFrame
) -> list[str]:
    faults = []
    for measure in resolved.measures:
        column = frame[measure.name]
        absent = column.null_count()
        if column.dtype.is_float():
            absent += int(column.is_nan().sum() or 0)
        share = absent / frame.height
        if share > checks.null_rate_max:
            faults.append(f"{measure.name} is null in {share:.1%} of the rows")
    return faults


def _ranges(checks: QualityCheckConfig, frame: pl.DataFrame) -> list[str]:
    faults = []
    for name, (low, high) in checks.ranges.items():
        if name not in frame.columns:
            faults.append(f"there is no column {name} to check the range of")
            continue
        if not frame.schema[name].is_numeric():
            faults.append(f"{name} is {frame.schema[name]}, so it has no range")
            continue
        least, most = frame.select(low=pl.col(name).min(), high=pl.col(name).max()).row(0)
        if low is not None and least is not None and least < low:
            faults.append(f"{name} falls to {least}, below {low}")
        if high is not None and most is not None and most > high:
            faults.append(f"{name} rises to {most}, above {high}")
    return faults
