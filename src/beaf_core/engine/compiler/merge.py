"""How do aggregations of disjoint parts of the rows become those of all rows?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from beaf_core.engine.compiler.aggregations import Slot
from beaf_core.engine.compiler.keys import DAY, FIRST_DAY, KEYS
from beaf_core.engine.compiler.lanes import Lane
from beaf_core.model.module import Kind

_ADDED = (Kind.SUM, Kind.COUNT)
_OF_MOMENTS = (Kind.MEAN, Kind.STD)
_MERGEABLE = (*_ADDED, *_OF_MOMENTS, Kind.MIN, Kind.MAX)


def unmergeable(lane: Lane) -> set[str]:
    """List the slots that cannot be computed from parts of the rows."""
    return {slot.name for slot in lane.slots if slot.aggregation.kind not in _MERGEABLE}


def mergeable(lane: Lane) -> Lane:
    """Return the lane with what is needed to merge its parts: means need their counts."""
    more = []
    for slot in lane.slots:
        if slot.aggregation.kind in _OF_MOMENTS:
            more.append(_slot(slot, Kind.COUNT))
        if slot.aggregation.kind is Kind.STD:
            more.append(_slot(slot, Kind.MEAN))
    return replace(lane, slots=[*lane.slots, *more])


def _slot(slot: Slot, kind: Kind) -> Slot:
    return Slot(f"{slot.name}_{kind}", replace(slot.aggregation, kind=kind))


def merge_parts(lane: Lane, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Merge the results of disjoint parts: the slots of the lane, once it was made `mergeable`."""
    together = pl.concat(parts, how="vertical_relaxed")
    days = [name for name in (FIRST_DAY, DAY) if name in together.columns]
    first_and_last = {FIRST_DAY: pl.col(FIRST_DAY).min(), DAY: pl.col(DAY).max()}
    merged = [_merged(slot.name, slot.aggregation.kind).alias(slot.name) for slot in lane.slots]
    return together.group_by(*KEYS).agg(*(first_and_last[day] for day in days), *merged).sort(*KEYS)


def _merged(name: str, kind: Kind) -> pl.Expr:
    value = pl.col(name)
    match kind:
        case Kind.SUM | Kind.COUNT:
            return value.sum()
        case Kind.MIN:
            return value.min()
        case Kind.MAX:
            return value.max()
        case Kind.MEAN:
            return _mean(value, pl.col(f"{name}_{Kind.COUNT}"))
    # Chan, Golub & LeVeque 1979: squares around the parts' means, and those around the common one.
    count, mean = pl.col(f"{name}_{Kind.COUNT}"), pl.col(f"{name}_{Kind.MEAN}")
    within = (value.fill_null(0).pow(2) * (count - 1)).sum()
    between = (count * (mean - _mean(mean, count)).pow(2)).sum()
    return pl.when(count.sum() > 1).then(((within + between) / (count.sum() - 1)).sqrt())


def _mean(mean: pl.Expr, count: pl.Expr) -> pl.Expr:
    return pl.when(count.sum() > 0).then((mean * count).sum() / count.sum())
