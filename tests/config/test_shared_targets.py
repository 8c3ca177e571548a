"""Where does the table go that holds all partitions of a pass?"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict
from tests.config.conftest import PLUGINS, Desk, entry
from tests.table_output import Options as TableOptions

from beaf_core import Catalog, PluginHost, Target


class AlwaysShared(BaseModel):
    """As an output says it of which every place holds many partitions."""

    model_config = ConfigDict(extra="forbid")

    shared: ClassVar[bool] = True
    mode: str = "append"


@pytest.fixture
def host() -> PluginHost:
    tables = entry("output", "table", SimpleNamespace(Config=TableOptions))
    lake = entry("output", "lake", SimpleNamespace(Config=AlwaysShared))
    return PluginHost(Catalog((*PLUGINS, tables, lake)))


def target(desk: Desk, config: Any) -> Target:
    ((found,),) = [each.targets for each in desk.resolve(config).passes]
    return found


@pytest.mark.parametrize("kind", ["lake", "table"])
def test_a_table_goes_to_one_place_for_all_partitions_of_a_pass(
    desk: Desk, one_pass: Any, kind: str
) -> None:
    found = target(desk, one_pass(output={"type": kind}))
    assert found.shared
    assert found.path_template == str(desk.folder / f"data/{{datasetname}}/{{pass}}.{found.type}")


def test_a_file_for_each_partition_is_not_shared(desk: Desk, one_pass: Any) -> None:
    found = target(desk, one_pass())
    assert not found.shared
    assert found.path_template.endswith("/{universe}/{start_date}_{end_date}.parquet")
    off = target(desk, one_pass(output={"type": "table", "shared": False}))
    assert not off.shared
    assert off.path_template == found.path_template


def test_partition_columns_make_a_dataset_of_many_partitions(desk: Desk, one_pass: Any) -> None:
    found = target(desk, one_pass(output={"partition_columns": ["MIC", "Date"]}))
    assert found.shared
    assert found.partition_columns == ("MIC", "Date")
    assert found.path_template == str(desk.folder / f"data/{{datasetname}}/{{pass}}.{found.type}")
    assert desk.resolve(one_pass(output={"partition_columns": ["MIC"]})).notes == ()


def test_a_path_template_of_ones_own_wins_over_the_default_one(desk: Desk, one_pass: Any) -> None:
    found = target(desk, one_pass(output={"type": "lake", "path_template": "/lake/{pass}"}))
    assert (found.path_template, found.shared) == ("/lake/{pass}", True)


def test_a_place_that_is_no_path_wins_over_every_path_template(desk: Desk, one_pass: Any) -> None:
    output = {"type": "table", "table": "{datasetname}_{pass}", "path_template": "/never/{pass}"}
    found = target(desk, one_pass({"DATASETNAME": "d"}, output=output))
    assert found.path_template == "shelf://me:***@here/{datasetname}_{pass}"
    assert found.shared


def test_a_place_that_cannot_be_filled_in_is_told_before_anything_runs(
    desk: Desk, one_pass: Any
) -> None:
    error = desk.refused(one_pass(output={"type": "table", "table": "{venue}_{pass}"}))
    assert len(error.problems) == 1
    assert "cannot be filled in: 'venue'" in str(error)
    assert "{datasetname}" in str(error)


def test_two_passes_in_one_table_are_told_with_their_names(desk: Desk) -> None:
    passes = [{"name": each, "modules": ["bars"]} for each in "ab"]
    output = {"type": "table", "table": "all"}
    error = desk.refused({"OUTPUT_TARGET": output, "PASSES": passes})
    assert 'the passes "a" and "b" both write to shelf://me:***@here/all' in str(error)
    output["table"] = "{pass}"
    assert len(desk.resolve({"OUTPUT_TARGET": output, "PASSES": passes}).passes) == 2
