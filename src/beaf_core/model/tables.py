"""What do the input tables look like, and what passes between the engine and a source?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from beaf_core.model.dates import DayStatus

if TYPE_CHECKING:
    import polars as pl


class ColumnType(StrEnum):
    """What a column holds. A source may store it in any dtype of that family."""

    INTEGER = "integer"
    NUMBER = "number"  # integer or floating: crypto sizes are fractions
    TEXT = "text"
    FLAG = "flag"
    TIMESTAMP = "timestamp"  # naive UTC, or int64 nanoseconds since the epoch


@dataclass(frozen=True, slots=True)
class TableSchema:
    """The columns of one input table that BEAF knows by name.

    Attributes:
        name: the table's name here.
        aliases: its names in sources (`trades-plus`).
        time: columns that may hold the event time, best first.
        sequence: the column that orders rows of equal time within a listing.
        columns: name → type. A source may hold more columns, and need not hold all of them:
            only those that a run needs are checked.
    """

    name: str
    time: tuple[str, ...]
    sequence: str | None
    columns: Mapping[str, ColumnType]
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableRequest:
    """What the engine asks of a source: one table on one day.

    Attributes:
        table: a name of `TABLES`, or one that a module provides.
        day: the trade date.
        mics: the venues wanted; empty means all that the source has.
        listings: the ListingIds wanted; None means all.
        columns: the columns needed; None means all.
        constraints: column → value, exact matches (`{"Sector": "Energy"}`), or → a tuple of values
            of which one is to match; `beaf_core.alternatives` reads both.
        storage_options: options for object stores, as configured in S3_STORAGE_OPTIONS.
    """

    table: str
    day: date
    mics: tuple[str, ...] = ()
    listings: tuple[int, ...] | None = None
    columns: tuple[str, ...] | None = None
    constraints: Mapping[str, object] = field(default_factory=dict)
    storage_options: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a table, known without reading it.

    Attributes:
        location: a path or URL.
        bytes: its size, if known.
        rows: its number of rows, if known.
        version: what changes when the content does (mtime, etag, seed).
        listings: smallest and largest ListingId inside, if known.
        row_groups: rows, smallest and largest ListingId of each of its pieces that can be read
            alone, if known; batches of listings are packed by them.
    """

    location: str
    bytes: int | None = None
    rows: int | None = None
    version: str | None = None
    listings: tuple[int, int] | None = None
    row_groups: tuple[tuple[int, int, int], ...] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class TableRead:
    """What a source says of a request, without reading the data.

    Attributes:
        status: `ready`, or the worst reason why a part is not there.
        frame: a lazy frame of what is there; None when nothing is.
        parts: the pieces behind the frame.
        absent: where the source looked in vain.
        order: the columns by which rows of one listing are known to be ordered; empty if unknown.
    """

    status: DayStatus
    frame: pl.LazyFrame | None = None
    parts: tuple[Part, ...] = ()
    absent: tuple[str, ...] = ()
    order: tuple[str, ...] = ()


def _columns(**names: str) -> dict[str, ColumnType]:
    return {column: ColumnType(kind) for kind, listed in names.items() for column in listed.split()}


def _levels(*columns: str, depth: int = 10) -> str:
    return " ".join(
        f"{side}{column}{level}"
        for level in range(1, depth + 1)
        for side in ("Bid", "Ask")
        for column in columns
    )


def _horizons() -> str:
    milliseconds = (1, 2, 5, 10, 25, 50, 100, 200, 500, 1000, 5000, 15000, 30000, 60000, 300000)
    return " ".join(
        f"{moment}TradeMid{horizon}ms{place}"
        for moment in ("Pre", "Post")
        for horizon in milliseconds
        for place in ("", "AtPrimary")
    )


TRADES = TableSchema(
    name="trades",
    aliases=("trades-plus",),
    time=("TradeTimestampNanoseconds", "TradeTimestamp"),
    sequence="BMLLSequenceNo",
    columns=_columns(
        integer="""ListingId InstrumentId TZOffset ExchangeSequenceNo BMLLSequenceNo
            BMLLSequenceSource AggressorSide PriorQuoteSizeRank PreTradeElapsedTimeChg
            PostTradeElapsedTimeChg PreTradeElapsedTimeChgAtPrimary
            PostTradeElapsedTimeChgAtPrimary""",
        number=f"""Price Size InstrumentCurrencyPrice MinorCurrencyFactor TradeNotional
            TradeNotionalUSD TradeNotionalEUR BlockSize BlockNotional TradeNotionalBlockBps
            BestBidPrice BestBidSize BestAskPrice BestAskSize BestBidPriceAtVenue
            BestBidSizeAtVenue BestAskPriceAtVenue BestAskSizeAtVenue BestBidPriceAtPrimary
            BestBidSizeAtPrimary BestAskPriceAtPrimary BestAskSizeAtPrimary PricePoint
            PricePointAtVenue PricePointAtPrimary OrderRemainingQty BBORemainingQtyAtVenue
            PostTradeMid PostTradeMidAtPrimary PostTradeBestBid1V PostTradeBestAsk1V
            PostTradeBestBid3V PostTradeBestAsk3V PostTradeBestBid10V PostTradeBestAsk10V
            {_horizons()}""",
        text="""Ticker MIC OPOL ISOCountryCode SegmentCode InstrumentCurrencyCode TradeId
            CurrencyCode ExecutionVenue OriginalTradeType MarketMechanism TradingMode
            TransactionCategory NegotiatedTrade CrossingTrade ModificationIndicator
            BenchmarkIndicator SpecialDividendIndicator OffBookAutomatedIndicator
            PriceFormation AlgorithmicTrade PublicationMode DeferralType DuplicativeIndicator
            BrokerIdBuyer BrokerIdSeller Jurisdiction MarketState MarketStateAtPrimary
            BMLLTradeType Classification BlockNotionalCurrency IsBlock LotType ParticipantType
            BMLLParticipantType BestBidVenue BestAskVenue""",
        timestamp="""TradeDate TradeTimestamp PublicationTimestamp LocalTradeTimestamp
            LocalPublicationTimestamp TradeTimestampNanoseconds PublicationTimestampNanoseconds""",
    ),
)

