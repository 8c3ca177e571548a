"""Is a finished partition fit to be published?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.checks.expectations import Around, unmet
from beaf_core.engine.checks.identities import broken
from beaf_core.engine.compiler.keys import named
from beaf_core.engine.compiler.order import ascends
from beaf_core.model.errors import PartitionFailedError
from beaf_core.model.faults import Fault
from beaf_core.plugins.errors import did_you_mean

if TYPE_CHECKING:
    from beaf_core.config.checks import QualityCheckConfig
    from beaf_core.config.resolved import ResolvedPass

#: A pass that is looked at by itself: no universe, no source pass.
ALONE = Around()


def check_quality(
    resolved: ResolvedPass, checks: QualityCheckConfig, frame: pl.DataFrame, around: Around = ALONE
) -> list[Fault]:
    """Check a partition: its keys, the identities of its modules, and what is configured.

    Keys and identities are checked whether or not the checks are ENABLED. Nothing passes unseen:
    an empty frame, a column that is not there, and one without a value fail what is asked of them.

    Args:
        resolved: the pass.
        checks: what is configured for it.
        frame: its rows.
        around: what they are held against: the universe, the source pass.

    Returns:
        What is wrong, for a warning.

    Raises:
        PartitionFailedError: a key is null or repeated; or anything is wrong, and the action
            is `raise`.
    """
    require_unique_keys(resolved, frame)
    faults = [Fault("identities", each) for each in broken(resolved, frame)]
    if not checks.ENABLED:
        return faults
    told = unmet(checks.expect, frame, around, resolved.keys)
    faults += _empty(frame) or [
        *_null_rates(resolved, checks, frame),
        *_ranges(checks, frame),
        *(Fault("expectations", each) for each in told),
    ]
    if faults and checks.action == "raise":
        raise PartitionFailedError(
            f"pass {resolved.name} fails its quality checks: {'; '.join(map(str, faults))}",
            remedy="look at the data, change QUALITY_CHECKS, "
            "or give the pass quality_checks of its own",
        ).having(faults)
    return faults


def require_unique_keys(resolved: ResolvedPass, frame: pl.DataFrame) -> None:
    """Refuse rows that no key tells apart, whatever the checks say.

    Raises:
        PartitionFailedError: which keys are null or repeated.
    """
    # Hashing 400,000 keys takes 43 ms, a tenth of a bar's CPU; looking at neighbours half of one.
    if resolved.own_keys is None and ascends(frame):
        return
    names = resolved.keys
    keys = frame.select(names)
    missing = keys.filter(pl.any_horizontal(pl.all().is_null())).height
    repeats = keys.height - keys.n_unique()
    faults = [f"the key is null in {missing} rows"] if missing else []
    if repeats and not missing:
        example = keys.filter(keys.is_duplicated()).sort(names).row(0, named=True)
        faults = [f"{repeats} rows repeat the key of another, such as {named(example, names)}"]
    if faults:
        raise PartitionFailedError(
            f"pass {resolved.name} is not written: {faults[0]}",
            remedy=f"every row needs its own {' and '.join(names)}: mend the module that "
            "computes them",
        ).having([Fault("keys", faults[0])])


def _empty(frame: pl.DataFrame) -> list[Fault]:
    return [Fault("rows", "the output has no rows")] if frame.is_empty() else []


def _null_rates(
    resolved: ResolvedPass, checks: QualityCheckConfig, frame: pl.DataFrame
) -> Iterator[Fault]:
    there = [each.name for each in resolved.measures if each.name in frame.columns]
    counts = frame.select(_absent(name, frame.schema[name]).sum() for name in there)
    absent = {name: counts[name].item() for name in there}
    for measure in resolved.measures:
        if measure.name not in absent:
            yield Fault("nulls", f"there is no column {measure.name}", measure.name)
        elif absent[measure.name] > checks.null_rate_max * frame.height:
            share = absent[measure.name] / frame.height
            told = f"{measure.name} is null in {share:.1%} of the rows"
            yield Fault("nulls", told, measure.name, share, checks.null_rate_max)


def _absent(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    return column.is_null() | column.is_nan() if dtype.is_float() else column.is_null()


def _ranges(checks: QualityCheckConfig, frame: pl.DataFrame) -> Iterator[Fault]:
    for name, limits in checks.ranges.items():
        if name not in frame.columns:
            hint = did_you_mean(name, frame.columns)
            yield Fault("ranges", f"there is no column {name} to check the range of{hint}", name)
        elif not frame.schema[name].is_numeric():
            yield Fault("ranges", f"{name} is {frame.schema[name]}, so it has no range", name)
        else:
            yield from _range(name, limits, frame)


def _range(
    name: str, limits: tuple[float | None, float | None], frame: pl.DataFrame
) -> Iterator[Fault]:
    values = pl.col(name).fill_nan(None) if frame.schema[name].is_float() else pl.col(name)
    low, high = limits
    least, most = frame.select(least=values.min(), most=values.max()).row(0)
    if least is None:
        yield Fault("ranges", f"{name} has no value, so its range is not known", name)
        return
    if low is not None and least < low:
        yield _beyond(name, f"{name} falls to {least}, below {low}", least, low)
    if high is not None and most > high:
        yield _beyond(name, f"{name} rises to {most}, above {high}", most, high)


def _beyond(name: str, told: str, found: float, limit: float) -> Fault:
    # Infinity is no JSON.
    return Fault("ranges", told, name, float(found) if math.isfinite(found) else None, limit)
