"""How long, and with how much, is a venue at the best prices of all?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from beaf_analytics.cbbo import analytics, consolidate
from beaf_analytics.cbbo.presence import presence
from beaf_analytics.cbbo.presence_options import PresenceOptions
from beaf_core import compute_frame
from beaf_core.testing import check_module

Frames = Callable[..., pl.DataFrame]
NOON = datetime(2025, 1, 6, 12)
EVERYTHING = {
    "measures": [
        *("TimeAtCBB", "TimeAtCBO", "TimeAtCBBAlone", "TimeAtCBOAlone", "TimeAtCBBOAlone"),
        *("QuantityAtCBB", "QuantityAtCBO"),
    ]
}


def minutes(
    tables: dict[str, pl.DataFrame], *, dense: int = 0, modules: tuple[str, ...] = (), **asked: Any
) -> dict[tuple[int, int], dict[str, Any]]:
    """Compute minutes, and give each row by listing and minute after noon."""
    fields = {"cbbo_analytics": asked} if asked else {}
    if dense:
        modules = (*modules, "dense")
        until = (NOON + timedelta(minutes=dense)).strftime("%H:%M")
        fields["dense_analytics"] = {"mode": "uniform", "time_interval": ["12:00", until]}
    frame = compute_frame(["cbbo_analytics", *modules], tables, **fields)
    return {
        (row["ListingId"], round((row["TimeBucket"] - NOON).total_seconds() / 60)): row
        for row in frame.iter_rows(named=True)
    }


def test_the_modules_keep_their_contract() -> None:
    for module in (analytics, consolidate):
        check_module(module)
    check_module(analytics, {"metrics": [EVERYTHING]})
    check_module(analytics, {"metrics": [{"quotes": "any", "market_states": "HALTED"}]})
    check_module(consolidate, {"max_age": 5, "levels": 2, "measures": ["CBB", "CBOVenueCountTWA"]})
    check_module(consolidate, {"made_of": "l3", "measures": ["CBB"]})


@pytest.fixture
def day(l2: Frames, cbbo: Frames, reference: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The record of all venues is a millisecond late at first: no two events share one."""
    return {
        "l2": l2(
            (10, 0, [(99.0, 100)], [(101.0, 10)]),
            (11, 10, [(99.0, 30)], [(100.5, 20)]),
            (10, 40, [(98.0, 100)], [(101.0, 10)]),
        ),
        "cbbo": cbbo(
            (10, 0, [(99.0, 100)], [(101.0, 10)]),
            (10, 10.001, [(99.0, 130)], [(100.5, 20)]),
            (10, 40, [(99.0, 30)], [(100.5, 20)]),
        ),
        "reference": reference,
    }


def test_shares_and_quantities_weigh_the_time_for_which_both_books_hold(
    day: dict[str, pl.DataFrame],
) -> None:
    found = minutes(day, metrics=[EVERYTHING])
    primary, other = found[10, 1], found[11, 1]
    assert primary["TimeAtCBB"] == pytest.approx(40 / 60, rel=1e-12)
    assert primary["TimeAtCBO"] == pytest.approx(10.001 / 60, rel=1e-12)
    assert primary["TimeAtCBBAlone"] == pytest.approx(10.001 / 60, rel=1e-12)
    assert primary["TimeAtCBOAlone"] == pytest.approx(10.001 / 60, rel=1e-12)
    assert primary["TimeAtCBBOAlone"] == pytest.approx(10.001 / 60, rel=1e-12)
    assert primary["QuantityAtCBB"] == pytest.approx(100 * 40 / 60, rel=1e-12)
    assert primary["QuantityAtCBO"] == pytest.approx(10 * 10.001 / 60, rel=1e-12)
    # The states that begin in the minute: 100 since 10.001 s, none since 40 s.
    assert (primary["QuantityAtCBBMin"], primary["QuantityAtCBBMedian"]) == (0, 50)
    assert (primary["QuantityAtCBBMax"], primary["QuantityAtCBOMax"]) == (100, 10)
    assert (primary["QuantityAtCBOMin"], primary["QuantityAtCBOMedian"]) == (0, 0)
    # The other venue has shown something for 50 s; its ask is better than the record at first.
    assert (other["TimeAtCBB"], other["TimeAtCBO"]) == (1, 1)
    assert other["TimeAtCBBAlone"] == pytest.approx(20 / 50, rel=1e-12)
    assert other["TimeAtCBOAlone"] == 1
    assert other["TimeAtCBBOAlone"] == pytest.approx(20 / 50, rel=1e-12)
    assert (other["QuantityAtCBB"], other["QuantityAtCBO"]) == (30, 20)
    assert (other["QuantityAtCBBMin"], other["QuantityAtCBOMax"]) == (30, 20)


