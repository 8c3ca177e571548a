"""Is a row with nothing looked up left out only where it can change no number?"""

from __future__ import annotations

import polars as pl
import pytest

from beaf_core import Aggregation, Kind
from beaf_core.engine.primitives.absence import leaves_out_nulls

LIFE, OTHER, SIZE, FLAG = (pl.col(name) for name in ("Life", "Other", "Size", "Flag"))

LEFT_OUT = [
    Aggregation(Kind.MEAN, LIFE),
    Aggregation(Kind.SUM, LIFE / 1e9 * SIZE),
    Aggregation(Kind.MEDIAN, LIFE.cast(pl.Float64)),
    Aggregation(Kind.COUNT, where=LIFE < 5),
    Aggregation(Kind.SUM, SIZE, where=FLAG & (LIFE + 1 <= 5) & (SIZE > 2)),
    Aggregation(Kind.MAX, (LIFE - OTHER).alias("x"), where=FLAG),
    Aggregation(Kind.DISTINCT, LIFE == 3),
]
TAKEN = [
    Aggregation(Kind.COUNT),
    Aggregation(Kind.SUM, SIZE),
    Aggregation(Kind.SUM, LIFE.fill_null(0)),
    Aggregation(Kind.COUNT, where=LIFE.is_null()),
    Aggregation(Kind.COUNT, where=~(LIFE.is_not_null())),
    Aggregation(Kind.COUNT, where=(LIFE < 5) | FLAG),
    Aggregation(Kind.COUNT, where=((LIFE < 5) & FLAG) == (SIZE > 2)),
    Aggregation(Kind.SUM, pl.when(LIFE < 5).then(1).otherwise(2)),
    Aggregation(Kind.SUM, LIFE.map_elements(lambda x: x, return_dtype=pl.Int64)),
    Aggregation(Kind.COUNT, where=LIFE.eq_missing(OTHER)),
]

ROWS = pl.DataFrame({"Life": None, "Other": None, "Size": [1.0, 3.0], "Flag": [True, False]})
ROWS = ROWS.with_columns(pl.col("Life", "Other").cast(pl.Int64))


@pytest.mark.parametrize("each", LEFT_OUT)
def test_what_is_null_with_the_columns_leaves_their_rows_out(each: Aggregation) -> None:
    assert leaves_out_nulls(each, {"Life", "Other"})
    taken = ROWS if each.where is None else ROWS.filter(each.where)
    assert each.of is None or taken.select(each.of).to_series().null_count() == taken.height
    assert each.of is not None or taken.is_empty()


@pytest.mark.parametrize("each", TAKEN)
def test_everything_else_is_said_to_take_them(each: Aggregation) -> None:
    assert not leaves_out_nulls(each, {"Life", "Other"})
