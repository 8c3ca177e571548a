"""Which pass or table does a module read, and what is told of those that cannot be?"""

from __future__ import annotations

from itertools import product
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.config.conftest import Desk

from beaf_core import Aggregation, AnalyticsModule, AsOf, Context, Kind, Measure, ProvidedTable
from beaf_core.config.bindings import bound
from beaf_core.config.inputs import order_of
from beaf_core.config.resolved import ResolvedModule
from beaf_core.model.dates import BatchFrequency, is_union_of

FIRST = {"name": "first", "modules": ["bars"]}


def two(**second: Any) -> dict[str, Any]:
    return {"PASSES": [FIRST, {"name": "second", "modules": ["later"], **second}]}


def tables(desk: Desk, config: Any) -> list[list[str]]:
    passes = desk.resolve(config).passes
    return [[measure.table for measure in each.measures] for each in passes]


def told(desk: Desk, config: Any) -> str:
    error = desk.refused(config)
    assert len(error.problems) == 1, str(error)
    return str(error).removeprefix("the configuration given in Python ")


# -- which -----------------------------------------------------------------------------------------


def test_a_module_that_reads_source_reads_the_pass_that_source_pass_names(desk: Desk) -> None:
    config = two(source_pass="first")
    assert tables(desk, config) == [["trades"], ["pass:first"]]
    assert [each.sources for each in desk.resolve(config).passes] == [(), ("first",)]


def test_passes_may_be_written_in_any_order(desk: Desk) -> None:
    config = two(source_pass="first")
    config["PASSES"].reverse()
    assert tables(desk, config) == [["pass:first"], ["trades"]]


@pytest.mark.parametrize(
    ("inputs", "wanted"),
    [
        ({"later": {"source": "first"}}, "pass:first"),
        ({"later": {"source": "l2"}}, "l2"),
    ],
)
def test_module_inputs_name_a_pass_or_a_table(desk: Desk, inputs: Any, wanted: str) -> None:
    assert tables(desk, two(module_inputs=inputs))[1] == [wanted]


def test_module_inputs_may_put_an_earlier_pass_in_the_place_of_any_table(desk: Desk) -> None:
    config = two(modules=["bars"], module_inputs={"bars": {"trades": "first"}})
    assert tables(desk, config)[1] == ["pass:first"]


@pytest.mark.parametrize(
    ("second", "wanted"),
    [
        ({}, "pass:first"),  # the option's default
        ({"source_pass": "other"}, "pass:other"),
        ({"source_pass": "other", "chooses_analytics": {"source_pass": "first"}}, "pass:first"),
        (
            {
                "module_inputs": {"chooses": {"source": "other"}},
                "chooses_analytics": {"source_pass": "first"},
            },
            "pass:other",
        ),
    ],
)
def test_what_is_closest_to_the_module_decides(desk: Desk, second: Any, wanted: str) -> None:
    other = {"name": "other", "modules": ["bars"]}
    config = {"PASSES": [FIRST, other, {"name": "second", "modules": ["chooses"], **second}]}
    assert tables(desk, config)[2] == [wanted]


def test_a_table_that_a_module_of_the_pass_provides_can_be_read(desk: Desk) -> None:
    config = {"PASSES": [{"name": "one", "modules": ["makes", "uses"]}]}
    assert tables(desk, config) == [["made"]]


def test_a_source_pass_that_nobody_reads_is_noted(desk: Desk) -> None:
    (note,) = desk.resolve(two(modules=["plain"], source_pass="first")).notes
    assert note.startswith('source_pass of the pass "second" has no effect')


@pytest.mark.parametrize(
    ("table", "notes"),
    [("trade", 1), ("trades", 0), ("made", 0), ("pass:one", 0), ("level2", 1), ("l2", 0)],
)
def test_a_limit_of_rows_of_a_table_that_nobody_knows_is_noted(
    desk: Desk, table: str, notes: int
) -> None:
    passes = [{"name": "one", "modules": ["makes", "uses"]}]
    found = desk.resolve({"PASSES": passes, "MAX_ROWS_PER_TABLE": {table: 5}}).notes
    assert [each.startswith(f"MAX_ROWS_PER_TABLE.{table} has no effect") for each in found] == [
        True
    ] * notes


# -- what cannot be --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (
            {"source_pass": "frist"},
            'PASSES[1].source_pass: there is no pass "frist" — did you mean "first"?',
        ),
        ({"source_pass": "second"}, 'PASSES[1].source_pass: the pass "second" would read itself'),
        (
            {},
            'PASSES[1].modules[0]: the module "later" works on the rows of an earlier pass, and '
            "no source_pass says which\n  → write source_pass: first",
        ),
        (
            {"module_inputs": {"latre": {"source": "first"}}},
            'PASSES[1].module_inputs.latre: the pass has no module "latre" — did you mean "later"?',
        ),
        (
            {"module_inputs": {"later": {"sauce": "first"}}, "source_pass": "first"},
            'PASSES[1].module_inputs.later.sauce: the module "later" reads no table "sauce" '
            '— did you mean "source"?',
        ),
        (
            {"module_inputs": {"later": {"source": "tradse"}}},
            'PASSES[1].module_inputs.later.source: there is no pass or table "tradse" '
            '— did you mean "trades"?',
        ),
        (
            {"module_inputs": {"later": {"source": "second"}}},
            'PASSES[1].module_inputs.later.source: the pass "second" would read itself',
        ),
        (
            {"modules": ["chooses"], "chooses_analytics": {"source_pass": "frist"}},
            'PASSES[1].chooses_analytics.source_pass: there is no pass "frist"',
        ),
        (
            {"modules": ["uses"]},
            'PASSES[1].modules[0]: the module "uses" reads the table made, which the module '
            '"makes" provides, and this pass does not have that\n  → add makes to modules',
        ),
    ],
)
def test_an_input_that_cannot_be_is_told_with_its_place(
    desk: Desk, second: Any, words: str
) -> None:
    assert told(desk, two(**second)).startswith(words)


