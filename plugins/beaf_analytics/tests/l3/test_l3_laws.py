"""Do measures of orders keep their laws, whatever happens to orders?"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beaf_analytics.l3 import BUILDERS
from beaf_core import compute_frame

SECOND = 1_000_000_000
NINE = datetime(2025, 1, 6, 9)
PRICES = (10.0, 10.1, 10.2)
ACTIONS = ["Insert", "Remove", "Cancel", "FullFill", "Execution", "PartialFill", "Modify", "Update"]
SIDES = ["Bid", "Ask", "Total"]

# What a participant or the market tries to do: kind, seconds since the last, listing, side, order,
# price, size. What is not possible (a fill of an order that is not there) is left out.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "insert", "cancel", "fill", "part", "move"]),
        st.sampled_from([0, 0, 1, 7, 25]),
        st.sampled_from([1, 2]),
        st.sampled_from([1, 2]),
        st.sampled_from("abc"),
        st.sampled_from(PRICES),
        st.integers(2, 9),
    ),
    min_size=1,
    max_size=80,
)
Told = dict[str, Any]


def messages(orders: Any, steps: list[Any]) -> list[Told]:
    """Play the steps on a book, in which ids are used again."""
    book: dict[tuple[int, str], tuple[int, float, int]] = {}
    told, at = [], 0
    for kind, wait, listing, side, order, price, size in steps:
        at += wait
        key, more = (listing, order), {"ListingId": listing}
        if kind == "insert":
            if key not in book:
                book[key] = (side, price, size)
                told.append(orders.insert(at, side, order, price, size, **more))
            continue
        if key not in book:
            continue
        of, where, rest = book[key]
        if kind in ("cancel", "fill"):
            end = orders.cancel if kind == "cancel" else orders.fill
            told.append(end(at, of, order, where, rest, **more))
            del book[key]
        elif kind == "move" and price != where:
            told.append(orders.change(at, of, order, (where, rest), (price, rest), **more))
            book[key] = (of, price, rest)
        elif kind == "part" and rest > 1:
            part = {"OrderExecuted": True, "ExecutionSize": 1, **more}
            told.append(orders.change(at, of, order, (where, rest), (where, rest - 1), **part))
            book[key] = (of, where, rest - 1)
    return told


def bucket(row: Told) -> tuple[int, int]:
    """Tell the bucket of a minute that is closed at its end, by the number of its end."""
    return row["ListingId"], -(-row["at"] // 60)


def resting(rows: list[Told]) -> dict[tuple[int, int], list[int]]:
    """Follow each order from its insert to its end, one message after another."""
    begun: dict[tuple[int, str], int] = {}
    found = defaultdict(list)
    for row in rows:
        if row["LobAction"] == 2:
            begun[row["ListingId"], row["OrderId"]] = row["at"]
        elif row["LobAction"] == 3:
            since = begun.pop((row["ListingId"], row["OldOrderId"]))
            found[bucket(row)].append(row["at"] - since)
    return found


def fleeting(rows: list[Told], limit: float) -> dict[tuple[int, int], tuple[int, int]]:
    """Sum up the shares that are inserted, and those whose order is cancelled sooner."""
    found: dict[tuple[int, int], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for number, row in enumerate(rows):
        if row["LobAction"] != 2:
            continue
        ends = (
            each
            for each in rows[number:]
            if each["LobAction"] == 3
            and (each["ListingId"], each["OldOrderId"]) == (row["ListingId"], row["OrderId"])
        )
        end = next(ends, None)
        gone = end and not end["OrderExecuted"] and end["at"] - row["at"] < limit
        some, total = found[bucket(row)]
        found[bucket(row)] = (some + bool(gone) * row["Size"], total + row["Size"])
    return found


def replaced(rows: list[Told]) -> dict[tuple[int, int], list[int]]:
    """Keep the orders of each level, and when an execution has taken its last one."""
    levels: dict[tuple[int, int, float], set[str]] = defaultdict(set)
    emptied: dict[tuple[int, int, float], int] = {}
    found = defaultdict(list)
    for row in rows:
        here = row["ListingId"], row["Side"]
        if row["OldOrderId"] and row["Price"] != row["OldPrice"]:
            level = (*here, row["OldPrice"])
            levels[level].remove(row["OldOrderId"])
            if row["OrderExecuted"] and not levels[level]:
                emptied[level] = row["at"]
        if row["OrderId"] and row["Price"] != row["OldPrice"]:
            level = (*here, row["Price"])
            levels[level].add(row["OrderId"])
            if level in emptied:
                found[bucket(row)].append(row["at"] - emptied.pop(level))
    return found


def computed(frame: pl.DataFrame, section: Told, seconds: int = 60) -> dict[tuple[int, int], Told]:
    found = compute_frame("l3", {"l3": frame}, time_bucket_seconds=seconds, l3_analytics=section)
    return {
        (row["ListingId"], (row["TimeBucket"] - NINE) // timedelta(minutes=1)): row
        for row in found.to_dicts()
    }


def mean(values: list[int]) -> float | None:
    return SECOND * sum(values) / len(values) if values else None


def near(value: float | None) -> Any:
    return None if value is None else pytest.approx(value, rel=1e-12)


law = settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@law
@given(steps=STEPS)
def test_lifetimes_and_replacements_are_those_of_a_book_that_is_played(
    orders: Any, frame: Any, steps: list[Any]
) -> None:
    rows = messages(orders, steps)
    if not rows:
        return
    metric = {
        "variant": [
            "AvgRestingTime", "FleetingLiquidityRatio", "AvgReplacementLatency", "ReplacementCount"
        ],
        "fleeting_threshold_ms": 8000,
    }  # fmt: skip
    lives, gone, back = resting(rows), fleeting(rows, 8), replaced(rows)
    for key, row in computed(frame(rows), {"advanced_metrics": [metric]}).items():
        some, total = gone[key]
        assert row["AvgRestingTime"] == near(mean(lives[key]))
        assert row["FleetingLiquidityRatio"] == near(some / total if total else None)
        assert row["ReplacementCount"] == len(back[key])
        assert row["AvgReplacementLatency"] == near(mean(back[key]))


@law
@given(steps=STEPS)
def test_minutes_together_are_the_longer_bucket(orders: Any, frame: Any, steps: list[Any]) -> None:
    rows = messages(orders, steps)
    if not rows:
        return
    section = {
        "generic_metrics": [{"actions": ACTIONS, "measures": ["Count", "Volume"], "sides": SIDES}],
        "advanced_metrics": [{"variant": [*BUILDERS]}],
    }
    short, long = computed(frame(rows), section), computed(frame(rows), section, 300)
    for (listing, end), whole in long.items():
        parts = [row for (of, at), row in short.items() if of == listing and end - 5 < at <= end]
        for name in ("InsertCountBid", "CancelVolumeTotal", "NetLiquidityFlow", "MessageCount",
                     "ReplacementCount", "FleetingCancelCount"):  # fmt: skip
            assert whole[name] == sum(row[name] for row in parts), name
        for name, weight in (
            ("CancelShare", "RemoveCountTotal"),
            ("ArrivalFlowImbalance", "InsertVolumeTotal"),
            ("FleetingLiquidityRatio", "InsertVolumeTotal"),
            ("RestrictedMeanLifetime", "InsertCountTotal"),
            ("AvgQueuePosition", "ExecutionCountTotal"),
            ("AvgReplacementLatency", "ReplacementCount"),
        ):
            weights = sum(row[weight] for row in parts)
            total = sum(row[name] * row[weight] for row in parts if row[weight])
            assert whole[name] == (pytest.approx(total / weights, abs=1e-9) if weights else None), (
                name
            )


@law
@given(steps=STEPS, turn=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_where_sequences_tell_it(
    orders: Any, frame: Any, steps: list[Any], turn: Any
) -> None:
    rows = messages(orders, steps)
    if not rows:
        return
    whole = frame(rows)
    turned = whole[turn.sample(range(whole.height), whole.height)]
    section = {
        "generic_metrics": [{"actions": "Insert", "measures": "Volume", "aggregations": "First"}],
        "advanced_metrics": [{"variant": [*BUILDERS]}],
    }
    wanted, found = computed(whole, section), computed(turned, section)
    assert wanted.keys() == found.keys()
    for key, row in wanted.items():
        assert found[key] == {name: near_number(value) for name, value in row.items()}


def near_number(value: Any) -> Any:
    return near(value) if isinstance(value, float) else value
