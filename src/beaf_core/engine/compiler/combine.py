"""How do the small results of several lanes and tables become one output frame?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compiler.execute import TableResult, event_keys, merge_keys
from beaf_core.engine.compiler.keys import BUCKET, DAY, FIRST_DAY, KEYS, LISTING
from beaf_core.engine.compiler.order import are_alike
from beaf_core.engine.primitives.computed import attach_computed
from beaf_core.model.errors import UsageError
from beaf_core.model.module import RESERVED, Measure

if TYPE_CHECKING:
    from datetime import date

    from beaf_core.config.resolved import ResolvedPass

#: Columns of the universe that are carried into every output, where the source knows them.
CARRIED = tuple(name for name in RESERVED if name not in KEYS)


def join_tables(
    measures: Sequence[Measure],
    tables: Sequence[TableResult],
    days: Sequence[date],
    grid: pl.DataFrame | None = None,
    computed: Sequence[pl.DataFrame] = (),
) -> pl.DataFrame:
    """Evaluate the measures of a pass, and join them on listing and bucket.

    A row is a bucket in which a table has a row. Sums and counts of a table without one are zero,
    states go on, everything else is null.

    Args:
        measures: those of the pass, in the order of its columns.
        tables: the results of its tables.
        days: the trade dates of the partition.
        grid: further buckets that the output has rows for: ListingId, TimeBucket, `__first_day`
            and `__day`.
        computed: what modules computed themselves, with the same keys and days.
    """
    found = [event_keys(each) for each in tables]
    further = [each.select(*KEYS, FIRST_DAY, DAY) for each in computed]
    further += [] if grid is None else [grid]
    keys = merge_keys([*(frame for frames in found for frame in frames), *further])
    columns: dict[str, pl.Series] = {}
    for table, own in zip(tables, found, strict=True):
        columns |= _evaluate_table(table, own, keys, days, dense=grid is not None)
    columns |= attach_computed(keys, computed)
    named = [_column(each, columns, keys.height) for each in measures]
    return keys.select(*KEYS, DAY).hstack(named)


def _column(measure: Measure, columns: Mapping[str, pl.Series], height: int) -> pl.Series:
    if measure.name in columns:
        return columns[measure.name]
    # A table that is allowed to be missing leaves its measures null.
    return pl.Series(measure.name, [None] * height)


def _evaluate_table(
    table: TableResult,
    own: Sequence[pl.DataFrame],
    keys: pl.DataFrame,
    days: Sequence[date],
    *,
    dense: bool,
) -> dict[str, pl.Series]:
    """Return the table's measures in the order of the keys."""
    frame = keys
    for result in table.rows:
        frame = _aligned(frame, result.drop(FIRST_DAY, DAY))
    wanted = _by_day(keys, days) if table.states else keys
    for plan, events in table.states:
        frame = _aligned(frame, plan.finish(events, wanted))
    counted = [
        table.inputs[each.name][name]
        for each in table.plan.measures
        for name, asked in each.aggregations.items()
        if asked.kind.additive
    ]
    gaps = [name for name in counted if frame[name].null_count()]
    found = _evaluate(frame.with_columns(pl.col(gaps).fill_null(0)) if gaps else frame, table)
    derived = [each for each in table.plan.measures if each.post is not None and not _lasts(each)]
    if dense:  # a sum or count with another rule for empty buckets has nothing in them, not zero
        derived += [each for each in table.plan.measures if _has_own_rule(each)]
    one_day = len(days) == 1  # so that each key is there once, and all are where as many are
    if not derived or (one_day and any(each.height == keys.height for each in own)):
        return found
    there = merge_keys(own)
    if there.height == keys.height:
        return found
    flags = _aligned(keys, there.select(*KEYS, pl.lit(True).alias("__there")))["__there"]
    return found | {each.name: found[each.name].set(flags.is_null(), None) for each in derived}


