"""Which listings trade on a venue? `mic=XLON` is the listings on XLON, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beaf_core import hookimpl
from beaf_universes.values import listings_of, nameable

if TYPE_CHECKING:
    import polars as pl

    from beaf_core import Reference


@hookimpl
def get_universe(date: str, value: str | None, reference: Reference) -> pl.DataFrame:
    """List a venue's listings; all venues' for a bare `mic`."""
    return reference(date) if value is None else listings_of("MIC", value, date, reference)


@hookimpl
def universe_values(date: str, reference: Reference) -> list[str]:
    """List the venues that the source knows on a date."""
    return nameable(reference.values(date, "MIC"))
