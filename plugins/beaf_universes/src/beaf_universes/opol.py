"""Which listings are of instruments whose official place of listing is a venue? `opol=XLON`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beaf_core import hookimpl
from beaf_universes.values import listings_of, nameable, required

if TYPE_CHECKING:
    import polars as pl

    from beaf_core import Reference


@hookimpl
def get_universe(date: str, value: str | None, reference: Reference) -> pl.DataFrame:
    """List such listings, wherever they trade."""
    return listings_of("OPOL", required("opol", value, "opol=XLON"), date, reference)


@hookimpl
def universe_values(date: str, reference: Reference) -> list[str]:
    """List the official places of listing that the source knows on a date."""
    return nameable(reference.values(date, "OPOL"))