L2 = TableSchema(
    name="l2",
    time=("TimestampNanoseconds", "EventTimestamp"),
    sequence="BMLLSequenceNo",
    columns=_columns(
        integer="""ListingId TZOffset L2EventNo ExchangeSequenceNo BMLLSequenceNo
            BMLLSequenceSource BidLevelCount AskLevelCount """
        + _levels("NumOrders"),
        number=_levels("Price", "Quantity"),
        text="MIC Ticker CurrencyCode MarketState",
        timestamp="TradeDate EventTimestamp LocalTimestamp TimestampNanoseconds",
    ),
)

L3 = TableSchema(
    name="l3",
    time=("TimestampNanoseconds",),
    sequence="BMLLSequenceNo",
    columns=_columns(
        integer="""ListingId InstrumentId ReceiveTimestamp EventNo Side LobAction PriceLevel
            OldPriceLevel OrdersAhead DelOrderIndex AddOrderIndex ExchangeSequenceNo
            BMLLSequenceNo BMLLSequenceSource OrderType""",
        number="Price Size OldPrice OldSize ExecutionPrice ExecutionSize SizeAhead",
        text="""Ticker OriginalOrderId OrderId OldOrderId TradeId MarketState MPIDAttribution
            OriginalExchangeMessage""",
        flag="OrderExecuted PosChange EndOfEvent Printable",
        timestamp="TradeDate TimestampNanoseconds",
    ),
)

CBBO = TableSchema(
    name="cbbo",
    time=L2.time,
    sequence="L2EventNo",
    columns={
        name: kind
        for name, kind in L2.columns.items()
        if name not in {"ExchangeSequenceNo", "BMLLSequenceNo", "BMLLSequenceSource"}
    },
)

MARKETSTATE = TableSchema(
    name="marketstate",
    aliases=("market-state", "MarketState"),
    time=("TimestampNanoseconds",),
    sequence="BMLLSequenceNo",
    columns=_columns(
        integer="ListingId InstrumentId ExchangeSequenceNo BMLLSequenceNo BMLLSequenceSource",
        text="MarketState MIC ExchangeMarketState",
        timestamp="TimestampNanoseconds",
    ),
)

IMBALANCE = TableSchema(
    name="imbalance",
    time=("TimestampNanoseconds", "Timestamp"),
    sequence="BMLLSequenceNo",
    columns=_columns(
        integer="""ListingId InstrumentId BMLLSequenceNo BMLLSequenceSource ExchangeSequenceNo
            ImbalanceSide""",
        number="""ReferencePrice IndicativeUncrossingPrice AuctionOnlyIndicativePrice
            PairedQuantity ImbalanceQuantity BestBidPrice BestAskPrice""",
        text="MIC Ticker CurrencyCode MarketState ExchangeAuctionType",
        flag="IsCrossed",
        timestamp="TradeDate Timestamp TimestampNanoseconds LocalTimestamp",
    ),
)

REFERENCE = TableSchema(
    name="reference",
    time=("Date",),
    sequence=None,
    columns=_columns(
        integer="ListingId InstrumentId",
        text="""CurrencyCode Description DisplayName FIGI FIGIComposite FIGIShareClass ISIN
            InstrumentType MIC MarketDataLevel OPOL OperatingMic ReutersInstrumentId
            ReutersOrganizationId ReutersQuoteId SegmentCode Ticker""",
        flag="IsAlive IsPrimary",
        timestamp="Date",
    ),
)

MEMBERSHIP = TableSchema(
    name="membership",
    time=("Date",),
    sequence=None,
    columns=_columns(integer="ListingId", text="Index", timestamp="Date"),
)

TABLES: Mapping[str, TableSchema] = {
    table.name: table
    for table in (TRADES, L2, L3, CBBO, MARKETSTATE, IMBALANCE, REFERENCE, MEMBERSHIP)
}


def worst_status(statuses: Iterable[DayStatus]) -> DayStatus:
    """Pick the status that a person must hear of first: missing, then pending, closed, ready."""
    severity = [DayStatus.READY, DayStatus.CLOSED, DayStatus.PENDING, DayStatus.MISSING]
    return max(statuses, key=severity.index, default=DayStatus.READY)
