"""How long does an order live, from the row on which it begins to the one on which it ends?

One streaming equi-join on (listing, order id) answers for all orders. It is cheaper than grouping
by order (4.1 CPU seconds against 4.8 for 20M rows), and no dearer than a join on hashes whose
matches are then compared by their ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from beaf_core.engine.compiler.aggregations import SEQUENCE, TIME, key_of
from beaf_core.engine.compiler.keys import LISTING
from beaf_core.model.primitives import Lifetime

# Internal columns: an order's id, a row's place in time, and both time and place of its other end.
_ORDER, _PLACE, _ROW = "__lived_order", "__lived_place", "__lived_row"
_OTHER_TIME, _OTHER_PLACE = "__lived_other_time", "__lived_other_place"


@dataclass(frozen=True, slots=True)
class Share:
    """One of several shares of all orders: disjoint, and together complete.

    Attributes:
        number: which one, from 0.
        of: how many there are.
    """

    number: int
    of: int

    def holds(self, order: pl.Expr) -> pl.Expr:
        """Render whether an order is of this share; a row without an order is of the first."""
        share = pl.when(order.is_not_null()).then(order.hash(seed=0) % self.of).otherwise(0)
        return share == self.number


@dataclass(frozen=True, slots=True)
class WithLifetimes:
    """Rows with the lifetimes of their orders.

    Attributes:
        rows: the rows.
        surplus: one number, `rows`: how many of them are too many, since an order has several
            other ends. Collect it together with what is made of the rows (both share one join);
            where it is not zero, attach again with `several=True`, which has no surplus.
    """

    rows: pl.LazyFrame
    surplus: pl.LazyFrame


def attach_lifetimes(
    rows: pl.LazyFrame,
    lookups: Mapping[str, Lifetime],
    *,
    only: Sequence[pl.Expr] = (),
    ordered: bool = False,
    keep_order: bool = False,
    several: bool = False,
    share: Share | None = None,
) -> WithLifetimes:
    """Attach lifetimes to the rows of one trade date.

    An order is known by its listing and id; an id that is null or empty is none. An end belongs to
    the last begin before it under its id, a begin to the first end after it. Before is by time,
    then by place where rows are ordered, else by sequence; where neither is known, an order may
    end at the time at which it begins.

    Args:
        rows: lazy rows with ListingId, `__time` (int64 nanoseconds), `__sequence` where the table
            has one, and the columns that the lookups name.
        lookups: the columns to attach; at least one.
        only: conditions on the rows that are asked for; other ends are looked for on all rows.
        ordered: whether the rows of each listing stand in the order of time and sequence.
        keep_order: whether they are to stay in the order in which they stand.
        several: allow for several begins or ends under one id; 1.5 times as dear.
        share: only the rows of this share of orders; `can_be_shared` says where it may be given.
    """
    schema = rows.collect_schema()
    placed = _placed(rows, schema, ordered=ordered)
    probed = placed.filter(*only)
    if share is not None:
        probed = probed.filter(share.holds(_own_order(lookups.values(), schema)))
    found = probed.with_row_index(_ROW) if several else probed
    for alike in _alike(lookups):
        others = _others(placed, alike, schema, share)
        join = _join_nearest if several else _join
        found = join(found, others, _Asked(alike, schema, "left" if keep_order else None))
    kept = [name for name in schema.names() if name not in lookups]
    return WithLifetimes(found.select(*kept, *lookups), _surplus(found, probed))


def can_be_shared(lookups: Mapping[str, Lifetime]) -> bool:
    """Say whether rows can be told by one order each, so that shares of orders are disjoint."""
    return len({(each.at, _own_column(each)) for each in lookups.values()}) == 1


def rows_with_lifetimes(lookups: Iterable[Lifetime]) -> pl.Expr:
    """Pick the rows on which any of the lookups may have a lifetime."""
    return pl.any_horizontal(_here(each) for each in lookups)


def _placed(rows: pl.LazyFrame, schema: pl.Schema, *, ordered: bool) -> pl.LazyFrame:
    """Give each row its place among those of one time: half as dear as a sequence of 8 bytes."""
    if ordered:
        return rows.with_row_index(_PLACE)
    known = pl.col(SEQUENCE) if SEQUENCE in schema else pl.lit(None, pl.Int64)
    return rows.with_columns(known.alias(_PLACE))


def _surplus(found: pl.LazyFrame, probed: pl.LazyFrame) -> pl.LazyFrame:
    rows = pl.len().cast(pl.Int64).alias("rows")
    return pl.concat([found.select(rows), probed.select(-rows)]).sum()


# -- which rows, which ids -------------------------------------------------------------------


def _here(lookup: Lifetime) -> pl.Expr:
    """Pick the rows that get the lifetime."""
    return lookup.end if lookup.at == "end" else lookup.begin


def _there(lookup: Lifetime) -> pl.Expr:
    """Pick the rows on which the order's other end is looked for."""
    return lookup.begin if lookup.at == "end" else lookup.end


