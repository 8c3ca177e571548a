"""Which of our columns answer those of the oracles about the book?

The oracles count locked and crossed quotes, in every phase: `two_sided`. Where they average a side
alone, every state counts: `any`.
"""

from __future__ import annotations

from typing import Any

from plugins.beaf_analytics.tests.oracles.oracle_table import Ours, Setting, Table

LEVELS = range(1, 11)
SIDES = ("Bid", "Ask")


def _weighted(**section: Any) -> Setting:
    return Setting(("l2tw",), {"l2_analytics": {**section, "shares": []}})


def _snapshot(**section: Any) -> Setting:
    return Setting(("l2",), {"l2_analytics": section})


LIQUIDITY = {
    "measures": ["Price", "Quantity", "CumQuantity", "CumNotional", "NumOrders"],
    "quotes": "any",
}
TWO_SIDED = _weighted(
    spreads=[{"variant": ["Abs", "BPS"], "quotes": "two_sided"}],
    ohlc=[{"source": ["Mid", "WeightedMid"], "quotes": "two_sided"}],
    durations=["Book", "TwoSided", "Continuous", "Locked", "Crossed"],
    counts=["QuoteUpdateCount"],
    volatility=[
        {"step": ["1s", "10s"], "measures": ["RV", "Vol", "N"], "quotes": "two_sided"},
    ],
)
CONTINUOUS = _weighted(
    spreads=[
        {"variant": "Abs", "quotes": "two_sided", "market_states": "CONTINUOUS_TRADING"},
    ],
    ohlc=[{"source": "Mid", "quotes": "two_sided", "market_states": "CONTINUOUS_TRADING"}],
)
ANY = _weighted(
    liquidity=[LIQUIDITY],
    imbalances=[{"measure": "CumQuantity", "quotes": "any"}],
)
LAST = _snapshot(
    liquidity=[{"measures": ["Price", "Quantity"], "levels": 1}],
    imbalances=[{"measure": "CumQuantity", "quotes": "any"}],
    ohlc=[{"source": "Mid", "open_mode": "state", "quotes": "two_sided"}],
)

BOOK: Table = {
    "L2Count": Ours(TWO_SIDED, "QuoteUpdateCount"),
    **{
        f"{name}Ns": Ours(TWO_SIDED, f"{name}Ns")
        for name in ("Book", "TwoSided", "Continuous", "Locked", "Crossed")
    },
    **{name: Ours(TWO_SIDED, name) for name in ("SpreadAbsTWA", "SpreadBpsTWA", "MidTWA")},
    "MicroPriceTWA": Ours(TWO_SIDED, "WeightedMidTWA"),
    "SpreadAbsTWACont": Ours(CONTINUOUS, "SpreadAbsTWA"),
    "MidTWACont": Ours(CONTINUOUS, "MidTWA"),
    **{
        f"{side}{word}TWA{level}": Ours(ANY, f"{side}{word}{level}TWA")
        for side in SIDES
        for word in ("Price", "Quantity")
        for level in LEVELS
    },
    **{
        f"{side}CumQuantityTWA{level}": Ours(ANY, f"{side}CumQuantity{level}TWA")
        for side in SIDES
        for level in (5, 10)
    },
    **{f"{side}CumNotionalTWA10": Ours(ANY, f"{side}CumNotional10TWA") for side in SIDES},
    **{f"{side}NumOrdersTWA1": Ours(ANY, f"{side}NumOrders1TWA") for side in SIDES},
    **{
        f"Imbalance{word}{level}": Ours(setting, f"ImbalanceCumQuantity{level}{suffix}")
        for word, setting, suffix in (("TWA", ANY, "TWA"), ("Last", LAST, ""))
        for level in (1, 5, 10)
    },
    **{
        f"{side}{word}1Last": Ours(LAST, f"{side}{word}1")
        for side in SIDES
        for word in ("Price", "Quantity")
    },
    "MidFirst": Ours(LAST, "MidOpenS"),
    "MidHigh": Ours(LAST, "MidHighS"),
    "MidLow": Ours(LAST, "MidLowS"),
    "MidLast": Ours(LAST, "MidCloseS"),
    **{
        f"{name}{step}s{suffix}": Ours(TWO_SIDED, f"{name}{step}s{suffix}")
        for name, suffix in (("RVMid", ""), ("RVMid", "N"), ("VolMid", ""))
        for step in (1, 10)
    },
}
