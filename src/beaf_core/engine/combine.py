"""How do the aggregations of several tables and days become one output frame?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compile import BUCKET, KEYS, LISTING, CompiledTable, TablePlan
from beaf_core.model.errors import PartitionFailedError, UsageError
from beaf_core.model.module import Aggregation, Measure

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass

#: Columns of the universe that are carried into every output, where the source knows them.
CARRIED = ("MIC", "Ticker", "CurrencyCode")


def finish_table(plan: TablePlan, compiled: CompiledTable) -> pl.DataFrame:
    """Run a table's aggregations and evaluate its measures on the small result."""
    frames = [each for each in (compiled.native, compiled.fallback) if each is not None]
    collected = pl.collect_all(frames, engine="streaming")
    frame = collected[0]
    for other in collected[1:]:
        frame = frame.join(other, on=list(KEYS), how="left")
    columns = [_evaluate(frame, each, compiled.inputs[each.name]) for each in plan.measures]
    return frame.select(*KEYS).hstack(columns)


def _evaluate(frame: pl.DataFrame, measure: Measure, inputs: Mapping[str, str]) -> pl.Series:
    if measure.post is None:
        return frame[inputs[measure.name]].alias(measure.name)
    named = frame.select(pl.col(column).alias(name) for name, column in inputs.items())
    return named.select(measure.post.alias(measure.name)).to_series()


def join_tables(resolved: ResolvedPass, tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Join the tables of a pass on listing and bucket; an absent sum or count is zero."""
    frame = tables[0]
    for other in tables[1:]:
        frame = frame.join(other, on=list(KEYS), how="full", coalesce=True)
    if len(tables) > 1:
        there = [each for each in resolved.measures if each.name in frame.columns]
        additive = [each.name for each in there if _is_additive(each)]
        frame = frame.with_columns(pl.col(additive).fill_null(0))
    return frame.select(*KEYS, *(_or_null(frame, each.name) for each in resolved.measures))


def _or_null(frame: pl.DataFrame, name: str) -> pl.Expr:
    # A table that is allowed to be missing leaves its measures null.
    return pl.col(name) if name in frame.columns else pl.lit(None).alias(name)


def _is_additive(measure: Measure) -> bool:
    return isinstance(measure.value, Aggregation) and measure.value.kind.additive


def carry_reference(frame: pl.DataFrame, listings: pl.DataFrame) -> pl.DataFrame:
    """Put what the universe knows of each listing behind the keys, and times into their type."""
    carried = [name for name in CARRIED if name in listings.columns]
    measures = [name for name in frame.columns if name not in KEYS and name not in carried]
    return (
        frame.join(listings.select(LISTING, *carried), on=LISTING, how="left")
        .with_columns(pl.col(BUCKET).cast(pl.Datetime("ns")))
        .select(*KEYS, *carried, *measures)
    )


def combine_days(resolved: ResolvedPass, days: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Stack the days of a partition, sorted by its keys, each key once.

    Raises:
        PartitionFailedError: two trade dates share a bucket.
        UsageError: sort_keys name a column that the output does not have.
    """
    frame = pl.concat(days, how="diagonal_relaxed")
    repeated = frame.filter(pl.struct(*KEYS).is_duplicated())
    if repeated.height:
        listing, bucket = repeated.select(*KEYS).row(0)
        raise PartitionFailedError(
            f"listing {listing} has the bucket {bucket} on two trade dates",
            remedy="set BATCH_FREQ: D, or a bucket width that divides the session's start",
        )
    return frame.sort(_sort_keys(resolved, frame.columns))


def _sort_keys(resolved: ResolvedPass, columns: Sequence[str]) -> list[str]:
    keys = list(resolved.config.sort_keys or KEYS)
    unknown = [key for key in keys if key not in columns]
    if unknown:
        raise UsageError(
            f"pass {resolved.name}: sort_keys name {', '.join(unknown)}, "
            "which the output does not have",
            remedy=f"its columns are {', '.join(columns)}",
        )
    return keys if BUCKET in keys else [*keys, BUCKET]