def _own_column(lookup: Lifetime) -> str:
    return lookup.end_order if lookup.at == "end" else lookup.begin_order


def _other_column(lookup: Lifetime) -> str:
    return lookup.begin_order if lookup.at == "end" else lookup.end_order


def _own_order(lookups: Iterable[Lifetime], schema: pl.Schema) -> pl.Expr:
    """Render the id of the order that gets the lifetime, null on rows that cannot have one."""
    lookups = list(lookups)
    first = lookups[0]
    return pl.when(rows_with_lifetimes(lookups)).then(_id(_own_column(first), first, schema))


def _id(column: str, lookup: Lifetime, schema: pl.Schema) -> pl.Expr:
    same = schema[lookup.begin_order] == schema[lookup.end_order]
    return pl.col(column) if same else pl.col(column).cast(pl.String)


def _alike(lookups: Mapping[str, Lifetime]) -> Iterator[Mapping[str, Lifetime]]:
    """Group lookups that have their other end on the same rows, and so share a join."""
    groups: dict[tuple[object, ...], dict[str, Lifetime]] = {}
    for name, each in lookups.items():
        key = (each.at, each.begin_order, each.end_order, key_of(_there(each)))
        groups.setdefault(key, {})[name] = each
    yield from groups.values()


# -- joins -----------------------------------------------------------------------------------


def _others(
    placed: pl.LazyFrame, alike: Mapping[str, Lifetime], schema: pl.Schema, share: Share | None
) -> pl.LazyFrame:
    """Take the rows on which the other ends are looked for."""
    first = next(iter(alike.values()))
    order = _id(_other_column(first), first, schema)
    there = placed.filter(_there(first))
    if schema[first.begin_order] == pl.String or schema[first.end_order] == pl.String:
        there = there.filter(order != "")
    return there.filter(*([] if share is None else [share.holds(order)])).select(
        LISTING,
        order.alias(_ORDER),
        pl.col(TIME).alias(_OTHER_TIME),
        pl.col(_PLACE).alias(_OTHER_PLACE),
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """Lookups that share a join, the schema of their rows, and which order the join keeps."""

    alike: Mapping[str, Lifetime]
    schema: pl.Schema
    order: Literal["left"] | None

    @property
    def first(self) -> Lifetime:
        return next(iter(self.alike.values()))

    @property
    def own(self) -> pl.Expr:
        return _own_order(self.alike.values(), self.schema).alias(_ORDER)


def _join(rows: pl.LazyFrame, others: pl.LazyFrame, asked: _Asked) -> pl.LazyFrame:
    """Join rows and the other ends of their orders, of which there is one at most."""
    keys = [LISTING, _ORDER]
    joined = rows.with_columns(asked.own).join(
        others, on=keys, how="left", maintain_order=asked.order
    )
    fits = pl.when(_fits(asked.first)).then(_OTHER_TIME).alias(_OTHER_TIME)
    return _told(joined.with_columns(fits), asked.alike).drop(_ORDER, _OTHER_TIME, _OTHER_PLACE)


def _join_nearest(rows: pl.LazyFrame, others: pl.LazyFrame, asked: _Asked) -> pl.LazyFrame:
    """Join rows and those other ends of their orders that are nearest in time."""
    other = pl.col(_OTHER_TIME)
    nearest = (
        rows.select(_ROW, LISTING, asked.own, TIME, _PLACE)
        .join(others, on=[LISTING, _ORDER])
        .filter(_fits(asked.first))
        .group_by(_ROW)
        .agg(other.max() if asked.first.at == "end" else other.min())
    )
    joined = rows.join(nearest, on=_ROW, how="left", maintain_order=asked.order)
    return _told(joined, asked.alike).drop(_OTHER_TIME)


def _fits(lookup: Lifetime) -> pl.Expr:
    """Render whether the other end is on the right side in time."""
    own, other = (TIME, _PLACE), (_OTHER_TIME, _OTHER_PLACE)
    (begun, begun_at), (ended, ended_at) = (other, own) if lookup.at == "end" else (own, other)
    in_order = (pl.col(begun_at) < pl.col(ended_at)).fill_null(value=True)
    tied = pl.col(begun) == pl.col(ended)
    return (pl.col(begun) < pl.col(ended)) | (tied & in_order)


def _told(rows: pl.LazyFrame, alike: Mapping[str, Lifetime]) -> pl.LazyFrame:
    """Turn the other end's time into lifetimes, each on the rows of its own condition."""
    return rows.with_columns(
        pl.when(_here(each)).then((pl.col(TIME) - pl.col(_OTHER_TIME)).abs()).alias(name)
        for name, each in alike.items()
    )
