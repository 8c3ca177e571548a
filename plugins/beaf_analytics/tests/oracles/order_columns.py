"""Which of our columns answer those of the oracles about orders?

The oracles divide by the lit trades of the trade table. A measure has one table, and ours divide by
the executions of resting orders: on a venue whose lit trades are those, both are the same numbers.
"""

from __future__ import annotations

from plugins.beaf_analytics.tests.oracles.oracle_table import Ours, Setting, Table

SIDES = ("Bid", "Ask")
RATIOS = ("OrderToTradeCount", "OrderToTradeVolume", "CancelToTradeVolume")

ACTIONS = Setting(
    ("l3",),
    {
        "l3_analytics": {
            "generic_metrics": [
                {
                    "actions": [
                        "Insert", "Remove", "Cancel", "Update", "UpdateInserted", "UpdateRemoved",
                        "PartialCancel", "Modify", "Execution", "FullFill",
                    ],
                    "measures": ["Count", "Volume"],
                }
            ]
        }
    },
)  # fmt: skip
OTHERS = Setting(
    ("l3",), {"l3_analytics": {"advanced_metrics": [{"variant": ["MessageCount", *RATIOS]}]}}
)

#: Name in the oracles, without the side → ours.
BY_SIDE = {
    "InsertCount": "InsertCount",
    "InsertVolume": "InsertVolume",
    "RemoveCount": "RemoveCount",
    "RemoveVolume": "RemoveVolume",
    "CancelCount": "CancelCount",
    "CancelVolume": "CancelVolume",
    "UpdateCount": "UpdateCount",
    "UpdateNonExecCount": "ModifyCount",
    "UpdateInsertedVolume": "UpdateInsertedVolume",
    "UpdateRemovedVolume": "UpdateRemovedVolume",
    "PartialCancelVolume": "PartialCancelVolume",
    "ExecCount": "ExecutionCount",
    "ExecVolume": "ExecutionVolume",
    "FullFillCount": "FullFillCount",
}

ORDERS: Table = {
    **{
        f"{theirs}{side}": Ours(ACTIONS, f"{ours}{side}")
        for theirs, ours in BY_SIDE.items()
        for side in SIDES
    },
    "L3Count": Ours(OTHERS, "MessageCount"),
    **{name: Ours(OTHERS, name) for name in RATIOS},
}
