"""How many rows does each listing of a partition have, by table?

Told by the row groups of the source where those are narrow enough, else counted by a scan of the
one column ListingId.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compiler.keys import LISTING
from beaf_core.engine.unreadable import UNREADABLE
from beaf_core.model.errors import DataInvalidError
from beaf_core.model.primitives import PASS_PREFIX

if TYPE_CHECKING:
    from beaf_core.engine.planning.tables import TableOnDay
    from beaf_core.engine.work import PassWork
    from beaf_core.model.tables import Part

#: Rows, lowest and highest ListingId of a piece of a table.
RowGroup = tuple[int, int, int]
RowsByListing = Mapping[str, Mapping[int, int]]


def tables_of(work: Sequence[PassWork]) -> dict[str, list[TableOnDay]]:
    """Group what the passes read by table; a table of a day that several read counts once."""
    found: dict[str, dict[object, TableOnDay]] = {}
    for each in work:
        for plan in each.plans:
            for table in plan.tables:
                found.setdefault(table.plan.table, {}).setdefault(plan.day, table)
    return {table: list(days.values()) for table, days in found.items()}


def listings_of(work: Sequence[PassWork]) -> tuple[int, ...]:
    """List the ListingIds of all passes and days, ascending."""
    found = {listing for each in work for plan in each.plans for listing in plan.listings[LISTING]}
    return tuple(sorted(found))


def total_rows(work: Sequence[PassWork]) -> dict[str, int]:
    """Add up what the parts say: an upper bound, since other listings may be among them.

    Tables of which not every part says its rows are left out.
    """
    found = {}
    for table, days in tables_of(work).items():
        parts = [each.read.parts or each.made_of for each in days]
        rows = [part.rows for pieces in parts for part in pieces]
        known = [each for each in rows if each is not None]
        # The pieces of an earlier pass are told once, on the first of their days.
        told = any(parts) if table.startswith(PASS_PREFIX) else all(parts)
        if len(known) == len(rows) and told:
            found[table] = sum(known)
    return found


def rows_by_listing(
    work: Sequence[PassWork], listings: Sequence[int], tolerance: Mapping[str, int]
) -> RowsByListing:
    """Count the rows of each listing in each table.

    Args:
        work: the passes.
        listings: the ListingIds of the universe, ascending.
        tolerance: table → by how many rows a listing's count may be wrong; 0 where absent.

    Raises:
        DataInvalidError: a table has to be counted, and cannot be read.
    """
    return {
        table: _rows_of_table(days, listings, tolerance.get(table, 0))
        for table, days in tables_of(work).items()
    }


def _rows_of_table(
    days: Sequence[TableOnDay], listings: Sequence[int], tolerance: int
) -> Counter[int]:
    rows: Counter[int] = Counter()
    for each in days:
        parts = each.read.parts or each.made_of
        told = [spread(part.row_groups or (), listings) for part in parts]
        if parts and sum(map(_error, parts)) <= tolerance:
            for one in told:
                rows.update(one)
        else:
            rows.update(count_rows(each))
    return rows


def _error(part: Part) -> float:
    """Say by how many rows the count of a listing may be wrong."""
    if part.row_groups is None:
        return 0 if part.rows == 0 else float("inf")
    mixed = [rows for rows, low, high in part.row_groups if low < high]
    if not is_by_listing(part.row_groups):
        return sum(mixed)
    return 2 * max(mixed, default=0)  # a listing is cut by at most two of them


def is_by_listing(groups: Sequence[RowGroup]) -> bool:
    """Say whether a file's rows stand listing by listing, as far as row groups can tell."""
    ordered = sorted((low, high) for _, low, high in groups)
    return all(before[1] <= after[0] for before, after in pairwise(ordered))


def spread(groups: Sequence[RowGroup], listings: Sequence[int]) -> Counter[int]:
    """Share out the rows of each row group among the listings in its range, evenly.

    Exact where a row group holds one listing; the sum is exact in any case.

    Args:
        groups: the row groups.
        listings: the ListingIds of the universe, ascending.
    """
    found: Counter[int] = Counter()
    for rows, low, high in groups:
        inside = listings[bisect_left(listings, low) : bisect_right(listings, high)]
        for place, listing in enumerate(inside):
            found[listing] += rows // len(inside) + (place < rows % len(inside))
    return found


def count_rows(table: TableOnDay) -> Mapping[int, int]:
    """Count the rows of each listing by scanning one column.

    Where row groups suggest that listings stand together, their runs are measured: 0.05 s of CPU
    for 20 million rows, where grouping them takes 0.17. Right in any case.
    """
    listings = table.rows.select(pl.col(LISTING).cast(pl.Int64))
    parts = table.read.parts
    together = parts and all(part.row_groups and is_by_listing(part.row_groups) for part in parts)
    try:
        counted = _by_runs(listings) if together else _by_groups(listings)
    except UNREADABLE as error:
        where = ", ".join(part.location for part in table.read.parts[:3])
        raise DataInvalidError(
            f"{table.plan.table} cannot be read (in {where}): {error}",
            remedy="check the file, and deliver it again",
        ) from error
    return dict(_pairs(counted))


def _by_groups(listings: pl.LazyFrame) -> pl.DataFrame:
    return listings.group_by(LISTING).len().collect(engine="streaming")


def _by_runs(listings: pl.LazyFrame) -> pl.DataFrame:
    """Add up the lengths of each listing's runs: from the end of one to the end of the next."""
    row, listing = pl.col("__row").cast(pl.Int64), pl.col(LISTING)
    # Behind the last row there is null, which ends a run, too.
    ends = listings.with_row_index("__row").filter(listing.ne_missing(listing.shift(-1)))
    runs = ends.select(listing, (row - row.shift(1).fill_null(-1)).alias("len"))
    return runs.group_by(LISTING).agg(pl.col("len").sum()).collect(engine="streaming")


def _pairs(counted: pl.DataFrame) -> Iterator[tuple[int, int]]:
    yield from counted.drop_nulls().iter_rows()
