"""Are the rows that hold one of several values kept, and no others?"""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaf_core import is_one_of

VALUES = st.one_of(st.none(), st.integers(0, 150))


@given(st.lists(VALUES), st.lists(st.integers(0, 150), max_size=150))
def test_rows_that_hold_one_of_the_values_are_kept(
    rows: list[int | None], wanted: list[int]
) -> None:
    frame = pl.LazyFrame({"v": rows}, schema={"v": pl.Int64})
    found = frame.filter(is_one_of(pl.col("v"), wanted)).collect()
    assert found["v"].to_list() == [each for each in rows if each in wanted and each is not None]


@pytest.mark.parametrize("wanted", [[], ["XLON"], ["XLON", "XPAR"]])
def test_texts_are_compared_as_numbers_are(wanted: list[str]) -> None:
    frame = pl.DataFrame({"v": ["XLON", "BATE", None, "XPAR"]})
    found = frame.filter(is_one_of(pl.col("v"), wanted))["v"].to_list()
    assert found == wanted
