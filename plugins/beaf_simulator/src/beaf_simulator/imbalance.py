"""What do venues tell of an auction while its call lasts?

At which price it would end now, how much would trade there, and how much would be left on which
side. The last row tells what then happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from beaf_simulator import layout
from beaf_simulator.layout import Values, pick
from beaf_simulator.randomness import whole
from beaf_simulator.sessions import MICROSECOND, MILLISECOND
from beaf_simulator.tape import Tape
from beaf_simulator.trades import Kind, TradingDay

if TYPE_CHECKING:
    from datetime import date

    from beaf_simulator.config import Config
    from beaf_simulator.market import Listing
    from beaf_simulator.randomness import Integers

#: Rows of one auction.
UPDATES = 60

_FARTHEST_STEP = 2


@dataclass(frozen=True, slots=True)
class Calls:
    """What is told in the calls of a listing's two auctions, one array element per row.

    Attributes:
        of: the listing's day.
        time: nanoseconds since the epoch.
        ticks: the price at which the auction would end.
        paired: the shares that would trade.
        left: the shares that would not.
        side: where they are: 1 buyers, 2 sellers.
        closing: whether the auction is the closing one.
    """

    of: TradingDay
    time: Integers
    ticks: Integers
    paired: Integers
    left: Integers
    side: Integers
    closing: Integers

    @classmethod
    def before(cls, tape: Tape) -> Calls:
        """Tell of both auctions what leads to the trades that end them."""
        session = tape.of.session
        calls = (
            _call(tape, Kind.OPENING, session.call),
            _call(tape, Kind.CLOSING, session.close),
        )
        closing = np.repeat(np.arange(len(calls), dtype=np.int64), UPDATES)
        told = [np.concatenate(each) for each in zip(*calls, strict=True)]
        time, ticks, paired, left, side = told
        return cls(tape.of, time, ticks, paired, left, side, closing)


def _call(
    tape: Tape, kind: Kind, begins: int
) -> tuple[Integers, Integers, Integers, Integers, Integers]:
    """Tell time, price, paired quantity, imbalance and its side of one auction."""
    ends = np.flatnonzero(tape.prints.kind == kind)
    final = int(tape.prints.half_ticks[ends[0]]) // 2
    volume = int(tape.prints.size[ends].sum())
    chance = tape.of.chance((5, UPDATES), f"call{kind}")
    time = begins + np.sort(whole(chance[0] * (int(tape.prints.time[ends[0]]) - begins)))
    steps = whole(chance[1] * (2 * _FARTHEST_STEP + 1)) - _FARTHEST_STEP
    # A walk that ends where the auction does, and a quantity that grows to its volume.
    ahead = int(steps.sum()) - np.cumsum(steps)
    grown = np.cumsum(chance[2] + 0.1)
    paired = whole(grown / grown[-1] * volume)
    waning = np.arange(UPDATES, 0, -1, dtype=np.int64) / UPDATES
    left = 1 + whole(0.5 * chance[3] * waning * volume)
    side = np.where(chance[4] < 0.5, 1, 2).astype(np.int64)
    return time, np.maximum(final - ahead, 1), paired, left, side


def _microseconds(of: Calls) -> Integers:
    return of.time // MICROSECOND


def _number(of: Calls) -> Integers:
    return np.arange(1, len(of.time) + 1, dtype=np.int64)


_OWN: dict[str, tuple[pl.DataType, Callable[[Calls], Values]]] = {
    "MIC": (pl.String(), lambda of: of.of.listing.mic),
    "Ticker": (pl.String(), lambda of: of.of.listing.ticker),
    "ListingId": (pl.Int64(), lambda of: of.of.listing.listing_id),
    "InstrumentId": (pl.Int64(), lambda of: of.of.listing.instrument_id),
    "CurrencyCode": (pl.String(), lambda of: of.of.listing.home.currency),
    "TradeDate": (pl.Datetime("ms"), lambda of: of.of.session.midnight // MILLISECOND),
    "Timestamp": (pl.Datetime("us"), _microseconds),
    "TimestampNanoseconds": (pl.Datetime("ns"), lambda of: of.time),
    "LocalTimestamp": (pl.Datetime("us"), _microseconds),
    "BMLLSequenceNo": (pl.Int64(), _number),
    "BMLLSequenceSource": (pl.Int64(), lambda of: 1),
    "ExchangeSequenceNo": (pl.Int64(), _number),
    "MarketState": (
        pl.String(),
        lambda of: pick(("OPENING_AUCTION", "CLOSING_AUCTION"), of.closing),
    ),
    "ExchangeAuctionType": (pl.String(), lambda of: pick(("O", "C"), of.closing)),
    "ImbalanceSide": (pl.Int64(), lambda of: of.side),
    "IndicativeUncrossingPrice": (pl.Float64(), lambda of: of.ticks / of.of.grid.per_unit),
    "PairedQuantity": (pl.Float64(), lambda of: of.paired),
    "ImbalanceQuantity": (pl.Float64(), lambda of: of.left),
    "IsCrossed": (pl.Boolean(), lambda of: True),
}

# The vendor has these columns, and nothing in them, for venues such as these.
_EMPTY = ("ReferencePrice", "AuctionOnlyIndicativePrice", "BestBidPrice", "BestAskPrice")

COLUMNS: layout.Columns[Calls] = {
    **_OWN,
    **dict.fromkeys(_EMPTY, (pl.Float64(), lambda of: None)),
}

IMBALANCE_SCHEMA = layout.schema(COLUMNS)


def imbalance(
    config: Config, chosen: Sequence[Listing], day: date, columns: Sequence[str]
) -> Iterator[pl.DataFrame]:
    """Yield what is told of each listing's auctions, with the wanted columns."""
    for listing in chosen:
        if listing.venue.primary:
            of = Calls.before(Tape.record(config, listing, day))
            yield layout.frame(COLUMNS, of, columns, len(of.time))


def imbalance_rows(config: Config, listing: Listing, day: date) -> int:
    """Count the rows of a listing's auctions; only primary venues hold them."""
    return 2 * UPDATES if listing.venue.primary else 0
