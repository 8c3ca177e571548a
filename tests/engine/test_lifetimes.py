"""Does an order's lifetime reach from its begin to its end, on one row and no other?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core.engine.primitives.lifetimes import (
    DOUBT,
    Ids,
    Share,
    WithLifetimes,
    attach_lifetimes,
    can_be_shared,
    rows_with_lifetimes,
)
from beaf_core.model.primitives import Lifetime

INSERT, REMOVE, UPDATE = 2, 3, 4
ACTION = pl.col("Action")
AT_END = Lifetime(ACTION == INSERT, ACTION == REMOVE)
AT_BEGIN = Lifetime(ACTION == INSERT, ACTION == REMOVE, at="begin")

Message = tuple[int, int, int, str | None]  # listing, time, action, order


def table(messages: Sequence[Message], sequence: Sequence[int] | None = None) -> pl.DataFrame:
    """Build rows as an order book's messages have them, numbered in their order."""
    names = ["ListingId", "__time", "Action", "Id"]
    types = [pl.Int64, pl.Int64, pl.Int64, pl.String]
    frame = pl.DataFrame(messages, schema=dict(zip(names, types, strict=True)), orient="row")
    begins = pl.when(ACTION != REMOVE).then("Id").otherwise(pl.lit(""))
    ends = pl.when(ACTION != INSERT).then("Id").otherwise(pl.lit(""))
    frame = frame.select(
        "ListingId", "__time", "Action", begins.alias("OrderId"), ends.alias("OldOrderId")
    ).with_row_index("Row")
    if sequence is None:
        return frame
    return frame.with_columns(pl.Series("__sequence", sequence, dtype=pl.Int64))


def lived(rows: pl.DataFrame, lookup: Lifetime = AT_END, **options: Any) -> list[int | None]:
    """Return the lifetime on each row, in the order in which they were numbered."""
    frame = collected(attach_lifetimes(rows.lazy(), {"Life": lookup}, **options))
    assert frame["Row"].to_list() == rows["Row"].sort().to_list(), "each row once"
    return frame["Life"].to_list()


def collected(attached: WithLifetimes) -> pl.DataFrame:
    frame = attached.rows.collect(engine="streaming")
    assert frame.height == attached.expected.collect()["rows"].item()
    assert not frame[DOUBT].any()
    return frame.drop(DOUBT).sort("Row")


def numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """Give orders numbers for names, as text."""
    names = {"a": "7", "b": "70", "c": "9223372036854775807"}
    return rows.with_columns(pl.col("OrderId", "OldOrderId").replace(names))


NAMED = table(
    [
        (1, 100, INSERT, "a"),
        (1, 110, INSERT, "b"),
        (2, 115, INSERT, "a"),  # another listing's order of the same id
        (1, 120, UPDATE, "a"),
        (1, 130, REMOVE, "a"),
        (2, 135, REMOVE, "b"),  # its begin is not in the data, though listing 1 has such an id
        (1, 140, INSERT, "c"),  # never ends
        (1, 150, REMOVE, "b"),
        (2, 160, REMOVE, "a"),
    ]
)
BOOK = numbered(NAMED)
ENDS = (NAMED["Action"] == REMOVE).to_list()


def test_an_order_ends_with_the_time_since_it_began() -> None:
    assert lived(BOOK) == [None, None, None, None, 30, None, None, 40, 45]


def test_or_it_begins_with_the_time_until_it_ends() -> None:
    assert lived(BOOK, AT_BEGIN) == [30, 40, 45, None, None, None, None, None, None]


def test_rows_that_can_have_no_lifetime_may_be_left_out() -> None:
    only = [rows_with_lifetimes([AT_END])]
    frame = collected(attach_lifetimes(BOOK.lazy(), {"Life": AT_END}, only=only))
    assert frame["Row"].to_list() == [4, 5, 7, 8]
    assert frame["Life"].to_list() == [30, None, 40, 45]
    assert frame.columns == [*BOOK.columns, "Life"]


