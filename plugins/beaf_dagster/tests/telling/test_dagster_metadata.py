"""Does a materialization tell the truth of what was written, in few bytes?"""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import (
    DatePartition,
    PartitionRun,
    RunReport,
    UniversePartition,
    run_partition,
)
from beaf_dagster.assets.telling import limits, materialization_metadata
from beaf_dagster.assets.telling.metadata import _table_name
from beaf_dagster.pipelines import Pipeline, load_pipeline

XLON = UniversePartition("mic", "XLON")


def report_of(pipeline: Pipeline, day: str = "2025-01-06") -> RunReport:
    return run_partition(pipeline.path, None, PartitionRun(XLON, DatePartition(day)))


def plain(metadata: dict[str, dg.MetadataValue]) -> dict[str, Any]:
    return {name: each.value for name, each in metadata.items()}


def stored_size(metadata: dict[str, dg.MetadataValue]) -> int:
    return sum(map(limits.size_of, metadata.values())) + sum(map(len, metadata))


@pytest.fixture
def bars(pipes: Path) -> Pipeline:
    return load_pipeline(pipes / "bars.yaml")


def test_a_partition_tells_its_rows_place_window_and_run(bars: Pipeline) -> None:
    report = report_of(bars)
    told = plain(materialization_metadata(bars, None, [report]))
    path = bars.path.parent.parent / "data/tiny_bars/bars/mic=XLON/2025-01-06_2025-01-06.parquet"
    assert pl.read_parquet(told["path"]).height == told["dagster/partition_row_count"] == 4
    assert Path(told["path"]) == path
    assert told["window"] == "2025-01-06"
    assert told["status"] == "written"
    assert told["beaf_run_id"] == report.run_id
    assert Path(told["manifest"]).is_file()
    assert told["fingerprint"] == report.receipts[0].fingerprint
    again = plain(materialization_metadata(bars, None, [report_of(bars)]))
    assert (again["status"], again["fingerprint"]) == ("unchanged", told["fingerprint"])


def test_columns_have_the_dtypes_of_the_file_and_say_what_they_mean(bars: Pipeline) -> None:
    told = materialization_metadata(bars, None, [report_of(bars)])
    schema = told["dagster/column_schema"].value
    assert isinstance(schema, dg.TableSchema)
    columns = {each.name: each for each in schema.columns}
    written = pl.read_parquet(str(told["path"].value))
    assert list(columns) == written.columns
    assert columns["ListingId"].type == "Int64"
    assert columns["TimeBucket"].type == "Datetime(ns)"
    assert columns["Close"].type == "Float64"
    close = str(columns["Close"].description)
    measure = next(each for each in bars.ready.resolved.passes[0].measures if each.name == "Close")
    assert close.startswith(f"[ccy] {measure.doc}")
    assert measure.formula in close
    assert not columns["ListingId"].constraints.nullable
    assert "| ccy | VWAP, Open, High, Low, Close |" in str(told["measures"].value)


def test_a_pipeline_is_told_by_its_last_pass_and_lists_the_others(pipes: Path) -> None:
    two = load_pipeline(pipes / "two.py")
    report = report_of(two)
    whole = plain(materialization_metadata(two, None, [report]))
    assert whole["dagster/partition_row_count"] == 2
    assert "| bars | written | 4 |" in whole["outputs"]
    assert "| hours | written | 2 |" in whole["outputs"]
    first = plain(materialization_metadata(two, "bars", [report]))
    assert first["dagster/partition_row_count"] == 4
    assert "/bars/" in first["path"]
    assert "outputs" not in first


def test_rows_of_an_extra_output_are_not_counted_twice(pipes: Path) -> None:
    path = pipes / "bars.yaml"
    copy = "data/copy/{pass}/{universe}/{start_date}_{end_date}.parquet"
    path.write_text(
        path.read_text().replace(
            "modules: [trade]",
            f"modules: [trade], extra_outputs: [{{type: parquet, path_template: '{copy}'}}]",
        )
    )
    pipeline = load_pipeline(path)
    told = plain(materialization_metadata(pipeline, None, [report_of(pipeline)]))
    assert told["dagster/partition_row_count"] == 4
    assert told["outputs"].count("| bars | written | 4 |") == 2
    assert "data/copy/bars" in told["outputs"]


def test_a_range_is_told_once_with_sums_and_without_a_partitions_own(bars: Pipeline) -> None:
    reports = [report_of(bars, "2025-01-06"), report_of(bars, "2025-01-07")]
    told = plain(materialization_metadata(bars, None, reports))
    assert told["rows of all partitions"] == 4 + 2
    assert told["window"] == "2025-01-06 to 2025-01-07"
    assert not {"dagster/partition_row_count", "path", "picture", "fingerprint"} & set(told)
    assert "{start_date}" in told["path_template"]


def test_a_day_without_a_session_has_no_rows_and_says_why(bars: Pipeline) -> None:
    told = plain(materialization_metadata(bars, None, [report_of(bars, "2025-01-11")]))
    assert (told["status"], told["dagster/partition_row_count"]) == ("closed", 0)
    assert "2025-01-11 is closed" in told["notes"]
    assert not {"path", "dagster/column_schema", "picture"} & set(told)


