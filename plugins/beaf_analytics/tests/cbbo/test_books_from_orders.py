"""Do order messages make the books that their venues showed?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_analytics.cbbo import from_orders
from beaf_analytics.cbbo.from_orders import books_from_orders
from beaf_analytics.cbbo.options import ConsolidateOptions
from beaf_analytics.cbbo.table import consolidated
from beaf_analytics.cbbo.venues import venues_of
from beaf_core import compute_frame

L2 = Callable[..., pl.DataFrame]
NOON = datetime(2025, 1, 6, 12)
BID, ASK = 1, 2
FIELDS = ("Price", "Quantity", "NumOrders")

#: Id, price and quantity.
Order = tuple[str | None, float | None, float | None]
NOBODY: Order = ("", None, 0)

SCHEMA = {
    "ListingId": pl.Int64, "TimestampNanoseconds": pl.Datetime("ns"), "BMLLSequenceNo": pl.Int64,
    "MarketState": pl.String, "Side": pl.Int64, "LobAction": pl.Int64,
    "OldOrderId": pl.String, "OldPrice": pl.Float64, "OldSize": pl.Int64,
    "OrderId": pl.String, "Price": pl.Float64, "Size": pl.Int64,
}  # fmt: skip


class Messages:
    """Order messages of venues, written down one by one, a second apart unless it is said."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.second = 0.0
        self.state = "CONTINUOUS_TRADING"

    def insert(self, listing: int, side: int, *new: Order) -> Messages:
        return self._add(listing, side, 2, [(NOBODY, each) for each in new])

    def remove(self, listing: int, side: int, *old: Order) -> Messages:
        return self._add(listing, side, 3, [(each, NOBODY) for each in old])

    def update(self, listing: int, side: int, old: Order, new: Order) -> Messages:
        return self._add(listing, side, 4, [(old, new)])

    def other(self, listing: int, side: int, action: int, old: Order, new: Order) -> Messages:
        return self._add(listing, side, action, [(old, new)])

    def at(self, second: float, state: str = "CONTINUOUS_TRADING") -> Messages:
        self.second, self.state = second - 1, state
        return self

    def _add(
        self, listing: int, side: int, action: int, orders: Sequence[tuple[Order, Order]]
    ) -> Messages:
        for old, new in orders:
            self.second += 1
            time = NOON + timedelta(seconds=self.second)
            self.rows.append((listing, time, len(self.rows), self.state, side, action, *old, *new))
        return self

    def frame(self, size: Any = pl.Int64) -> pl.DataFrame:
        schema = {**SCHEMA, "OldSize": size, "Size": size}
        return pl.DataFrame(self.rows, schema=schema, orient="row")


def book(frame: pl.DataFrame, reference: pl.DataFrame, **options: Any) -> pl.DataFrame:
    made_of = "l3" if "LobAction" in frame.columns else "l2"
    table = consolidated(ConsolidateOptions.model_validate({"made_of": made_of, **options}))
    tables = {
        name: each.lazy().select("ListingId", *table.needs[name])
        for name, each in {made_of: frame, "reference": reference}.items()
    }
    return table.build(tables).collect(engine="streaming")


def sides(frame: pl.DataFrame, name: str, levels: int = 10) -> list[list[tuple[Any, ...]]]:
    """List the levels of a side of each row, as far as there are any."""
    found = [
        [tuple(row[f"{name}{field}{n}"] for field in FIELDS) for n in range(1, levels + 1)]
        for row in frame.iter_rows(named=True)
    ]
    return [[each for each in row if each != (None, None, None)] for row in found]


# -- one venue -------------------------------------------------------------------------------------


def test_orders_at_one_price_are_one_level_and_the_best_price_stands_first(
    reference: pl.DataFrame,
) -> None:
    told = Messages()
    told.insert(10, BID, ("a", 99.0, 5), ("b", 98.0, 7), ("c", 99.0, 2), ("d", 99.5, 1))
    told.insert(10, ASK, ("e", 101.0, 4), ("f", 100.5, 3), ("g", 101.0, 9))
    made = book(told.frame(), reference)
    assert sides(made, "Bid") == [
        [(99.0, 5, 1)],
        [(99.0, 5, 1), (98.0, 7, 1)],
        [(99.0, 7, 2), (98.0, 7, 1)],
        *[[(99.5, 1, 1), (99.0, 7, 2), (98.0, 7, 1)]] * 4,
    ]
    assert sides(made, "Ask")[3:] == [
        [],
        [(101.0, 4, 1)],
        [(100.5, 3, 1), (101.0, 4, 1)],
        [(100.5, 3, 1), (101.0, 13, 2)],
    ]
    assert made["L2EventNo"].to_list() == made["BMLLSequenceNo"].to_list() == list(range(7))
    assert made["TimestampNanoseconds"][6] == NOON + timedelta(seconds=7)
    assert made["MarketState"].unique().to_list() == ["CONTINUOUS_TRADING"]


