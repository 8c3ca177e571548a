"""Which listings belong to an index? `index=STOXX600`, as the membership table says of the day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beaf_core import hookimpl
from beaf_universes.values import listings_of, nameable, required

if TYPE_CHECKING:
    import polars as pl

    from beaf_core import Reference


@hookimpl
def get_universe(date: str, value: str | None, reference: Reference) -> pl.DataFrame:
    """List who belongs to an index on that very day."""
    return listings_of("Index", required("index", value, "index=STOXX600"), date, reference)


@hookimpl
def universe_values(date: str, reference: Reference) -> list[str]:
    """List the indices that the source knows on a date."""
    return nameable(reference.values(date, "Index"))
