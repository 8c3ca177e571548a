"""Which listings of the reference table do the rows of a file name?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from beaf_core import DataInvalidError
from beaf_universes.listing_file import IDENTIFIERS, PLACE
from beaf_universes.telling import warn_once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from beaf_core import Reference

_LISTING = "ListingId"
#: How many rows a message names.
_TOLD = 5


def listings_named(rows: pl.DataFrame, date: str, reference: Reference, path: Path) -> pl.DataFrame:
    """List the listings that rows name. Rows that name none are told as a warning.

    Raises:
        DataInvalidError: two rows name one listing.
    """
    if rows.is_empty():
        return reference(date).clear()  # asked all the same: a day may be closed
    answers = [_answer(keys, some, date, reference) for keys, some in _by_keys(rows)]
    pairs = pl.concat([pairs for pairs, _ in answers])
    _refuse_repeated(pairs, date, path)
    _tell_unanswered(rows.join(pairs, on=PLACE, how="anti", maintain_order="left"), date, path)
    return pl.concat([listings for _, listings in answers], how="diagonal_relaxed")


def _by_keys(rows: pl.DataFrame) -> Iterator[tuple[list[str], pl.DataFrame]]:
    """Part rows by what they name their listings with: all that is given must match."""
    given = [name for name in (*IDENTIFIERS, "MIC") if name in rows.columns]
    if _LISTING in given:
        # It says which listing alone; beside it, ISIN and Ticker describe.
        others = pl.col([name for name in ("ISIN", "Ticker") if name in given])
        rows = rows.with_columns(pl.when(pl.col(_LISTING).is_null()).then(others))
    filled = [pl.col(name).is_not_null().alias(f"has {name}") for name in given]
    for flags, some in rows.group_by(filled, maintain_order=True):
        yield [name for name, flag in zip(given, flags, strict=True) if flag], some


def _answer(
    keys: list[str], rows: pl.DataFrame, date: str, reference: Reference
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Ask for the listings of some rows.

    Returns:
        Which row names which ListingId, and those listings.
    """
    listings = reference(date, **{name: rows[name].unique().sort().to_list() for name in keys})
    names = listings.select(
        pl.col(name).cast(pl.Int64 if name == _LISTING else pl.String)
        for name in dict.fromkeys((_LISTING, *keys))
    )
    pairs = rows.select(PLACE, *keys).join(names, on=keys, how="inner", maintain_order="left")
    chosen = listings.filter(pl.col(_LISTING).is_in(pairs[_LISTING].implode()))
    return pairs.select(PLACE, _LISTING), chosen


def _refuse_repeated(pairs: pl.DataFrame, date: str, path: Path) -> None:
    repeated = pairs.filter(pl.col(_LISTING).is_duplicated())
    if repeated.is_empty():
        return
    first = repeated[_LISTING][0]
    places = " and ".join(repeated.filter(pl.col(_LISTING) == first)[PLACE])
    more = repeated[_LISTING].n_unique() - 1
    raise DataInvalidError(
        f"{path}: {places} name the same listing {first} on {date}"
        + (f" (and {more} more listings are named twice)" if more else ""),
        remedy="name each listing once; with ISIN or Ticker, add MIC to tell venues apart",
    )


def _tell_unanswered(rows: pl.DataFrame, date: str, path: Path) -> None:
    if rows.is_empty():
        return
    told = ", ".join(_described(row) for row in rows.head(_TOLD).to_dicts())
    more = f" and {rows.height - _TOLD} more" if rows.height > _TOLD else ""
    verb = "names" if rows.height == 1 else "name"
    warn_once(path, f"{told}{more} {verb} no listing", date)


def _described(row: dict[str, object]) -> str:
    names = (*IDENTIFIERS, "MIC")
    given = ", ".join(f"{name}={row[name]}" for name in names if row.get(name) is not None)
    return f"{row[PLACE]} ({given})"
