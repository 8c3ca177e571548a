"""Do counts and volumes of order messages equal what is worked out by hand?"""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from beaf_analytics.l3 import measures
from beaf_analytics.l3.options import Action, L3Options
from beaf_core import UsageError
from beaf_core.testing import check_module

ONE, TWO, THREE = (1, "09:01"), (1, "09:02"), (1, "09:03")

#: Action → count and volume on the bid side, on the ask side, and in all, in the first minute:
#: new are A 100, B 50 and G 1000, C 70, D 30 and E 20, and F 7 of no side; C ends with 90 shown.
FIRST: dict[Action, tuple[int, ...]] = {
    "Insert": (3, 1150, 3, 120, 7, 1277),
    "Remove": (0, 0, 3, 140, 3, 140),
    "Update": (2, -45, 2, 20, 4, -25),
    "UpdateInserted": (2, 105, 2, 170, 4, 275),
    "UpdateRemoved": (2, 150, 2, 150, 4, 300),
    "Cancel": (0, 0, 2, 50, 2, 50),
    "PartialCancel": (1, 5, 0, 0, 1, 5),
    "Modify": (1, -5, 2, 20, 3, 15),
    "Upsize": (0, 0, 1, 10, 1, 10),
    "Reprice": (0, 0, 1, 90, 1, 90),
    "Execution": (1, 40, 1, 95, 2, 135),
    "PartialFill": (1, 40, 0, 0, 1, 40),
    "FullFill": (0, 0, 1, 95, 1, 95),
}
#: In the second: H 25 moves; A 60 and B 45 are filled, D 40 and cancelled D 45, G 1000 and Z 500.
SECOND: dict[Action, tuple[int, ...]] = {
    "Insert": (1, 25, 2, 85, 3, 110),
    "Remove": (4, 1605, 2, 85, 6, 1690),
    "Update": (1, 0, 0, 0, 1, 0),
    "UpdateInserted": (1, 25, 0, 0, 1, 25),
    "UpdateRemoved": (1, 25, 0, 0, 1, 25),
    "Cancel": (2, 1500, 1, 45, 3, 1545),
    "PartialCancel": (0, 0, 0, 0, 0, 0),
    "Modify": (1, 0, 0, 0, 1, 0),
    "Upsize": (0, 0, 0, 0, 0, 0),
    "Reprice": (1, 25, 0, 0, 1, 25),
    "Execution": (2, 105, 1, 40, 3, 145),
    "PartialFill": (0, 0, 0, 0, 0, 0),
    "FullFill": (2, 105, 1, 40, 3, 145),
}


def asked(**metric: Any) -> dict[str, Any]:
    return {"generic_metrics": [metric]}


def names(section: dict[str, Any]) -> list[str]:
    return [each.name for each in measures(L3Options.model_validate(section))]


def test_the_module_keeps_the_contract() -> None:
    check_module("l3")
    check_module("l3", asked(actions=list(FIRST), measures=["Count", "Volume"], sides="Total"))


def test_unasked_there_are_inserts_and_removes() -> None:
    assert set(names({})) == {
        f"{action}{measure}{side}"
        for action in ("Insert", "Remove")
        for measure in ("Count", "Volume")
        for side in ("Bid", "Ask")
    }


def test_there_is_nothing_but_what_is_asked_for() -> None:
    assert names({"advanced_metrics": [{"variant": "CancelToTradeRatio"}]}) == [
        "CancelToTradeRatio"
    ]
    assert names({"ENABLED": False}) == []


@pytest.mark.parametrize("action", FIRST)
@pytest.mark.parametrize(("bucket", "wanted"), [(ONE, FIRST), (TWO, SECOND)])
def test_every_action_is_counted_and_its_shares_summed(
    computed: Any, action: Action, bucket: tuple[int, str], wanted: dict[Action, tuple[int, ...]]
) -> None:
    section = asked(actions=action, measures=["Count", "Volume"], sides=["Bid", "Ask", "Total"])
    row = computed(section)[bucket]
    found = [
        row[f"{action}{measure}{side}"]
        for side in ("Bid", "Ask", "Total")
        for measure in ("Count", "Volume")
    ]
    assert found == list(wanted[action])


def test_whole_shares_stay_whole(computed: Any) -> None:
    row = computed(asked(actions="Insert", measures=["Count", "Volume"]))[ONE]
    assert [type(row[name]) for name in ("InsertCountBid", "InsertVolumeBid")] == [int, int]


def test_listings_are_kept_apart(computed: Any) -> None:
    rows = computed({})
    assert rows[2, "09:01"]["InsertVolumeBid"] == 10
    assert rows[2, "09:01"]["RemoveVolumeBid"] == 10
    assert rows[2, "09:01"]["InsertCountAsk"] == 0
    assert (2, "09:02") not in rows


