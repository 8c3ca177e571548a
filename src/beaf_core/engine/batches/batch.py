"""Which listings of a partition are computed together, so that memory suffices?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from beaf_core.engine.batches.memory import PER_ROW, TableCost, costs_of, estimate_bytes
from beaf_core.engine.batches.rows import (
    RowsByListing,
    is_by_listing,
    listings_of,
    rows_by_listing,
    spread,
    tables_of,
    total_rows,
)
from beaf_core.engine.work import Batch, PassWork
from beaf_core.model.tables import TABLES

if TYPE_CHECKING:
    from beaf_core.config.analytics import AnalyticsConfig
    from beaf_core.model.tables import Part

#: Bytes that lanes hold at once where memory leaves them the choice: what is near is read faster.
#: 20 million rows of L3 with lifetimes took 6.6 s of CPU at once, and 5.9 in pieces; 5 million
#: states of a book 1.61 and 1.41.
COMFORT = 256 * 10**6

#: Which share of the budget a count told by row groups may be wrong by; beyond it rows are counted.
TOLERATED = 0.05


@dataclass(frozen=True, slots=True)
class Limits:
    """What a batch may not exceed.

    Attributes:
        budget: bytes.
        caps: table → rows.
    """

    budget: int
    caps: Mapping[str, int]

    @classmethod
    def of(cls, config: AnalyticsConfig, budget: int) -> Limits:
        """Read the caps that a pipeline sets; a table may be called by any of its names."""
        names = {alias: table.name for table in TABLES.values() for alias in table.aliases}
        caps = {names.get(name, name): rows for name, rows in config.MAX_ROWS_PER_TABLE.items()}
        return cls(budget, caps)

    def admit(self, costs: Sequence[TableCost], rows: Mapping[str, int], listings: int) -> bool:
        """Say whether so many rows of so many listings are within them."""
        if any(rows.get(table, 0) > cap for table, cap in self.caps.items()):
            return False
        return estimate_bytes(costs, rows, listings) <= self.budget


@dataclass(frozen=True, slots=True)
class Step:
    """Passes that are computed for one batch.

    Attributes:
        work: the passes.
        batch: the listings.
        bytes: the estimated peak.
    """

    work: tuple[PassWork, ...]
    batch: Batch
    bytes: int


def plan_steps(work: Sequence[PassWork], limits: Limits, *, exact: bool = True) -> list[Step]:
    """Cut the computation of passes into steps; every listing of a pass is in exactly one.

    A pass with a module that looks across listings is never cut.

    Args:
        work: the passes, of one partition.
        limits: what a step may take.
        exact: whether rows may be counted where metadata do not tell.
    """
    whole = [each for each in work if looks_across_listings(each)]
    parted = [each for each in work if not looks_across_listings(each)]
    steps = [_undivided([each], limits) for each in whole]
    return steps + (_cut(parted, limits, exact=exact) if parted else [])


def in_pieces(step: Step, limits: Limits) -> list[Step]:
    """Cut what fits at once into runs of listings all the same, where that is cheaper.

    So it is where files are sorted by listing, and each piece reads a range of its own.
    """
    days = [day for found in tables_of(step.work).values() for day in found]
    by_listing = all(day.read.parts and all(map(_is_sorted, day.read.parts)) for day in days)
    if not by_listing or any(map(looks_across_listings, step.work)):
        return [step]
    held = [each for each in costs_of(step.work) if each.per_row > PER_ROW["plain"]]

    def comfortable(rows: Mapping[str, int], _listings: int = 0) -> bool:
        return sum(each.per_row * rows.get(each.table, 0) for each in held) <= COMFORT

    if comfortable(step.batch.rows):
        return [step]
    listings = listings_of(step.work)
    rows = _guessed_rows(step.work, listings)
    return [
        replace(step, batch=Batch(each, add_up(rows, each), limits.budget))
        for each in pack(listings, rows, comfortable)
    ]


def looks_across_listings(work: PassWork) -> bool:
    """Say whether a module of the pass needs the whole universe at once.

    Rows with keys of their own may be of several listings.
    """
    resolved = work.resolved
    return resolved.own_keys is not None or any(
        each.module.cross_sectional for each in resolved.modules
    )


def _undivided(
    work: Sequence[PassWork], limits: Limits, rows: Mapping[str, int] | None = None
) -> Step:
    rows = total_rows(work) if rows is None else rows
    needed = estimate_bytes(costs_of(work), rows, len(listings_of(work)))
    return Step(tuple(work), Batch(None, rows, limits.budget), needed)


def _cut(work: Sequence[PassWork], limits: Limits, *, exact: bool) -> list[Step]:
    costs, listings, total = costs_of(work), listings_of(work), total_rows(work)
    # The rows of the files are an upper bound: if those fit, nothing need be counted.
    # Rows that nobody knows count as none, which is near enough for those that are not held.
    held = [each.table for each in costs if each.per_row > PER_ROW["plain"]]
    matters = {*limits.caps, *held}
    is_known = all(table in total for table in tables_of(work) if table in matters)
    if is_known and limits.admit(costs, total, len(listings)):
        return [_undivided(work, limits)]
    mixed = _sorted_otherwise(work)
    costs = [_cut_by_time(each) if each.table in mixed else each for each in costs]
    if is_known and limits.admit(costs, total, len(listings)):
        return [replace(_undivided(work, limits), bytes=limits.budget)]
    costs = [_mapped(each) if each.table in mixed else each for each in costs]
    rows = _rows(work, listings, costs, limits) if exact else _guessed_rows(work, listings)
    batches = list(pack(listings, rows, lambda *sizes: limits.admit(costs, *sizes)))
    if len(batches) == 1:
        return [_undivided(work, limits, {**add_up(rows, listings), **total})]
    return [
        Step(
            tuple(work),
            Batch(each, sizes := add_up(rows, each), limits.budget),
            estimate_bytes(costs, sizes, len(each)),
        )
        for each in batches
    ]


def _cut_by_time(cost: TableCost) -> TableCost:
    """Leave to the lanes what they can cut at edges of buckets.

    In a table sorted by time that is cheaper than batches of listings: medians over 20 million
    rows in 1 GB took 7.8 s of CPU so, and 9.4 in 6 batches; sorted by listing, 6.4 in 6 batches.
    """
    return replace(cost, per_row=cost.per_row - cost.by_time, by_time=0)


def _mapped(cost: TableCost) -> TableCost:
    """Reckon that a table is read from files made for each batch (`recluster.py`).

    Those are mapped into memory, and so resident as a whole until the kernel takes them back.
    """
    return replace(cost, row_group=sys.maxsize)


def _sorted_otherwise(work: Sequence[PassWork]) -> set[str]:
    """Name the tables whose rows do not stand listing by listing."""
    return {
        table
        for table, days in tables_of(work).items()
        if not all(_is_sorted(part) for each in days for part in each.read.parts)
    }


def _is_sorted(part: Part) -> bool:
    return part.row_groups is not None and is_by_listing(part.row_groups)


def _rows(
    work: Sequence[PassWork], listings: Sequence[int], costs: Sequence[TableCost], limits: Limits
) -> RowsByListing:
    tolerance = {
        cost.table: int(TOLERATED * limits.budget / (cost.per_row + BYTES_AS_READ))
        for cost in costs
        if cost.table not in limits.caps
    }
    return rows_by_listing(work, listings, tolerance)


#: What a miscounted row may take beside what its lanes hold.
BYTES_AS_READ = 100


def _guessed_rows(work: Sequence[PassWork], listings: Sequence[int]) -> RowsByListing:
    """Share out what the metadata say, without reading a row."""
    low, high = (listings[0], listings[-1]) if listings else (0, 0)
    guessed: dict[str, dict[int, int]] = {}
    for table, days in tables_of(work).items():
        parts = [part for each in days for part in each.read.parts]
        groups = [
            group
            for part in parts
            for group in part.row_groups or [(part.rows or 0, *(part.listings or (low, high)))]
        ]
        guessed[table] = spread(groups, listings)
    return guessed


def pack(
    listings: Sequence[int],
    rows: RowsByListing,
    admits: Callable[[Mapping[str, int], int], bool],
) -> Iterator[tuple[int, ...]]:
    """Pack listings in their order, as many to a batch as are admitted, so that files are read in
    ranges. A listing that is not admitted by itself is a batch of its own.

    Args:
        listings: ListingIds, ascending.
        rows: table → listing → rows.
        admits: (table → rows, number of listings) → whether a batch may be that large.
    """
    packed: list[int] = []
    sizes = dict.fromkeys(rows, 0)
    for listing in listings:
        grown = {table: size + rows[table].get(listing, 0) for table, size in sizes.items()}
        if packed and not admits(grown, len(packed) + 1):
            yield tuple(packed)
            packed, grown = [], add_up(rows, [listing])
        packed.append(listing)
        sizes = grown
    if packed:
        yield tuple(packed)


def add_up(rows: RowsByListing, listings: Sequence[int]) -> dict[str, int]:
    """Add up the rows of some listings, by table."""
    return {table: sum(of.get(each, 0) for each in listings) for table, of in rows.items()}