def test_a_venue_is_alone_at_the_best_where_it_has_all_of_it_or_shows_a_better_price(
    l2: Frames, cbbo: Frames, reference: pl.DataFrame
) -> None:
    tables = {
        "l2": l2(
            (10, 0, [(99.0, 5)], [(101.0, 5)]),  # beside others on both sides
            (10, 10, [(98.0, 50)], [(102.0, 50)]),  # much, at worse prices
            (10, 30, [(99.5, 1)], [(100.5, 1)]),  # a little, at better ones
        ),
        "cbbo": cbbo((10, 0, [(99.0, 12)], [(101.0, 12)])),
        "reference": reference,
    }
    row = minutes(tables, metrics=[EVERYTHING])[10, 1]
    alone = ("TimeAtCBBAlone", "TimeAtCBOAlone", "TimeAtCBBOAlone")
    assert [row[name] for name in alone] == [0.5, 0.5, 0.5]


def test_both_sides_count_while_both_are_there(
    l2: Frames, cbbo: Frames, reference: pl.DataFrame
) -> None:
    tables = {
        "l2": l2((10, 0, [(99.0, 5)], [(101.0, 5)])),
        "cbbo": cbbo(
            (10, 0, [(99.0, 5)], [(101.0, 5)]),
            (10, 15, [(99.0, 5)], []),
            (10, 45, [], [(101.0, 5)]),
        ),
        "reference": reference,
    }
    asked = {"measures": "TimeAtCBBOAlone", "quotes": "any"}
    assert minutes(tables, metrics=[asked])[10, 1]["TimeAtCBBOAlone"] == 1


def test_the_median_counts_each_state_once_however_long_it_holds(
    l2: Frames, cbbo: Frames, reference: pl.DataFrame
) -> None:
    best = [(second, [(99.0, size)], [(101.0, 1)]) for second, size in ((1, 1), (2, 2), (3, 9))]
    tables = {
        "l2": l2(*((10, *each) for each in best)),
        "cbbo": cbbo((10, 1, [(99.0, 20)], [(101.0, 20)])),
        "reference": reference,
    }
    assert minutes(tables)[10, 1]["QuantityAtCBBMedian"] == 2


def test_a_price_may_be_less_than_one(l2: Frames, cbbo: Frames, reference: pl.DataFrame) -> None:
    low = (10, 1, [(0.5, 7)], [(0.75, 9)])
    tables = {"l2": l2(low), "cbbo": cbbo(low), "reference": reference}
    row = minutes(tables)[10, 1]
    assert (row["TimeAtCBB"], row["QuantityAtCBB"], row["QuantityAtCBO"]) == (1, 7, 9)


def test_rows_stand_in_the_order_that_the_table_is_said_to_have(
    day: dict[str, pl.DataFrame],
) -> None:
    table = presence("cbbo")
    tables = {name: each.reverse().lazy() for name, each in day.items()}
    made = table.build(tables).collect(engine="streaming")
    assert (table.ordered, table.time) == (True, "TimestampNanoseconds")
    assert made.select("ListingId", table.time).is_unique().all()
    assert made.equals(made.sort("ListingId", table.time))


def test_nothing_configured_gives_the_names_that_users_know(day: dict[str, pl.DataFrame]) -> None:
    row = minutes(day)[10, 1]
    assert sorted(name for name in row if "At" in name) == [
        *("QuantityAtCBB", "QuantityAtCBBMax", "QuantityAtCBBMedian", "QuantityAtCBBMin"),
        *("QuantityAtCBO", "QuantityAtCBOMax", "QuantityAtCBOMedian", "QuantityAtCBOMin"),
        *("TimeAtCBB", "TimeAtCBO"),
    ]