def test_a_bucket_without_such_a_message_has_zero(computed: Any) -> None:
    row = computed(asked(actions="Cancel", measures=["Count", "Volume"], sides="Total"))[THREE]
    assert (row["CancelCountTotal"], row["CancelVolumeTotal"]) == (0, 0)


def test_a_message_on_the_edge_belongs_where_the_bucket_is_closed(computed: Any) -> None:
    left = computed(
        {}, time_bucket_seconds=60, time_bucket_closed="left", time_bucket_anchor="start"
    )
    # G, at nine and one minute sharp.
    assert left[1, "09:00"]["InsertVolumeBid"] == 150
    assert left[1, "09:01"]["InsertVolumeBid"] == 1025


def test_a_remove_that_does_not_say_why_is_neither_cancelled_nor_filled(
    computed: Any, frame: Any, orders: Any
) -> None:
    silent = frame(
        [
            orders.cancel(at, 1, "A", 10.0, 5, OrderExecuted=word)
            for at, word in ((1, None), (99, True))
        ]
    )
    section = asked(actions=["Remove", "Cancel", "FullFill"], measures="Count", sides="Bid")
    row = computed(section, silent)[ONE]
    assert [row[f"{each}CountBid"] for each in ("Remove", "Cancel", "FullFill")] == [1, 0, 0]


def test_a_change_that_changes_nothing_makes_an_order_neither_smaller_nor_larger(
    computed: Any, frame: Any, orders: Any
) -> None:
    idle = frame([orders.change(1, 1, "A", (10.0, 5), (10.0, 5))])
    actions = ["Modify", "PartialCancel", "Upsize", "Reprice"]
    row = computed(asked(actions=actions, measures="Count", sides="Bid"), idle)[ONE]
    assert [row[f"{each}CountBid"] for each in actions] == [1, 0, 0, 0]


def test_what_an_execution_leaves_is_not_of_the_owner_s_doing(
    computed: Any, frame: Any, orders: Any
) -> None:
    part = {"OrderExecuted": True, "ExecutionSize": 2}
    rows = [
        orders.change(1, 1, "A", (10.0, 5), (10.0, 3), **part),
        orders.change(2, 1, "B", (10.0, 5), (10.0, 9), **part),
        orders.change(3, 1, "C", (10.0, 5), (11.0, 3), **part),
    ]
    actions = ["Modify", "PartialCancel", "Upsize", "Reprice", "PartialFill", "FullFill"]
    row = computed(asked(actions=actions, measures="Count", sides="Bid"), frame(rows))[ONE]
    assert [row[f"{each}CountBid"] for each in actions] == [0, 0, 0, 0, 3, 0]


# -- aggregations ----------------------------------------------------------------------------------

INSERTED = [100, 50, 70, 30, 20, 7, 1000]
MEAN = 1277 / 7


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("Mean", MEAN),
        ("Min", 7),
        ("Max", 1000),
        ("First", 100),
        ("Last", 1000),
        ("Median", 50),
        ("Std", math.sqrt(sum((each - MEAN) ** 2 for each in INSERTED) / 6)),
    ],
)
def test_volumes_are_aggregated_over_the_messages_that_are_meant(
    computed: Any, word: str, wanted: float
) -> None:
    section = asked(actions="Insert", measures="Volume", sides="Total", aggregations=word)
    assert computed(section)[ONE][f"InsertVolumeTotal{word}"] == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("word", ["Mean", "Min", "Max", "First", "Last", "Median", "Std"])
def test_a_volume_without_a_message_is_null(computed: Any, word: str) -> None:
    section = asked(actions="Remove", measures="Volume", sides="Bid", aggregations=word)
    assert computed(section)[ONE][f"RemoveVolumeBid{word}"] is None


@pytest.mark.parametrize(
    ("side", "word", "wanted"),
    [
        # Of 14 messages three are new bids, the first and the last of all among them.
        ("Bid", "Mean", 3 / 14),
        ("Bid", "Max", 1),
        ("Bid", "Min", 0),
        ("Bid", "First", 1),
        ("Bid", "Last", 1),
        ("Bid", "Median", 0),
        ("Bid", "Std", math.sqrt(3 / 14 * 11 / 14 * 14 / 13)),
        ("Ask", "First", 0),
        ("Ask", "Last", 0),
        # Seven are new orders, F among them, and seven are not.
        ("Total", "Mean", 0.5),
        ("Total", "Median", 0.5),
    ],
)
def test_a_count_is_one_on_messages_that_are_meant_and_zero_on_all_others(
    computed: Any, side: str, word: str, wanted: float
) -> None:
    section = asked(actions="Insert", measures="Count", sides=side, aggregations=word)
    found = computed(section)[ONE][f"InsertCount{side}{word}"]
    assert found == pytest.approx(wanted, rel=1e-12)


