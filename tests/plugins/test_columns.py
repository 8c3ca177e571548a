"""Is every column named that stands behind a module's columns?"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from beaf_core import Aggregation, AsOf, Kind, Measure, ProvidedTable
from beaf_core.plugins.columns import Behind, Column, keys_of

SHARES = Measure("Shares", "trades", Aggregation(Kind.SUM, pl.col("Size")), "shares", "", "")
ROWS = Measure("Rows", "l3", Aggregation(Kind.COUNT), "events", "", "")


def made(name: str, **needs: tuple[str, ...]) -> ProvidedTable:
    return ProvidedTable(name, needs, lambda tables: next(iter(tables.values())), "Time")


def needs(measure: Measure, **behind: object) -> tuple[str, ...]:
    given = {"rows": {}, "reads": {}, "provides": (), **behind}
    return Behind(**given).needs(measure)


def test_columns_of_the_table_and_of_the_condition_on_rows_are_named() -> None:
    on_book = {"trades": pl.col("MIC") == "XLON", "l2": pl.col("Other") == 1}
    assert needs(SHARES, rows=on_book) == ("trades.MIC", "trades.Size")


def test_columns_that_are_looked_up_are_named() -> None:
    mid = {"Mid": AsOf("l2", pl.col("BidPrice1"))}
    value = Aggregation(Kind.SUM, pl.col("Size") * pl.col("Mid"))
    assert needs(replace(SHARES, value=value, lookups=mid)) == ("l2.BidPrice1", "trades.Size")


def test_a_count_needs_its_table_alone() -> None:
    assert needs(ROWS) == ("l3",)


def test_a_computed_column_needs_what_its_module_reads() -> None:
    reads = {"source": ("Close", "Volume"), "l3": ()}
    assert needs(replace(SHARES, value=None), reads=reads) == (
        "l3", "source.Close", "source.Volume"
    )  # fmt: skip


def test_a_table_that_is_made_needs_what_it_is_made_of() -> None:
    tables = [made("orders", runs=("Id",)), made("runs", l3=("Size", "Side")), made("other", l2=())]
    assert needs(replace(SHARES, table="orders"), provides=tables) == (
        "l3.Side", "l3.Size", "orders.Size", "runs.Id"
    )  # fmt: skip


def test_a_table_that_passes_columns_on_needs_them_of_the_one_behind_it() -> None:
    tagged = replace(made("tagged", trades=("Id",)), passes_on="trades", makes={"Worth": ("P",)})
    value = Aggregation(Kind.SUM, pl.col("Size") * pl.col("Worth"))
    measure = replace(SHARES, table="again", value=value)
    again = replace(made("again", tagged=("Id",)), passes_on="tagged", makes={})
    assert needs(measure, provides=[tagged, again]) == (
        "again.Size", "again.Worth", "tagged.Id", "tagged.Size", "tagged.Worth",
        "trades.Id", "trades.P", "trades.Size",
    )  # fmt: skip


def test_tables_that_are_made_of_each_other_end() -> None:
    tables = [made("one", two=("A",)), made("two", one=("B",))]
    assert needs(replace(SHARES, table="one"), provides=tables) == ("one.B", "one.Size", "two.A")


def test_the_tables_behind_a_column_are_told() -> None:
    column = Column(SHARES, ("l3", "pass:bars.Close", "trades.MIC", "trades.Size"))
    assert column.tables == ("l3", "pass:bars", "trades")


def test_keys_belong_to_no_module() -> None:
    assert [each.name for each in keys_of("bars")] == [
        "ListingId", "TimeBucket", "MIC", "Ticker", "CurrencyCode"
    ]  # fmt: skip
    (own,) = keys_of("index", ["IndexId"])
    assert own.to_json()["module"] is None
    assert (own.pass_name, own.measure.unit, own.tables) == ("index", "key", ())