def test_both_books_are_carried_through_minutes_in_which_nothing_happens(
    day: dict[str, pl.DataFrame],
) -> None:
    found = minutes(day, dense=3)
    assert found[10, 3]["TimeAtCBB"] == 0
    assert found[10, 3]["QuantityAtCBBMax"] == 0
    assert found[11, 3]["TimeAtCBB"] == 1
    assert found[11, 3]["QuantityAtCBO"] == 20
    assert found[11, 3]["QuantityAtCBBMedian"] is None, "no state begins there"


def test_an_event_at_the_edge_of_a_minute_holds_for_the_next_one(
    l2: Frames, cbbo: Frames, reference: pl.DataFrame
) -> None:
    tables = {
        "l2": l2((10, 0, [(99.0, 5)], []), (10, 90, [(99.0, 8)], [])),
        "cbbo": cbbo((10, 30, [(99.0, 5)], [(101.0, 1)]), (10, 60, [(99.5, 5)], [(101.0, 1)])),
        "reference": reference,
    }
    found = minutes(tables, metrics=[{"quotes": "uncrossed"}])
    # Nobody knows the best prices before 30 s.
    assert (found[10, 1]["TimeAtCBB"], found[10, 1]["QuantityAtCBB"]) == (1, 5)
    assert (found[10, 2]["TimeAtCBB"], found[10, 2]["QuantityAtCBBMax"]) == (0, 0)
    # A state that holds for no time of the minute begins there: 5 since 30 s, none since 60 s.
    assert found[10, 1]["QuantityAtCBBMedian"] == 2.5
    assert found[10, 1]["QuantityAtCBBMin"] == 5


def test_of_several_rows_of_one_moment_the_last_is_the_state(
    l2: Frames, cbbo: Frames, reference: pl.DataFrame
) -> None:
    tables = {
        "l2": l2(
            (10, 0, [(99.0, 5)], [(101.0, 1)]),
            (10, 20, [(98.0, 6)], [(101.0, 1)]),
            (10, 20, [(99.0, 7)], [(101.0, 1)]),
        ),
        "cbbo": cbbo((10, 0, [(99.0, 5)], [(101.0, 1)]), (10, 20, [(99.0, 7)], [(101.0, 1)])),
        "reference": reference,
    }
    for turned in (False, True):
        rows = tables["l2"].reverse() if turned else tables["l2"]
        found = minutes({**tables, "l2": rows})[10, 1]
        assert (found["TimeAtCBB"], found["QuantityAtCBBMin"]) == (1, 5)
        assert found["QuantityAtCBBMedian"] == 7
        assert found["QuantityAtCBB"] == pytest.approx((5 * 20 + 7 * 40) / 60, rel=1e-12)


def test_a_side_that_a_venue_takes_back_is_not_carried(
    l2: Frames, cbbo: Frames, reference: pl.DataFrame
) -> None:
    tables = {
        "l2": l2((10, 0, [(99.0, 5)], [(101.0, 1)]), (10, 45, [], [(101.0, 1)])),
        "cbbo": cbbo((10, 0, [(99.0, 9)], [(101.0, 9)])),
        "reference": reference,
    }
    found = minutes(tables)[10, 1]
    assert (found["TimeAtCBB"], found["TimeAtCBO"]) == (0.75, 1)
    assert (found["QuantityAtCBB"], found["QuantityAtCBBMin"]) == (3.75, 0)


