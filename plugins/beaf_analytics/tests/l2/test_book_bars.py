"""Are open, high, low and close of quotes those of rows, of carried closes, or of states?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from beaf_core import ConfigError

Pass = Callable[..., pl.DataFrame]

#: Mids 101, 103, 102 in the first minute, nothing in the second, 99 in the third.
ROWS = [
    (10, 100.0, 10, 102.0, 30),
    (20, 102.0, 10, 104.0, 10),
    (50, 101.0, 10, 103.0, 10),
    (130, 98.0, 10, 100.0, 10),
]
EDGES = ("Open", "High", "Low", "Close")


def bars(computed: Pass, rows: Any, suffix: str, **metric: Any) -> list[tuple[Any, ...]]:
    dense = {"mode": "uniform", "time_interval": ["09:00", "09:03"]}
    found = computed(["dense", "l2"], rows, fields={"dense_analytics": dense}, ohlc=[metric])
    source = metric.get("source", "Mid")
    return found.select(f"{source}{edge}{suffix}" for edge in EDGES).rows()


def test_bars_of_rows_are_of_the_bucket_alone(computed: Pass) -> None:
    assert bars(computed, ROWS, "") == [
        (101.0, 103.0, 101.0, 102.0),
        (None, None, None, None),
        (99.0, 99.0, 99.0, 99.0),
    ]


def test_a_bucket_without_a_row_repeats_the_close_before_it(computed: Pass) -> None:
    assert bars(computed, ROWS, "C", open_mode="prev_close") == [
        (101.0, 103.0, 101.0, 102.0),
        (102.0, 102.0, 102.0, 102.0),
        (99.0, 99.0, 99.0, 99.0),
    ]


def test_bars_of_states_begin_with_the_state_that_is_carried_in(computed: Pass) -> None:
    assert bars(computed, ROWS, "S", open_mode="state") == [
        (None, 103.0, 101.0, 102.0),
        (102.0, 102.0, 102.0, 102.0),
        (102.0, 102.0, 99.0, 99.0),
    ]


@pytest.mark.parametrize(
    ("source", "close"),
    # The weighted mid leans to the ask where the bid is larger: (100 * 30 + 102 * 10) / 40.
    [("Mid", 101.0), ("Bid", 100.0), ("Ask", 102.0), ("WeightedMid", 100.5)],
)
def test_each_source_is_followed(computed: Pass, source: str, close: float) -> None:
    first, *_ = bars(computed, ROWS[:1], "", source=source)
    assert first == (close,) * 4


def test_a_state_that_holds_for_no_time_is_the_close_and_no_extreme(computed: Pass) -> None:
    rows = [*ROWS[:3], (60, 200.0, 1, 202.0, 1), ROWS[3]]
    assert bars(computed, rows, "S", open_mode="state")[0] == (None, 103.0, 101.0, 201.0)
    assert bars(computed, rows, "")[0] == (101.0, 201.0, 101.0, 201.0)


@pytest.mark.parametrize("mode", ["event", "prev_close", "state"])
def test_rows_that_are_not_valid_make_no_bar(computed: Pass, mode: str) -> None:
    suffix = {"event": "", "prev_close": "C", "state": "S"}[mode]
    halted = {"MarketState": "HALTED"}
    rows = [(10, 100.0, 1, 102.0, 1), (70, 90.0, 1, 100.0, 1, halted), (80, 99.0, 1, 98.0, 1)]
    first, second, third = bars(computed, rows, suffix, open_mode=mode)
    opened = None if mode == "state" else 101.0
    assert first == (opened, 101.0, 101.0, 101.0)
    # The second minute begins with a valid state, and ends with one that is crossed.
    assert second == ((101.0, 101.0, 101.0, None) if mode == "state" else (None,) * 4)
    assert third == (None,) * 4


def test_a_weighted_mid_of_no_size_is_nothing(computed: Pass) -> None:
    first, *_ = bars(computed, [(10, 100.0, 0, 102.0, 0)], "", source="WeightedMid")
    assert first == (None,) * 4


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("{source}_{ohlc}{openMode}", ["Mid_Open", "Mid_OpenC"]),
        ("Q{source}{openMode}", ["QMidOpen", "QMidCOpen"]),
    ],
)
def test_names_follow_a_pattern(computed: Pass, pattern: str, names: list[str]) -> None:
    modes = ["event", "prev_close"]
    metric = {"open_mode": modes, "output_name_pattern": pattern}
    found = computed(["l2"], ROWS, metric_prefix="My", ohlc=[metric])
    assert {f"My{name}" for name in names} < set(found.columns)
    assert len([name for name in found.columns if name.startswith("My")]) == 8


def test_a_pattern_that_tells_two_bars_not_apart_is_refused(computed: Pass) -> None:
    metric = {"source": ["Mid", "Bid"], "output_name_pattern": "{ohlc}"}
    with pytest.raises(ConfigError, match="more than once"):
        computed(["l2"], ROWS, ohlc=[metric])
