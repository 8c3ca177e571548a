"""What flows into and out of the best quote?"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from plugins.beaf_analytics.tests.l2.books import EXAMPLE

from beaf_analytics.l2.options import L2Options
from beaf_analytics.l2.weighted import measures, provides

Pass = Callable[..., pl.DataFrame]

BOTH = {"flows": [{"measures": ["OFI", "MidChangeCount"]}]}


def test_the_worked_example_has_its_flow(weighted: Pass) -> None:
    found = weighted(EXAMPLE, **BOTH)
    assert found["OFI"].to_list() == [0, 100]
    # The mid stays at second 10, and is another at 20, 30, 45 and 55.
    assert found["MidChangeCount"].to_list() == [0, 4]


def test_each_change_of_the_worked_example_has_its_flow(weighted: Pass) -> None:
    found = weighted(EXAMPLE, time_bucket_seconds=5, time_bucket_closed="left", **BOTH)
    assert found["OFI"].to_list() == [0, -100, 200, 300, -200, -100]
    assert found["MidChangeCount"].to_list() == [0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("after", "flow"),
    [
        ((10.0, 7, 11.0, 5), 0),
        ((10.0, 9, 11.0, 5), 2),
        ((10.5, 4, 11.0, 5), 4),
        ((9.5, 4, 11.0, 5), -7),
        ((10.0, 7, 11.0, 8), -3),
        ((10.0, 7, 10.5, 8), -8),
        ((10.0, 7, 11.5, 8), 5),
        ((10.5, 4, 11.5, 8), 9),
    ],
)
def test_a_change_of_either_side_flows(weighted: Pass, after: Any, flow: int) -> None:
    found = weighted([(1, 10.0, 7, 11.0, 5), (2, *after)], **BOTH)
    assert found["OFI"].to_list() == [flow]


@pytest.mark.parametrize(
    "between",
    [(10.0, 50, 11.0, 5, {"MarketState": "HALTED"}), (12.0, 50, 11.0, 5), (10.0, 50, None, None)],
)
def test_nothing_flows_into_or_out_of_a_quote_that_is_not_valid(
    weighted: Pass, between: Any
) -> None:
    rows = [(1, 10.0, 7, 11.0, 5), (2, *between), (3, 10.0, 9, 12.0, 5), (4, 10.0, 10, 12.0, 5)]
    found = weighted(rows, **BOTH)
    assert found.select("OFI", "MidChangeCount").row(0) == (1, 0)


def test_any_state_counts_where_that_is_asked_for(weighted: Pass) -> None:
    rows = [(1, 10.0, 7, 11.0, 5), (2, 10.0, 50, 11.0, 5, {"MarketState": "HALTED"})]
    assert weighted(rows, flows=[{"quotes": "any"}])["OFI"].to_list() == [43]


def test_rows_of_one_time_follow_their_sequence_and_listings_do_not_meet(
    weighted: Pass, book: Callable[..., pl.DataFrame]
) -> None:
    tied = [(30, 100.0 + number, 10 * number, 200.0, 1) for number in range(1, 6)]
    frame = pl.concat([book(tied), book(EXAMPLE, listing=2)])
    places = random.Random(7).sample(range(frame.height), frame.height)
    found = weighted(frame[places], **BOTH)
    # Each better bid brings its whole size: 20 + 30 + 40 + 50.
    assert found.filter(pl.col("OFI") != 0)["OFI"].to_list() == [140, 100]


def test_tables_that_say_so_come_out_in_order(book: Callable[..., pl.DataFrame]) -> None:
    frame = pl.concat([book(EXAMPLE, listing=2), book(EXAMPLE)])
    shuffled = frame[random.Random(7).sample(range(frame.height), frame.height)]
    made = provides(L2Options.model_validate(BOTH | {"volatility": [{"step": "10s"}]}))
    for table in made:
        assert table.ordered
        rows = table.build({"l2": shuffled.lazy()}).collect()
        keys = ["ListingId", table.time, *([table.sequence] if table.sequence else [])]
        assert rows.equals(rows.sort(keys))
    assert [each.build({"l2": frame.lazy()}).collect().height for each in made] == [12, 12]


def test_two_metrics_of_the_same_quotes_share_a_table() -> None:
    metric = {"measures": "OFI"}
    other = {"measures": "MidChangeCount"}
    alike = L2Options.model_validate({"flows": [metric, other]})
    assert len(provides(alike)) == 1
    unlike = L2Options.model_validate({"flows": [metric, other | {"quotes": "any"}]})
    assert len({each.name for each in provides(unlike)}) == 2
    flow = {each.name: each for each in measures(alike)}["OFI"]
    assert (flow.unit, flow.reaggregation) == ("shares", "sum")
