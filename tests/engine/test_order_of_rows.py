"""Do rows stand in the order of their keys, whatever the keys are?"""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core.engine.compiler.order import ascends, in_order

WIDTH = 60
#: Near each other, and as far apart as integers go: then no one integer holds both keys.
LISTINGS = st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1)
BUCKETS = st.integers(-3, 3).map(lambda each: each * WIDTH) | st.integers(
    -(2**63) // WIDTH + 1, 2**63 // WIDTH - 1
).map(lambda each: each * WIDTH)
KEYS = st.lists(st.tuples(LISTINGS, BUCKETS), max_size=8)


def _frame(keys: list[tuple[int | None, int | None]]) -> pl.DataFrame:
    schema = {"ListingId": pl.Int64, "TimeBucket": pl.Int64}
    return pl.DataFrame(keys, schema=schema, orient="row").with_row_index("place")


@given(KEYS)
@settings(max_examples=50)
def test_rows_are_sorted_by_listing_and_then_bucket(keys: list[tuple[int, int]]) -> None:
    found = in_order(_frame(keys), WIDTH)
    assert found.select("ListingId", "TimeBucket").rows() == sorted(keys)
    assert sorted(found["place"]) == list(range(len(keys)))


def test_a_row_without_a_key_is_sorted_too() -> None:
    found = in_order(_frame([(2, 60), (None, 120), (1, 180)]), WIDTH)
    assert found["ListingId"].to_list() == [None, 1, 2]


@given(KEYS)
@settings(max_examples=50)
def test_keys_ascend_where_they_are_sorted_and_none_is_repeated(
    keys: list[tuple[int, int]],
) -> None:
    assert ascends(_frame(list(keys))) == (keys == sorted(set(keys)))


def test_keys_of_which_one_is_missing_do_not_ascend() -> None:
    for missing in ([(None, 60)], [(1, 60), (1, None)], [(None, 60), (1, 60)], [(1, 0), (None, 0)]):
        assert not ascends(_frame(missing))
