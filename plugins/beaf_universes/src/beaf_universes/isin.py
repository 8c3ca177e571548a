"""Which listings have one of some ISINs? `isin=GB00B03MLX29~FR0000120271`, on whatever venue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beaf_core import hookimpl
from beaf_universes.values import listings_of, nameable, required

if TYPE_CHECKING:
    import polars as pl

    from beaf_core import Reference


@hookimpl
def get_universe(date: str, value: str | None, reference: Reference) -> pl.DataFrame:
    """List the listings of some ISINs."""
    return listings_of("ISIN", required("isin", value, "isin=GB00B03MLX29"), date, reference)


@hookimpl
def universe_values(date: str, reference: Reference) -> list[str]:
    """List the ISINs that the source knows on a date."""
    return nameable(reference.values(date, "ISIN"))
