"""Is what has no effect accepted, and said aloud once?"""

from __future__ import annotations

from typing import Any

import pytest
from tests.config.conftest import Desk

from beaf_core.config.retired import RETIRED, RETIRED_OUTPUT

# The predecessor's fields, with the defaults that its users' files repeat.
OLD = {
    "BATCHING_STRATEGY": "heuristic",
    "HEURISTIC_SIZES_PATH": "/x/symbol_sizes/latest.parquet",
    "PREPARE_DATA_MODE": "s3_shredding",
    "EAGER_EXECUTION": False,
    "RUN_ONE_SYMBOL_AT_A_TIME": False,
    "DENSE_OUTPUT": True,
    "TABLES_TO_LOAD": ["cbbo"],
    "ENABLE_PERFORMANCE_LOGS": True,
    "ENABLE_POLARS_PROFILING": False,
    "CLEAN_UP_BATCH_FILES": True,
    "CLEAN_UP_TEMP_DIR": True,
    "OVERWRITE_TEMP_DIR": False,
}


@pytest.mark.parametrize("name", OLD)
def test_a_field_without_meaning_is_accepted_with_one_note(
    desk: Desk, one_pass: Any, name: str
) -> None:
    found = desk.resolve(one_pass({name: OLD[name]}))
    assert found.notes == (f"{name} has no effect any more: {RETIRED[name]}",)
    assert not hasattr(found.config, name)


def test_every_such_field_is_tried_here() -> None:
    assert OLD.keys() == RETIRED.keys()


@pytest.mark.parametrize("name", RETIRED_OUTPUT)
def test_what_steered_pandas_is_noted_once_for_all_passes(desk: Desk, name: str) -> None:
    passes = [
        {"name": each, "modules": ["bars"], "output": {name: True, "path_template": f"/{each}"}}
        for each in "ab"
    ]
    found = desk.resolve({"PASSES": passes, "OUTPUT_TARGET": {name: True}})
    assert found.notes == (f"OUTPUT_TARGET.{name} has no effect any more: {RETIRED_OUTPUT[name]}",)


def test_an_output_cannot_be_told_to_double_its_rows(desk: Desk, one_pass: Any) -> None:
    found = desk.resolve(one_pass(output={"dedupe_on_partition": False}))
    assert found.notes == (
        "OUTPUT_TARGET.dedupe_on_partition: false has no effect: "
        "a rerun always replaces its partition",
    )
    assert desk.resolve(one_pass(output={"dedupe_on_partition": True})).notes == ()


def test_an_area_is_told_to_have_no_effect_where_no_template_asks_for_it(
    desk: Desk, one_pass: Any
) -> None:
    found = desk.resolve(one_pass({"OUTPUT_TARGET": {"area": "user"}}))
    assert found.notes == (
        "OUTPUT_TARGET.area has no effect: path_template asks for no bucket and no prefix beside "
        "those that are set",
    )


def test_several_old_fields_have_a_note_each(desk: Desk, one_pass: Any) -> None:
    notes = desk.resolve(one_pass(dict(reversed(OLD.items())))).notes
    assert [each.partition(" ")[0] for each in notes] == list(RETIRED)
