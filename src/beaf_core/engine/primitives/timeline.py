"""Which buckets does a pass have rows for, and what do the empty ones hold?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal

import polars as pl

from beaf_core.engine.compiler.bucket import nanoseconds, width_in_nanoseconds
from beaf_core.engine.compiler.keys import BUCKET, DAY, FIRST_DAY, KEYS, LISTING
from beaf_core.engine.unreadable import UNREADABLE
from beaf_core.model.errors import DataInvalidError
from beaf_core.model.membership import is_one_of
from beaf_core.model.primitives import NANOSECONDS, SECONDS_OF_A_DAY, time_of_day
from beaf_core.model.tables import TABLES

if TYPE_CHECKING:
    from beaf_core.config.analytics import PassConfig
    from beaf_core.config.resolved import ResolvedPass
    from beaf_core.engine.planning.prepare import DayPlan
    from beaf_core.engine.planning.tables import TableOnDay
    from beaf_core.model.module import Measure

_STATES, _STATE, _TRADING = "marketstate", "MarketState", "CONTINUOUS_TRADING"
_BEGIN, _END = "__begin", "__end"
_DAY_NS = SECONDS_OF_A_DAY * NANOSECONDS


# -- which buckets -----------------------------------------------------------------------------


def grid_keys(resolved: ResolvedPass, plans: Sequence[DayPlan]) -> pl.DataFrame | None:
    """List the keys of a dense pass on some days; None where the pass is sparse.

    Returns:
        ListingId, TimeBucket (the label, int64 nanoseconds), its first and its last trade date;
        each key once, sorted.

    Raises:
        DataInvalidError: the states of a day cannot be read.
    """
    grid = resolved.grid
    if grid is None:
        return None
    if grid.interval is not None:
        spans = [_interval(plan, *map(time_of_day, grid.interval)) for plan in plans]
    else:
        spans = [
            _sessions(plan.day, plan.listings, table)
            for plan in plans
            for table in plan.tables
            if table.plan.table == _STATES
        ]
    return buckets_of(pl.concat([_no_span(), *spans]), resolved.config)


def buckets_of(spans: pl.DataFrame, config: PassConfig) -> pl.DataFrame:
    """List the buckets that share an instant with some spans, whose edges are the pass's own.

    A bucket from a to a + w meets a span from b to e exactly where a < e and b < a + w, whichever
    edge is inside.

    Args:
        spans: ListingId, begin and end in nanoseconds, trade date.
        config: the pass: bucket width, anchor.
    """
    width = width_in_nanoseconds(config.time_bucket_seconds)
    first, until = pl.col(_BEGIN) // width * width, -(-pl.col(_END) // width) * width
    shift = width if config.time_bucket_anchor == "end" else 0
    whole = (
        spans.filter(pl.col(_BEGIN) < pl.col(_END))
        .select(LISTING, first.alias(_BEGIN), until.alias(_END), DAY)
        .sort(LISTING, _BEGIN)
    )
    starts = pl.int_ranges(_BEGIN, _END, width).alias(BUCKET)
    keys = whole.select(LISTING, starts, pl.col(DAY).alias(FIRST_DAY), DAY).explode(BUCKET)
    keys = keys.with_columns(pl.col(BUCKET) + shift)
    # Spans that share a bucket are rare, and grouping 7.65M keys took 6.0 s of CPU, not 0.6.
    return _each_once(keys) if _share_a_bucket(whole) else keys


def _share_a_bucket(whole: pl.DataFrame) -> bool:
    # In the order of their beginnings: if any two spans meet, so do two neighbours.
    same = pl.col(LISTING) == pl.col(LISTING).shift(1)
    return bool(whole.select((same & (pl.col(_BEGIN) < pl.col(_END).shift(1))).any()).item())


def _each_once(keys: pl.DataFrame) -> pl.DataFrame:
    return keys.group_by(KEYS).agg(pl.col(FIRST_DAY).min(), pl.col(DAY).max()).sort(KEYS)


def _no_span() -> pl.DataFrame:
    return pl.DataFrame(schema={LISTING: pl.Int64, _BEGIN: pl.Int64, _END: pl.Int64, DAY: pl.Date})


def _interval(plan: DayPlan, begin: int, end: int) -> pl.DataFrame:
    midnight = (plan.day - date(1970, 1, 1)).days * _DAY_NS
    over_midnight = _DAY_NS if end <= begin else 0
    return plan.listings.select(
        pl.col(LISTING).cast(pl.Int64),
        pl.lit(midnight + begin, pl.Int64).alias(_BEGIN),
        pl.lit(midnight + end + over_midnight, pl.Int64).alias(_END),
        pl.lit(plan.day).alias(DAY),
    )


def _sessions(day: date, listings: pl.DataFrame, table: TableOnDay) -> pl.DataFrame:
    """List the sessions of continuous trading: from its state to the listing's next one.

    Without a next state, a session ends with its day, UTC.
    """
    states = _states(listings, table)
    midnight = (pl.col(_BEGIN) // _DAY_NS + 1) * _DAY_NS
    same = pl.col(LISTING) == pl.col(LISTING).shift(-1)
    end = pl.when(same).then(pl.col(_BEGIN).shift(-1)).otherwise(midnight)
    return (
        states.with_columns(end.alias(_END))
        .filter(pl.col(_STATE) == _TRADING)
        .select(LISTING, _BEGIN, _END, pl.lit(day).alias(DAY))
    )


def _states(listings: pl.DataFrame, table: TableOnDay) -> pl.DataFrame:
    """Read the states of some listings in the order in which they begin."""
    clock, where = table.clock, ", ".join(part.location for part in table.read.parts[:3])
    try:
        time = nanoseconds(clock.time, table.rows.collect_schema()[clock.time])
        states = (
            table.rows.filter(is_one_of(pl.col(LISTING), listings[LISTING].to_list()))
            .select(
                pl.col(LISTING).cast(pl.Int64),
                time.alias(_BEGIN),
                pl.col(_STATE).cast(pl.String),
                pl.col(clock.sequence or clock.time).alias("__sequence"),
            )
            .sort(LISTING, _BEGIN, "__sequence", maintain_order=True)
            .collect(engine="streaming")
        )
    except UNREADABLE as error:
        raise DataInvalidError(
            f"{_STATES} cannot be read ({where}): {error}",
            remedy="check the file, and deliver it again",
        ) from error
    if states[_BEGIN].null_count():
        raise DataInvalidError(
            f"{_STATES} has rows without an event time ({where})",
            remedy="repair the file: every row needs its time",
        )
    return states


# -- what they hold ----------------------------------------------------------------------------


def on_timeline(
    resolved: ResolvedPass,
    plans: Sequence[DayPlan],
    frame: pl.DataFrame,
    grid: pl.DataFrame | None,
) -> pl.DataFrame:
    """Give a pass the rows of its timeline, and fill where its measures have no value.

    A dense pass has the rows of its grid, and no others. A sparse one keeps its rows; they are
    filled only where DEFAULT_FFILL asks for it.

    Args:
        resolved: the pass.
        plans: its days.
        frame: its rows so far: keys, trade date, measures; those of the grid among them.
        grid: the keys of a dense pass; None where the pass is sparse.
    """
    unknown = [_unknown(each, plans) for each in resolved.measures]
    frame = frame.with_columns(each for each in unknown if each is not None)
    if grid is not None:
        frame = grid.select(*KEYS, DAY).join(frame.drop(DAY), on=KEYS, how="left")
    elif not resolved.forward_fill:
        return frame
    frame = frame.sort(KEYS)  # values are carried along the rows of a listing
    dense = grid is not None
    fills = [_filled(each, resolved, plans, frame, dense=dense) for each in resolved.measures]
    return frame.with_columns(each for each in fills if each is not None)


def _unknown(measure: Measure, plans: Sequence[DayPlan]) -> pl.Expr | None:
    """Take back the zeros of a day on which a table is missing, and was allowed to be."""
    column, known = pl.col(measure.name), _days_with(measure.table, plans)
    if not measure.is_additive or len(known) == len(plans):
        return None
    return pl.when(pl.col(DAY).is_in(known) | (column != 0)).then(column)


def fill_rule(measure: Measure, *, forward_fill: bool) -> Literal["zero", "last", "none"]:
    """Say what a bucket without a value holds: the measure's own rule, or the default."""
    if measure.fill is not None:
        return measure.fill
    if measure.is_additive:
        return "zero"
    return "last" if forward_fill else "none"


def _filled(
    measure: Measure,
    resolved: ResolvedPass,
    plans: Sequence[DayPlan],
    frame: pl.DataFrame,
    *,
    dense: bool,
) -> pl.Expr | None:
    rule = fill_rule(measure, forward_fill=resolved.forward_fill)
    column = pl.col(measure.name)
    if rule == "last" and (dense or measure.fill is None):
        return column.forward_fill().over(LISTING, DAY)
    if rule == "zero" and dense and frame.schema[measure.name].is_numeric():
        known = _days_with(measure.table, plans)
        return pl.when(pl.col(DAY).is_in(known)).then(column.fill_null(0)).otherwise(column)
    return None


def _days_with(table: str, plans: Sequence[DayPlan]) -> list[date]:
    """List the days on which nothing in a table means nothing happened, not that it is missing."""
    return [
        plan.day
        for plan in plans
        if table not in TABLES or any(each.plan.table == table for each in plan.tables)
    ]
