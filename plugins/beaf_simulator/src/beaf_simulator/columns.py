"""How are trades written down, column by column, in the vendor's layout?

Each column is a function of the tape, so that only the columns of a query are computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from beaf_simulator import layout
from beaf_simulator.book import book, books
from beaf_simulator.layout import Values, known, pick
from beaf_simulator.levels import ASK, BID
from beaf_simulator.market import DOLLARS, EUROS, Listing
from beaf_simulator.sessions import MILLISECOND
from beaf_simulator.tape import Tape
from beaf_simulator.trades import Kind

if TYPE_CHECKING:
    from datetime import date

    from beaf_simulator.config import Config
    from beaf_simulator.quotes import Quotes

#: How far before and after a trade the mids lie, in milliseconds.
HORIZONS = (1, 2, 5, 10, 25, 50, 100, 200, 500, 1000, 5000, 15000, 30000, 60000, 300000)

#: What counts as a block, whatever the instrument.
BLOCK_EUROS = 100_000.0

_ROUND_LOT = 100

Make = Callable[[Tape], Values]


def _by_kind(*texts: str) -> Make:
    """Write a text that depends on how a trade came about, in the order of `Kind`."""
    return lambda tape: pick(texts, tape.prints.kind)


def _lot_type(tape: Tape) -> pl.Series:
    size = tape.prints.size
    mixed = np.where(size % _ROUND_LOT == 0, 1, 2)
    return pick(("ODD", "ROUND", "MIXED"), np.where(size < _ROUND_LOT, 0, mixed))


def _bid(tape: Tape, quotes: Quotes) -> pl.Series:
    return known(tape.in_currency(tape.bid(quotes)), tape.quoted)


def _ask(tape: Tape, quotes: Quotes) -> pl.Series:
    return known(tape.in_currency(tape.ask(quotes)), tape.quoted)


def _place(tape: Tape, quotes: Quotes) -> pl.Series:
    """Place each price between the bid (0) and the ask (1) before it."""
    bid, ask = tape.bid(quotes), tape.ask(quotes)
    return known((tape.prints.half_ticks - bid) / (ask - bid), tape.quoted)


def _size(tape: Tape, side: int, place: str) -> pl.Series:
    """Sum what stands at the best price just before each trade: of a venue, or of all."""
    of = tape.of
    if place == "AtVenue":
        quotes, seen = of.quotes, [book(of.config, of.listing, of.day)]
    else:
        quotes, seen = of.best, books(of.config, of.listing, of.day)
    price = (quotes.bid if side == BID else -quotes.ask)[
        np.maximum(quotes.before(tape.prints.time), 0)
    ]
    total = np.zeros(len(price), dtype=np.int64)
    for each in seen[:1] if place == "AtPrimary" else seen:
        row = np.searchsorted(each.messages.time, tape.prints.time, side="left") - 1
        total += each.at_price(side, price, np.maximum(row, 0))[0]
    return known(total, tape.quoted)


def _mid(tape: Tape, milliseconds: int) -> pl.Series:
    """Give the mid some time after each trade, or before it; null where nothing is quoted."""
    quotes = tape.of.best
    moments = tape.prints.time + milliseconds * MILLISECOND
    half_ticks = quotes.twice_mid[np.maximum(quotes.at(moments), 0)]
    return known(tape.in_currency(half_ticks), tape.quoted & quotes.quoting(moments))


def _since_change(tape: Tape) -> pl.Series:
    changed = tape.of.best.time[np.maximum(tape.of.best.before(tape.prints.time), 0)]
    return known(tape.prints.time - changed, tape.quoted)


def _until_change(tape: Tape) -> pl.Series:
    changes = tape.of.best.time
    following = tape.of.best.at(tape.prints.time) + 1
    waited = changes[np.minimum(following, len(changes) - 1)] - tape.prints.time
    return known(waited, tape.quoted & (following < len(changes)))


def _at_places(name: str, make: Callable[[Tape, Quotes], pl.Series]) -> dict[str, Make]:
    """Name what is seen on all venues, on the primary one, and on the trade's own.

    The primary venue always has the best quotes, so that the first two are one function.
    """

    def best(tape: Tape) -> Values:
        return make(tape, tape.of.best)

    def own(tape: Tape) -> Values:
        return make(tape, tape.of.quotes)

    return {name: best, f"{name}AtPrimary": best, f"{name}AtVenue": own}


_TEXTS: dict[str, Make] = {
    "Ticker": lambda tape: tape.listing.ticker,
    "MIC": lambda tape: tape.listing.mic,
    "OPOL": lambda tape: tape.listing.opol,
    "ISOCountryCode": lambda tape: tape.listing.home.country,
    "SegmentCode": lambda tape: tape.listing.mic,
    "InstrumentCurrencyCode": lambda tape: tape.listing.home.currency,
    "TradeId": lambda tape: tape.trade_id,
    "CurrencyCode": lambda tape: pick((tape.listing.home.currency, "GBP"), tape.in_pounds),
    "ExecutionVenue": lambda tape: pick(
        (tape.listing.mic, "SINT"), tape.prints.kind == Kind.INTERNALISED
    ),
    "OriginalTradeType": lambda tape: "0",
    # MMT: 1 order book, 4 off book; O and K auctions, 2 continuous, 5 reported, 7 internaliser.
    "MarketMechanism": _by_kind("1", "1", "4", "4", "1"),
    "TradingMode": _by_kind("O", "2", "5", "7", "K"),
    "OffBookAutomatedIndicator": _by_kind("-", "-", "M", "M", "-"),
    "PriceFormation": lambda tape: "P",
    "AlgorithmicTrade": lambda tape: pick(("-", "H"), tape.lit & (tape.chance[2] < 0.7)),
    **{
        flag: lambda tape: "-"
        for flag in (
            "TransactionCategory",
            "NegotiatedTrade",
            "CrossingTrade",
            "ModificationIndicator",
            "BenchmarkIndicator",
            "SpecialDividendIndicator",
            "PublicationMode",
            "DeferralType",
            "DuplicativeIndicator",
        )
    },
    "Jurisdiction": lambda tape: tape.listing.venue.jurisdiction,
    "MarketState": _by_kind(
        "OPENING_AUCTION",
        "CONTINUOUS_TRADING",
        "NOT_APPLICABLE",
        "NOT_APPLICABLE",
        "CLOSING_AUCTION",
    ),
    "MarketStateAtPrimary": _by_kind(
        "OPENING_AUCTION",
        "CONTINUOUS_TRADING",
        "CONTINUOUS_TRADING",
        "CONTINUOUS_TRADING",
        "CLOSING_AUCTION",
    ),
    "BMLLTradeType": _by_kind("LIT", "LIT", "OTC", "OTC", "LIT"),
    "Classification": _by_kind(
        "LIT_OPENING_AUCTION",
        "LIT_CONTINUOUS",
        "OFF_BOOK_ON_EXCHANGE",
        "SI_ADDRESSABLE_BELOW_LIS",
        "LIT_CLOSING_AUCTION",
    ),
    # The primary venue always has the best prices.
    **dict.fromkeys(("BestBidVenue", "BestAskVenue"), lambda tape: tape.listing.opol),
    "BlockNotionalCurrency": lambda tape: "EUR",
    "IsBlock": lambda tape: pick(("FALSE", "TRUE"), tape.notional_in(EUROS) >= BLOCK_EUROS),
    "LotType": _lot_type,
    **{
        name: lambda tape: pick(("UNKNOWN", "RETAIL"), tape.lit & (tape.chance[3] < 0.08))
        for name in ("ParticipantType", "BMLLParticipantType")
    },
}

_INTEGERS: dict[str, Make] = {
    "ListingId": lambda tape: tape.listing.listing_id,
    "InstrumentId": lambda tape: tape.listing.instrument_id,
    "ExchangeSequenceNo": lambda tape: tape.number,
    "BMLLSequenceNo": lambda tape: tape.number,
    "BMLLSequenceSource": lambda tape: np.where(tape.off_book, 2, 1),
    "AggressorSide": lambda tape: tape.prints.side,
    **dict.fromkeys(("PreTradeElapsedTimeChg", "PreTradeElapsedTimeChgAtPrimary"), _since_change),
    **dict.fromkeys(("PostTradeElapsedTimeChg", "PostTradeElapsedTimeChgAtPrimary"), _until_change),
}

# What stands on the primary venue is the best of all.
_MIDS: dict[str, Make] = {
    name: mid
    for moment, sign in (("Pre", -1), ("Post", 1))
    for horizon in HORIZONS
    for mid in (partial(_mid, milliseconds=sign * horizon),)
    for name in (f"{moment}TradeMid{horizon}ms", f"{moment}TradeMid{horizon}msAtPrimary")
}

_NUMBERS: dict[str, Make] = {
    "Price": lambda tape: tape.price,
    "Size": lambda tape: tape.prints.size,
    "InstrumentCurrencyPrice": lambda tape: tape.in_currency(tape.prints.half_ticks),
    "MinorCurrencyFactor": lambda tape: 0.01 if tape.listing.home.currency == "GBp" else 1.0,
    "TradeNotional": lambda tape: tape.notional,
    "TradeNotionalUSD": lambda tape: tape.notional_in(DOLLARS),
    "TradeNotionalEUR": lambda tape: tape.notional_in(EUROS),
    "BlockNotional": lambda tape: BLOCK_EUROS,
    "TradeNotionalBlockBps": lambda tape: tape.notional_in(EUROS) / BLOCK_EUROS * 10_000,
    **_at_places("BestBidPrice", _bid),
    **_at_places("BestAskPrice", _ask),
    **{
        f"Best{name}Size{place}": partial(_size, side=side, place=place)
        for name, side in (("Bid", BID), ("Ask", ASK))
        for place in ("", "AtVenue", "AtPrimary")
    },
    **_at_places("PricePoint", _place),
    **_MIDS,
    **dict.fromkeys(("PostTradeMid", "PostTradeMidAtPrimary"), partial(_mid, milliseconds=0)),
}

_NANOSECONDS: dict[str, Make] = {
    "TradeTimestampNanoseconds": lambda tape: tape.prints.time,
    "PublicationTimestampNanoseconds": lambda tape: tape.published,
}

# The market's local time is UTC.
_MICROSECONDS: dict[str, Make] = {
    f"{local}{event}Timestamp": make
    for local in ("", "Local")
    for event, make in (
        ("Trade", lambda tape: tape.prints.time // 1000),
        ("Publication", lambda tape: tape.published // 1000),
    )
}

COLUMNS: layout.Columns[Tape] = {
    **{name: (pl.String(), make) for name, make in _TEXTS.items()},
    **{name: (pl.Int64(), make) for name, make in _INTEGERS.items()},
    "TZOffset": (pl.Int32(), lambda tape: 0),
    **{name: (pl.Float64(), make) for name, make in _NUMBERS.items()},
    "TradeDate": (pl.Datetime("ms"), lambda tape: tape.of.session.midnight // MILLISECOND),
    **{name: (pl.Datetime("ns"), make) for name, make in _NANOSECONDS.items()},
    **{name: (pl.Datetime("us"), make) for name, make in _MICROSECONDS.items()},
}

TRADES_SCHEMA = layout.schema(COLUMNS)


def trades(
    config: Config, chosen: Sequence[Listing], day: date, columns: Sequence[str]
) -> Iterator[pl.DataFrame]:
    """Yield the trades of each listing, with the wanted columns."""
    for listing in chosen:
        tape = Tape.record(config, listing, day)
        yield layout.frame(COLUMNS, tape, columns, len(tape.prints))
