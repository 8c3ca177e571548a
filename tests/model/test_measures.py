"""Is a measure that cannot be one refused where it is declared?"""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from beaf_core import Aggregation, Kind, Measure

HIGHEST = Aggregation(Kind.MAX, pl.col("Price"))


@pytest.mark.parametrize("value", [pl.col("Price").max(), {"high": pl.col("Price").max()}, "max"])
def test_a_value_that_is_no_aggregation_is_refused_with_what_it_should_be(value: Any) -> None:
    post = pl.col("high") if isinstance(value, dict) else None
    with pytest.raises(TypeError, match=r"measure High: .* Aggregation\(Kind.MAX, pl.col\("):
        Measure("High", "trades", value, "ccy", "", "", post=post)


@pytest.mark.parametrize(
    ("value", "post"), [({"high": HIGHEST}, None), (HIGHEST, pl.col("high")), (None, pl.col("h"))]
)
def test_an_expression_goes_with_named_aggregations_alone(value: Any, post: Any) -> None:
    with pytest.raises(ValueError, match="goes with several named aggregations"):
        Measure("High", "trades", value, "ccy", "", "", post=post)
