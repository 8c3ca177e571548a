"""Is a person told which output columns need what the source does not have?"""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from beaf_core import (
    Aggregation,
    AnalyticsModule,
    AsOf,
    DataInvalidError,
    DataMissingError,
    Kind,
    Measure,
    ProvidedTable,
    compute_frame,
)

TRADES = pl.DataFrame(
    {"ListingId": [1], "TradeTimestamp": [datetime(2025, 1, 6, 9)], "Size": [100.0]}
)


def count(name: str, table: str, **more: object) -> Measure:
    return Measure(name, table, Aggregation(Kind.COUNT, **more), "rows", "", "")


def module(*measures: Measure, **more: object) -> AnalyticsModule:
    return AnalyticsModule("tested", measures=lambda _options: measures, **more)


def test_columns_over_a_missing_table_are_told_and_others_are_not() -> None:
    tested = module(count("Orders", "l3"), count("Prints", "trades"))
    with pytest.raises(DataMissingError) as told:
        compute_frame(tested, {"trades": TRADES})
    assert "no l3 for Orders (module tested)" in told.value.message
    assert "Prints" not in told.value.message
    assert "module_inputs" in str(told.value.remedy)


def test_columns_that_look_up_in_a_missing_table_are_told() -> None:
    mid = AsOf("l2", pl.col("BidPrice1"))
    tested = module(count("Quoted", "trades", of=pl.col("Mid")))
    measure = tested.measures(None)[0]
    looking = Measure("Quoted", "trades", measure.value, "", "", "", lookups={"Mid": mid})
    with pytest.raises(DataMissingError, match=r"no l2 for Quoted \(module tested\)"):
        compute_frame(module(looking), {"trades": TRADES})


def test_columns_over_a_provided_table_are_told_where_what_it_is_made_of_is_missing() -> None:
    made = ProvidedTable("made", {"l2": ("BidPrice1",)}, lambda tables: tables["l2"], "__time")
    tested = module(count("Rows", "made"), provides=lambda _options: [made])
    with pytest.raises(DataMissingError, match=r"no l2 for Rows \(module tested\)"):
        compute_frame(tested, {"trades": TRADES})


def test_columns_that_need_a_missing_column_are_told_the_first_eight_by_name() -> None:
    many = [count(f"Column{n}", "trades", of=pl.col("Nope")) for n in range(10)]
    fine = count("Fine", "trades", of=pl.col("Size"))
    with pytest.raises(DataInvalidError) as told:
        compute_frame(module(*many, fine), {"trades": TRADES})
    assert "has no column Nope, wanted for Column0, Column1" in told.value.message
    assert "Column7 and 2 more (module tested)" in told.value.message
    assert "Fine" not in told.value.message


def test_columns_are_told_whose_input_a_provided_table_passes_on() -> None:
    made = ProvidedTable(
        "made",
        {"trades": ("Size",)},
        lambda tables: tables["trades"].with_columns(Twice=pl.col("Size") * 2),
        "TradeTimestamp",
        passes_on="trades",
        makes={"Twice": (), "Worth": ("Price",)},
    )
    tested = module(
        count("Passed", "made", of=pl.col("Nope")),
        count("Made", "made", of=pl.col("Worth")),
        count("Fine", "made", of=pl.col("Twice")),
        provides=lambda _options: [made],
    )
    with pytest.raises(DataInvalidError) as told:
        compute_frame(tested, {"trades": TRADES.with_columns(Price=pl.lit(1.0))})
    assert "has no column Nope, wanted for Passed (module tested)" in told.value.message
    with pytest.raises(DataInvalidError) as told:
        compute_frame(tested, {"trades": TRADES.with_columns(Nope=pl.lit(1.0))})
    assert "has no column Price, wanted for Made (module tested)" in told.value.message
