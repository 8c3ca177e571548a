"""What stands in the common book of two venues, row by row?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from beaf_analytics.cbbo.carried import carried, level_column
from beaf_analytics.cbbo.options import ConsolidateOptions
from beaf_analytics.cbbo.table import consolidated
from beaf_analytics.cbbo.venues import venues_of

L2 = Callable[..., pl.DataFrame]
NOON = datetime(2025, 1, 6, 12)

BEST = ["BidPrice1", "BidQuantity1", "BidNumOrders1", "AskPrice1", "AskQuantity1", "AskNumOrders1"]


def book(frame: pl.DataFrame, reference: pl.DataFrame, **options: Any) -> pl.DataFrame:
    table = consolidated(ConsolidateOptions.model_validate(options))
    tables = {
        name: each.lazy().select("ListingId", *table.needs[name])
        for name, each in {"l2": frame, "reference": reference}.items()
    }
    return table.build(tables).collect(engine="streaming")


def seconds(frame: pl.DataFrame) -> list[float]:
    since = frame["TimestampNanoseconds"] - NOON
    return (since.dt.total_microseconds() / 1e6).to_list()


def side(frame: pl.DataFrame, row: int, name: str) -> list[tuple[Any, ...]]:
    """List the levels of a side in a row, as far as there are any."""
    levels = (
        tuple(frame.row(row, named=True)[f"{name}{field}{n}"] for field in FIELDS)
        for n in range(1, 11)
    )
    return [each for each in levels if each != (None, None, None)]


FIELDS = ("Price", "Quantity", "NumOrders")


def test_equal_prices_are_one_level_and_others_stand_in_order(
    l2: L2, reference: pl.DataFrame
) -> None:
    frame = l2(
        (10, 1, [(99.0, 100, 2), (98.0, 50, 1)], [(101.0, 10, 1), (103.0, 30, 3)]),
        (11, 2, [(99.5, 7, 1), (98.0, 25, 4)], [(101.0, 5, 2), (102.0, 20, 1)]),
    )
    made = book(frame, reference)
    assert made["ListingId"].to_list() == [10, 10]
    # As of the first event the other venue has shown nothing yet.
    assert side(made, 0, "Bid") == [(99.0, 100, 2), (98.0, 50, 1)]
    assert side(made, 1, "Bid") == [(99.5, 7, 1), (99.0, 100, 2), (98.0, 75, 5)]
    assert side(made, 1, "Ask") == [(101.0, 15, 3), (102.0, 20, 1), (103.0, 30, 3)]
    assert made["BidVenueCount"].to_list() == [1, 1]
    assert made["AskVenueCount"].to_list() == [1, 2]
    assert made["VenueCount"].to_list() == [1, 2]
    assert made["L2EventNo"].to_list() == [0, 1]


def test_each_event_is_a_row_with_the_last_book_of_every_other_venue(
    l2: L2, reference: pl.DataFrame
) -> None:
    frame = l2(
        (11, 1, [(98.0, 1)], [(102.0, 1)]),
        (10, 2, [(99.0, 2)], [(101.0, 2)]),
        (20, 2, [(500.0, 9)], [(501.0, 9)]),  # another instrument
        (11, 3, [(98.5, 3)], [(102.0, 1)]),
        (10, 4, [(97.0, 4)], [(103.0, 4)]),
    )
    made = book(frame, reference)
    assert made["ListingId"].to_list() == [10, 10, 10, 10, 20]
    assert seconds(made) == [1.0, 2.0, 3.0, 4.0, 2.0]
    assert made["BidPrice1"].to_list() == [98.0, 99.0, 99.0, 98.5, 500.0]
    assert made["BidPrice2"].to_list() == [None, 98.0, 98.5, 97.0, None]
    assert made["AskPrice1"].to_list() == [102.0, 101.0, 101.0, 102.0, 501.0]
    assert made["AskQuantity1"].to_list() == [1, 2, 2, 1, 9]
    assert made["L2EventNo"].to_list() == [0, 1, 2, 3, 0]


def test_events_of_one_moment_stand_in_the_order_of_their_sequence(
    l2: L2, reference: pl.DataFrame
) -> None:
    frame = l2(
        (10, 1, [(99.0, 1)], [(101.0, 1)]),
        (11, 2, [(99.2, 2)], [(101.0, 2)]),
        (10, 2, [(99.1, 3)], [(101.0, 3)]),
        (11, 2, [(98.0, 4)], [(101.0, 4)]),
    )
    # Whatever the order in the file: of several rows of a venue at one time the last counts.
    for rows in (frame, frame.reverse(), frame[[2, 3, 0, 1]]):
        made = book(rows, reference)
        assert made["BidPrice1"].to_list() == [99.0, 99.2, 99.2, 99.1]
        assert made["AskQuantity1"].to_list() == [1, 3, 5, 7]
        assert made["BMLLSequenceNo"].to_list() == [0, 1, 2, 3]


def test_rows_stand_in_the_order_that_the_table_is_said_to_have(
    l2: L2, reference: pl.DataFrame
) -> None:
    table = consolidated(ConsolidateOptions())
    assert (table.ordered, table.time, table.sequence) == (
        True, "TimestampNanoseconds", "L2EventNo",
    )  # fmt: skip
    frame = l2(*((listing, at, [(99.0, 1)], []) for at in (2, 1, 3) for listing in (11, 20, 10)))
    keys = ["ListingId", table.time, table.sequence]
    made = book(frame, reference).select(keys)
    assert made.equals(made.sort(keys))
    assert made.height == 9


def test_a_venue_without_a_side_leaves_that_of_the_other(l2: L2, reference: pl.DataFrame) -> None:
    frame = l2(
        (10, 1, [(99.0, 1)], [(101.0, 1)]),
        (11, 2, [(99.5, 2)], []),
        (11, 3, [], []),
    )
    made = book(frame, reference)
    assert side(made, 1, "Ask") == [(101.0, 1, 1)]
    assert side(made, 2, "Bid") == [(99.0, 1, 1)]
    # A venue whose book is empty takes part all the same.
    assert made["VenueCount"].to_list() == [1, 2, 2]
    nothing = book(l2((10, 1, [], [(101.0, 1)])), reference)
    assert side(nothing, 0, "Bid") == []
    assert nothing["BidVenueCount"].to_list() == [0]


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_what_is_no_price_is_no_level(l2: L2, reference: pl.DataFrame, price: float) -> None:
    frame = l2((10, 1, [(99.0, 1)], [(101.0, 1)]), (11, 2, [(price, 5)], [(price, 5)]))
    made = book(frame, reference)
    assert side(made, 1, "Bid") == [(99.0, 1, 1)]
    assert side(made, 1, "Ask") == [(101.0, 1, 1)]


def test_a_price_may_be_less_than_one(l2: L2, reference: pl.DataFrame) -> None:
    made = book(l2((10, 1, [(0.5, 1)], [(0.75, 2)])), reference)
    assert (made["BidPrice1"][0], made["AskPrice1"][0]) == (0.5, 0.75)


def test_a_venue_that_is_halted_shows_nothing_until_it_is_back(
    l2: L2, reference: pl.DataFrame
) -> None:
    frame = l2(
        (10, 1, [(99.0, 1)], [(101.0, 1)]),
        (11, 2, [(98.0, 2)], [(102.0, 2)]),
        (10, 3, [(99.0, 1)], [(101.0, 1)], "HALTED"),
        (11, 4, [(98.0, 3)], [(102.0, 3)]),
        (10, 5, [(99.0, 1)], [(101.0, 1)], "OPENING_AUCTION"),
    )
    made = book(frame, reference)
    assert made["BidPrice1"].to_list() == [99.0, 99.0, 98.0, 98.0, 99.0]
    assert made["AskQuantity1"].to_list() == [1, 1, 2, 3, 1]
    assert made["VenueCount"].to_list() == [1, 2, 1, 1, 2]
    trading = "CONTINUOUS_TRADING"
    # The primary's state, unless it takes no part; then that of the venue which does.
    assert made["MarketState"].to_list() == [*[trading] * 4, "OPENING_AUCTION"]
    kept = book(frame, reference, left_out=[])
    assert kept["BidPrice1"].to_list() == [99.0] * 5
    assert kept["MarketState"][2] == "HALTED"
    alone = book(frame.filter(pl.col("ListingId") == 10), reference)
    assert alone["MarketState"].to_list() == [trading, "HALTED", "OPENING_AUCTION"]
    assert alone["BidPrice1"].to_list() == [99.0, None, 99.0]


def test_a_venue_that_does_not_tell_its_state_takes_part(l2: L2, reference: pl.DataFrame) -> None:
    frame = l2((10, 1, [(99.0, 1)], []), (11, 2, [(98.0, 2)], [])).with_columns(
        MarketState=pl.lit(None, pl.String)
    )
    made = book(frame, reference)
    assert made["BidPrice2"].to_list() == [None, 98.0]
    assert made["VenueCount"].to_list() == [1, 2]
    assert made["MarketState"].to_list() == ["UNKNOWN", "UNKNOWN"]


def test_an_old_book_goes_at_its_moment_and_not_at_the_next_event(
    l2: L2, reference: pl.DataFrame
) -> None:
    frame = l2(
        (10, 1, [(99.0, 1)], [(101.0, 1)]),
        (11, 2, [(98.0, 2)], [(102.0, 2)]),
        (11, 4.5, [(98.0, 3)], [(102.0, 3)]),
        (11, 7, [(98.0, 4)], [(102.0, 4)]),
        (10, 8, [(99.0, 5)], [(101.0, 5)]),
    )
    made = book(frame, reference, max_age=2.5)
    # 10 is too old from 3.5 on. 11 is renewed in time at 4.5, at its very end, and again at 7.
    assert seconds(made) == [1.0, 2.0, 3.5, 4.5, 7.0, 8.0, 9.5, 10.5]
    assert made["BidPrice1"].to_list() == [99.0, 99.0, 98.0, 98.0, 98.0, 99.0, 99.0, None]
    assert made["BidQuantity1"].to_list() == [1, 1, 2, 3, 4, 5, 5, None]
    assert made["VenueCount"].to_list() == [1, 2, 1, 1, 1, 2, 1, 0]
    assert made["L2EventNo"].to_list() == list(range(8))
    assert seconds(book(frame, reference)) == [1.0, 2.0, 4.5, 7.0, 8.0]


def test_an_old_book_that_another_event_of_its_last_moment_renews_is_there(
    l2: L2, reference: pl.DataFrame
) -> None:
    frame = l2((10, 1, [(99.0, 1)], []), (11, 3, [(98.0, 1)], []), (11, 3, [(98.0, 2)], []))
    made = book(frame, reference, max_age=2)
    # The books of 3 s: that of 10 is gone before 11 shows its own.
    assert seconds(made) == [1.0, 3.0, 3.0, 3.0, 5.0]
    assert made["BidPrice1"].to_list() == [99.0, None, 98.0, 98.0, None]


def test_only_the_venues_that_are_named_take_part(l2: L2, reference: pl.DataFrame) -> None:
    frame = l2((10, 1, [(99.0, 1)], []), (11, 2, [(98.0, 2)], []))
    made = book(frame, reference, venues="BATE")
    # The book stands under the primary listing all the same.
    assert made.select("ListingId", "BidPrice1").rows() == [(10, 98.0)]
    assert book(frame, reference, venues=["BATE", "XLON"]).height == 2


def test_levels_beyond_those_that_are_kept_are_not_read(l2: L2, reference: pl.DataFrame) -> None:
    frame = l2((10, 1, [(99.0, 1), (98.0, 1)], []), (11, 2, [(99.0, 2), (98.5, 2)], []))
    made = book(frame.drop("BidPrice2"), reference, levels=1)
    assert made["BidQuantity1"].to_list() == [1, 3]
    assert [name for name in made.columns if name.startswith("BidPrice")] == ["BidPrice1"]


def test_ten_levels_of_twenty_are_the_ten_best(l2: L2, reference: pl.DataFrame) -> None:
    bids = [[(100.0 - 2 * n - odd, n + 1) for n in range(10)] for odd in (0, 1)]
    asks = [[(101.0 + 2 * n + odd, n + 1) for n in range(10)] for odd in (0, 1)]
    made = book(l2((10, 1, bids[0], asks[0]), (11, 2, bids[1], asks[1])), reference)
    shown = side(made, 1, "Bid")
    assert [price for price, _, _ in shown] == [100.0 - n for n in range(10)]
    assert [quantity for _, quantity, _ in shown] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert [price for price, _, _ in side(made, 1, "Ask")] == [101.0 + n for n in range(10)]


def test_orders_are_not_known_where_one_venue_does_not_count_them(
    l2: L2, reference: pl.DataFrame
) -> None:
    rows = l2((10, 1, [(99.0, 1, 2), (98.0, 1, 3)], []), (11, 2, [(99.0, 4, 5)], []))
    silent = pl.when(pl.col("ListingId") == 10).then(pl.col("BidNumOrders1"))
    made = book(rows.with_columns(silent.alias("BidNumOrders1")), reference)
    assert side(made, 1, "Bid") == [(99.0, 5, None), (98.0, 1, 3)]


@pytest.mark.parametrize(
    ("changes", "books"),
    [
        ({}, [10, 10]),
        ({"IsPrimary": [False, True, True]}, [11, 11]),
        # Nobody says which is primary: the official place of listing does.
        ({"IsPrimary": [None, None, None], "OPOL": ["BATE", "BATE", "XLON"]}, [11, 11]),
        ({"IsPrimary": [False] * 3, "OPOL": ["XPAR", None, None]}, [10, 10]),
        # Pounds and pence are not merged.
        ({"CurrencyCode": ["GBX", "GBP", "GBX"]}, [10, 11]),
        ({"InstrumentId": [1, 3, 2]}, [10, 11]),
        ({"InstrumentId": [1, None, 2]}, [10]),
    ],
)
def test_the_book_stands_under_the_primary_listing_of_instrument_and_currency(
    l2: L2, reference: pl.DataFrame, changes: dict[str, list[Any]], books: list[int]
) -> None:
    schema = {name: reference.schema[name] for name in changes}
    changed = reference.with_columns(pl.DataFrame(changes, schema))
    frame = l2((10, 1, [(99.0, 1)], []), (11, 2, [(98.0, 2)], []))
    assert book(frame, changed)["ListingId"].to_list() == books


def test_a_listing_that_the_reference_repeats_is_one_venue(l2: L2, reference: pl.DataFrame) -> None:
    frame = l2((10, 1, [(99.0, 1)], []), (11, 2, [(99.0, 2)], []))
    made = book(frame, pl.concat([reference, reference]))
    assert made["BidQuantity1"].to_list() == [1, 3]


def test_the_venues_of_one_instrument_alone_are_read_where_one_book_is_asked_for(
    l2: L2, reference: pl.DataFrame
) -> None:
    table = consolidated(ConsolidateOptions())
    frame = l2((10, 1, [(99.0, 1)], []), (20, 2, [(9.0, 2)], []), (11, 3, [(98.0, 2)], []))
    made = table.build({"l2": frame.lazy(), "reference": reference.lazy()})
    one = made.filter(pl.col("ListingId") == 20)
    assert one.collect().equals(made.collect().filter(pl.col("ListingId") == 20))
    # The condition goes down to the listings, before anything is sorted.
    plan = one.explain()
    assert plan.index("SORT BY") < plan.index("FILTER")


def test_a_book_may_be_too_old_within_a_second(l2: L2, reference: pl.DataFrame) -> None:
    made = book(l2((10, 1, [(99.0, 1)], [])), reference, max_age=0.5)
    assert seconds(made) == [1.0, 1.5]


def test_what_is_carried_has_as_many_levels_as_are_asked_for(
    l2: L2, reference: pl.DataFrame
) -> None:
    rows = l2((10, 1, [(99.0, 1)], [])).lazy().join(venues_of(reference.lazy()).lazy(), "ListingId")
    names = carried(rows, 2, levels=2, left_out=[], max_age_ns=None).collect_schema().names()
    levels = {
        level_column(name, field, n, slot)
        for name in ("Bid", "Ask")
        for field in FIELDS
        for n in (1, 2)
        for slot in (0, 1)
    }
    keys = {"ListingId", "TimestampNanoseconds", "BMLLSequenceNo", "MarketState"}
    assert set(names) == levels | keys | {"__state_0", "__state_1"}


def test_without_a_listing_there_is_no_book(l2: L2, reference: pl.DataFrame) -> None:
    assert book(l2((10, 1, [(99.0, 1)], [])), reference.clear()).is_empty()


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"levels": 0}, "levels"),
        ({"levels": 11}, "levels"),
        ({"max_age": 0}, "max_age"),
        ({"left_out": "halted"}, "HALTED"),
        ({"venues": []}, "venues"),
        ({"measures": "CBX"}, "CBBOLockedShare"),
        ({"depth": 3}, "Extra inputs"),
    ],
)
def test_other_options_are_refused(section: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        ConsolidateOptions.model_validate(section)


# -- a law -----------------------------------------------------------------------------------------

Sizes = list[dict[int, int]]


@st.composite
def days(draw: st.DrawFn) -> list[tuple[float, int, Sizes]]:
    """A book that changes: at each moment one venue's sizes at some prices, on both sides."""
    sizes = st.dictionaries(st.integers(1, 14), st.integers(1, 9), max_size=10)
    events = st.tuples(
        st.integers(0, 5), st.integers(0, 2), st.lists(sizes, min_size=2, max_size=2)
    )
    found = draw(st.lists(events, min_size=1, max_size=12))
    return [(float(t), venue, both) for t, venue, both in sorted(found, key=lambda each: each[0])]


