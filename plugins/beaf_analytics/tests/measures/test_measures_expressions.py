"""Do ratios, conditions and sums of parts say what they claim?"""

from __future__ import annotations

import polars as pl
import pytest

from beaf_analytics.measures.expressions import both, ratio
from beaf_analytics.measures.splits import adds_up


def test_a_ratio_of_anything_over_nothing_is_null() -> None:
    frame = pl.DataFrame({"a": [3.0, 3.0, 0.0, 7.0, None], "b": [4.0, 0.0, 0.0, 1.0, 2.0]})
    found = frame.select(ratio(pl.col("a"), pl.col("b"))).to_series()
    assert found.to_list() == [0.75, None, None, 7.0, None]


def test_both_conditions_have_to_hold_where_there_are_two() -> None:
    frame = pl.DataFrame({"a": [True, True, False, False], "b": [True, False, True, False]})
    a, b = pl.col("a"), pl.col("b")
    joined = both(a, b)
    assert joined is not None
    assert frame.select(joined).to_series().to_list() == [True, False, False, False]
    assert both(a, None) is a
    assert both(None, b) is b
    assert both(None, None) is None


@pytest.mark.parametrize(
    ("first", "second", "whole", "holds"),
    [
        (2.0, 3.0, 5.0, True),
        (2.0, 3.0, -5.0, False),
        (2.0, 3.0, 6.0, False),
        (2.0, 3.0, 4.0, False),
        (0.0, 0.0, 0.0, True),
        (0.0, 0.0, 0.5, False),
        # A billionth of the whole is rounding, however large the whole is; more is not.
        (4e11, 6e11, 1e12 + 900, True),
        (4e11, 6e11, 1e12 + 1100, False),
        (4e-4, 6e-4, 1e-3 + 1e-9, False),
        # What is not known breaks nothing.
        (None, 3.0, 3.0, None),
    ],
)
def test_parts_make_up_the_whole_within_rounding(
    first: float | None, second: float, whole: float, holds: bool | None
) -> None:
    claim = adds_up(["A", "B"], "C")
    frame = pl.DataFrame(
        {"A": [first], "B": [second], "C": [whole]}, schema=dict.fromkeys("ABC", pl.Float64)
    )
    assert frame.select(claim.holds).item() is holds
    assert claim.name == "A + B = C"
