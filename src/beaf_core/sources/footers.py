"""What do parquet footers prove about listings and order?"""

from __future__ import annotations

from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Any

from beaf_core import Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from beaf_core.sources.columns import Names
    from beaf_core.sources.stores import FoundFile

LISTING = "ListingId"


def describe(file: FoundFile, names: Names) -> Part:
    """Say what the footer tells of a file."""
    groups = _listings_by_row_group(file, names)
    return Part(
        location=file.location,
        bytes=file.bytes,
        rows=file.footer.num_rows,
        version=file.version,
        listings=_span(groups),
        row_groups=groups,
    )


def _span(groups: Sequence[tuple[int, int, int]] | None) -> tuple[int, int] | None:
    if not groups:
        return None
    return min(low for _, low, _ in groups), max(high for _, _, high in groups)


def _listings_by_row_group(
    file: FoundFile, names: Names
) -> tuple[tuple[int, int, int], ...] | None:
    """List rows, lowest and highest ListingId of each row group; None where one does not tell."""
    places = _column_places(file)
    position = places.get(names.in_file(LISTING, places))
    if position is None:
        return None
    found = []
    for group in _row_groups(file.footer):
        if not group.num_rows:
            continue
        statistics = group.column(position).statistics
        if statistics is None or not statistics.has_min_max:
            return None
        if not isinstance(statistics.min, int):
            return None
        found.append((group.num_rows, statistics.min, statistics.max))
    return tuple(found)


def known_order(files: Sequence[FoundFile], names: Names) -> tuple[str, ...]:
    """Name the columns by which the rows of a listing are ordered in every file; empty if unknown.

    Files that agree on the first columns only are known to be ordered by those.

    Read from `sorting_columns`, which hold within a row group only: across row groups the
    statistics have to prove it. What they cannot prove is not claimed.
    """
    orders = [_order_of(file, names) for file in files if file.footer.num_rows]
    alike = takewhile(lambda place: len(set(place)) == 1, zip(*orders, strict=False))
    return tuple(place[0] for place in alike)


def _order_of(file: FoundFile, names: Names) -> tuple[str, ...]:
    groups = [group for group in _row_groups(file.footer) if group.num_rows]
    declared = {_sorting(group) for group in groups}
    if len(declared) != 1 or declared == {()}:
        return ()
    proven = _proven(groups, declared.pop())
    by_place = {place: name for name, place in _column_places(file).items()}
    back = {names.in_file(name, by_place.values()): name for name in [LISTING, *names.given]}
    ordered = [back.get(by_place[place], by_place[place]) for place in proven]
    # Within one listing its id is constant.
    return tuple(name for name in ordered if name != LISTING)


def _sorting(group: Any) -> tuple[int, ...]:
    """List the leading columns that ascend; a descending one ends what can be said."""
    ascending = []
    for each in group.sorting_columns or ():
        if each.descending:
            break
        ascending.append(each.column_index)
    return tuple(ascending)


def _proven(groups: Sequence[Any], sorting: tuple[int, ...]) -> tuple[int, ...]:
    """Cut the order within row groups down to what holds across them."""
    if not sorting or len(groups) == 1:
        return sorting
    edges = [_edges(group.column(sorting[0]).statistics) for group in groups]
    if None in edges:
        return ()
    known = [edge for edge in edges if edge is not None]
    pairs = [(before[1], after[0]) for before, after in pairwise(known)]
    if all(last < first for last, first in pairs):
        return sorting
    # Equal values on both sides: their order by the later columns is unproven.
    return sorting[:1] if all(last <= first for last, first in pairs) else ()


def _edges(statistics: Any) -> tuple[Any, Any] | None:
    # Raw values: pyarrow cannot render nanoseconds as datetimes without pandas. Only signed
    # integers compare as they are stored; nulls have no place in the statistics.
    if statistics is None or not statistics.has_min_max or statistics.null_count != 0:
        return None
    if not isinstance(statistics.min_raw, int) or "isSigned=false" in str(statistics.logical_type):
        return None
    return statistics.min_raw, statistics.max_raw


def _column_places(file: FoundFile) -> dict[str, int]:
    """Map columns to their place among the leaves, which is how footers count."""
    schema, names = file.footer.schema, file.columns.names
    if len(schema) == len(names):  # no lists or structs: spares 0.5 ms for 152 columns
        return {name: place for place, name in enumerate(names)}
    return {schema.column(place).path: place for place in range(len(schema))}


def _row_groups(footer: Any) -> Iterable[Any]:
    return (footer.row_group(index) for index in range(footer.num_row_groups))
