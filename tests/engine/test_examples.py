"""Are examples tried by the engine, and is it told where one does not come out?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from pydantic import BaseModel

from beaf_core import Aggregation, AnalyticsModule, Example, Kind, Measure, ProvidedTable
from beaf_core.config.resolved import ResolvedModule
from beaf_core.engine.examples import fault_of

SIZE = pl.col("Size")
SHARES = Measure("Shares", "trades", Aggregation(Kind.SUM, SIZE), "shares", "", "")
MEAN = replace(SHARES, name="Mean", value=Aggregation(Kind.MEAN, SIZE))
LAST = replace(SHARES, name="Last", value=Aggregation(Kind.LAST, SIZE))
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def fault(measure: Measure, expect: Any, given: Rows, **module: Any) -> str | None:
    declared = AnalyticsModule("sizes", measures=lambda _options: [SHARES, MEAN], **module)
    options = declared.Config() if declared.Config else None
    resolved = ResolvedModule(declared, options, provides=tuple(declared.provides(options)))
    return fault_of(Example(measure, given, expect), resolved)


TWO = {"trades": [{"Size": 3}, {"Size": 1}]}


def test_an_example_that_comes_out_has_no_fault() -> None:
    assert fault(SHARES, 4, TWO) is None
    assert fault(SHARES, 4.0, TWO) is None
    assert fault(MEAN, 2, TWO) is None


def test_an_example_that_does_not_come_out_says_what_it_gives() -> None:
    assert fault(SHARES, 5, TWO) == "gives 4, and 5 is expected"
    assert fault(MEAN, None, TWO) == "gives 2, and null is expected"
    assert fault(MEAN, 2, {"trades": [{"Size": None}]}) == "gives null, and 2 is expected"


def test_numbers_may_differ_by_rounding_alone() -> None:
    thirds = {"trades": [{"Size": 1}, {"Size": 0}, {"Size": 0}]}
    assert fault(MEAN, 0.3333333333, thirds) is None
    assert fault(MEAN, 0.33333333, thirds) is not None


def test_rows_come_one_after_another() -> None:
    assert fault(LAST, 1, TWO) is None


def test_a_row_may_say_when_it_happens() -> None:
    assert fault(LAST, 3, {"trades": [{"Size": 3, "at": 40}, {"Size": 1, "at": 20}]}) is None
    # Closed right: what happens at the bucket's start belongs to the one before.
    assert fault(SHARES, 1, {"trades": [{"Size": 3, "at": 0}, {"Size": 1, "at": 60}]}) is None
    assert fault(SHARES, None, {"trades": [{"Size": 3, "at": 61}]}) is None


def test_states_hold_until_the_bucket_ends() -> None:
    bid = Aggregation(Kind.TIME_WEIGHTED, pl.col("BidPrice1"))
    measure = replace(SHARES, name="Bid", table="l2", value=bid)
    rows = {"l2": [{"BidPrice1": 10, "at": 0}, {"BidPrice1": 13, "at": 40}]}
    assert fault(measure, 11.0, rows) is None


def test_a_column_that_the_rows_lack_is_named() -> None:
    told = fault(SHARES, 1, {"trades": [{"Price": 1.0}]})
    assert told is not None
    assert told.startswith("cannot be computed: ")
    assert "Size" in told


def test_a_value_that_no_column_can_hold_is_told() -> None:
    told = fault(SHARES, 1, {"trades": [{"Size": [1]}]})
    assert told is not None
    assert told.startswith("cannot be computed: ")


def test_the_rows_that_the_module_looks_at_count() -> None:
    given = {"trades": [{"Size": 3, "MIC": "XLON"}, {"Size": 1, "MIC": "XPAR"}]}
    chosen = {"trades": pl.col("MIC") == "XLON"}
    assert fault(SHARES, 3, given, rows=lambda _options: chosen) is None


def test_rows_of_an_earlier_pass_may_be_given() -> None:
    for table in ("source", "pass:bars"):
        measure = replace(SHARES, table=table)
        assert fault(measure, 4, {table: TWO["trades"]}) is None


def test_rows_of_a_table_that_another_module_provides_may_be_given() -> None:
    measure = replace(SHARES, table="tagged")
    assert fault(measure, 4, {"tagged": TWO["trades"]}) is None


def test_a_table_that_the_module_provides_is_made() -> None:
    doubled = ProvidedTable(
        "doubled",
        {"trades": ("TradeTimestampNanoseconds", "Size")},
        lambda tables: tables["trades"].with_columns(SIZE * 2),
        "TradeTimestampNanoseconds",
    )
    measure = replace(SHARES, table="doubled")
    assert fault(measure, 8, TWO, provides=lambda _options: [doubled]) is None


class Options(BaseModel):
    name: str = "Shares"


@pytest.mark.parametrize("expect", [4, 5])
def test_a_module_with_options_is_tried_with_its_own(expect: int) -> None:
    assert (fault(SHARES, expect, TWO, Config=Options) is None) == (expect == 4)
