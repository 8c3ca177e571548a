"""Where else do a venue's instruments trade? `mic_siblings=XLON`: its listings and their siblings.

Siblings are the listings of one instrument (`InstrumentId`) on other venues.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beaf_core import UsageError, hookimpl
from beaf_universes.values import listings_of, nameable

if TYPE_CHECKING:
    import polars as pl

    from beaf_core import Reference

_INSTRUMENT = "InstrumentId"


@hookimpl
def get_universe(date: str, value: str | None, reference: Reference) -> pl.DataFrame:
    """List a venue's listings with their siblings; every listing for a bare `mic_siblings`."""
    if value is None:
        return reference(date)
    listings = listings_of("MIC", value, date, reference)
    return _with_siblings(listings, date, reference)


@hookimpl
def universe_values(date: str, reference: Reference) -> list[str]:
    """List the venues that the source knows on a date."""
    return nameable(reference.values(date, "MIC"))


def _with_siblings(listings: pl.DataFrame, date: str, reference: Reference) -> pl.DataFrame:
    import polars as pl  # 480 ms

    if _INSTRUMENT not in listings.columns:
        raise UsageError(
            f"the reference table has no {_INSTRUMENT}, so it cannot tell siblings",
            remedy="map the column in SOURCE, or use mic=, which needs none",
        )
    instruments = listings[_INSTRUMENT].drop_nulls().unique().sort().to_list()
    if not instruments:
        return listings
    of_instruments = reference(date, **{_INSTRUMENT: instruments})
    siblings = of_instruments.join(listings, on="ListingId", how="anti", maintain_order="left")
    # A listing of the venue whose instrument is unknown is still one of the venue's.
    return pl.concat([listings, siblings])
