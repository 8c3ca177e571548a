"""Which of our columns answer those of the oracles about orders?"""

from __future__ import annotations

from plugins.beaf_analytics.tests.oracles.oracle_table import Table, Unanswered

_ACTIONS = {
    "Insert": ("Count", "Volume"),
    "Remove": ("Count", "Volume"),
    "Cancel": ("Count", "Volume"),
    "Update": ("Count", "NonExecCount", "InsertedVolume", "RemovedVolume"),
    "PartialCancel": ("Volume",),
    "Exec": ("Count", "Volume"),
    "FullFill": ("Count",),
}
_BY_SIDE = [
    f"{action}{word}{side}"
    for action, words in _ACTIONS.items()
    for word in words
    for side in ("Bid", "Ask")
]
_OTHERS = ["L3Count", "OrderToTradeCount", "OrderToTradeVolume", "CancelToTradeVolume"]

ORDERS: Table = {
    name: Unanswered("no module of this repository looks at order messages yet")
    for name in [*_BY_SIDE, *_OTHERS]
}
