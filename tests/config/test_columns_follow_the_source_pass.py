"""Does a module whose columns depend on its source pass see what that pass yields?"""

from __future__ import annotations

from pathlib import Path

import pytest

from beaf_core import ConfigError
from beaf_core.prepare import prepare_pipeline

PIPELINE = """
import polars as pl
from pydantic import BaseModel
from beaf_core import Aggregation, AnalyticsModule, Kind, Measure, UsageError


class Options(BaseModel):
    source_pass: str | None = None
    columns: list[str] | None = None
    ending: str = "Max"


def highest(options):
    of = {name: Aggregation(Kind.MAX, pl.col(name)) for name in options.columns or []}
    return [
        Measure(f"{name}{options.ending}", "source", of[name], "", "", "")
        for name in options.columns or []
    ]


def completed(options, source):
    names = [each.name for each in source.measures]
    if not names:
        raise UsageError("nothing there")
    assert source.keys == ("ListingId", "TimeBucket")
    width = f"{source.bucket_ns // 10**9}s{source.reader_bucket_ns // 10**9}s"
    return options.model_copy(update={"columns": names, "ending": options.ending + width})


def module(name):
    return AnalyticsModule(
        name, highest, Config=Options, from_source=completed, reads=lambda options: {"source": ()}
    )


volume = AnalyticsModule(
    "volume",
    lambda options: [Measure("Volume", "trades", Aggregation(Kind.COUNT), "", "", "")],
)
highs, higher = module("highs"), module("higher")
USER_CONFIG = {
    "SOURCE": {"type": "parquet", "root": "market"},
    "PASSES": [
        {"name": "third", "modules": ["higher"], "source_pass": "second",
         "time_bucket_seconds": 3600},
        {"name": "second", "modules": ["highs"], "source_pass": "bars",
         "time_bucket_seconds": 300},
        {"name": "bars", "modules": ["volume"]},
    ],
}
"""


def columns(folder: Path, text: str = PIPELINE, *sets: str) -> dict[str, list[str]]:
    path = folder / "chain.py"
    path.write_text(text, encoding="utf-8")
    passes = prepare_pipeline(path, sets=sets).resolved.passes
    return {each.name: [measure.name for measure in each.measures] for each in passes}


def test_columns_follow_from_pass_to_pass_in_whatever_order_they_are_written(
    tmp_path: Path,
) -> None:
    assert columns(tmp_path) == {
        "third": ["VolumeMax60s300sMax300s3600s"],
        "second": ["VolumeMax60s300s"],
        "bars": ["Volume"],
    }


def test_the_completed_options_are_those_of_the_pass(tmp_path: Path) -> None:
    columns(tmp_path)
    passes = prepare_pipeline(tmp_path / "chain.py").resolved.passes
    found = {each.name: each.config.model_dump() for each in passes}
    assert found["second"]["highs_analytics"]["columns"] == ["Volume"]


def faults(folder: Path, text: str, *sets: str) -> str:
    with pytest.raises(ConfigError) as caught:
        columns(folder, text, *sets)
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("if not names:", "if names:", "nothing there"),
        ("if not names:", "if 1 / 0:", "in its from_source"),
        ("return options.model_copy(", "return str(", "from_source"),
        ('"columns": names,', '"columns": [],', 'the module "highs" yields no column'),
        ("return options.model_copy(", "return dict(", "from_source gives a dict, not its options"),
    ],
)
def test_what_cannot_be_completed_is_told(tmp_path: Path, old: str, new: str, fault: str) -> None:
    assert fault in faults(tmp_path, PIPELINE.replace(old, new))


def test_a_fault_stands_at_the_section_where_there_is_one(tmp_path: Path) -> None:
    text = PIPELINE.replace("if not names:", "if names:")
    message = faults(tmp_path, text, "PASSES.second.highs_analytics={ending: X}")
    assert "PASSES.second.highs_analytics" in message or "highs_analytics" in message


def test_a_circle_is_told_all_the_same(tmp_path: Path) -> None:
    message = faults(tmp_path, PIPELINE, "PASSES.second.source_pass=third")
    assert "passes read each other in a circle" in message


def test_a_table_that_stands_for_the_source_completes_nothing(tmp_path: Path) -> None:
    message = faults(tmp_path, PIPELINE, "PASSES.second.module_inputs={highs: {source: trades}}")
    assert 'the module "highs" works on the rows of a pass, and trades is none' in message
