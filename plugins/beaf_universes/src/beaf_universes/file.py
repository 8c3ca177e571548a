"""Which listings does a file name? `file=listings.csv`, relative to the project's folder."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from beaf_core import UsageError, hookimpl

if TYPE_CHECKING:
    import polars as pl

    from beaf_core import Reference


@hookimpl
def get_universe(
    date: str, value: str | None, reference: Reference, folder: str | Path
) -> pl.DataFrame:
    """List the listings that a CSV or parquet file names for the day.

    A row that no listing answers is told as a warning: a listing may not be there yet.

    Raises:
        UsageError, ResourceError, DataInvalidError: what is wrong with the file, and where.
    """
    # Both import polars: 480 ms.
    from beaf_universes.listing_file import days_named, read_listing_file, rows_on
    from beaf_universes.matching import listings_named
    from beaf_universes.telling import warn_once

    path = _located(value, folder)
    everything = read_listing_file(path)
    rows = rows_on(everything, dt.date.fromisoformat(date))
    if rows.is_empty():
        warn_once(
            path, f"it has rows for days {days_named(everything)}, and none that counts", date
        )
    return listings_named(rows, date, reference, path)


def _located(value: str | None, folder: str | Path) -> Path:
    if value is None:
        raise UsageError(
            "the universe file needs a value", remedy="write for example file=listings.csv"
        )
    if "://" in value:
        raise UsageError(
            f"file={value} is an address, not a file of this machine", remedy="fetch it first"
        )
    return Path(folder, value).absolute()