@settings(max_examples=8, deadline=None)
@given(day=days())
def test_a_book_that_is_split_over_venues_is_put_together_again(
    l2: L2, day: list[tuple[float, int, Sizes]]
) -> None:
    reference = pl.DataFrame(
        {
            "ListingId": [1, 2, 3],
            "InstrumentId": [7] * 3,
            "MIC": ["A", "B", "C"],
            "OPOL": ["A"] * 3,
            "IsPrimary": [True, False, False],
            "CurrencyCode": ["EUR"] * 3,
        }
    )
    rows, whole, now = [], [], [[{}, {}], [{}, {}], [{}, {}]]
    for second, venue, sizes in day:
        now[venue] = sizes
        rows.append((venue + 1, second, *ladders(sizes)))
        total = [
            {price: sum(each[side].get(price, 0) for each in now) for price in range(1, 15)}
            for side in (0, 1)
        ]
        orders = [
            {price: sum(price in each[side] for each in now) for price in range(1, 15)}
            for side in (0, 1)
        ]
        whole.append([ladder(total[side], orders[side], side)[:10] for side in (0, 1)])
    made = book(l2(*rows), reference)
    assert seconds(made) == [second for second, _, _ in day]
    for row, (bids, asks) in enumerate(whole):
        assert side(made, row, "Bid") == bids
        assert side(made, row, "Ask") == asks


def ladder(sizes: dict[int, int], orders: dict[int, int], side: int) -> list[tuple[Any, ...]]:
    """Write sizes by price as levels, best first: bids from above, asks from below."""
    prices = sorted((price for price, size in sizes.items() if size), reverse=side == 0)
    return [(price / 10, sizes[price], orders[price]) for price in prices]


def ladders(sizes: Sizes) -> list[list[tuple[Any, ...]]]:
    one = dict.fromkeys(range(1, 15), 1)
    return [ladder(each, one, side) for side, each in enumerate(sizes)]


def test_time_is_kept_to_the_nanosecond(l2: L2, reference: pl.DataFrame) -> None:
    frame = l2((10, 1, [(99.0, 1)], [])).with_columns(
        pl.col("TimestampNanoseconds") + pl.duration(nanoseconds=7, time_unit="ns")
    )
    made = book(frame, reference, max_age=2)["TimestampNanoseconds"]
    noon = pl.Series([NOON]).cast(pl.Datetime("ns")).cast(pl.Int64)[0]
    assert made.cast(pl.Int64).to_list() == [noon + 1_000_000_007, noon + 3_000_000_007]