@pytest.mark.parametrize(
    ("quotes", "known"),
    [
        ("valid", (0, 10)),  # continuous, and neither locked, crossed nor one-sided
        ("uncrossed", (0, 10, 50, 60)),
        ("two_sided", (0, 10, 10, 20, 20, 30, 50, 60)),
        ("any", (0, 10, 10, 20, 20, 30, 30, 40, 50, 60)),
    ],
)
def test_time_counts_while_the_best_prices_are_what_is_asked_for(
    l2: Frames, cbbo: Frames, reference: pl.DataFrame, quotes: str, known: tuple[int, ...]
) -> None:
    tables = {
        "l2": l2((10, 0, [(99.0, 5)], [(103.0, 1)]), (10, 50, [(99.0, 5)], [(103.0, 1)], "HALTED")),
        "cbbo": cbbo(
            (10, 0, [(99.0, 5)], [(101.0, 1)]),
            (10, 10, [(101.0, 5)], [(101.0, 1)]),  # locked
            (10, 20, [(102.0, 5)], [(101.0, 1)]),  # crossed
            (10, 30, [(99.0, 5)], []),
            (10, 40, [], [(101.0, 1)]),
            (10, 50, [(99.0, 5)], [(101.0, 1)]),
        ),
        "reference": reference,
    }
    found = minutes(tables, metrics=[{"quotes": quotes}])[10, 1]
    spans = list(zip(known[::2], known[1::2], strict=True))
    time = sum(end - start for start, end in spans)
    at_best = sum(end - start for start, end in spans if start in (0, 30, 50))
    assert found["TimeAtCBB"] == pytest.approx(at_best / time, rel=1e-12)
    assert found["QuantityAtCBB"] == pytest.approx(5 * at_best / time, rel=1e-12)
    assert found["TimeAtCBO"] == 0


def test_without_valid_time_there_is_no_number(
    l2: Frames, cbbo: Frames, reference: pl.DataFrame
) -> None:
    tables = {
        "l2": l2((10, 5, [(99.0, 5)], [(101.0, 1)]), (20, 5, [(9.0, 5)], [(10.0, 1)])),
        "cbbo": cbbo((10, 5, [(101.0, 5)], [(101.0, 1)])),
        "reference": reference,
    }
    found = minutes(tables)
    # Locked throughout; 20 has no record of all venues; 11 has never shown anything.
    for listing in (10, 11, 20):
        values = {name: value for name, value in found[listing, 1].items() if "AtCB" in name}
        assert set(values.values()) == {None}, (listing, values)


def test_only_the_states_of_the_market_that_are_asked_for_count(
    l2: Frames, cbbo: Frames, reference: pl.DataFrame
) -> None:
    tables = {
        "l2": l2(
            (10, 0, [(99.0, 5)], [(101.0, 1)], "OPENING_AUCTION"),
            (10, 15, [(98.0, 5)], [(101.0, 1)]),
        ),
        "cbbo": cbbo((10, 0, [(99.0, 5)], [(101.0, 1)])),
        "reference": reference,
    }
    metrics = [
        {"measures": "TimeAtCBB"},
        {
            "measures": ["TimeAtCBB", "QuantityAtCBB"],
            "aggregations": ["TWMean", "Max"],
            "market_states": "OPENING_AUCTION",
            "output_name_pattern": "Call{measures}{agg}",
        },
    ]
    found = minutes(tables, metrics=metrics, metric_prefix="V")[10, 1]
    assert (found["VTimeAtCBB"], found["VCallTimeAtCBB"]) == (0, 1)
    assert (found["VCallQuantityAtCBB"], found["VCallQuantityAtCBBMax"]) == (5, 5)


