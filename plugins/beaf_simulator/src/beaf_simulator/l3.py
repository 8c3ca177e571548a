"""How are the orders of a book written down, message by message, in the vendor's layout?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from beaf_simulator import layout
from beaf_simulator.book import Book, book
from beaf_simulator.layout import Values, blank, known, numbered, pick
from beaf_simulator.sessions import MICROSECOND, MILLISECOND

if TYPE_CHECKING:
    from datetime import date

    from beaf_simulator.config import Config
    from beaf_simulator.market import Listing
    from beaf_simulator.randomness import Integers

INSERT, REMOVE, UPDATE = 2, 3, 4

# From the venue to whoever records its messages.
_ON_THE_WAY = 10 * MICROSECOND


def _order_id(of: Book) -> pl.Series:
    return numbered(f"{of.tape.listing.listing_id}", of.messages.order + 1)


def _new_id(of: Book) -> pl.Series:
    return blank(_order_id(of), of.leaves)


def _old_id(of: Book) -> pl.Series:
    return blank(_order_id(of), of.arrives)


def _action(of: Book) -> Integers:
    return np.where(of.arrives, INSERT, np.where(of.leaves, REMOVE, UPDATE))


def _ticks(of: Book) -> Integers:
    return of.ladder.ticks(of.messages.side, of.messages.level)


def _price(of: Book) -> pl.Series:
    return known(of.in_currency(_ticks(of)), ~of.leaves)


def _old_price(of: Book) -> pl.Series:
    return known(of.in_currency(_ticks(of)), ~of.arrives)


def _execution_price(of: Book) -> pl.Series:
    return known(of.in_currency(_ticks(of)), of.messages.executed > 0)


def _trade_id(of: Book) -> pl.Series:
    trade = of.messages.trade
    return blank(of.tape.trade_id.gather(np.maximum(trade, 0)), trade < 0)


def _level(of: Book) -> Integers:
    return np.where(of.level_goes, 0, of.best_of_side - of.messages.level + 1)


def _old_level(of: Book) -> Integers:
    # A level that goes was the best, one above what is then the best.
    place = of.best_of_side + of.level_goes - of.messages.level + 1
    return np.where(of.level_comes, 0, place)


def _exchange_message(of: Book) -> pl.Series:
    return pick(("", "", "F", "D", "U", "E"), np.where(of.messages.executed > 0, 5, _action(of)))


_TEXTS: dict[str, Callable[[Book], Values]] = {
    "Ticker": lambda of: of.tape.listing.ticker,
    "OriginalOrderId": _order_id,
    "OrderId": _new_id,
    "OldOrderId": _old_id,
    "TradeId": _trade_id,
    "MarketState": lambda of: of.market_state,
    "MPIDAttribution": lambda of: "",
    "OriginalExchangeMessage": _exchange_message,
}

_INTEGERS: dict[str, Callable[[Book], Values]] = {
    "ListingId": lambda of: of.tape.listing.listing_id,
    "InstrumentId": lambda of: of.tape.listing.instrument_id,
    "ReceiveTimestamp": lambda of: of.messages.time + _ON_THE_WAY,
    "EventNo": lambda of: of.number - 1,
    "Side": lambda of: of.messages.side,
    "LobAction": _action,
    "Size": lambda of: of.size,
    "OldSize": lambda of: of.size - of.messages.change,
    "ExecutionSize": lambda of: of.messages.executed,
    "PriceLevel": _level,
    "OldPriceLevel": _old_level,
    "SizeAhead": lambda of: of.size_ahead,
    "OrdersAhead": lambda of: of.orders_ahead,
    "DelOrderIndex": lambda of: np.where(of.arrives, -1, of.orders_ahead),
    "AddOrderIndex": lambda of: np.where(of.leaves, -1, of.orders_ahead),
    **dict.fromkeys(("ExchangeSequenceNo", "BMLLSequenceNo"), lambda of: of.number),
    "BMLLSequenceSource": lambda of: 1,
    "OrderType": lambda of: 1,
}

_FLAGS: dict[str, Callable[[Book], Values]] = {
    **dict.fromkeys(("OrderExecuted", "Printable"), lambda of: of.messages.executed > 0),
    "PosChange": lambda of: of.arrives | of.leaves,
    "EndOfEvent": lambda of: of.ends,
}

COLUMNS: layout.Columns[Book] = {
    **{name: (pl.String(), make) for name, make in _TEXTS.items()},
    **{name: (pl.Int64(), make) for name, make in _INTEGERS.items()},
    **{name: (pl.Boolean(), make) for name, make in _FLAGS.items()},
    "Price": (pl.Float64(), _price),
    "OldPrice": (pl.Float64(), _old_price),
    "ExecutionPrice": (pl.Float64(), _execution_price),
    "TradeDate": (pl.Datetime("ms"), lambda of: of.tape.of.session.midnight // MILLISECOND),
    "TimestampNanoseconds": (pl.Datetime("ns"), lambda of: of.messages.time),
}

L3_SCHEMA = layout.schema(COLUMNS)


def l3(
    config: Config, chosen: Sequence[Listing], day: date, columns: Sequence[str]
) -> Iterator[pl.DataFrame]:
    """Yield the messages of each listing's book, with the wanted columns."""
    for listing in chosen:
        of = book(config, listing, day)
        yield layout.frame(COLUMNS, of, columns, len(of))
