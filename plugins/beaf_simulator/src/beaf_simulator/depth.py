"""How are price levels written down, ten on each side, whether of one venue or of all?"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from beaf_simulator.layout import Values, known
from beaf_simulator.levels import ASK, BID
from beaf_simulator.sessions import MICROSECOND, MILLISECOND

if TYPE_CHECKING:
    from beaf_simulator.randomness import Booleans, Floats, Integers
    from beaf_simulator.trades import TradingDay

SIDES = {"Bid": BID, "Ask": ASK}
PLACES = 10


class Depth(ABC):
    """Price levels of both sides at some moments of a listing's day; level 1 is the best.

    Prices are signed ticks: those of asks are negative, so that higher is better on both sides.
    Between the best level and the worst none is missing.
    """

    of: TradingDay
    time: Integers

    def __init__(self) -> None:
        """Remember the levels that were looked up, since two columns come from each."""
        self._states: dict[tuple[int, int], tuple[Integers, Integers]] = {}

    @abstractmethod
    def best(self, side: int) -> Integers:
        """Give the best price, in signed ticks; any where the side is empty."""

    @abstractmethod
    def count(self, side: int) -> Integers:
        """Count the levels."""

    @abstractmethod
    def at_price(self, side: int, price: Integers) -> tuple[Integers, Integers]:
        """Give quantity and number of orders at prices, in signed ticks."""

    def price(self, side: int, place: int) -> pl.Series:
        """Give the price of a level, in currency."""
        ticks = self.best(side) - place + 1
        price: Floats = (ticks if side == BID else -ticks) / self.of.grid.per_unit
        return known(price, self._there(side, place))

    def quantity(self, side: int, place: int) -> pl.Series:
        """Sum what the orders of a level show."""
        return known(self._state(side, place)[0], self._there(side, place))

    def orders(self, side: int, place: int) -> pl.Series:
        """Count the orders of a level."""
        return known(self._state(side, place)[1], self._there(side, place))

    def _there(self, side: int, place: int) -> Booleans:
        there: Booleans = self.count(side) >= place
        return there

    def _state(self, side: int, place: int) -> tuple[Integers, Integers]:
        if (side, place) not in self._states:
            self._states[side, place] = self.at_price(side, self.best(side) - place + 1)
        return self._states[side, place]


Make = Callable[[Depth], Values]

_LEVELS: Mapping[str, tuple[pl.DataType, Make]] = {
    f"{name}{what}{place}": (kind, partial(make, side=side, place=place))
    for place in range(1, PLACES + 1)
    for name, side in SIDES.items()
    for what, kind, make in (
        ("Price", pl.Float64(), Depth.price),
        ("Quantity", pl.Int64(), Depth.quantity),
        ("NumOrders", pl.Int32(), Depth.orders),
    )
}


def _count(of: Depth, side: int) -> Integers:
    return of.count(side)


_COUNTS: Mapping[str, tuple[pl.DataType, Make]] = {
    f"{name}LevelCount": (pl.Int32(), partial(_count, side=side)) for name, side in SIDES.items()
}


def _microseconds(of: Depth) -> Integers:
    return of.time // MICROSECOND


#: What the tables `l2` and `cbbo` have in common; the market's local time is UTC.
COLUMNS: Mapping[str, tuple[pl.DataType, Make]] = {
    "TradeDate": (pl.Datetime("ms"), lambda depth: depth.of.session.midnight // MILLISECOND),
    "EventTimestamp": (pl.Datetime("us"), _microseconds),
    "LocalTimestamp": (pl.Datetime("us"), _microseconds),
    "TimestampNanoseconds": (pl.Datetime("ns"), lambda depth: depth.time),
    "TZOffset": (pl.Int32(), lambda depth: 0),
    **_LEVELS,
    **_COUNTS,
    "L2EventNo": (pl.Int64(), lambda depth: np.arange(len(depth.time), dtype=np.int64)),
    "MIC": (pl.String(), lambda depth: depth.of.listing.mic),
    "Ticker": (pl.String(), lambda depth: depth.of.listing.ticker),
    "ListingId": (pl.Int64(), lambda depth: depth.of.listing.listing_id),
    "CurrencyCode": (pl.String(), lambda depth: depth.of.listing.home.currency),
}