def test_the_best_prices_may_be_those_of_the_module_consolidate(
    day: dict[str, pl.DataFrame],
) -> None:
    tables = {name: day[name] for name in ("l2", "reference")}
    asked = minutes(tables, modules=("consolidate",), cbbo="consolidated", metrics=[EVERYTHING])
    frame = compute_frame(
        ["cbbo_analytics", "consolidate"],
        tables,
        cbbo_analytics={"metrics": [EVERYTHING]},
        module_inputs={"cbbo_analytics": {"cbbo": "consolidated"}},
    )
    assert frame.sort("ListingId", "TimeBucket").rows() == [
        tuple(asked[key].values()) for key in sorted(asked)
    ]
    # As with the record, but without its delay: 10 is alone, and at the best ask, for 10 s.
    assert asked[10, 1]["TimeAtCBO"] == pytest.approx(10 / 60, rel=1e-12)
    assert asked[10, 1]["TimeAtCBBAlone"] == pytest.approx(10 / 60, rel=1e-12)
    assert asked[10, 1]["TimeAtCBB"] == pytest.approx(40 / 60, rel=1e-12)
    assert asked[11, 1]["TimeAtCBBOAlone"] == pytest.approx(20 / 50, rel=1e-12)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"metrics": []}, "metrics"),
        ({"metrics": [{"measures": "TimeAtBest"}]}, "TimeAtCBBAlone"),
        ({"metrics": [{"measures": []}]}, "measures"),
        ({"metrics": [{"measures": "TimeAtCBB", "aggregations": "Min"}]}, "those of quantities"),
        ({"metrics": [{"aggregations": "TWA"}]}, "TWMean"),
        ({"cbbo": "ebbo"}, "consolidated"),
        ({"sides": "Bid"}, "Extra inputs"),
    ],
)
def test_other_options_are_refused(section: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        PresenceOptions.model_validate(section)


def test_a_module_that_is_switched_off_yields_nothing() -> None:
    options = PresenceOptions(ENABLED=False)
    assert not analytics.measures(options)
    assert not analytics.provides(options)
    assert not analytics.identities(options)


def test_what_is_never_above_another_is_said() -> None:
    told = [each.name for each in analytics.identities(PresenceOptions.model_validate({}))]
    assert told == [
        "QuantityAtCBBMin ≤ QuantityAtCBB",
        "QuantityAtCBB ≤ QuantityAtCBBMax",
        "QuantityAtCBOMin ≤ QuantityAtCBO",
        "QuantityAtCBO ≤ QuantityAtCBOMax",
    ]
    alone = PresenceOptions.model_validate({"metrics": [EVERYTHING], "metric_prefix": "V"})
    assert analytics.identities(alone)[0].name == "VTimeAtCBBAlone ≤ VTimeAtCBB"
    # The last digits of a mean may differ from a bound that it equals.
    rows = pl.DataFrame(
        {
            "QuantityAtCBBMin": [1.0, 2.0, 0.0, 1e6 + 1e-4],
            "QuantityAtCBB": [1.0, 1.9, 0.0, 1e6],
        }
    )
    holds = analytics.identities(PresenceOptions())[0].holds
    assert rows.select(holds).to_series().to_list() == [True, False, True, True]


@settings(max_examples=8, deadline=None)
@given(
    moves=st.lists(
        st.tuples(st.integers(0, 299), st.sampled_from([10, 11]), st.integers(1, 4)),
        min_size=1,
        max_size=15,
    )
)
def test_some_venue_is_always_at_the_best_bid_and_minutes_make_up_five(
    l2: Frames, moves: list[tuple[int, int, int]]
) -> None:
    rows = [(venue, second, [(90.0 + tick, tick)], [(99.0, 1)]) for second, venue, tick in moves]
    both = [(10, 0, [(91.0, 1)], [(99.0, 1)]), (11, 0, [(91.0, 2)], [(99.0, 1)])]
    tables = {
        "l2": l2(*both, *sorted(rows, key=lambda row: row[1])),
        "reference": pl.DataFrame(
            {
                "ListingId": [10, 11],
                "InstrumentId": [1, 1],
                "MIC": ["A", "B"],
                "OPOL": ["A", "A"],
                "IsPrimary": [True, False],
                "CurrencyCode": ["EUR", "EUR"],
                "Date": [NOON, NOON],
            }
        ),
    }
    asked: dict[str, Any] = {
        "cbbo_analytics": {"cbbo": "consolidated"},
        "consolidate_analytics": {"levels": 1},
        "dense_analytics": {"mode": "uniform", "time_interval": ["12:00", "12:05"]},
    }
    modules = ["cbbo_analytics", "consolidate", "dense"]
    minute = compute_frame(modules, tables, time_bucket_seconds=60, **asked)
    five = compute_frame(modules, tables, time_bucket_seconds=300, **asked)
    shares = minute.group_by("TimeBucket").agg(pl.col("TimeAtCBB").sum())
    assert shares["TimeAtCBB"].min() >= 1 - 1e-12
    mean = minute.group_by("ListingId").agg(pl.col("TimeAtCBB", "QuantityAtCBB").mean())
    joined = five.join(mean, on="ListingId")
    for name in ("TimeAtCBB", "QuantityAtCBB"):
        assert joined[name].to_list() == pytest.approx(joined[f"{name}_right"].to_list(), rel=1e-9)
