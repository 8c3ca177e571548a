"""Is a section that bears its module's name enough, and do carets point into texts?"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, field_validator, model_validator
from tests.config.conftest import (
    Desk,
    counted,
    entry,
)

from beaf_core import AnalyticsModule, TextFaultError, hookimpl


class Rate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    formula: str = "x"

    @field_validator("formula")
    @classmethod
    def _has_no_why(cls, value: str) -> str:
        if "y" in value:
            raise TextFaultError("there is no y", value, value.index("y"))
        return value


class Rates(BaseModel):
    rates: list[Rate] = []

    @model_validator(mode="before")
    @classmethod
    def _list_is_enough(cls, value: object) -> object:
        return {"rates": value} if isinstance(value, list) else value


RATES = AnalyticsModule(
    "rates", lambda options: counted(*(each.name for each in options.rates)), "", Rates, "rates"
)


@pytest.fixture
def rated(desk: Desk) -> Desk:
    plugin = SimpleNamespace(analytics_module=hookimpl(lambda: RATES))
    return replace(desk, host=desk.host.with_inline([entry("module", "rates", plugin)]))


def columns(desk: Desk, **fields: Any) -> list[str]:
    (one,) = desk.resolve({"PASSES": [{"name": "one", **fields}]}).passes
    return [each.name for each in one.measures]


def test_the_section_alone_puts_its_module_into_the_pass(rated: Desk) -> None:
    assert columns(rated, rates=[{"name": "Rate"}]) == ["Rate"]


def test_the_module_stands_behind_those_that_are_named(rated: Desk) -> None:
    assert columns(rated, modules=["plain"], rates=[{"name": "Rate"}]) == ["Plain", "Rate"]


def test_the_module_is_there_once_where_it_is_named_too(rated: Desk) -> None:
    found = columns(rated, modules=["rates", "plain"], rates=[{"name": "Rate"}])
    assert found == ["Rate", "Plain"]


def test_the_module_is_there_beside_those_of_get_pipeline(rated: Desk) -> None:
    config = {"PASSES": [{"name": "one", "rates": [{"name": "Rate"}]}]}
    (one,) = rated.resolve(config, lambda _pass: ["plain"]).passes
    assert [each.name for each in one.measures] == ["Plain", "Rate"]


def test_the_name_of_a_module_with_another_section_is_an_unknown_key(desk: Desk) -> None:
    told = str(desk.refused({"PASSES": [{"name": "one", "modules": ["bars"], "bars": {}}]}))
    assert 'unknown key "bars"' in told
    assert "installed modules" not in told


def test_a_first_party_section_that_is_not_installed_says_what_to_install(desk: Desk) -> None:
    told = str(desk.refused({"PASSES": [{"name": "one", "metrics": []}]}))
    assert 'PASSES[0].metrics: no module is called "metrics"' in told
    assert "pip install beaf-analytics" in told
    assert "unknown key" not in told


def test_a_fault_in_a_list_points_to_its_item(rated: Desk) -> None:
    error = rated.refused({"PASSES": [{"name": "one", "rates": [{"name": "A"}, {"nam": "B"}]}]})
    assert [each.path for each in error.problems] == [
        "PASSES[0].rates[1].name",
        "PASSES[0].rates[1].nam",
    ]


# -- faults inside texts -------------------------------------------------------------------------


@pytest.mark.parametrize("formula", ["x + y", "'x + y'", '"x + y"', "  x + y  # y"])
def test_the_caret_stands_below_the_part_that_is_wrong(rated: Desk, formula: str) -> None:
    told = rated.refused_text(
        f"""\
        PASSES:
          - name: one
            rates:
              - name: A
                formula: {formula}
        """
    )
    line, caret = told.splitlines()[1:3]
    assert line[caret.index("^")] == "y"
    assert line.index("y") == caret.index("^")
    assert told.splitlines()[0].endswith("PASSES[0].rates[0].formula: there is no y")


@pytest.mark.parametrize("mark", ["|", ">-"])
def test_a_text_of_several_lines_is_shown_itself(rated: Desk, mark: str) -> None:
    told = rated.refused_text(
        f"""\
        PASSES:
          - name: one
            rates:
              - name: A
                formula: {mark}
                  x
                  + y
        """
    )
    said = told.splitlines()
    assert said[0].endswith("there is no y")
    caret = said[2].index("^")
    assert said[1][caret] == "y"


def test_a_text_from_python_is_shown_itself(rated: Desk) -> None:
    told = str(
        rated.refused({"PASSES": [{"name": "o", "rates": [{"name": "A", "formula": "xy"}]}]})
    )
    assert "there is no y\n    xy\n     ^" in told
