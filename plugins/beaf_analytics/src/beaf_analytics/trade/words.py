"""Which words do the options of the module `trade` know?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from beaf_analytics.measures.aggregations import EventAggregation
from beaf_analytics.measures.expand import OneOrMore
from beaf_analytics.measures.quotes import Quotes

Side = Literal["Total", "Bid", "Ask", "Unknown", "Buy", "Sell"]
Sides = Annotated[
    list[Side],
    OneOrMore,
    Field(
        min_length=1, description="Bid: sells, which hit the bid; Ask: buys, which lift the ask."
    ),
]

TradeMeasure = Literal[
    "OHLC",
    "Volume",
    "Count",
    "Notional",
    "NotionalEUR",
    "NotionalUSD",
    "RetailCount",
    "BlockCount",
    "AuctionNotional",
    "OTCVolume",
    "VWAP",
    "TWAP",
    "AvgPrice",
    "MedianPrice",
    "VolumeWeightedPricePlacement",
    "AvgTradeSize",
    "MedianTradeSize",
    "MaxTradeSize",
    "TradeSizeHHI",
    "OddLotShare",
    "BlockShare",
    "RetailShare",
    "AlgoShare",
    "AtMidShare",
    "InsideShare",
    "AtTouchShare",
    "OutsideShare",
    "LogReturn",
    "AbsReturn",
    "Range",
    "ParkinsonVar",
    "GarmanKlassVar",
    "RogersSatchellVar",
    "TradeImbalance",
    "TradeImbalanceCount",
    "TradeImbalanceNotional",
    "SignedVolume",
    "SignedNotional",
    "UnknownDirectionShare",
]

Aggregations = Annotated[
    list[EventAggregation],
    OneOrMore,
    Field(
        min_length=1,
        description="How the prints of a bucket become one number; the name ends in the word, but "
        "for Mean.",
    ),
]
QuotesThatCount = Annotated[
    Quotes,
    Field(
        description="Which quotes a price is taken from: `valid` and `uncrossed`, with bid below "
        "ask; `two_sided`, locked and crossed ones too; `any`, all of them. In the book, `valid` "
        "also means continuous trading."
    ),
]

Reference = Literal[
    "MidAtPrimary",
    "EBBO",
    "PreTradeMid",
    "MidPrice",
    "BestBid",
    "BestAsk",
    "BestBidAtVenue",
    "BestAskAtVenue",
    "BestBidAtPrimary",
    "BestAskAtPrimary",
]

Flag = Literal[
    "NegotiatedTrade",
    "OddLotTrade",
    "BlockTrade",
    "CrossTrade",
    "AlgorithmicTrade",
    "IcebergExecution",
]
FlagMeasure = Literal["Volume", "Count", "AvgNotional"]

Change = Literal["PreTradeElapsedTimeChg", "PostTradeElapsedTimeChg", "PricePoint"]
Scope = Literal["Local", "AtPrimary", "AtVenue"]

ImpactVariant = Literal[
    "EffectiveSpread",
    "RealizedSpread",
    "PriceImpact",
    "EffectiveSpreadBps",
    "RealizedSpreadBps",
    "PriceImpactBps",
    "Markout",
    "MarkoutBps",
    "EffectiveHalfSpread",
    "EffectiveHalfSpreadBps",
    "EffectiveToQuoted",
    "PriceImprovement",
    "PriceImprovementBps",
]
