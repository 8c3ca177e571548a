"""Does an output learn what its columns mean, and how its rows were made?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.table_output import Table

import beaf_core
from beaf_core import ColumnMeaning, Meaning, run_pipeline
from beaf_core.engine.outputs.meaning import meaning_of
from beaf_core.prepare import prepare_pipeline

MONDAY = "2025-01-06"
SHELF = "OUTPUT_TARGET.type=shelf"

OWN = """
import polars as pl
from beaf_core import Aggregation, Kind, Measure

SHARES = Measure("Shares", "trades", Aggregation(Kind.SUM, pl.col("Size")), "shares",
                 "Shares that were traded.", "sum(Size)",
                 source="Somebody (1999)", reaggregation="sum", version=3)
USER_CONFIG = {"PASSES": [{"name": "bars", "modules": ["custom"]}]}
"""


@pytest.fixture
def own(pipeline_file: Path) -> Path:
    path = pipeline_file.with_name("own.py")
    path.write_text(OWN)
    return path


def meaning(path: Path, table: Table, *sets: str) -> Meaning:
    report = run_pipeline(path, date=MONDAY, universe="mic=XLON", sets=(SHELF, *sets), force=True)
    assert report.status == "succeeded", report.outcomes
    return table.written[-1].meaning


def test_every_column_of_the_rows_is_told_of_once_and_in_their_order(
    pipeline_file: Path, table: Table
) -> None:
    told = [each.name for each in meaning(pipeline_file, table).columns]
    (rows,) = table.rows.values()
    assert told == rows.columns
    assert all(each.doc for each in meaning(pipeline_file, table).columns)


def test_a_measure_says_all_that_it_declares(own: Path, table: Table) -> None:
    (shares,) = [each for each in meaning(own, table).columns if each.name == "Shares"]
    assert shares == ColumnMeaning(
        "Shares",
        unit="shares",
        doc="Shares that were traded.",
        formula="sum(Size)",
        source="Somebody (1999)",
        reaggregation="sum",
        version=3,
        module="custom",
    )


def test_what_is_known_of_the_listing_is_of_no_module(own: Path, table: Table) -> None:
    columns = {each.name: each for each in meaning(own, table).columns}
    assert columns["MIC"].doc == "The venue of the listing, ISO 10383."
    assert (columns["MIC"].module, columns["MIC"].unit) == ("", "")


@pytest.mark.parametrize(
    ("sets", "doc"),
    [
        ((), "The end of the bucket (start, end] of 60 s that the row is of, UTC."),
        (
            (
                "PASSES.bars.time_bucket_seconds=0.5",
                "PASSES.bars.time_bucket_anchor=start",
                "PASSES.bars.time_bucket_closed=left",
            ),
            "The start of the bucket [start, end) of 0.5 s that the row is of, UTC.",
        ),
    ],
)
def test_the_time_of_a_bucket_is_told_with_its_edges(
    own: Path, table: Table, sets: tuple[str, ...], doc: str
) -> None:
    columns = {each.name: each for each in meaning(own, table, *sets).columns}
    assert columns["TimeBucket"].doc == doc


def test_the_facts_are_those_of_all_rows(own: Path, table: Table) -> None:
    facts = dict(meaning(own, table, "PASSES.bars.time_bucket_seconds=90").facts)
    assert len(facts.pop("configuration")) == 32
    assert facts == {
        "time_bucket_seconds": "90",
        "time_bucket_anchor": "end",
        "time_bucket_closed": "right",
        "beaf": beaf_core.__version__,
    }


def test_the_digest_of_the_configuration_changes_with_it_and_with_nothing_else(
    own: Path, table: Table
) -> None:
    def digest(*sets: str) -> str:
        return meaning(own, table, *sets).facts["configuration"]

    assert digest() == digest()
    assert digest() != digest("PASSES.bars.time_bucket_seconds=90")
    own.write_text(OWN.replace("version=3", "version=4"))
    assert digest() == digest("LOGGING_LEVEL=ERROR"), "definitions have versions of their own"


def test_rows_with_keys_of_their_own_say_which_columns_are_keys(
    pipeline_file: Path, table: Table
) -> None:
    text = pipeline_file.read_text() + (
        "  - name: pairs\n"
        "    modules: [correlation]\n"
        "    source_pass: bars\n"
        "    correlation_analytics: {columns: [Open, Close]}\n"
    )
    pipeline_file.write_text(text)
    resolved = {each.name: each for each in prepare_pipeline(pipeline_file).resolved.passes}
    told = meaning_of(resolved["pairs"], "digest")
    docs = {each.name: each.doc for each in told.columns}
    assert docs["MetricX"] == docs["MetricY"] == "A key of the row."
    assert [each.name for each in told.columns] == list(resolved["pairs"].columns)


def test_what_is_already_there_is_not_written_for_its_words_alone(own: Path, table: Table) -> None:
    def run() -> Any:
        return run_pipeline(own, date=MONDAY, universe="mic=XLON", sets=(SHELF,)).outcomes[0].status

    assert run() == "written"
    own.write_text(OWN.replace("Shares that were traded.", "Other words."))
    assert run() == "unchanged"