def test_where_no_message_is_meant_there_is_none_of_them(computed: Any) -> None:
    section = asked(actions="Remove", measures="Count", sides="Bid", aggregations=["Max", "Mean"])
    row = computed(section)[ONE]
    assert (row["RemoveCountBidMax"], row["RemoveCountBidMean"]) == (0, 0.0)


def test_where_all_messages_are_meant_each_of_them_is(computed: Any) -> None:
    section = asked(actions="Insert", measures="Count", sides="Ask", aggregations="Min")
    assert computed(section)[THREE]["InsertCountAskMin"] == 1


# -- options ---------------------------------------------------------------------------------------


def test_market_states_leave_out_all_other_messages(computed: Any, day: pl.DataFrame) -> None:
    auction = day.with_columns(
        MarketState=pl.when(pl.col("OrderId") == "G")
        .then(pl.lit("OPENING_AUCTION"))
        .when(pl.col("OrderId") == "B")
        .then(pl.lit("HALTED"))
        .otherwise("MarketState")
    )
    metric = {"actions": "Insert", "measures": ["Count", "Volume"], "sides": "Bid"}
    states = ["OPENING_AUCTION", "HALTED"]
    row = computed(asked(**metric, market_states=states), auction)[ONE]
    assert (row["InsertCountBid"], row["InsertVolumeBid"]) == (2, 1050)
    row = computed(asked(**metric, market_states="HALTED", aggregations="Mean"), auction)[ONE]
    # Of the two messages of B, one is its insert.
    assert (row["InsertCountBidMean"], row["InsertVolumeBidMean"]) == (0.5, 50.0)


def test_patterns_and_prefixes_name_columns() -> None:
    metric = {"actions": "Cancel", "measures": "Volume", "sides": "Ask"}
    pattern = "{sides}_{actions}_{measures}_{agg}"
    section = asked(**metric, aggregations=["Sum", "Mean"], output_name_pattern=pattern)
    wanted = ["o_Ask_Cancel_Volume_Sum", "o_Ask_Cancel_Volume_Mean"]
    assert names({"metric_prefix": "o_", **section}) == wanted
    plain = asked(**metric, aggregations=["Sum", "Mean"])
    assert names({"metric_prefix": "o_", **plain}) == ["o_CancelVolumeAsk", "o_CancelVolumeAskMean"]
    with pytest.raises(UsageError, match=r"\{side\}"):
        names(asked(**metric, output_name_pattern="{side}"))


@pytest.mark.parametrize(
    ("section", "words"),
    [
        (asked(actions="Delete", measures="Count"), "'Insert', 'Remove'"),
        (asked(actions="Insert", measures="Notional"), "'Count' or 'Volume'"),
        (asked(actions="Insert", measures="Count", sides="Buy"), "'Bid', 'Ask' or 'Total'"),
        (asked(actions="Insert", measures="Count", aggregations="TWA"), "'Sum', 'Mean'"),
        (asked(actions=[], measures="Count"), "at least 1"),
        (asked(actions="Insert", measures=[]), "at least 1"),
        (asked(actions="Insert", measures="Count", sides=[]), "at least 1"),
        (asked(actions="Insert", measures="Count", aggregations=[]), "at least 1"),
        (asked(actions="Insert", measures="Count", horizon="1s"), "Extra inputs"),
        ({"metrics": []}, "Extra inputs"),
    ],
)
def test_what_is_not_offered_is_refused(section: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        L3Options.model_validate(section)


@pytest.mark.parametrize(
    ("metric", "rules"),
    [
        ({"measures": "Count"}, {"Sum": "sum"}),
        ({"measures": "Volume"}, {"Sum": "sum", "Min": "min", "Max": "max", "Std": "none"}),
        ({"measures": "Volume"}, {"Mean": "vw:CancelCountAsk", "Median": "none", "Last": "last"}),
        ({"measures": "Count"}, {"Mean": "vw:MessageCount", "First": "first", "Max": "max"}),
        ({"measures": "Count", "market_states": "HALTED"}, {"Mean": "none"}),
        ({"measures": "Volume", "output_name_pattern": "X{agg}"}, {"Sum": "sum"}),
        # The column itself is no weight.
        ({"measures": "Volume", "output_name_pattern": "X"}, {"Mean": "none"}),
        ({"measures": "Volume", "output_name_pattern": "{measures}"}, {"Mean": "vw:Count"}),
    ],
)
def test_buckets_combine_by_the_rule_that_is_right(
    metric: dict[str, Any], rules: dict[str, str]
) -> None:
    section = asked(actions="Cancel", sides="Ask", aggregations=list(rules), **metric)
    found = [each.reaggregation for each in measures(L3Options.model_validate(section))]
    assert found == list(rules.values())