@pytest.mark.parametrize("ids", Ids)
def test_rows_stay_in_the_order_in_which_they_stand_where_that_is_asked_for(ids: Ids) -> None:
    many = [(1, i // 2, (INSERT, REMOVE)[i % 2], f"{i // 2}") for i in range(100_000)]
    rows = table(many).reverse()
    attached = attach_lifetimes(rows.lazy(), {"Life": AT_END}, keep_order=True, ids=ids)
    assert attached.rows.collect(engine="streaming")["Row"].equals(rows["Row"])


def test_an_id_that_is_null_or_empty_is_no_order() -> None:
    nameless = table(
        [(1, 1, INSERT, ""), (1, 2, INSERT, None), (1, 3, REMOVE, ""), (1, 4, REMOVE, None)]
    )
    assert lived(nameless) == [None] * 4
    assert lived(nameless, AT_BEGIN) == [None] * 4


def test_ids_may_be_numbers_or_of_two_types() -> None:
    numbers = BOOK.with_columns(
        pl.col("OrderId", "OldOrderId").replace("", None).cast(pl.Int64).name.keep()
    )
    assert lived(numbers) == lived(BOOK)
    assert lived(numbers.with_columns(pl.col("OldOrderId").cast(pl.String))) == lived(BOOK)
    assert lived(numbers.with_columns(pl.col("OldOrderId").cast(pl.UInt64))) == lived(BOOK)
    assert lived(NAMED.with_columns(pl.col("OrderId").cast(pl.Categorical))) == lived(BOOK)


def test_ids_that_are_no_numbers_are_in_doubt_and_then_told_apart_as_texts() -> None:
    found = attach_lifetimes(NAMED.lazy(), {"Life": AT_END}).rows.collect().sort("Row")
    assert found[DOUBT].fill_null(value=False).to_list() == ENDS
    assert lived(NAMED, ids=Ids.TEXTS) == lived(BOOK)
    assert lived(BOOK, ids=Ids.TEXTS) == lived(BOOK)


@pytest.mark.parametrize("order", ["055", "+55", "-55", "55 ", "0", "9223372036854775808", "５５"])
@pytest.mark.parametrize("at", ["end", "begin"])
def test_what_reads_like_a_number_but_is_another_text_is_another_order(order: str, at: Any) -> None:
    """`55` and `055` are two orders, though both are 55."""
    lookup = Lifetime(AT_END.begin, AT_END.end, at=at)
    rows = table([(1, 1, INSERT, "55"), (1, 2, INSERT, order), (1, 5, REMOVE, "55")])
    found = attach_lifetimes(rows.lazy(), {"Life": lookup}).rows.collect().sort("Row")
    own = 2 if at == "end" else 0
    assert found["Life"][own] == 4
    assert found[DOUBT][own] is False
    alone = attach_lifetimes(rows[1:].lazy(), {"Life": lookup})
    assert alone.rows.collect()["Life"].to_list() == [None, None], "nobody's end"
    ended = table([(1, 1, INSERT, "55"), (1, 2, REMOVE, order)])
    in_doubt = attach_lifetimes(ended.lazy(), {"Life": AT_END}).rows.collect()
    assert in_doubt["Life"].to_list() == [None, None]
    assert in_doubt[DOUBT].any()


def test_two_listings_whose_keys_meet_are_told_apart() -> None:
    """Ids that differ by what two listings' keys differ by make one key."""
    apart = 6364136223846793005
    rows = pl.DataFrame(
        {
            "Row": [0, 1],
            "ListingId": [2, 1],
            "__time": [10, 30],
            "Action": [INSERT, REMOVE],
            "OrderId": [5, None],
            "OldOrderId": [None, 5 + apart],
        }
    )
    assert lived(rows) == [None, None]
    own = pl.DataFrame(
        {
            "Row": [2],
            "ListingId": [1],
            "__time": [20],
            "Action": [INSERT],
            "OrderId": [5 + apart],
            "OldOrderId": pl.Series([None], dtype=pl.Int64),
        }
    )
    three = pl.concat([rows, own])
    met = attach_lifetimes(three.lazy(), {"Life": AT_END})
    assert met.rows.collect().height == 4
    assert met.expected.collect()["rows"].item() == 3
    assert lived(three, ids=Ids.REPEATED) == [None, 10, None]


def test_an_end_before_its_begin_is_the_end_of_an_order_that_is_not_in_the_data() -> None:
    early = numbered(table([(1, 5, REMOVE, "a"), (1, 9, INSERT, "a")]))
    assert lived(early) == [None, None]
    assert lived(early, AT_BEGIN) == [None, None]


@pytest.mark.parametrize("ids", Ids)
def test_at_one_time_the_sequence_says_which_comes_first(ids: Ids) -> None:
    def both(rows: pl.DataFrame, lookup: Lifetime = AT_END, **options: Any) -> list[int | None]:
        return lived(numbered(rows), lookup, ids=ids, **options)

    tied = [(1, 5, REMOVE, "a"), (1, 5, INSERT, "a")]
    for ordered in (False, True):
        assert both(table(tied, [1, 2]), ordered=ordered) == [None, None]
        assert both(table(tied[::-1], [1, 2]), ordered=ordered) == [None, 0]
        assert both(table(tied[::-1], [1, 2]), AT_BEGIN, ordered=ordered) == [0, None]
    assert both(table(tied, [2, 1])) == [0, None]
    assert both(table(tied, [2, 1]), AT_BEGIN) == [None, 0]
    assert both(table(tied), ordered=True) == [None, None]
    assert both(table(tied[::-1]), ordered=True) == [None, 0]
    # Where nothing tells, an order that lives for less than the clock's tick is the likely one.
    assert both(table(tied)) == [0, None]


@pytest.mark.parametrize("sequence", [[4, 4], [None, 4], [None, None]])
def test_where_ordered_rows_have_no_sequences_of_their_own_their_order_tells(sequence: Any) -> None:
    for messages, wanted in (
        ([(1, 5, REMOVE, "a"), (1, 5, INSERT, "a")], [None, None]),
        ([(1, 5, INSERT, "a"), (1, 5, REMOVE, "a")], [None, 0]),
    ):
        rows = numbered(table(messages, sequence))
        once = attach_lifetimes(rows.lazy(), {"Life": AT_END}, ordered=True)
        assert once.rows.collect()[DOUBT].any()
        assert lived(rows, ordered=True, ids=Ids.TEXTS) == wanted


REUSED = numbered(
    table(
        [
            (1, 10, INSERT, "a"),
            (1, 20, REMOVE, "a"),
            (1, 20, INSERT, "a"),
            (1, 50, REMOVE, "a"),
            (1, 60, REMOVE, "a"),
        ],
        [1, 2, 3, 4, 5],
    )
)


@pytest.mark.parametrize("ids", [Ids.NUMBERS, Ids.TEXTS])
def test_an_id_that_is_used_again_is_told_by_the_number_of_rows(ids: Ids) -> None:
    attached = attach_lifetimes(REUSED.lazy(), {"Life": AT_END}, ids=ids)
    assert attached.expected.collect()["rows"].to_list() == [5]
    assert attached.rows.collect().height == 8, "three ends, with two begins each"


@pytest.mark.parametrize("ordered", [True, False])
def test_and_is_then_resolved_to_the_nearest_other_end(ordered: bool) -> None:
    options: dict[str, Any] = {"ids": Ids.REPEATED, "ordered": ordered}
    assert lived(REUSED, **options) == [None, 10, None, 30, 40]
    assert lived(REUSED, AT_BEGIN, **options) == [10, None, 30, None, None]


def test_looking_for_several_changes_nothing_where_there_is_one() -> None:
    assert lived(BOOK, ids=Ids.REPEATED) == lived(BOOK)
    assert lived(BOOK, AT_BEGIN, ids=Ids.REPEATED) == lived(BOOK, AT_BEGIN)


def test_several_lifetimes_are_attached_at_once() -> None:
    late = Lifetime(ACTION == INSERT, (ACTION == REMOVE) & (pl.col("__time") > 140))
    updated = Lifetime(ACTION == INSERT, ACTION == UPDATE, at="begin")
    lookups = {"End": AT_END, "Late": late, "Updated": updated}
    for ids in Ids:
        frame = collected(attach_lifetimes(BOOK.lazy(), lookups, ids=ids))
        assert frame["End"].to_list() == lived(BOOK)
        assert frame["Late"].to_list() == [None] * 7 + [40, 45]
        assert frame["Updated"].to_list() == [20] + [None] * 8


def test_lifetimes_with_the_same_other_end_share_one_join_and_all_of_it_streams() -> None:
    late = Lifetime(ACTION == INSERT, (ACTION == REMOVE) & (pl.col("__time") > 140))
    attached = attach_lifetimes(BOOK.lazy(), {"End": AT_END, "Late": late}, ordered=True)
    graph = attached.rows.show_graph(engine="streaming", plan_stage="physical", raw_output=True)
    assert graph is not None
    assert graph.count('[label="equi-join') == 1
    assert 'fillcolor="0.0 ' not in graph, "no node is painted as one that falls back to memory"


# -- shares --------------------------------------------------------------------------------


def test_shares_of_orders_are_disjoint_and_complete() -> None:
    book = table([(i % 3, i, INSERT + i % 2, f"{1 + i // 2}") for i in range(400)])
    whole = collected(attach_lifetimes(book.lazy(), {"Life": AT_END}))
    shares = [
        collected(attach_lifetimes(book.lazy(), {"Life": AT_END}, share=Share(number, 4)))
        for number in range(4)
    ]
    assert pl.concat(shares).sort("Row").equals(whole)
    ends = [share.filter(ACTION == REMOVE).height for share in shares]
    assert all(30 < each < 70 for each in ends), "about 50 of 200 ends each"


def test_a_share_is_the_same_in_another_process() -> None:
    code = (
        "import polars as pl; from beaf_core.engine.primitives.lifetimes import Share;"
        "f = pl.DataFrame({'o': [str(i) for i in range(64)]});"
        "print(f.filter(Share(1, 3).holds(pl.col('o')))['o'].to_list())"
    )
    runs = {subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout}
    here = pl.DataFrame({"o": [str(i) for i in range(64)]})
    mine = here.filter(Share(1, 3).holds(pl.col("o")))["o"].to_list()
    assert runs == {f"{mine}\n".encode()}


def test_lifetimes_at_both_ends_cannot_be_shared_out_by_one_order() -> None:
    assert can_be_shared({"A": AT_END, "B": AT_END})
    assert not can_be_shared({"A": AT_END, "B": AT_BEGIN})
    renamed = Lifetime(AT_END.begin, AT_END.end, "OrderId", "OrderId")
    assert not can_be_shared({"A": AT_END, "B": renamed})


# -- against a loop ------------------------------------------------------------------------

MESSAGES = st.lists(
    st.tuples(
        st.integers(1, 2),
        st.integers(0, 6),
        st.sampled_from([INSERT, REMOVE, UPDATE]),
        st.sampled_from(["a", "b", "c", "", None]),
    ),
    max_size=30,
)


def by_hand(messages: Sequence[Message], sequence: Sequence[int], at: str) -> list[int | None]:
    """Find each lifetime by looking at every message, in the order of time and sequence."""
    order = sorted(range(len(messages)), key=lambda i: (messages[i][1], sequence[i]))
    lives: list[int | None] = [None] * len(messages)
    own, other = (REMOVE, INSERT) if at == "end" else (INSERT, REMOVE)
    last: dict[tuple[int, str], int] = {}
    for i in order if at == "end" else reversed(order):
        listing, time, action, name = messages[i]
        if not name:
            continue
        if action == other:
            last[listing, name] = time
        elif action == own and (listing, name) in last:
            lives[i] = abs(time - last[listing, name])
    return lives


@given(MESSAGES, st.sampled_from(["end", "begin"]), st.booleans(), st.booleans(), st.randoms())
@settings(max_examples=40, deadline=None)
def test_lifetimes_equal_a_loop_over_all_messages(
    messages: list[Message], at: str, ordered: bool, numbers: bool, random: Any
) -> None:
    sequence = list(range(len(messages)))
    random.shuffle(sequence)
    rows = table(messages, sequence)
    rows = rows.sort("__time", "__sequence") if ordered else rows
    rows = numbered(rows) if numbers else rows
    lookup = AT_END if at == "end" else AT_BEGIN
    wanted = by_hand(messages, sequence, at)
    assert lived(rows, lookup, ids=Ids.REPEATED, ordered=ordered) == wanted

    for ids in (Ids.NUMBERS, Ids.TEXTS):
        once = attach_lifetimes(rows.lazy(), {"Life": lookup}, ordered=ordered, ids=ids)
        frame = once.rows.collect(engine="streaming")
        if numbers or ids is Ids.TEXTS:
            assert (frame.height > len(messages)) == is_used_again(messages, at)
            assert not frame[DOUBT].any()
        assert once.expected.collect()["rows"].item() == len(messages)
        if frame.height == len(messages) and not frame[DOUBT].any():
            assert frame.sort("Row")["Life"].to_list() == wanted


def is_used_again(messages: Sequence[Message], at: str) -> bool:
    """Say whether an order that is asked for has its other end several times."""
    own, other = (REMOVE, INSERT) if at == "end" else (INSERT, REMOVE)
    asked = {(listing, name) for listing, _, action, name in messages if action == own and name}
    found = [(listing, name) for listing, _, action, name in messages if action == other]
    return any(found.count(each) > 1 for each in asked)


# -- real order flow -----------------------------------------------------------------------


@pytest.mark.shared_data
def test_lifetimes_of_real_orders_equal_a_loop(shared_data: Path) -> None:
    path = shared_data / "bme_ana" / "l3" / "XMAD" / "2019-05-23.parquet"
    rows = pl.read_parquet(path).select(
        "ListingId",
        "OrderId",
        "OldOrderId",
        pl.col("LobAction").alias("Action"),
        pl.col("TimestampNanoseconds").cast(pl.Int64).alias("__time"),
        pl.col("BMLLSequenceNo").alias("__sequence"),
    )
    rows = rows.with_row_index("Row")
    begun: dict[str, int] = {}
    wanted: list[int | None] = []
    for each in rows.sort("__time", "__sequence").iter_rows(named=True):
        if each["Action"] == INSERT:
            begun[each["OrderId"]] = each["__time"]
        wanted.append(
            each["__time"] - begun[each["OldOrderId"]] if each["Action"] == REMOVE else None
        )
    assert sum(each is not None for each in wanted) == 12_797
    assert lived(rows.sort("__time", "__sequence"), ordered=True) == wanted
    shuffled = rows.sample(fraction=1, shuffle=True, seed=5)
    assert lived(shuffled) == wanted