def test_an_order_that_is_removed_takes_its_quantity_and_the_last_one_the_level(
    reference: pl.DataFrame,
) -> None:
    told = Messages().insert(10, ASK, ("a", 101.0, 5), ("b", 101.0, 3), ("c", 102.0, 1))
    told.remove(10, ASK, ("a", 101.0, 5), ("b", 101.0, 3), ("c", 102.0, 1))
    assert sides(book(told.frame(), reference), "Ask")[2:] == [
        [(101.0, 8, 2), (102.0, 1, 1)],
        [(101.0, 3, 1), (102.0, 1, 1)],
        [(102.0, 1, 1)],
        [],
    ]


def test_an_order_that_is_updated_moves_with_what_is_left_of_it(reference: pl.DataFrame) -> None:
    told = Messages().insert(10, BID, ("a", 99.0, 5), ("b", 99.0, 3))
    told.update(10, BID, ("a", 99.0, 5), ("a", 99.0, 2))  # executed in part
    told.update(10, BID, ("a", 99.0, 2), ("a2", 98.5, 4))  # replaced, under another id
    told.remove(10, BID, ("a2", 98.5, 4))
    assert sides(book(told.frame(), reference), "Bid")[1:] == [
        [(99.0, 8, 2)],
        [(99.0, 5, 2)],
        [(99.0, 3, 1), (98.5, 4, 1)],
        [(99.0, 3, 1)],
    ]


def test_an_order_from_before_the_data_takes_nothing_from_others_and_is_seen_once_it_is_told(
    reference: pl.DataFrame,
) -> None:
    told = Messages().insert(10, BID, ("a", 99.0, 5))
    told.remove(10, BID, ("old", 99.0, 3), ("older", 97.0, 3))
    told.update(10, BID, ("oldest", 99.0, 9), ("oldest", 99.0, 4))
    told.remove(10, BID, ("oldest", 99.0, 4))
    assert sides(book(told.frame(), reference), "Bid") == [
        *[[(99.0, 5, 1)]] * 3,
        [(99.0, 9, 2)],
        [(99.0, 5, 1)],
    ]


@pytest.mark.parametrize("nobody", ["", None])
def test_orders_without_an_id_take_what_they_say_but_never_more_than_there_is(
    reference: pl.DataFrame, nobody: str | None
) -> None:
    told = Messages().insert(10, BID, (nobody, 99.0, 5), (nobody, 99.0, 3), (nobody, 98.0, 1))
    told.remove(10, BID, (nobody, 99.0, 2), (nobody, 98.0, 100), (nobody, 98.0, 1))
    told.insert(10, BID, (nobody, 99.0, 1)).remove(10, BID, (nobody, 99.0, 7))
    told.remove(10, BID, (nobody, 99.0, None))
    made = book(told.frame(), reference)
    assert sides(made, "Bid")[2:] == [
        [(99.0, 8, 2), (98.0, 1, 1)],
        [(99.0, 6, 1), (98.0, 1, 1)],
        [(99.0, 6, 1)],
        [(99.0, 6, 1)],
        [(99.0, 7, 2)],
        [],  # two orders with 7 between them: nothing is left of the other
        [],
    ]


def test_an_order_without_an_id_counts_as_one_whatever_it_takes(reference: pl.DataFrame) -> None:
    told = Messages().insert(10, ASK, (None, 0.5, 5), (None, 0.5, 3), (None, 0.5, 2))
    told.remove(10, ASK, (None, 0.5, None), (None, 0.5, 9), (None, 0.5, 0))
    assert sides(book(told.frame(), reference), "Ask")[2:] == [
        [(0.5, 10, 3)],
        [(0.5, 10, 2)],
        [(0.5, 1, 1)],
        [],
    ]


