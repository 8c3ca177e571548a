"""Which venues, listings and indices does the market have?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from beaf_simulator.config import Config

# The ids of instruments lie apart from those of listings, so that mixing them up shows.
_INSTRUMENT_OFFSET = 1_000_000


@dataclass(frozen=True, slots=True)
class Venue:
    """A place of trading.

    Attributes:
        mic: ISO 10383 code.
        operator: operating MIC.
        first_id: the ListingId of its first listing.
        jurisdiction: whose rules its trades are reported under.
        primary: whether instruments are listed here first; such a venue holds auctions, and takes
            reports of off-book trades.
    """

    mic: str
    operator: str
    first_id: int
    jurisdiction: str
    primary: bool


@dataclass(frozen=True, slots=True)
class Home:
    """What instruments inherit from the venue that lists them first."""

    country: str
    currency: str
    prefix: str
    name: str
    suffix: str


VENUES: Mapping[str, Venue] = {
    venue.mic: venue
    for venue in (
        Venue("XLON", "XLON", 100_001, "UK", primary=True),
        Venue("XPAR", "XPAR", 200_001, "EU", primary=True),
        Venue("BATE", "BCXE", 300_001, "UK", primary=False),
    )
}

HOMES: Mapping[str, Home] = {
    "XLON": Home("GB", "GBp", "LN", "London Sample {} plc", "l"),
    "XPAR": Home("FR", "EUR", "PA", "Paris Sample {} SA", "p"),
}


#: Fixed rates of exchange: euros, and dollars, for one unit of a currency.
EUROS = {"GBp": 0.0115, "GBP": 1.15, "EUR": 1.0}
DOLLARS = {"GBp": 0.0134, "GBP": 1.34, "EUR": 1.165}


@dataclass(frozen=True, slots=True)
class Listing:
    """One instrument on one venue.

    Attributes:
        mic: where it trades.
        opol: where its instrument is listed first.
        number: of the instrument on that venue, from 1.
        listing_id: unique in the market, and the same whatever `listings_per_mic` says.
    """

    mic: str
    opol: str
    number: int
    listing_id: int

    @property
    def venue(self) -> Venue:
        """The place where it trades."""
        return VENUES[self.mic]

    @property
    def home(self) -> Home:
        """What its instrument inherits from the primary venue."""
        return HOMES[self.opol]

    @property
    def instrument_id(self) -> int:
        """The same on every venue that carries the instrument."""
        return _INSTRUMENT_OFFSET + VENUES[self.opol].first_id + self.number - 1

    @property
    def ticker(self) -> str:
        """The symbol; a secondary venue marks where the instrument comes from."""
        symbol = f"{self.home.prefix}{self.number:03d}"
        return symbol if self.mic == self.opol else symbol + self.home.suffix

    @property
    def isin(self) -> str:
        """A made-up ISIN with a right check digit."""
        body = f"{self.home.country}00SIM{self.number:04d}"
        return body + isin_check_digit(body)


def isin_check_digit(body: str) -> str:
    """Compute the last digit of an ISIN from its first eleven characters (ISO 6166, Luhn)."""
    digits = [int(digit) for letter in body for digit in str(int(letter, 36))]
    doubled = [digit * 2 if place % 2 == 0 else digit for place, digit in enumerate(digits[::-1])]
    return str(-sum(sum(divmod(digit, 10)) for digit in doubled) % 10)


@cache
def listings(config: Config) -> tuple[Listing, ...]:
    """List every listing of the market, by ListingId."""
    return tuple(
        _secondary(venue, place) if not venue.primary else _primary(venue, place)
        for venue in VENUES.values()
        for place in range(config.listings_per_mic)
    )


def _primary(venue: Venue, place: int) -> Listing:
    return Listing(venue.mic, venue.mic, place + 1, venue.first_id + place)


def _secondary(venue: Venue, place: int) -> Listing:
    # In turn from each primary venue: half of the instruments trade in two places, half in one.
    opol = tuple(HOMES)[place % len(HOMES)]
    return Listing(venue.mic, opol, place // len(HOMES) + 1, venue.first_id + place)


def _is_large(listing: Listing) -> bool:
    # Three of four, so that the index is not merely all primary listings.
    return listing.number % 4 != 0


INDICES: Mapping[str, Callable[[Listing], bool]] = {
    "STOXX600": lambda listing: listing.mic == listing.opol and _is_large(listing),
    "bezacp": lambda listing: listing.mic == listing.opol == "XPAR",
}

_DATE = pl.Datetime("ms")

REFERENCE_SCHEMA = pl.Schema(
    {
        "ListingId": pl.Int64(),
        "InstrumentId": pl.Int64(),
        "CurrencyCode": pl.String(),
        "Description": pl.String(),
        "DisplayName": pl.String(),
        "ISIN": pl.String(),
        "InstrumentType": pl.String(),
        "IsAlive": pl.Boolean(),
        "IsPrimary": pl.Boolean(),
        "MIC": pl.String(),
        "OPOL": pl.String(),
        "OperatingMic": pl.String(),
        "SegmentCode": pl.String(),
        "Ticker": pl.String(),
        "Date": _DATE,
    }
)

MEMBERSHIP_SCHEMA = pl.Schema({"Date": _DATE, "Index": pl.String(), "ListingId": pl.Int64()})


def attributes(listing: Listing) -> dict[str, object]:
    """Describe one listing in the columns of the reference table; all but the date."""
    name = listing.home.name.format(listing.number)
    return {
        "ListingId": listing.listing_id,
        "InstrumentId": listing.instrument_id,
        "CurrencyCode": listing.home.currency,
        "Description": name,
        "DisplayName": name,
        "ISIN": listing.isin,
        "InstrumentType": "Equity",
        "IsAlive": True,
        "IsPrimary": listing.mic == listing.opol,
        "MIC": listing.mic,
        "OPOL": listing.opol,
        "OperatingMic": listing.venue.operator,
        "SegmentCode": listing.mic,
        "Ticker": listing.ticker,
    }


def reference(chosen: Sequence[Listing], day: date) -> Iterator[pl.DataFrame]:
    """Yield the reference table of some listings."""
    dated = {"Date": datetime(day.year, day.month, day.day)}
    rows = [attributes(listing) | dated for listing in chosen]
    yield pl.DataFrame(rows, schema=REFERENCE_SCHEMA)


def membership(chosen: Sequence[Listing], day: date) -> Iterator[pl.DataFrame]:
    """Yield which of the listings belong to which index."""
    rows = [
        {
            "Date": datetime(day.year, day.month, day.day),
            "Index": index,
            "ListingId": listing.listing_id,
        }
        for index, belongs in INDICES.items()
        for listing in chosen
        if belongs(listing)
    ]
    yield pl.DataFrame(rows, schema=MEMBERSHIP_SCHEMA)
