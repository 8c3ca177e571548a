"""Is what has no effect accepted, and said aloud once?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.config.conftest import Desk  # type: ignore[import-not-found,unused-ignore]

import beaf_core
from beaf_core import AnalyticsConfig
from beaf_core.config.retired import NOT_YET, RETIRED, RETIRED_OUTPUT

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
UNREAD = {
    "NUM_WORKERS": 4,
    "MEMORY_PER_WORKER": 8,
    "MAX_ROWS_PER_TABLE": {"trades": 1000},
    "TEMP_DIR": "/tmp/x",
}


@pytest.mark.parametrize("name", OLD)
def test_a_field_without_meaning_is_accepted_with_one_note(
    desk: Desk, one_pass: Any, name: str
) -> None:
    found = desk.resolve(one_pass({name: OLD[name]}))
    assert found.notes == (f"{name} has no effect any more: {RETIRED[name]}",)
    assert not hasattr(found.config, name)


@pytest.mark.parametrize("name", UNREAD)
def test_a_field_that_nothing_reads_yet_is_accepted_with_one_note(
    desk: Desk, one_pass: Any, name: str
) -> None:
    found = desk.resolve(one_pass({name: UNREAD[name]}))
    assert found.notes == (f"{name} is accepted, but has no effect in this version",)
    assert getattr(found.config, name) == UNREAD[name]


@pytest.mark.parametrize("name", UNREAD)
def test_its_default_needs_no_note(desk: Desk, one_pass: Any, name: str) -> None:
    default = AnalyticsConfig().model_dump()[name]
    assert desk.resolve(one_pass({name: default})).notes == ()


def test_every_such_field_is_tried_here() -> None:
    assert OLD.keys() == RETIRED.keys()
    assert UNREAD.keys() == set(NOT_YET)


@pytest.mark.parametrize("name", NOT_YET)
def test_the_note_is_true(name: str) -> None:
    """Once a field is read outside the room of configuration, it has to leave the list."""
    home = Path(beaf_core.__file__).parent
    rooms = [home, *(home.parents[1] / "plugins").glob("*/src")]
    sources = [each for room in rooms for each in room.rglob("*.py")]
    assert len(sources) > 40
    readers = [
        each
        for each in sources
        if each.parent != home / "config" and f".{name}" in each.read_text()
    ]
    assert readers == []


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


def test_the_area_of_an_output_waits_for_its_plugin(desk: Desk, one_pass: Any) -> None:
    found = desk.resolve(one_pass({"OUTPUT_TARGET": {"area": "user"}}))
    assert found.notes == (
        "OUTPUT_TARGET.area is kept; it takes effect once beaf-bmll is installed",
    )


def test_several_old_fields_have_a_note_each(desk: Desk, one_pass: Any) -> None:
    notes = desk.resolve(one_pass(dict(reversed(OLD.items())))).notes
    assert [each.partition(" ")[0] for each in notes] == list(RETIRED)
