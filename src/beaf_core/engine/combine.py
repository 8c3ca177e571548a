"""How do the aggregations of several tables become one output frame?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compile import BUCKET, DAY, KEYS, LISTING, CompiledTable, TablePlan
from beaf_core.model.errors import DataInvalidError, UsageError
from beaf_core.model.module import RESERVED, Measure

if TYPE_CHECKING:
    from datetime import date

    from beaf_core.config.resolved import ResolvedPass

#: Columns of the universe that are carried into every output, where the source knows them.
CARRIED = tuple(name for name in RESERVED if name not in KEYS)


def finish_table(plan: TablePlan, compiled: CompiledTable) -> pl.DataFrame:
    """Run a table's aggregations and evaluate its measures on the small result."""
    frames = [each for each in (compiled.native, compiled.fallback) if each is not None]
    collected = pl.collect_all(frames, engine="streaming")
    frame = collected[0]
    timeless = frame.filter(pl.col(BUCKET).is_null())
    if timeless.height:
        raise DataInvalidError(
            f"{plan.table} has rows without an event time, for listing {timeless[LISTING][0]}",
            remedy="repair the file: every row needs its time",
        )
    for other in collected[1:]:
        frame = frame.join(other, on=list(KEYS), how="left")
    columns = [_evaluate(frame, each, compiled.inputs[each.name]) for each in plan.measures]
    return frame.select(*KEYS, DAY).hstack(columns)


def _evaluate(frame: pl.DataFrame, measure: Measure, inputs: Mapping[str, str]) -> pl.Series:
    if measure.post is None:
        return frame[inputs[measure.name]].alias(measure.name)
    named = frame.select(pl.col(column).alias(name) for name, column in inputs.items())
    return named.select(measure.post.alias(measure.name)).to_series()


def join_tables(resolved: ResolvedPass, tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Join the tables of a pass on listing and bucket; an absent sum or count is zero."""
    frame = tables[0]
    for other in tables[1:]:
        frame = frame.join(other, on=list(KEYS), how="full", coalesce=True, suffix="_other")
        frame = frame.with_columns(pl.max_horizontal(DAY, f"{DAY}_other")).drop(f"{DAY}_other")
    if len(tables) > 1:
        there = [each for each in resolved.measures if each.name in frame.columns]
        additive = [each.name for each in there if each.is_additive]
        frame = frame.with_columns(pl.col(additive).fill_null(0))
    return frame.select(*KEYS, DAY, *(_or_null(frame, each.name) for each in resolved.measures))


def _or_null(frame: pl.DataFrame, name: str) -> pl.Expr:
    # A table that is allowed to be missing leaves its measures null.
    return pl.col(name) if name in frame.columns else pl.lit(None).alias(name)


def carry_reference(frame: pl.DataFrame, universes: Mapping[date, pl.DataFrame]) -> pl.DataFrame:
    """Put behind the keys what the universe knew of each listing on the bucket's trade date."""
    carried = [name for name in CARRIED if any(name in each.columns for each in universes.values())]
    known = pl.concat(
        [
            listings.select(LISTING, pl.lit(day).alias(DAY), *_of(carried, listings))
            for day, listings in universes.items()
        ],
        how="diagonal_relaxed",
    )
    measures = [name for name in frame.columns if name not in {*KEYS, DAY, *carried}]
    return (
        frame.join(known, on=[LISTING, DAY], how="left")
        .with_columns(pl.col(BUCKET).cast(pl.Datetime("ns")))
        .select(*KEYS, *carried, *measures)
    )


def _of(names: Sequence[str], frame: pl.DataFrame) -> list[str]:
    return [name for name in names if name in frame.columns]


def sort_output(resolved: ResolvedPass, frame: pl.DataFrame) -> pl.DataFrame:
    """Sort a partition by the pass's sort_keys, or by its keys.

    Raises:
        UsageError: sort_keys name a column that the output does not have.
    """
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
    # Behind the keys that are asked for, so that no two rows tie.
    return [*keys, *(key for key in (BUCKET, LISTING) if key not in keys)]