def test_the_books_have_the_columns_of_l2_and_no_others(reference: pl.DataFrame) -> None:
    rows = Messages().frame().lazy().join(venues_of(reference.lazy()).lazy(), on="ListingId")
    keys = ["ListingId", "__book", "__slot", "TimestampNanoseconds", "BMLLSequenceNo"]
    levels = {f"{side}{field}{n}" for n in (1, 2) for side in ("Bid", "Ask") for field in FIELDS}
    names = books_from_orders(rows, 2).collect_schema().names()
    assert names[:6] == [*keys, "MarketState"]
    assert (set(names[6:]), len(names)) == (levels, 18)


def test_an_id_that_is_used_again_is_one_order_at_a_time(reference: pl.DataFrame) -> None:
    told = Messages().insert(10, BID, ("a", 99.0, 5), ("a", 98.0, 3), ("a", None, 3))
    assert sides(book(told.frame(), reference), "Bid") == [[(99.0, 5, 1)], [(98.0, 3, 1)], []]


@pytest.mark.parametrize(
    ("price", "size"),
    [(None, 5), (0.0, 5), (-1.0, 5), (float("nan"), 5), (float("inf"), 5), (98.0, None), (98.0, 0),
     (98.0, -1)],
)  # fmt: skip
def test_an_order_without_a_price_or_a_quantity_shows_nothing(
    reference: pl.DataFrame, price: float | None, size: int | None
) -> None:
    told = Messages().insert(10, BID, ("a", 97.0, 5), ("b", price, size))
    told.update(10, BID, ("b", price, size), ("b", 96.0, 1))
    told.update(10, BID, ("a", 97.0, 5), ("a", price, size))
    assert sides(book(told.frame(), reference), "Bid")[1:] == [
        [(97.0, 5, 1)],
        [(97.0, 5, 1), (96.0, 1, 1)],
        [(96.0, 1, 1)],
    ]


def test_the_book_is_as_deep_as_it_is_asked_for_and_knows_what_is_below(
    reference: pl.DataFrame,
) -> None:
    told = Messages().insert(10, BID, *((f"{n}", 100.0 - n, n) for n in range(1, 13)))
    told.remove(10, BID, ("1", 99.0, 1))
    made = book(told.frame(), reference)
    assert sides(made, "Bid")[-2] == [(100.0 - n, n, 1) for n in range(1, 11)]
    assert sides(made, "Bid")[-1] == [(100.0 - n, n, 1) for n in range(2, 12)]
    one = book(told.frame(), reference, levels=1)
    assert sides(one, "Bid", 1)[-2:] == [[(99.0, 1, 1)], [(98.0, 2, 1)]]
    assert "BidPrice2" not in one.columns


def test_what_is_neither_inserted_removed_nor_updated_leaves_the_book_as_it_is(
    reference: pl.DataFrame,
) -> None:
    a = ("a", 99.0, 5)
    told = Messages().insert(10, BID, a)
    told.other(10, BID, 1, a, NOBODY).other(10, BID, 5, NOBODY, ("b", 99.0, 1))
    # What an insert says of before, and a removal of after, is of no order.
    told.other(10, BID, 2, a, ("b", 98.0, 1)).other(10, BID, 3, ("b", 98.0, 1), ("c", 97.0, 1))
    told.insert(10, 0, ("d", 99.0, 1))  # of no side: no message of a book
    assert sides(book(told.frame(), reference), "Bid") == [
        *[[(99.0, 5, 1)]] * 3,
        [(99.0, 5, 1), (98.0, 1, 1)],
        [(99.0, 5, 1)],
    ]


def test_fractions_of_a_share_are_kept_and_leave_nothing_behind(reference: pl.DataFrame) -> None:
    told = Messages().insert(10, ASK, ("a", 101.0, 0.1), ("b", 101.0, 0.2))
    told.remove(10, ASK, ("a", 101.0, 0.1), ("b", 101.0, 0.2))
    made = book(told.frame(pl.Float64), reference)
    assert made["AskQuantity1"].to_list() == [0.1, pytest.approx(0.3), pytest.approx(0.2), None]
    assert made["AskPrice1"].to_list() == [101.0, 101.0, 101.0, None]


