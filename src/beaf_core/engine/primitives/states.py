"""How long does each state hold, and what follows from that for a bucket?

The book stands still between two rows: each row is a state that holds until the next one. On the
big table only what lies between two rows *of one bucket* is summed up, in one streaming
`group_by`. How a bucket begins (with the state carried into it, until its first row) and how it
ends (with its last row's state, until its edge), and buckets without any row, are worked out on
the small result. So no row has to be made at any edge, which costs half as much again as all the
rest, and a bucket needs nothing of the rows of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from beaf_core.engine.compiler.aggregations import ORDER, TIME, Rows, Slot, both, key_of
from beaf_core.engine.compiler.bucket import Buckets
from beaf_core.engine.compiler.finite import nulls_from
from beaf_core.engine.compiler.keys import BUCKET, DAY, KEYS, LISTING
from beaf_core.engine.compiler.lanes import Lane
from beaf_core.model.module import Aggregation, Kind

#: Of a row: the next row's time, and the time until then if that is in the same bucket, else 0.
NEXT, WEIGHT = "__next", "__weight"
#: Of a bucket: its first and last row's time, and whether a row of any module stands in it.
FIRST, LAST, COVERED, SEEN = "__first", "__last", "__covered", "__seen"


def with_next_time(rows: pl.LazyFrame, *, ordered: bool, adjacent: bool) -> pl.LazyFrame:
    """Attach to each row the time of the listing's next one; null for its last.

    Measured on 5M rows, seven means, CPU: neighbours in the file 0.8, window per listing 1, in
    any layout; rows without a known order are sorted first, 1.3 to 1.8.

    Args:
        rows: rows of one trade date with ListingId and `__time`; `__order` unless ordered.
        ordered: whether the rows of each listing stand in order.
        adjacent: whether the rows of a listing are known to stand together. Where they do not,
            `is_torn` tells from the result.
    """
    time = pl.col(TIME)
    if not ordered:
        rows = rows.sort(ORDER)
    if ordered and adjacent:
        own = pl.col(LISTING).shift(-1) == pl.col(LISTING)
        return rows.with_columns(pl.when(own).then(time.shift(-1)).alias(NEXT))
    return rows.with_columns(time.shift(-1).over(LISTING).alias(NEXT))


def is_torn(events: pl.DataFrame) -> bool:
    """Whether rows of a listing did not stand together: then its times do not add up."""
    gaps = pl.col(LAST) - pl.col(FIRST) != pl.col(COVERED)
    return bool(events.select(gaps.any()).item())


@dataclass(frozen=True, slots=True)
class StatePlan:
    """The aggregations of a state lane on the big table, and how they are finished.

    Attributes:
        lane: the lane.
        buckets: the pass's buckets.
        values: slot name → the row column with its state: the value, or whether it holds.
        timed: row column → one that is null on the same rows, and so has the same time.
        seen: the row column that says whether any module looks at the row; None: all are.
    """

    lane: Lane
    buckets: Buckets
    values: Mapping[str, str]
    timed: Mapping[str, str]
    seen: str | None

    @classmethod
    def of(cls, lane: Lane, buckets: Buckets, rows: Rows) -> StatePlan:
        """Register the row columns that the lane needs."""
        values = {slot.name: _state(slot, rows) for slot in lane.slots}
        alike: dict[object, str] = {}
        timed = {
            column: alike.setdefault(_validity(slot, column, careful=rows.careful), column)
            for slot in lane.slots
            if (column := values[slot.name]) and slot.aggregation.kind is Kind.TIME_WEIGHTED
        }
        any_module = pl.any_horizontal(*lane.filters) if lane.filters is not None else None
        seen = rows.column(Aggregation(Kind.COUNT, where=any_module))
        return cls(lane, buckets, values, timed, seen)

    def weight(self) -> pl.Expr:
        """Render the time for which a row's state holds within its own bucket."""
        same = self.buckets.contains(pl.col(BUCKET), pl.col(NEXT))
        return pl.when(same).then(pl.col(NEXT) - pl.col(TIME)).otherwise(0)

    def aggregations(self, *, proven: bool) -> list[pl.Expr]:
        """Render what is summed up per listing, bucket and day.

        Args:
            proven: whether the result has to show that rows of a listing stood together.
        """
        found = {FIRST: pl.col(TIME).min(), LAST: pl.col(TIME).max()}
        if proven:
            found[COVERED] = pl.col(WEIGHT).sum()
        if self.seen is not None:
            found[SEEN] = pl.col(self.seen).any()
        for slot in self.lane.slots:
            found |= self._of_slot(slot)
        return [expression.alias(name) for name, expression in found.items()]

    def _of_slot(self, slot: Slot) -> dict[str, pl.Expr]:
        column = self.values[slot.name]
        value, weight = pl.col(column), pl.col(WEIGHT)
        found = {f"{column}_last": value.last()}
        match slot.aggregation.kind:
            case Kind.TIME_WEIGHTED:
                found[f"{column}_sum"] = (value.cast(pl.Float64) * weight).sum()
                if self.timed[column] == column:
                    valid = pl.when(value.is_not_null()).then(weight).otherwise(0)
                    found[f"{column}_time"] = valid.sum()
            case Kind.DURATION:
                found[f"{column}_time"] = pl.when(value).then(weight).otherwise(0).sum()
            case Kind.STATE_FIRST if self.buckets.closed == "left":
                # Of several rows at the very edge, the one that another time follows.
                here = pl.col(TIME) == self.buckets.start(pl.col(BUCKET))
                settled = pl.col(NEXT).ne_missing(pl.col(TIME))
                found[f"{column}_edge"] = (
                    pl.when(here & settled).then(value).first(ignore_nulls=True)
                )
            case Kind.STATE_MIN:
                found[f"{column}_min"] = pl.when(weight > 0).then(value).min()
            case Kind.STATE_MAX:
                found[f"{column}_max"] = pl.when(weight > 0).then(value).max()
        return found

    def finish(self, events: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
        """Work out the slots for the wanted listings, buckets and days.

        Args:
            events: the aggregations of the big table, by ListingId, TimeBucket and `__day`.
            wanted: ListingId, TimeBucket, `__day`, each once and sorted by them; buckets without a
                row among them.

        Returns:
            ListingId, TimeBucket and the slots: one row per wanted listing and bucket, in which
            the pieces of several days are put together.
        """
        frame = _with_edges(events, wanted, self.buckets, set(self.values.values()))
        kinds = [(slot.name, slot.aggregation.kind) for slot in self.lane.slots]
        pieces = frame.select(
            *KEYS,
            *(
                expression.alias(name)
                for slot in self.lane.slots
                for name, expression in self._pieces(slot, events.columns)
            ),
        )
        if wanted[DAY].n_unique() > 1:
            merged = [_merge(name, kind) for name, kind in kinds]
            pieces = pieces.group_by(*KEYS, maintain_order=True).agg(
                each for group in merged for each in group
            )
        return pieces.select(*KEYS, *(_number(name, kind) for name, kind in kinds))

    def _pieces(self, slot: Slot, known: Sequence[str]) -> list[tuple[str, pl.Expr]]:
        name, kind, column = slot.name, slot.aggregation.kind, self.values[slot.name]
        last, carried = pl.col(f"{column}_last"), pl.col(f"{column}_carried")
        head, tail = pl.col(_HEAD), pl.col(_TAIL)
        match kind:
            case Kind.TIME_WEIGHTED:
                total = pl.sum_horizontal(f"{column}_sum", carried * head, last * tail)
                return [(name, total), (f"{name}_time", _time(self.timed[column], carried, last))]
            case Kind.DURATION:
                held = pl.when(carried).then(head), pl.when(last).then(tail)
                return [(name, pl.sum_horizontal(f"{column}_time", *held))]
            case Kind.STATE_FIRST:
                if f"{column}_edge" not in known:
                    return [(name, carried)]
                begins = (head == 0) & pl.col(_HAS)
                return [(name, pl.when(begins).then(pl.col(f"{column}_edge")).otherwise(carried))]
            case Kind.STATE_LAST:
                return [(name, pl.when(_HAS).then(last).otherwise(carried))]
        within = pl.col(f"{column}_{'min' if kind is Kind.STATE_MIN else 'max'}")
        edges = pl.when(head > 0).then(carried), pl.when(tail > 0).then(last)
        fold = pl.min_horizontal if kind is Kind.STATE_MIN else pl.max_horizontal
        return [(name, fold(within, *edges))]


def _state(slot: Slot, rows: Rows) -> str:
    each = slot.aggregation
    if each.kind is Kind.DURATION:
        valid = None if each.of is None else each.of.is_not_null()
        holds = both(each.where, valid)
        each = Aggregation(Kind.COUNT, where=pl.lit(True) if holds is None else holds)
    column = rows.column(each)
    assert column is not None
    return column


def _validity(slot: Slot, column: str, *, careful: bool) -> object:
    """Return what is equal where two states are known to be null on the same rows."""
    each = slot.aggregation
    assert each.of is not None
    # A quotient is null where it was divided by zero, too; if it was, the careful run tells.
    nulls = nulls_from(each.of, divided=not careful)
    return column if nulls is None else (nulls, key_of(each.where))


_HAS, _HEAD, _TAIL, _UNTIL = "__has", "__head", "__tail", "__until"


def _with_edges(
    events: pl.DataFrame, wanted: pl.DataFrame, buckets: Buckets, states: Iterable[str]
) -> pl.DataFrame:
    """Attach the carried state (`…_carried`), and how long it and the last row's hold."""
    days = wanted[DAY].n_unique()
    frame = _joined(events, wanted)
    if days > 1:
        frame = frame.sort(LISTING, DAY, BUCKET)
    has = pl.col(FIRST).is_not_null()
    own = pl.int_range(pl.len(), dtype=pl.UInt32)
    source = frame.select(pl.when(has).then(own).shift(1).forward_fill()).to_series()
    last = [pl.col(f"{name}_last").alias(f"{name}_carried") for name in states]
    before = frame.select(LISTING, DAY, *last).select(pl.all().gather(source))
    same = (before[LISTING] == frame[LISTING]) & (before[DAY] == frame[DAY])
    carried = before.drop(LISTING, DAY).select(pl.when(same).then(pl.all()))
    start, end = buckets.start(pl.col(BUCKET)), buckets.end(pl.col(BUCKET))
    frame = frame.hstack(carried)
    frame = frame.with_columns(_until(frame, end) if days > 1 else end.alias(_UNTIL))
    until = pl.col(_UNTIL)
    frame = frame.with_columns(
        has.alias(_HAS),
        (pl.min_horizontal(pl.col(FIRST), until) - start).clip(0).alias(_HEAD),
        pl.when(has).then((until - pl.col(LAST)).clip(0)).otherwise(0).alias(_TAIL),
    )
    return frame.sort(LISTING, BUCKET, DAY) if days > 1 else frame


def _joined(events: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    keys = [*KEYS, DAY]
    if events.height == wanted.height and events.select(keys).equals(wanted):
        return events
    return wanted.join(events, on=keys, how="left", maintain_order="left")


def _until(frame: pl.DataFrame, end: pl.Expr) -> pl.Series:
    """Say when a day's last state ends: at the bucket's edge, or where another day's begin."""
    numbered = frame.select(*KEYS, DAY, FIRST, end.alias("__end")).with_row_index("__row")
    following = pl.col(FIRST).shift(-1).backward_fill().over(KEYS, order_by=DAY)
    return (
        numbered.with_columns(following.alias("__following"))
        .select("__row", pl.min_horizontal("__end", "__following").alias(_UNTIL))
        .sort("__row")[_UNTIL]
    )


def _time(column: str, carried: pl.Expr, last: pl.Expr) -> pl.Expr:
    return pl.sum_horizontal(
        f"{column}_time",
        pl.when(carried.is_not_null()).then(pl.col(_HEAD)),
        pl.when(last.is_not_null()).then(pl.col(_TAIL)),
    )


def _merge(name: str, kind: Kind) -> list[pl.Expr]:
    """Put the pieces of several days of one bucket together, in their order."""
    value = pl.col(name)
    match kind:
        case Kind.TIME_WEIGHTED:
            return [value.sum(), pl.col(f"{name}_time").sum()]
        case Kind.DURATION:
            return [value.sum()]
        case Kind.STATE_FIRST:
            return [value.first()]
        case Kind.STATE_LAST:
            return [value.last()]
    return [value.min() if kind is Kind.STATE_MIN else value.max()]


def _number(name: str, kind: Kind) -> pl.Expr:
    if kind is not Kind.TIME_WEIGHTED:
        return pl.col(name)
    time = pl.col(f"{name}_time")
    return pl.when(time > 0).then(pl.col(name) / time).alias(name)