def test_a_column_that_the_earlier_pass_does_not_yield_is_told(desk: Desk) -> None:
    config = {
        "PASSES": [
            {"name": "first", "modules": ["ticks"], "ticks_analytics": {}},
            {"name": "plain", "modules": ["plain"]},
            {"name": "second", "modules": ["chooses"], "source_pass": "plain"},
        ]
    }
    words = 'the module "chooses" reads the column "Volume", which the pass "plain" does not yield'
    assert words in told(desk, config)


def test_passes_that_read_each_other_are_told_as_a_circle(desk: Desk) -> None:
    config = {
        "PASSES": [
            {"name": "a", "modules": ["later"], "source_pass": "c"},
            {"name": "b", "modules": ["later"], "source_pass": "a"},
            {"name": "c", "modules": ["later"], "source_pass": "b"},
        ]
    }
    text = told(desk, config)
    assert text.startswith("PASSES[0].source_pass: passes read each other in a circle: ")
    assert any(each in text for each in ("a reads c reads b reads a", "c reads b reads a reads c"))


# -- frequencies -----------------------------------------------------------------------------------

FITS = {
    "D": {"D", "W", "2W", "M", "Q", "A", None},
    "W": {"W", "2W", None},
    "2W": {"2W", None},
    "M": {"M", "Q", "A", None},
    "Q": {"Q", "A", None},
    "A": {"A", None},
    None: {None},
}


@pytest.mark.parametrize(("fine", "coarse"), list(product(FITS, FITS)))
def test_only_partitions_made_of_whole_ones_can_read_them(
    desk: Desk, fine: str | None, coarse: str | None
) -> None:
    # A pass cannot set null for itself: it inherits the top level's.
    config = two(source_pass="first", **({"batch_freq": coarse} if coarse else {}))
    config["PASSES"][0] = FIRST | ({"batch_freq": fine} if fine else {})
    config["BATCH_FREQ"] = None
    if coarse in FITS[fine]:
        desk.resolve(config)
    else:
        text = told(desk, config)
        assert "its partitions would not be made of whole ones" in text
        assert text.startswith("PASSES[1]")


def test_a_union_of_partitions_is_what_the_calendar_says() -> None:
    from datetime import date

    from beaf_core.model.dates import cut_range

    start, end = date(2024, 1, 1), date(2027, 12, 31)
    for fine, coarse in product(BatchFrequency, BatchFrequency):
        ends = {last for _, last in cut_range(start, end, fine)}
        nested = all(last in ends for _, last in cut_range(start, end, coarse))
        assert nested == is_union_of(coarse, fine), (fine, coarse)


@given(st.dictionaries(st.integers(0, 9), st.sets(st.integers(0, 9)), min_size=1))
def test_the_depth_of_a_pass_is_beyond_that_of_all_that_it_reads(found: Any) -> None:
    # Reading smaller numbers only, so that there is no circle.
    passes = {
        str(name): [str(each) for each in sorted(reads) if each < name and each in found]
        for name, reads in found.items()
    }
    depth = order_of(passes)
    for name, reads in passes.items():
        assert depth[name] == 1 + max((depth[each] for each in reads), default=-1)


# -- binding ---------------------------------------------------------------------------------------


def test_code_of_a_module_finds_its_tables_under_the_names_that_it_declared() -> None:
    seen: list[object] = []

    def compute(context: Context, options: object) -> pl.LazyFrame:
        seen.append(dict(context.tables))
        return context.tables["source"]

    def build(tables: Any) -> pl.LazyFrame:
        seen.append(dict(tables))
        return tables["l2"]

    rows, book = pl.LazyFrame({"a": [1]}), pl.LazyFrame({"b": [1]})
    lookup = AsOf("l2", pl.col("BidPrice1"))
    value = Aggregation(Kind.LAST, pl.col("Mid"))
    measure = Measure("M", "trades", value, "", "", "", lookups={"Mid": lookup})
    reads = {"source": ("a",), "l2": ("b",)}
    declared = ResolvedModule(
        AnalyticsModule("m", lambda _: [measure], compute=compute, reads=lambda _: reads),
        None,
        (measure,),
        {"trades": pl.col("Size") > 0},
        (ProvidedTable("made", {"l2": ("b",)}, build, "Time"),),
        reads=reads,
    )
    found = bound(declared, {"source": "pass:bars", "l2": "cbbo", "trades": "tagged"})
    assert set(found.needs) == {"tagged", "cbbo", "pass:bars"}
    assert set(found.rows) == {"tagged"}
    assert found.module.compute is not None
    context = Context({"pass:bars": rows, "cbbo": book}, pl.DataFrame(), 1)
    assert found.module.compute(context, None) is rows
    assert found.provides[0].build({"cbbo": book}) is book
    assert [sorted(each) for each in seen] == [["l2", "source"], ["l2"]]


# -- widths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "second", "is_told"), [(60, 300, False), (60, 100, True)])
def test_buckets_that_cut_those_of_a_pass_that_is_read_are_noted(
    desk: Desk, first: float, second: float, is_told: bool
) -> None:
    passes = [
        {**FIRST, "time_bucket_seconds": first},
        {
            "name": "second",
            "modules": ["later"],
            "source_pass": "first",
            "time_bucket_seconds": second,
        },
    ]
    notes = [each for each in desk.resolve({"PASSES": passes}).notes if "no multiple" in each]
    assert len(notes) == is_told
    assert all("100 s, no multiple of the 60 s" in each for each in notes)