def test_a_table_of_a_database_is_named(pipes: Path) -> None:
    path = pipes / "bars.yaml"
    database = pipes.parent / "bars.db"
    target = f"{{type: sql, sql_connection: 'sqlite:///{database}'}}"
    path.write_text(f"{path.read_text()}OUTPUT_TARGET: {target}\n")
    pipeline = load_pipeline(path)
    told = plain(materialization_metadata(pipeline, None, [report_of(pipeline)]))
    assert told["location"] == f"sqlite:///{database}#tiny_bars_bars"
    with sqlite3.connect(database) as connection:
        [count] = connection.execute(f"select count(*) from {told['dagster/table_name']}")
    assert count == (told["dagster/partition_row_count"],) == (4,)


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("postgresql://localhost:5432/market#public.bars", "market.public.bars"),
        ("sqlite:////tmp/bars.db#bars", "bars"),
    ],
)
def test_a_table_on_a_server_is_named_with_its_database(location: str, name: str) -> None:
    assert _table_name(location) == name


def test_a_password_in_a_location_or_a_note_is_hidden(bars: Pipeline) -> None:
    report = report_of(bars)
    outcome = report.outcomes[0]
    assert outcome.receipt is not None
    url = "s3://key:hidden@bucket/bars.parquet"
    leaky = replace(
        report,
        outcomes=(
            replace(outcome, receipt=replace(outcome.receipt, location=url), message=f"see {url}"),
        ),
    )
    told = materialization_metadata(bars, None, [leaky])
    assert "hidden" not in str(told)
    assert str(told["dagster/uri"].value) == "s3://key:***@bucket/bars.parquet"


def test_an_output_that_cannot_be_opened_is_a_note_and_no_failure(bars: Pipeline) -> None:
    report = report_of(bars)
    [receipt] = report.receipts
    Path(receipt.location).write_bytes(b"no parquet")
    told = plain(materialization_metadata(bars, None, [report]))
    assert "the output cannot be opened for its columns" in told["notes"]
    assert told["dagster/partition_row_count"] == 4
    assert not {"dagster/column_schema", "picture"} & set(told)


def test_without_outcomes_nothing_is_told(bars: Pipeline) -> None:
    assert materialization_metadata(bars, None, []) == {}


# -- size --------------------------------------------------------------------------------------


def wide(pipes: Path, columns: int) -> Pipeline:
    path = pipes / "wide.py"
    path.write_text(
        '"""Many columns, each with many words."""\n'
        "import polars as pl\n"
        "from beaf_core import Aggregation, AnalyticsModule, Kind, Measure\n"
        "MEASURES = [\n"
        "    Measure(f'Measure{n:04}', 'trades', Aggregation(Kind.SUM, pl.col('Size') + n),\n"
        "            'shares', 'Wörter — ' * 30, 'Σ s ' * 30)\n"
        f"    for n in range({columns})\n"
        "]\n"
        "acme = AnalyticsModule('acme', lambda _: MEASURES)\n"
        "USER_CONFIG = {'DATASETNAME': 'wide', 'PASSES': [{'name': 'bars', 'modules': ['acme']}]}\n"
    )
    return load_pipeline(path)


@pytest.mark.parametrize("columns", [20, 400])
def test_an_event_stays_small_however_wide_the_output_and_says_where_the_rest_is(
    pipes: Path, columns: int
) -> None:
    pipeline = wide(pipes, columns)
    report = report_of(pipeline)
    noted = replace(report.outcomes[0], message="; ".join(["a note"] * 10_000))
    told = materialization_metadata(pipeline, None, [replace(report, outcomes=(noted,))])
    assert stored_size(told) <= limits.MOST
    schema = told["dagster/column_schema"].value
    assert isinstance(schema, dg.TableSchema)
    assert schema.columns[5].name == "Measure0000"
    if columns == 400:
        last = schema.columns[-1]
        assert last.name == f"… {405 - len(schema.columns) + 1} more"
        assert report.receipts[0].location in str(last.description)
        assert "more, in full in" in str(told["measures"].value)
    assert "more, in full in" in str(told["notes"].value)
    assert report.manifest in str(told["notes"].value)


@settings(max_examples=30, deadline=None)
@given(
    lines=st.lists(st.text(max_size=400), max_size=40),
    most=st.integers(700, 4_000),
    whole=st.text(max_size=600),
)
def test_lines_that_are_kept_fit_and_none_is_lost_unsaid(
    lines: list[str], most: int, whole: str
) -> None:
    found = limits.kept(lines, most, whole)
    assert limits.size_of("\n".join(found)) <= most + 2
    if found != lines:
        assert found[-1].startswith("… ")


@settings(max_examples=30, deadline=None)
@given(text=st.text(max_size=600), most=st.integers(20, 600))
def test_a_text_that_is_cut_fits_and_one_that_fits_is_whole(text: str, most: int) -> None:
    short = limits.cut(text, most)
    assert limits.size_of(short) <= most
    assert (short == text) == (limits.size_of(text) <= most)
