"""Which listings of a universe came, went or changed between two days?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from beaf_core.engine.compiler.keys import LISTING
from beaf_core.model.tables import TABLES

#: Columns that say when a row holds, not what a listing is like.
_DATED = TABLES["reference"].time
#: A listing's attributes on the earlier day, beside those of the later one.
_BEFORE = "$before"


@dataclass(frozen=True, slots=True)
class ChangedListing:
    """A listing that is there on both days, with other attributes.

    Attributes:
        listing: its row on the later day.
        changes: column → (before, after).
    """

    listing: dict[str, Any]
    changes: dict[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class ListingChanges:
    """What became of a universe.

    Attributes:
        came: rows of the later day, of listings that were not there before.
        went: rows of the earlier day, of listings that are no longer there.
        changed: listings of both days whose attributes differ.
        same: how many listings are there on both days, unchanged.
        not_compared: columns that only one of the days has.
    """

    came: pl.DataFrame
    went: pl.DataFrame
    changed: tuple[ChangedListing, ...]
    same: int
    not_compared: tuple[str, ...]


def listing_changes(before: pl.DataFrame, after: pl.DataFrame) -> ListingChanges:
    """Compare a universe's listings on two days, by ListingId."""
    came = after.join(before, on=LISTING, how="anti").sort(LISTING)
    went = before.join(after, on=LISTING, how="anti").sort(LISTING)
    stayed = after.height - came.height
    changed = tuple(_changed(before, after))
    return ListingChanges(came, went, changed, stayed - len(changed), _one_sided(before, after))


def _changed(before: pl.DataFrame, after: pl.DataFrame) -> list[ChangedListing]:
    columns = [name for name in after.columns if name in before.columns]
    columns = [name for name in columns if name not in (LISTING, *_DATED)]
    if not columns:
        return []
    earlier = before.select(LISTING, pl.struct(columns).alias(_BEFORE))
    both = after.join(earlier, on=LISTING, how="inner").sort(LISTING)
    differs = both.select(_differs(both, name) for name in columns)
    anything = differs.select(pl.any_horizontal(pl.all())).to_series()
    return [
        _told(row, [name for name in columns if differ[name]])
        for row, differ in zip(
            both.filter(anything).to_dicts(), differs.filter(anything).to_dicts(), strict=True
        )
    ]


def _differs(both: pl.DataFrame, name: str) -> pl.Expr:
    now, then = pl.col(name), pl.col(_BEFORE).struct.field(name)
    if both.schema[name] != both.select(then).schema[name]:
        # 1 and "1", or a column of nulls alone: what a person would read is what counts.
        now, then = now.cast(pl.String), then.cast(pl.String)
    return now.ne_missing(then).alias(name)


def _told(row: dict[str, Any], changed: list[str]) -> ChangedListing:
    before = row.pop(_BEFORE)
    return ChangedListing(row, {name: (before[name], row[name]) for name in changed})


def _one_sided(before: pl.DataFrame, after: pl.DataFrame) -> tuple[str, ...]:
    return tuple(sorted(set(before.columns) ^ set(after.columns)))
