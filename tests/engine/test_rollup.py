"""Does a coarser pass take from a finer one exactly what it would have computed itself?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import Aggregation, AnalyticsModule, Kind, Measure
from beaf_core.config.analytics import PassConfig
from beaf_core.config.resolved import ResolvedModule, ResolvedPass
from beaf_core.engine.compiler import execute
from beaf_core.engine.compiler.compile import Clock, plan_tables
from beaf_core.engine.compiler.compute import compute
from beaf_core.engine.planning.prepare import DayPlan
from beaf_core.engine.planning.tables import TableOnDay
from beaf_core.engine.work import PassWork
from beaf_core.model.dates import DayStatus
from beaf_core.model.tables import Part, TableRead

SECOND = 10**9
PRICE, SIZE = pl.col("Price"), pl.col("Size")


def measure(kind: Kind, where: pl.Expr | None = None, of: pl.Expr = PRICE) -> Measure:
    value = Aggregation(kind, None if kind is Kind.COUNT else of, where)
    return Measure(f"{kind}{'' if where is None else 'Big'}", "trades", value, "", "", "")


EXACT = (Kind.SUM, Kind.COUNT, Kind.MIN, Kind.MAX, Kind.FIRST, Kind.LAST)
BARS = [measure(kind, where) for kind in EXACT for where in (None, SIZE > 5)]
VWAP = Measure(
    "VWAP",
    "trades",
    {"n": Aggregation(Kind.SUM, PRICE * SIZE), "v": Aggregation(Kind.SUM, SIZE)},
    "",
    "",
    "",
    post=pl.when(pl.col("v") > 0).then(pl.col("n") / pl.col("v")),
)

Row = tuple[int, int, float | None, float]
ROWS = st.lists(
    st.tuples(
        st.sampled_from([1, 2]),
        st.integers(1, 1200),
        st.one_of(st.none(), st.integers(-9, 9).map(float)),
        st.integers(1, 9).map(float),
    ),
    min_size=1,
    max_size=40,
)


def work(
    seconds: int,
    measures: Sequence[Measure],
    days: Sequence[Sequence[Row]],
    rows: pl.Expr | None = None,
    *,
    location: str = "a file",
    closed: str = "right",
    anchor: str = "end",
) -> PassWork:
    module = AnalyticsModule("m", measures=lambda _options: measures)
    filters = {} if rows is None else {"trades": rows}
    config = PassConfig.model_validate(
        {
            "name": f"every_{seconds}",
            "time_bucket_seconds": seconds,
            "time_bucket_closed": closed,
            "time_bucket_anchor": anchor,
        }
    )
    resolved = ResolvedPass(config, (ResolvedModule(module, None, tuple(measures), filters),), ())
    [plan] = plan_tables(resolved)
    universe = pl.DataFrame({"ListingId": [1, 2], "MIC": ["XLON", "XLON"]})
    plans = []
    for number, day in enumerate(days):
        schema = {"ListingId": pl.Int64, "Second": pl.Int64, "Price": pl.Float64}
        frame = pl.DataFrame(day, schema={**schema, "Size": pl.Float64}, orient="row")
        timed = frame.with_columns((pl.col("Second") * SECOND).alias("Time")).with_row_index("Seq")
        read = TableRead(DayStatus.READY, timed.lazy(), (Part(f"{location} {number}"),))
        table = TableOnDay(plan, read, Clock("Time", "Seq"))
        plans.append(DayPlan(date(1970, 1, 1 + number), DayStatus.READY, universe, (table,)))
    return PassWork(resolved, plans)


def scans(passes: Sequence[PassWork]) -> tuple[list[pl.DataFrame], int]:
    with patch.object(execute, "compile_rows", wraps=execute.compile_rows) as compiled:
        found = compute(passes)
    return found, compiled.call_count


def alone(passes: Sequence[PassWork]) -> list[pl.DataFrame]:
    return [compute([each])[0] for each in passes]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(ROWS, min_size=1, max_size=2),
    st.sampled_from(["right", "left"]),
    st.sampled_from(["end", "start"]),
)
def test_passes_together_give_what_each_gives_alone(
    days: list[list[Row]], closed: str, anchor: str
) -> None:
    fine = work(60, [*BARS, VWAP], days, closed=closed)
    coarse = work(300, [*BARS, VWAP], days, closed=closed, anchor=anchor)
    # Sums of small whole numbers are exact in any order, so that all must be equal.
    found, count = scans([coarse, fine])
    assert count == 1, "the rows are read once"
    for mine, expected in zip(found, alone([coarse, fine]), strict=True):
        assert mine.equals(expected)


def test_what_cannot_be_rolled_up_is_scanned_for_beside_what_can() -> None:
    day = [(1, 10, 1.0, 2.0), (1, 70, 3.0, 4.0), (1, 130, 8.0, 1.0)]
    measures = [*BARS, measure(Kind.MEAN), measure(Kind.STD), measure(Kind.DISTINCT)]
    passes = [work(60, measures, [day]), work(180, measures, [day])]
    with patch.object(execute, "compile_rows", wraps=execute.compile_rows) as compiled:
        found = compute(passes)
    kinds = [[slot.aggregation.kind for slot in call.args[0].slots] for call in compiled.mock_calls]
    assert kinds[1] == [Kind.MEAN, Kind.STD, Kind.DISTINCT]
    [row] = found[1].to_dicts()
    assert (row["sum"], row["first"], row["last"], row["mean"]) == (12.0, 1.0, 8.0, 4.0)


DAY: list[Row] = [(1, 10, 1.0, 2.0), (1, 70, 3.0, 7.0)]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (work(90, BARS, [DAY]), "its buckets are not whole ones of the other"),
        (work(300, BARS, [DAY], SIZE > 5), "it looks at other rows"),
        (work(300, BARS, [DAY], location="another file"), "it is of other data"),
        (work(300, BARS, [DAY], closed="left"), "its edges are others"),
    ],
)
def test_a_pass_that_differs_is_computed_from_the_rows(other: PassWork, why: str) -> None:
    found, count = scans([work(60, BARS, [DAY]), other])
    assert count == 2, why
    assert found[1].equals(alone([other])[0])
