"""How do the queries of a table become small tables: at first hopefully, then carefully?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from beaf_core.engine.bucket import Buckets
from beaf_core.engine.compile import DayOfTable, Query, TablePlan, compile_rows, compile_states
from beaf_core.engine.finite import is_suspicious
from beaf_core.engine.keys import BUCKET, DAY, FIRST_DAY, KEYS, LISTING
from beaf_core.engine.lanes import How, Lane, split_lanes
from beaf_core.engine.states import SEEN, StatePlan, is_torn
from beaf_core.model.errors import DataInvalidError


@dataclass(frozen=True, slots=True)
class TableResult:
    """What the lanes of one table came to.

    Attributes:
        plan: what was asked of the table.
        inputs: measure name → name in the measure → aggregated column.
        rows: results of aggregations of rows, by listing and bucket, with the bucket's first and
            last trade date.
        states: results of aggregations of states, by listing, bucket and trade date, each with
            what finishes it.
    """

    plan: TablePlan
    inputs: Mapping[str, Mapping[str, str]]
    rows: Sequence[pl.DataFrame]
    states: Sequence[tuple[StatePlan, pl.DataFrame]]


def run_table(plan: TablePlan, days: Sequence[DayOfTable], buckets: Buckets) -> TableResult:
    """Run the lanes of a table one after another: their memory is not needed at once."""
    split = split_lanes(plan)
    of_states = [lane for lane in split.lanes if lane.how is How.STATES]
    of_rows = [lane for lane in split.lanes if lane.how is not How.STATES]
    rows = [_run_rows(lane, days, buckets) for lane in of_rows]
    states = [_run_states(lane, days, buckets) for lane in of_states]
    return TableResult(plan, split.inputs, rows, states)


def _run_rows(lane: Lane, days: Sequence[DayOfTable], buckets: Buckets) -> pl.DataFrame:
    _, result = _attempt(
        lane, lambda cleaned, _adjacent: compile_rows(lane, days, buckets, cleaned=cleaned)
    )
    if len(days) > 1:
        return result
    day = pl.lit(days[0].day)
    return result.with_columns(day.alias(FIRST_DAY), day.alias(DAY))


def _run_states(
    lane: Lane, days: Sequence[DayOfTable], buckets: Buckets
) -> tuple[StatePlan, pl.DataFrame]:
    found = []
    for each in days:
        query, events = _attempt(
            lane,
            lambda cleaned, adjacent, each=each: compile_states(  # type: ignore[misc]
                lane, each, buckets, cleaned=cleaned, adjacent=adjacent
            ),
        )
        found.append(events.with_columns(pl.lit(each.day).alias(DAY)))
    assert query.states is not None
    events = found[0] if len(found) == 1 else pl.concat(found, how="vertical_relaxed")
    return query.states, events.sort(*KEYS, DAY) if len(found) > 1 else events


def _attempt(lane: Lane, compiled: Callable[[bool, bool], Query]) -> tuple[Query, pl.DataFrame]:
    """Run a query, and once more without the hopes that its result belies."""
    query = compiled(False, True)
    result = _collect(lane, query)
    torn = query.may_tear and is_torn(result)
    dirty = is_suspicious(result)
    if torn or dirty:
        query = compiled(dirty, not torn)
        result = _collect(lane, query)
    return query, result


def _collect(lane: Lane, query: Query) -> pl.DataFrame:
    # In one order throughout, small results are put side by side without a join.
    frame = query.frame.collect(engine="streaming").sort(*KEYS)
    timeless = frame.filter(pl.col(BUCKET).is_null())
    if timeless.height:
        raise DataInvalidError(
            f"{lane.table} has rows without an event time, for listing {timeless[LISTING][0]}",
            remedy="repair the file: every row needs its time",
        )
    return frame


def event_keys(result: TableResult) -> list[pl.DataFrame]:
    """List the listings and buckets in which something happens, with first and last trade date."""
    columns = [*KEYS, FIRST_DAY, DAY]
    found = [each.select(columns) for each in result.rows]
    for _, events in result.states:
        seen = events.filter(SEEN) if SEEN in events.columns else events
        found.append(seen.select(*KEYS, pl.col(DAY).alias(FIRST_DAY), DAY))
    return found


def merge_keys(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Put sorted keys together: each listing and bucket once, sorted."""
    keys = pl.concat(frames) if len(frames) > 1 else frames[0]
    if len(frames) == 1 and keys[DAY].n_unique() < 2:
        return keys
    days = [pl.col(FIRST_DAY).min(), pl.col(DAY).max()]
    return keys.group_by(*KEYS).agg(*days).sort(*KEYS)
