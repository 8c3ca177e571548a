"""When do a venue's phases begin on a day?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from beaf_simulator.randomness import uniforms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beaf_simulator.config import Config
    from beaf_simulator.market import Listing

SECOND = 1_000_000_000
MILLISECOND = SECOND // 1000
MICROSECOND = MILLISECOND // 1000

#: Nanoseconds since the epoch fill 64 bits a little outside these days.
FIRST_DAY = date(1678, 1, 1)
LAST_DAY = date(2261, 12, 31)

_MINUTE = 60 * SECOND
_DAY = 24 * 60 * _MINUTE
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()

# Phases begin a little after the full minute, as on real venues: 5 to 50 ms.
_LATEST = 45 * MILLISECOND
_SOONEST = 5 * MILLISECOND


@dataclass(frozen=True, slots=True)
class Session:
    """The moments of one instrument's day, in nanoseconds since the epoch, UTC.

    Attributes:
        midnight: the start of the trade date.
        call: the opening auction's call, 07:50.
        open: continuous trading begins, just after 08:00.
        close: continuous trading ends and the closing auction's call begins, just after 16:30.
        uncross: the closing auction ends, just after 16:35.
        end: the venue closes, just after 17:15.
    """

    midnight: int
    call: int
    open: int
    close: int
    uncross: int
    end: int


def session(config: Config, listing: Listing, day: date) -> Session:
    """Give the moments of a listing's day; they are the instrument's, the same on every venue."""
    midnight = (day.toordinal() - _EPOCH_ORDINAL) * _DAY
    late = uniforms((5,), config.seed, "session", listing.instrument_id, day)
    minutes = (7 * 60 + 50, 8 * 60, 16 * 60 + 30, 16 * 60 + 35, 17 * 60 + 15)
    moments = (
        midnight + minute * _MINUTE + _SOONEST + int(each * _LATEST)
        for minute, each in zip(minutes, late, strict=True)
    )
    return Session(midnight, *moments)


MARKETSTATE_SCHEMA = pl.Schema(
    {
        "TimestampNanoseconds": pl.Datetime("ns"),
        "MarketState": pl.String(),
        "MIC": pl.String(),
        "ExchangeMarketState": pl.String(),
        "ListingId": pl.Int64(),
        "InstrumentId": pl.Int64(),
        "ExchangeSequenceNo": pl.Int64(),
        "BMLLSequenceNo": pl.Int64(),
        "BMLLSequenceSource": pl.Int64(),
    }
)


_CODES = {
    "OPENING_AUCTION": "a",
    "CONTINUOUS_TRADING": "T",
    "CLOSING_AUCTION": "b",
    "POST_TRADE": "c",
    "CLOSED": "d",
}


def states(config: Config, listing: Listing, day: date) -> list[tuple[int, str]]:
    """List when each state of a listing begins; only primary venues hold auctions."""
    moments = session(config, listing, day)
    if not listing.venue.primary:
        return [(moments.open, "CONTINUOUS_TRADING"), (moments.close, "CLOSED")]
    return [
        (moments.call, "OPENING_AUCTION"),
        (moments.open, "CONTINUOUS_TRADING"),
        (moments.close, "CLOSING_AUCTION"),
        (moments.uncross, "POST_TRADE"),
        (moments.end, "CLOSED"),
    ]


def marketstate(config: Config, chosen: Sequence[Listing], day: date) -> Iterator[pl.DataFrame]:
    """Yield the changes of state of some listings."""
    rows = [
        (at, state, each.mic, _CODES[state], each.listing_id, each.instrument_id, 0, number, 1)
        for each in chosen
        for number, (at, state) in enumerate(states(config, each, day), start=1)
    ]
    yield pl.DataFrame(rows, schema=MARKETSTATE_SCHEMA, orient="row")
