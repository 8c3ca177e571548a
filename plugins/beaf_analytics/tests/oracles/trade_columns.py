"""Which of our columns answer those of the oracles about trades?"""

from __future__ import annotations

from plugins.beaf_analytics.tests.oracles.oracle_table import Ours, Setting, Table, Unanswered

ALL = Setting(
    ("trade",),
    {
        "trade_analytics": {
            "classifications": "all",
            "generic_metrics": [
                {"measures": ["OHLC", "Volume", "Notional", "VWAP", "Count"]},
                {"sides": ["Buy", "Sell", "Unknown"], "measures": ["Volume", "Count"]},
            ],
        }
    },
)
#: In both markets the trades with BMLLTradeType LIT are those of LIT_CONTINUOUS.
LIT = Setting(
    ("trade",), {"trade_analytics": {"generic_metrics": [{"measures": ["Volume", "Count"]}]}}
)

#: What has no value in a bucket has the last one of its trade date.
CARRIED = Setting(
    ("trade",),
    {
        "DEFAULT_FFILL": True,
        "trade_analytics": {"classifications": "all", "generic_metrics": [{"measures": "OHLC"}]},
    },
)

_CONSECUTIVE = "no module takes returns from one trade to the next"

TRADES: Table = {
    **{name: Ours(ALL, name) for name in ("Open", "High", "Low", "Close")},
    "TradeCount": Ours(ALL, "TradeTotalCount"),
    "Volume": Ours(ALL, "TradeTotalVolume"),
    "Notional": Ours(ALL, "TradeTotalNotional"),
    "VWAP": Ours(ALL, "TradeTotalVWAP"),
    "BuyVolume": Ours(ALL, "TradeBuyVolume"),
    "BuyTradeCount": Ours(ALL, "TradeBuyCount"),
    "SellVolume": Ours(ALL, "TradeSellVolume"),
    "SellTradeCount": Ours(ALL, "TradeSellCount"),
    "UnknownVolume": Ours(ALL, "TradeUnknownVolume"),
    "UnknownTradeCount": Ours(ALL, "TradeUnknownCount"),
    "LitVolume": Ours(LIT, "TradeTotalVolume"),
    "LitTradeCount": Ours(LIT, "TradeTotalCount"),
    "HiddenVolume": Unanswered("no module asks for what is left of all prints without LIT"),
    "CloseFfill": Ours(CARRIED, "Close"),
    "RVTrade": Unanswered(_CONSECUTIVE),
    "RVTradeN": Unanswered(_CONSECUTIVE),
}
