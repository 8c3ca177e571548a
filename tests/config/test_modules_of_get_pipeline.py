"""What may `get_pipeline` give, and what is told of the rest?"""

from __future__ import annotations

from typing import Any

import pytest
from tests.config.conftest import (
    MODULES,
    Desk,
    counted,
)

from beaf_core import (
    AnalyticsModule,
    UsageError,
)

BY_NAME = {each.name: each for each in MODULES}


def paths(error: Any) -> list[str]:
    return [each.path for each in error.problems]


def test_get_pipeline_gives_modules_and_names_and_sees_the_pass(desk: Desk, one_pass: Any) -> None:
    seen = []

    def get_modules(config: Any) -> list[Any]:
        seen.append((config.name, config.time_bucket_seconds, config.bars_analytics))
        return ["bars", AnalyticsModule("mine", lambda _: counted("Mine"))]

    given = one_pass(modules=["unknown"], bars_analytics={"measures": ["Open"]})
    (one,) = desk.resolve(given, get_modules).passes
    assert [each.name for each in one.measures] == ["Open", "Mine"]
    assert seen == [("one", 60, {"measures": ["Open"]})]


def test_get_pipeline_is_not_asked_with_a_pass_that_is_wrong(desk: Desk) -> None:
    def get_modules(_config: Any) -> list[Any]:
        raise AssertionError("asked")

    error = desk.refused({"PASSES": [{"name": 5, "my_analytics": {}}]}, get_modules)
    assert paths(error) == ["PASSES[0].name"]


def _raises(_config: object) -> Any:
    raise LookupError("no luck")


def _refuses(_config: object) -> Any:
    raise UsageError("not this pass", remedy="take another")


@pytest.mark.parametrize(
    ("get_modules", "words"),
    [
        (_raises, "get_pipeline raises LookupError: no luck\n  → mend the pipeline's file"),
        (_refuses, "not this pass\n  → take another"),
        (lambda _: None, "get_pipeline returned nothing, not a list of modules"),
        (lambda _: [], "get_pipeline returned nothing, not a list of modules"),
        (lambda _: "bars", "get_pipeline returned a str, not a list of modules"),
        (lambda _: [5], "expected an AnalyticsModule, got a int"),
        (lambda _: ["brs"], 'no module is called "brs" — did you mean "bars"?'),
        (lambda _: [BY_NAME["plain"], BY_NAME["plain"]], "both yield Plain"),
    ],
)
def test_what_is_wrong_with_get_pipeline_is_told(
    desk: Desk, one_pass: Any, get_modules: Any, words: str
) -> None:
    error = desk.refused(one_pass(), get_modules)
    assert words in str(error)
    assert paths(error)[0].startswith("PASSES[0]")


def test_the_line_where_get_pipeline_raises_is_told(desk: Desk, one_pass: Any) -> None:
    text = str(desk.refused(one_pass(), _raises))
    line = _raises.__code__.co_firstlineno + 1
    assert f"test_modules_of_get_pipeline.py:{line}: get_pipeline raises" in text
