"""Which listings have one of some tickers? `ticker=VOD~BARC`, on whatever venue uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beaf_core import hookimpl
from beaf_universes.values import listings_of, nameable, required

if TYPE_CHECKING:
    import polars as pl

    from beaf_core import Reference


@hookimpl
def get_universe(date: str, value: str | None, reference: Reference) -> pl.DataFrame:
    """List the listings of some tickers; one ticker may be of several companies' listings."""
    return listings_of("Ticker", required("ticker", value, "ticker=VOD"), date, reference)


@hookimpl
def universe_values(date: str, reference: Reference) -> list[str]:
    """List the tickers that the source knows on a date."""
    return nameable(reference.values(date, "Ticker"))