def test_messages_are_taken_in_the_order_of_time_and_sequence(reference: pl.DataFrame) -> None:
    told = Messages().insert(10, BID, ("a", 99.0, 5)).at(1).insert(10, BID, ("b", 98.0, 1))
    told.at(1).update(10, BID, ("b", 98.0, 1), ("b", 97.0, 2)).remove(10, BID, ("a", 99.0, 5))
    frame = told.frame()
    for rows in (frame, frame.reverse(), frame[[2, 0, 3, 1]]):
        made = book(rows, reference)
        assert made["BMLLSequenceNo"].to_list() == [0, 1, 2, 3]
        assert made["BidPrice1"].to_list() == [99.0, 99.0, 99.0, 97.0]
        assert made["BidPrice2"].to_list() == [None, 98.0, 97.0, None]


def test_many_messages_are_walked_through_in_parts(
    reference: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Messages().insert(10, BID, *((f"{n}", 90.0 + n, 1) for n in range(7)))
    monkeypatch.setattr(from_orders, "_AT_ONCE", 3)
    assert [len(each) for each in sides(book(told.frame(), reference), "Bid")] == [*range(1, 8)]


def test_no_message_makes_no_book(reference: pl.DataFrame) -> None:
    assert book(Messages().frame(), reference).height == 0


# -- several venues --------------------------------------------------------------------------------


def test_the_orders_of_all_venues_are_one_book_and_those_of_other_instruments_another(
    reference: pl.DataFrame,
) -> None:
    told = Messages().insert(10, BID, ("a", 99.0, 5)).insert(11, BID, ("a", 99.0, 2))
    told.insert(20, BID, ("a", 50.0, 1)).insert(11, ASK, ("b", 99.5, 3))
    told.remove(10, BID, ("a", 99.0, 5)).remove(11, BID, ("a", 99.0, 2))
    made = book(told.frame(), reference)
    assert made["ListingId"].to_list() == [10] * 5 + [20]
    assert sides(made, "Bid") == [
        [(99.0, 5, 1)], [(99.0, 7, 2)], [(99.0, 7, 2)], [(99.0, 2, 1)], [], [(50.0, 1, 1)]
    ]  # fmt: skip
    assert made["AskPrice1"].to_list() == [None, None, 99.5, 99.5, 99.5, None]
    assert made["BidVenueCount"].to_list() == [1, 2, 2, 1, 0, 1]
    assert made["VenueCount"].to_list() == [1, 2, 2, 2, 2, 1]


def test_only_messages_of_the_instruments_that_are_asked_for_are_walked_through(
    reference: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Messages().insert(10, BID, ("a", 99.0, 5)).insert(11, BID, ("a", 99.0, 2))
    told.insert(20, BID, ("a", 50.0, 1), ("b", 50.0, 1), ("c", 50.0, 1))
    table = consolidated(ConsolidateOptions(made_of="l3"))
    walked: list[int] = []

    def books_of(messages: pl.Series, dtypes: Any, levels: int) -> pl.Series:
        walked.append(len(messages))
        return whole(messages, dtypes, levels)

    whole = from_orders.books_of
    monkeypatch.setattr(from_orders, "books_of", books_of)
    made = table.build({"l3": told.frame().lazy(), "reference": reference.lazy()})
    made = made.filter(pl.col("ListingId").is_in([10]))
    assert made.collect(engine="streaming").height == 2
    assert walked == [1, 1]


def test_a_halted_venue_and_one_that_is_too_old_show_nothing(reference: pl.DataFrame) -> None:
    told = (
        Messages().insert(10, BID, ("a", 99.0, 5), ("a2", 97.0, 5)).insert(11, BID, ("b", 98.0, 2))
    )
    told.at(4, "HALTED").insert(10, BID, ("c", 98.5, 1)).at(9).remove(10, BID, ("a", 99.0, 5))
    halted = book(told.frame(), reference)
    assert halted["BidPrice1"].to_list() == [99.0, 99.0, 99.0, 98.0, 98.5]
    old = book(told.frame(), reference, max_age=3)
    moments = (old["TimestampNanoseconds"] - NOON).dt.total_seconds().to_list()
    assert moments == [1, 2, 3, 4, 6, 7, 9, 12]
    assert old["BidPrice1"].to_list() == [99.0, 99.0, 99.0, 98.0, None, None, 98.5, None]


def test_the_module_reads_order_messages_where_it_is_told_to(reference: pl.DataFrame) -> None:
    told = Messages().insert(10, BID, ("a", 99.0, 5)).insert(11, ASK, ("b", 101.0, 2))
    options = {"made_of": "l3", "measures": ["CBB", "CBO", "CBBSize", "CBOSize"]}
    [row] = compute_frame(
        "consolidate", {"l3": told.frame(), "reference": reference}, consolidate_analytics=options
    ).to_dicts()
    assert (row["CBB"], row["CBBSize"], row["CBO"], row["CBOSize"]) == (99.0, 5, 101.0, 2)


# -- the same as from the books --------------------------------------------------------------------

Step = tuple[int, int, int, int, int, int]


@settings(max_examples=12, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([10, 11, 20]),
            st.sampled_from([BID, ASK]),
            st.integers(2, 4),  # what happens
            st.integers(0, 9),  # to which of its orders
            st.integers(1, 7),  # a price
            st.integers(1, 9),  # a quantity
        ),
        min_size=1,
        max_size=40,
    )
)
def test_order_messages_and_the_books_that_they_make_give_the_same(
    l2: L2, steps: list[Step]
) -> None:
    reference = pl.DataFrame(
        {
            "ListingId": [10, 11, 20], "InstrumentId": [1, 1, 2], "MIC": ["A", "B", "A"],
            "OPOL": ["A"] * 3, "IsPrimary": [True, False, True], "CurrencyCode": ["EUR"] * 3,
        }
    )  # fmt: skip
    told, books = Messages(), []
    alive: dict[tuple[int, int], dict[str, tuple[float, int]]] = {}
    for number, (listing, side, action, which, price, size) in enumerate(steps):
        orders = alive.setdefault((listing, side), {})
        known = list(orders.items())
        if not known or action == 2:
            told.insert(listing, side, (f"{number}", price, size))
            orders[f"{number}"] = (price, size)
        else:
            order, before = known[which % len(known)]
            del orders[order]
            if action == 3:
                told.remove(listing, side, (order, *before))
            else:
                told.update(listing, side, (order, *before), (f"{number}", price, size))
                orders[f"{number}"] = (price, size)
        shown = (ladder(alive.get((listing, each), {}), each) for each in (BID, ASK))
        books.append((listing, told.second, *shown))
    from_books = book(l2(*books), reference, levels=3)
    ours = book(told.frame(), reference, levels=3)
    for side in ("Bid", "Ask"):
        assert sides(ours, side, 3) == sides(from_books, side, 3)
    names = [name for name in from_books.columns if "NumOrders" not in name]
    assert ours.select(names).equals(from_books.select(names))


