"""Which market do the emulated servers know: listings, indices, data tables, and what is there?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

#: Markets that are known before anybody gives listings.
MICS = ("BATE", "CHIX", "XLON", "XPAR")


@dataclass(slots=True)
class Market:
    """What tests give, and servers answer from.

    Attributes:
        reference: one row per listing: ListingId, InstrumentId, MIC, and whatever else; with a
            column Date the rows are those of that day, else of every day.
        membership: Index and ListingId; a column Date counts as above.
        tables: name → frame with MIC and Date, which the Data API serves: trades_plus, l2, …
        etf: rows of funds.
        there: what data have arrived: (kind, day) → MICs.
        page_size: rows of a page of reference data.
        rejections: how many of the next queries are refused because the service is busy.
    """

    reference: pl.DataFrame | None = None
    membership: pl.DataFrame | None = None
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    etf: list[dict[str, object]] = field(default_factory=list)
    there: dict[tuple[str, date], set[str]] = field(default_factory=dict)
    page_size: int = 1000  # Guess: some size; tests that page make it small.
    rejections: int = 0

    def listings(self, day: date) -> pl.DataFrame:
        """Give the listings of a day, each with its Date."""
        import polars as pl

        known = self.reference
        if known is None:
            columns = {"ListingId": pl.Int64, "InstrumentId": pl.Int64, "MIC": pl.String}
            known = pl.DataFrame(schema=columns)
        return _of_day(known, day)

    def members(self, day: date, indices: list[str]) -> pl.Series:
        """Give the ListingIds in any of some indices on a day."""
        import polars as pl

        if self.membership is None:
            return pl.Series("ListingId", [], pl.Int64)
        rows = _of_day(self.membership, day)
        return rows.filter(pl.col("Index").is_in(indices))["ListingId"]

    def indices(self, day: date) -> pl.DataFrame:
        """Give the indices of a day."""
        import polars as pl

        known = pl.DataFrame(schema={"Index": pl.String})
        if self.membership is not None:
            known = _of_day(self.membership, day)
        # Guess: an index bears its code in IndexCode, by which listings are asked for.
        return known.select(pl.col("Index").unique().sort().alias("IndexCode")).select(
            pl.lit(day).alias("Date"),
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("IndexId"),
            "IndexCode",
        )

    def markets(self, day: date) -> pl.DataFrame:
        """Give the markets of a day."""
        import polars as pl

        mics = sorted({*MICS, *self.listings(day)["MIC"]})
        return pl.DataFrame({"MIC": mics}).select(
            pl.lit(day).alias("Date"),
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("MarketId"),
            "MIC",
            pl.lit("Equity").alias("Schema"),
            pl.lit(value=True).alias("IsAlive"),
            pl.lit("2000-01-03").alias("StartDate"),
        )

    def arrive(self, kind: str, mics: tuple[str, ...], day: date) -> None:
        """Let data be there."""
        self.there.setdefault((kind, day), set()).update(mics)

    def has(self, kind: str, day: date) -> set[str]:
        """Give the MICs whose data of a day are there."""
        return self.there.get((kind, day), set())


def days_of(start: date, end: date) -> list[date]:
    """List the days from one to another, both inside."""
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def _of_day(frame: pl.DataFrame, day: date) -> pl.DataFrame:
    import polars as pl

    if "Date" in frame.columns:
        return frame.filter(pl.col("Date").cast(pl.String) == day.isoformat()).with_columns(
            pl.lit(day).alias("Date")
        )
    return frame.with_columns(pl.lit(day).alias("Date"))