def _aligned(keys: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Attach columns to keys in their order, without a join where both have the same order."""
    if are_alike(keys, other):
        return keys.hstack([each for each in other.iter_columns() if each.name not in KEYS])
    return keys.join(other, on=list(KEYS), how="left", maintain_order="left")


def _by_day(keys: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    """List the trade dates of each bucket: one row each, but for buckets across midnight."""
    one = keys.filter(pl.col(FIRST_DAY) == pl.col(DAY)).select(*KEYS, DAY)
    if one.height == keys.height:
        return one
    several = keys.filter(pl.col(FIRST_DAY) != pl.col(DAY))
    spread = several.with_columns(pl.date_ranges(FIRST_DAY, DAY).alias(DAY)).explode(DAY)
    there = spread.select(*KEYS, DAY).filter(pl.col(DAY).is_in(list(days)))
    return pl.concat([one, there]).sort(*KEYS, DAY)


def _has_own_rule(measure: Measure) -> bool:
    return measure.is_additive and not _lasts(measure) and measure.fill in ("last", "none")


def _lasts(measure: Measure) -> bool:
    """Whether a measure has a value where nothing happens."""
    return any(each.kind.of_states for each in measure.aggregations.values())


def _evaluate(frame: pl.DataFrame, table: TableResult) -> dict[str, pl.Series]:
    """Evaluate the measures on the aggregated columns."""
    plain = [each for each in table.plan.measures if each.post is None]
    found = {m.name: frame[table.inputs[m.name][m.name]].alias(m.name) for m in plain if m.value}
    for names, members in _rounds(table):
        named = frame.select(pl.col(column).alias(name) for name, column in names.items())
        posts = [each.post.alias(each.name) for each in members if each.post is not None]
        found |= {column.name: column for column in named.select(posts)}
    return found


def _rounds(table: TableResult) -> list[tuple[dict[str, str], list[Measure]]]:
    """Put derived measures together whose names for their inputs do not clash.

    Each round costs a fifth of a millisecond, which forty measures of a small partition notice.
    """
    rounds: list[tuple[dict[str, str], list[Measure]]] = []
    for each in table.plan.measures:
        if each.post is None:
            continue
        inputs = table.inputs[each.name]
        for names, members in rounds:
            if all(names.get(name, column) == column for name, column in inputs.items()):
                names.update(inputs)
                members.append(each)
                break
        else:
            rounds.append((dict(inputs), [each]))
    return rounds


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
    keys = [LISTING, DAY]
    if _are_all(frame[DAY], list(universes)):  # one key joins at half the cost of two
        keys, known = [LISTING], known.drop(DAY)
    measures = [name for name in frame.columns if name not in {*KEYS, DAY, *carried}]
    return (
        frame.join(known, on=keys, how="left", maintain_order="left")
        .with_columns(pl.col(BUCKET).cast(pl.Datetime("ns")))
        .select(*KEYS, *carried, *measures)
    )


def _are_all(found: pl.Series, days: Sequence[date]) -> bool:
    return len(days) == 1 and not found.null_count() and {found.min(), found.max()} == {*days}


def _of(names: Sequence[str], frame: pl.DataFrame) -> list[str]:
    return [name for name in names if name in frame.columns]


def sort_output(resolved: ResolvedPass, frame: pl.DataFrame) -> pl.DataFrame:
    """Sort a partition by the pass's sort_keys, or by its keys.

    Raises:
        UsageError: sort_keys name a column that the output does not have.
    """
    keys = _sort_keys(resolved, frame.columns)
    # It is sorted by its keys already: sorting again costs 7 % of a bar's CPU.
    known = list(resolved.keys)
    return frame if keys[: len(known)] == known else frame.sort(keys)


def _sort_keys(resolved: ResolvedPass, columns: Sequence[str]) -> list[str]:
    keys = list(resolved.config.sort_keys or resolved.keys)
    unknown = [key for key in keys if key not in columns]
    if unknown:
        raise UsageError(
            f"pass {resolved.name}: sort_keys name {', '.join(unknown)}, "
            "which the output does not have",
            remedy=f"its columns are {', '.join(columns)}",
        )
    # Behind the keys that are asked for, so that no two rows tie: the bucket, then the others.
    further = sorted(resolved.keys, key=lambda key: key != BUCKET)
    return [*keys, *(key for key in further if key not in keys)]