def ladder(orders: dict[str, tuple[float, int]], side: int) -> list[tuple[float, int, int]]:
    """Add up orders by price, the best first."""
    prices = sorted({price for price, _ in orders.values()}, reverse=side == BID)
    at = {price: [size for each, size in orders.values() if each == price] for price in prices}
    return [(price, sum(sizes), len(sizes)) for price, sizes in at.items()]


@pytest.mark.shared_data
def test_the_order_messages_of_real_venues_make_the_one_book_exactly(shared_data: Path) -> None:
    def split(table: str) -> pl.DataFrame:
        files = sorted((shared_data / "split3_ana" / table).glob("*/*.parquet"))
        return pl.concat([pl.read_parquet(each) for each in files])

    ours = book(split("l3"), split("reference"))
    one = pl.read_parquet(shared_data / "bme_ana" / "l2" / "XMAD" / "2019-05-23.parquet")
    book_columns = [
        f"{side}{field}{n}" for side in ("Bid", "Ask") for field in FIELDS for n in range(1, 11)
    ]
    keys = ["TimestampNanoseconds", "BMLLSequenceNo"]
    both = one.select(*keys, *book_columns).join(
        ours, on=keys, suffix="_ours", maintain_order="left"
    )
    assert both.height == one.height == 26_739
    for name in book_columns:
        assert both[f"{name}_ours"].equals(both[name], check_names=False), name
        assert both[f"{name}_ours"].dtype == both[name].dtype, name
    # Some messages move no level, and have no row in the one book; all of them have one here.
    assert ours.height == split("l3").height == 27_245
    settled = ours.unique(keys[0], keep="last", maintain_order=True)
    last = one.unique(keys[0], keep="last", maintain_order=True)
    as_of = settled.select(keys[0]).join_asof(last.select(keys[0], *book_columns), on=keys[0])
    assert settled.select(keys[0], *book_columns).equals(as_of)
