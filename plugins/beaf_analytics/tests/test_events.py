"""Are the turns of an average found where they are, and known no earlier than they can be?"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_analytics import events
from beaf_core import ConfigError, Measure, SourcePass, compute_frame, run_pipeline
from beaf_core.model.errors import ModuleFaultError
from beaf_core.testing import check_module, write_market

NINE = datetime(2025, 1, 6, 9)


def at(minute: float, day: int = 0) -> datetime:
    return NINE + timedelta(minutes=minute, days=day)


def closes(*values: float | None, listing: int = 1, day: int = 0) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "ListingId": [listing] * len(values),
            "TimeBucket": [at(minute, day) for minute in range(1, len(values) + 1)],
            "Close": values,
        },
        schema_overrides={"Close": pl.Float64},
    )


def computed(source: pl.DataFrame, **section: Any) -> pl.DataFrame:
    more = {key: section.pop(key) for key in [*section] if key.startswith(("time_", "source_"))}
    return compute_frame("events", {}, source=source, **more, event_analytics=section)


def found(source: pl.DataFrame, **section: Any) -> list[tuple[Any, ...]]:
    frame = computed(source, **{"window": 1, **section})
    return frame.select("TimeBucket", "EventType", "IndicatorValue").rows()


def test_the_module_keeps_its_contract() -> None:
    check_module(events)


def test_a_turn_is_strictly_below_or_above_both_neighbours() -> None:
    source = closes(3, 1, 2, 2, 4, 3, 3, 5, 5, 1)
    assert found(source) == [(at(2), "local_min", 1.0), (at(5), "local_max", 4.0)]


def test_a_row_says_which_indicator_turned_and_when_that_is_known() -> None:
    frame = computed(closes(3, 1, 2), window=1, metric_prefix="X")
    assert frame.columns == [
        "ListingId", "TimeBucket", "EventType", "XIndicator", "XIndicatorValue", "XAvailableAt"
    ]  # fmt: skip
    assert frame.rows() == [(1, at(2), "local_min", "sma", 1.0, at(3))]
    assert frame["XAvailableAt"].dt.nanosecond().to_list() == [0]


def test_where_buckets_are_labelled_at_their_start_a_turn_is_known_at_the_end() -> None:
    frame = computed(closes(3, 1, 2), window=1, time_bucket_anchor="start")
    assert frame.select("TimeBucket", "AvailableAt").rows() == [(at(2), at(4))]


@pytest.mark.parametrize(
    ("types", "minutes"),
    [("local_min", [2, 4]), (["local_max"], [3]), (["local_max", "local_min"], [2, 3, 4])],
)
def test_only_the_types_that_are_asked_for_are_told(types: Any, minutes: list[int]) -> None:
    rows = found(closes(3, 1, 4, 1, 5), event_types=types)
    assert [row[0] for row in rows] == [at(minute) for minute in minutes]


def test_the_first_and_the_last_bucket_are_no_turns() -> None:
    assert found(closes(1, 2, 3)) == []
    assert found(closes(3, 2)) == []


def test_a_moving_average_turns_later_and_not_before_its_window_is_full() -> None:
    # Means of two: 5, 2, 3, 7, 6.
    source = closes(9, 1, 3, 3, 11, 1)
    assert found(source, window=2) == [(at(3), "local_min", 2.0), (at(5), "local_max", 7.0)]
    # The first mean of three is 13/3, then 7/3, 17/3, 5: no turn has a neighbour before 13/3.
    assert found(source, window=3) == [
        (at(4), "local_min", pytest.approx(7 / 3)), (at(5), "local_max", pytest.approx(17 / 3))
    ]  # fmt: skip


def test_five_buckets_make_the_usual_average() -> None:
    # Means of five: 2, 3, 2.
    source = closes(2, 2, 2, 2, 2, 7, -3)
    rows = computed(source).select("TimeBucket", "IndicatorValue").rows()
    assert rows == [(at(6), 3.0)]


def test_an_exponential_average_weighs_by_its_span() -> None:
    # Span 3: each value has half the weight of the one after it.
    source = closes(1, 1, 8, 1)
    rows = found(source, indicator="ewma", window=3)
    assert rows == []  # the third is the first with a value
    values = computed(closes(4, 4, 1, 8, 1), indicator="ewma", window=2)
    means = []
    for count in range(1, 6):
        given = [4, 4, 1, 8, 1][:count]
        weights = [(1 / 3) ** (count - 1 - place) for place in range(count)]
        means.append(sum(w * x for w, x in zip(weights, given, strict=True)) / sum(weights))
    assert values.select("TimeBucket", "EventType", "IndicatorValue").rows() == [
        (at(3), "local_min", pytest.approx(means[2])),
        (at(4), "local_max", pytest.approx(means[3])),
    ]
    assert values["Indicator"].unique().to_list() == ["ewma"]


def test_buckets_without_a_value_are_passed_over() -> None:
    frame = computed(closes(3, None, 1, None, 2), window=1)
    assert frame.select("TimeBucket", "AvailableAt").rows() == [(at(3), at(5))]


def test_each_listing_turns_by_itself_whatever_the_order_of_rows() -> None:
    source = pl.concat([closes(3, 1, 2), closes(1, 2, 3, listing=2), closes(1, 3, 2, listing=3)])
    frame = computed(source.sample(fraction=1, shuffle=True, seed=5), window=1)
    assert frame.select("ListingId", "EventType").rows() == [(1, "local_min"), (3, "local_max")]


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"input_col": "Opne"}, 'reads the column "Opne"'),
        ({"window": 0}, "window"),
        ({"indicator": "wma"}, "'sma' or 'ewma'"),
        ({"event_types": ["peak"]}, "'local_min' or 'local_max'"),
        ({"event_types": []}, "event_types"),
        ({"ENABLED": False}, "not ENABLED"),
        ({"kind": 1}, "kind"),
        ({"source_seconds": 30}, "those have buckets of 30 s, not of 60"),
    ],
)
def test_what_cannot_be_computed_is_refused(section: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        computed(closes(1, 2), **section)
    assert words in str(caught.value)


def test_a_text_has_no_turns() -> None:
    source = closes(1, 2).with_columns(Close=pl.lit("x"))
    with pytest.raises(ModuleFaultError, match="events works on numbers, and Close is String"):
        computed(source)


def test_rows_with_keys_of_their_own_are_not_bars() -> None:
    known = SourcePass("turns", ("ListingId", "TimeBucket", "EventType"), (), 60, 60)
    with pytest.raises(Exception, match="are told apart by ListingId, TimeBucket, EventType"):
        events.from_source(events.EventsOptions(), known)


def test_the_value_has_the_unit_of_its_column() -> None:
    close = Measure("Close", "trades", None, "ccy", "", "")
    known = SourcePass("bars", ("ListingId", "TimeBucket"), (close,), 60, 60)
    options = events.from_source(events.EventsOptions(), known)
    assert [each.unit for each in events.measures(options)] == ["state", "ccy", "time"]


def written(folder: Path, monkeypatch: pytest.MonkeyPatch, **section: Any) -> pl.DataFrame:
    monkeypatch.chdir(folder)
    market = write_market(folder / "market", every_column=True)
    config = {
        "SOURCE": {"type": "parquet", "root": str(market)},
        "PASSES": [
            {"name": "bars", "modules": ["trade"]},
            {
                "name": "turns",
                "modules": ["events"],
                "source_pass": "bars",
                "event_analytics": {"input_col": "Volume", "window": 1, **section},
            },
        ],
    }
    dates = {"start_date": "2025-01-06", "end_date": "2025-01-07", "universe": "mic=XLON"}
    report = run_pipeline(config, **dates)
    assert report.status == "succeeded", report.outcomes
    assert run_pipeline(config, **dates).outcomes[-1].status == "unchanged"
    return pl.read_parquet(report.receipts[-1].location)


def test_days_are_looked_at_one_by_one_unless_asked_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Volumes of 101: 1000 and 100 on Monday, 500 on Tuesday; of 102: 50 and 150, then 70.
    assert written(tmp_path, monkeypatch).is_empty()
    frame = written(tmp_path, monkeypatch, across_days=True)
    assert frame.select("ListingId", "TimeBucket", "EventType", "AvailableAt").rows() == [
        (101, at(2), "local_min", at(1, 1)),
        (102, at(5), "local_max", at(10, 1)),
    ]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.none() | st.integers(0, 4).map(float), min_size=1, max_size=14))
def test_turns_equal_a_loop_and_nothing_after_them_changes_them(values: list[float | None]) -> None:
    source = closes(*values)
    there = [(minute, value) for minute, value in enumerate(values, start=1) if value is not None]
    means = [
        (minute, sum(value for _, value in there[place - 1 : place + 1]) / 2)
        for place, (minute, _) in enumerate(there)
        if place
    ]
    wanted = [
        (at(minute), "local_min" if now < before else "local_max", now, at(known))
        for (_, before), (minute, now), (known, after) in zip(
            means, means[1:], means[2:], strict=False
        )
        if (now < before and now < after) or (now > before and now > after)
    ]
    columns = ["TimeBucket", "EventType", "IndicatorValue", "AvailableAt"]
    rows = computed(source, window=2).select(columns).rows()
    assert rows == wanted
    for row in rows:
        early = source.filter(pl.col("TimeBucket") <= row[3])
        assert row in computed(early, window=2).select(columns).rows()
