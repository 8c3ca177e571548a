"""Does a table that a module makes carry the columns of another one through, as far as asked?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import polars as pl
import pytest

from beaf_core import (
    Aggregation,
    AnalyticsModule,
    AsOf,
    BeafError,
    Context,
    Kind,
    Measure,
    ProvidedTable,
    compute_frame,
)

TIME = "TradeTimestampNanoseconds"
TRADES = pl.DataFrame(
    {
        "ListingId": [1, 1, 1],
        TIME: [datetime(2025, 1, 6, 9, 0, second) for second in (10, 20, 50)],
        "Size": [100.0, 200.0, 400.0],
        "Price": [10.0, 11.0, 12.0],
        "AggressorSide": [1, 2, 1],
        "MIC": ["XLON"] * 3,
    }
)

Tables = Mapping[str, pl.LazyFrame]


def marked(tables: Tables) -> pl.LazyFrame:
    trades = tables["trades"]
    if "Size" not in trades.collect_schema():
        return trades  # nobody asks what is large
    return trades.with_columns(Large=pl.col("Size") >= 200)


MARKED = ProvidedTable(
    name="marked",
    needs={"trades": (TIME,)},
    build=marked,
    time=TIME,
    passes_on="trades",
    makes={"Large": ("Size",)},
)
MAKER = AnalyticsModule("maker", measures=lambda _options: [], provides=lambda _options: [MARKED])


def total(name: str, table: str, column: str, where: pl.Expr | None = None) -> Measure:
    return Measure(name, table, Aggregation(Kind.SUM, pl.col(column), where), "ccy", "x", "x")


def read(*modules: AnalyticsModule, **fields: object) -> dict[str, object]:
    (row,) = compute_frame([MAKER, *modules], {"trades": TRADES}, **fields).to_dicts()
    return row


def test_a_column_that_it_does_not_make_is_that_of_the_table_behind_it() -> None:
    asked = total("LargePrices", "marked", "Price", pl.col("Large"))
    reader = AnalyticsModule("reader", measures=lambda _options: [asked])
    assert read(reader)["LargePrices"] == 23.0


def test_a_module_reads_it_in_the_place_of_the_table_behind_it() -> None:
    asked = total("Prices", "trades", "Price")
    reader = AnalyticsModule(
        "reader",
        measures=lambda _options: [asked],
        rows=lambda _options: {"trades": pl.col("AggressorSide") == 1},
    )
    assert read(reader, module_inputs={"reader": {"trades": "marked"}})["Prices"] == 22.0


def test_it_passes_on_what_is_looked_up_in_it() -> None:
    before = AsOf("marked", pl.col("Price"), where=pl.col("Large"), strict=True)
    asked = Measure(
        "Before", "trades", Aggregation(Kind.LAST, pl.col("Seen")), "ccy", "x", "x",
        lookups={"Seen": before},
    )  # fmt: skip
    assert read(AnalyticsModule("reader", measures=lambda _options: [asked]))["Before"] == 11.0


def test_it_passes_on_what_a_module_computes_with() -> None:
    def highest(context: Context, _options: object) -> pl.LazyFrame:
        rows = context.tables["marked"].filter("Large")
        return rows.group_by("ListingId", "TimeBucket").agg(Highest=pl.col("Price").max())

    reader = AnalyticsModule(
        "reader",
        measures=lambda _options: [Measure("Highest", "marked", None, "ccy", "x", "x")],
        compute=highest,
        reads=lambda _options: {"marked": ("Large", "Price")},
    )
    assert read(reader)["Highest"] == 12.0


def test_columns_go_through_several_tables() -> None:
    bought = ProvidedTable(
        name="bought",
        needs={"marked": (TIME, "AggressorSide")},
        build=lambda tables: tables["marked"].filter(pl.col("AggressorSide") == 1),
        time=TIME,
        passes_on="marked",
    )
    second = AnalyticsModule(
        "second", measures=lambda _options: [], provides=lambda _options: [bought]
    )
    asked = [total("Bought", "bought", "Price", pl.col("Large")), total("All", "trades", "Size")]
    row = read(second, AnalyticsModule("reader", measures=lambda _options: asked))
    assert (row["Bought"], row["All"]) == (12.0, 700.0)


def test_it_reads_another_table_where_its_module_does() -> None:
    inner = ProvidedTable(
        name="inner",
        needs={"trades": (TIME, "Large")},
        build=lambda tables: tables["trades"].filter("Large"),
        time=TIME,
        passes_on="trades",
    )
    asked = total("Inner", "inner", "Price")
    reader = AnalyticsModule(
        "reader", measures=lambda _options: [asked], provides=lambda _options: [inner]
    )
    assert read(reader, module_inputs={"reader": {"trades": "marked"}})["Inner"] == 23.0


def test_what_only_one_of_its_columns_is_made_of_is_not_asked_for_without_that() -> None:
    asked = total("Prices", "marked", "Price")
    reader = AnalyticsModule("reader", measures=lambda _options: [asked])
    found = compute_frame([MAKER, reader], {"trades": TRADES.drop("Size")})
    assert found["Prices"].to_list() == [33.0]


def test_a_column_that_nobody_has_is_told() -> None:
    asked = total("Nothing", "marked", "Nothing")
    with pytest.raises(BeafError, match=r"trades .*has no column Nothing"):
        read(AnalyticsModule("reader", measures=lambda _options: [asked]))


def test_it_must_be_made_of_the_table_whose_columns_it_passes_on() -> None:
    with pytest.raises(ValueError, match="passes on columns of l2, which is not among its needs"):
        ProvidedTable("odd", {"trades": ()}, marked, TIME, passes_on="l2")
