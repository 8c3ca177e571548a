"""Which passes can be computed, and what is told of the others?"""

from __future__ import annotations

from typing import Any

import pytest
from tests.config.conftest import Desk


def told(desk: Desk, config: Any) -> str:
    error = desk.refused(config)
    assert len(error.problems) == 1, str(error)
    return str(error).removeprefix("the configuration given in Python ")


@pytest.mark.parametrize("seconds", [1e-9, 1e-6, 0.001, 0.1, 1, 60, 3600.0, 86_400, "300"])
def test_a_bucket_is_whole_nanoseconds_up_to_a_day(desk: Desk, one_pass: Any, seconds: Any) -> None:
    (one,) = desk.resolve(one_pass(time_bucket_seconds=seconds)).passes
    assert one.config.time_bucket_seconds == float(seconds)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1e-10, "should be a whole number of nanoseconds, at least one, not 1e-10"),
        (1.5e-9, "should be a whole number of nanoseconds"),
        (1 / 3, "should be a whole number of nanoseconds"),
        (0, "should be greater than 0, not 0"),
        (-60, "should be greater than 0, not -60"),
        (86_401, "should be less than or equal to 86400, not 86401"),
        (float("inf"), "should be"),
        (float("nan"), "should be"),
        ("one", "should be a valid number, not 'one'"),
        (None, "should be a valid number, not null"),
        ([60], "should be a valid number"),
    ],
)
def test_another_bucket_is_refused(desk: Desk, one_pass: Any, seconds: object, words: str) -> None:
    text = told(desk, one_pass(time_bucket_seconds=seconds))
    assert text.startswith(f"PASSES[0].time_bucket_seconds: {words}")


@pytest.mark.parametrize(
    ("passes", "words"),
    [
        ([], "PASSES: there is no pass, so there is nothing to compute"),
        (None, "PASSES: should be a list, not null"),
        ("bars", "PASSES: should be a list, not 'bars'"),
        ({"bars": {"modules": ["bars"]}}, "PASSES: should be a list"),
        (["bars"], "PASSES[0]: a pass is a mapping with name, modules and options"),
        ([None], "PASSES[0]: a pass is a mapping with name, modules and options"),
        ([{"modules": ["bars"]}], "PASSES[0].name: is missing"),
        ([{"name": "", "modules": ["bars"]}], "PASSES[0].name: string should have at least 1"),
        ([{"name": 5, "modules": ["bars"]}], "PASSES[0].name: should be text, not 5\n  → write it"),
        ([{"name": "a"}], "PASSES[0].modules: the pass names no module"),
        ([{"name": "a", "modules": []}], "PASSES[0].modules: the pass names no module"),
        ([{"name": "a", "modules": None}], "PASSES[0].modules: should be a list, not null"),
        (
            [{"name": "a", "modules": "bars"}],
            "PASSES[0].modules: should be a list, not 'bars'\n  → write [bars]",
        ),
        ([{"name": "a", "modules": {"bars": {}}}], "PASSES[0].modules: should be a list"),
        ([{"name": "a", "modules": [5]}], "PASSES[0].modules[0]: should be text, not 5"),
        ([{"name": "a", "modules": [["bars"]]}], "PASSES[0].modules[0]: should be text"),
        (
            [{"name": "a", "modules": ["bars"]}, {"name": "a", "modules": ["book"]}],
            'PASSES[1].name: a pass named "a" stands above',
        ),
        (
            [{"name": "a", "modules": ["bars"], "time_bucket_anchor": "middle"}],
            "PASSES[0].time_bucket_anchor: should be 'end' or 'start', not 'middle'",
        ),
    ],
)
def test_passes_that_cannot_be_computed_are_refused(desk: Desk, passes: object, words: str) -> None:
    assert told(desk, {"PASSES": passes}).startswith(words)


def test_without_passes_the_remedy_is_an_example_that_works(desk: Desk) -> None:
    error = desk.refused({})
    assert error.problems[0].remedy == "write PASSES: [{name: bars, modules: [trade]}]"


def test_a_faulty_section_of_a_pass_that_lacks_its_name_is_told_too(desk: Desk) -> None:
    error = desk.refused({"PASSES": [{"modules": ["book"], "book_analytics": {"levels": "x"}}]})
    assert {each.path for each in error.problems} == {
        "PASSES[0].name",
        "PASSES[0].book_analytics.levels",
    }


def test_nothing_can_be_preserved_of_a_source_pass_that_is_not_named(
    desk: Desk, one_pass: Any
) -> None:
    expect = {"expect": {"rows": "preserved"}}
    text = told(desk, one_pass(quality_checks=expect))
    assert text.startswith("PASSES[0].quality_checks.expect.rows: the pass has no source pass")
    # What is asked of every pass holds for those that have one.
    assert desk.resolve(one_pass({"QUALITY_CHECKS": expect})).passes


@pytest.mark.parametrize("mode", ["warn", "raise", "update"])
def test_a_schema_lock_needs_its_file(desk: Desk, one_pass: Any, mode: str) -> None:
    text = told(desk, one_pass({"SCHEMA_LOCK_MODE": mode}))
    assert text.startswith(f"SCHEMA_LOCK_MODE: {mode} needs a file that holds the columns")
    text = told(desk, one_pass({"SCHEMA_LOCK_MODE": mode, "SCHEMA_LOCK_PATH": "s3://b/lock"}))
    assert text.startswith("SCHEMA_LOCK_PATH: should be a file on this machine")


@pytest.mark.parametrize("seconds", [0.5, 1, 1.5, 86_400])
def test_a_bucket_may_be_whole_steps_of_a_grid(desk: Desk, one_pass: Any, seconds: float) -> None:
    assert desk.resolve(one_pass(modules=["samples"], time_bucket_seconds=seconds)).passes


@pytest.mark.parametrize("seconds", [0.25, 0.75, 1.000000001])
def test_a_bucket_that_cuts_the_step_of_a_grid_is_refused(
    desk: Desk, one_pass: Any, seconds: float
) -> None:
    text = told(desk, one_pass(modules=["samples"], time_bucket_seconds=seconds))
    assert text.startswith(
        'PASSES[0]: the module "samples" looks at points of time that are 0.5 s apart, and '
        f"buckets of {seconds} s are no whole number of these steps"
    )
    assert "choose a step that divides time_bucket_seconds" in text
