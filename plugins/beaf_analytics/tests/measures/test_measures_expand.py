"""Do options multiply into variants, and do patterns name them?"""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from beaf_analytics.measures.expand import OneOrMore, Variants, fill_pattern
from beaf_core import UsageError


class Asked(Variants):
    sides: Annotated[list[str], OneOrMore] = Field(["Bid"])
    levels: Annotated[list[int], OneOrMore] = Field([1])
    quotes: str = "valid"


def test_every_combination_of_the_lists_is_a_variant_the_last_list_fastest() -> None:
    found = list(Asked(sides=["Bid", "Ask"], levels=[1, 3]).expand())
    assert found == [
        {"sides": "Bid", "levels": 1}, {"sides": "Bid", "levels": 3},
        {"sides": "Ask", "levels": 1}, {"sides": "Ask", "levels": 3},
    ]  # fmt: skip


def test_market_states_and_single_values_do_not_multiply() -> None:
    metric = Asked.model_validate({"market_states": ["HALTED", "CLOSED"], "quotes": "any"})
    assert list(metric.expand()) == [{"sides": "Bid", "levels": 1}]


@pytest.mark.parametrize("written", ["Ask", ["Ask"], ("Ask",)])
def test_a_list_may_be_written_as_one_value(written: Any) -> None:
    metric = Asked.model_validate({"sides": written, "market_states": "HALTED"})
    assert metric.sides == ["Ask"]
    assert metric.market_states == ["HALTED"]


@pytest.mark.parametrize("wrong", [{"side": "Ask"}, {"market_states": "OPEN"}, {"sides": None}])
def test_what_is_not_offered_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Asked.model_validate(wrong)


def test_a_pattern_is_filled_with_the_fields_of_the_variant() -> None:
    fields = {"sides": "Bid", "levels": "3"}
    assert fill_pattern("My{sides}{levels}{sides}", fields) == "MyBid3Bid"
    assert fill_pattern("Plain", fields) == "Plain"


@pytest.mark.parametrize("pattern", ["{side}", "{sides.upper}", "{sides[0]}", "{0}", "{}"])
def test_a_pattern_that_names_something_else_is_told_what_there_is(pattern: str) -> None:
    with pytest.raises(UsageError) as caught:
        fill_pattern(pattern, {"sides": "Bid", "levels": "3"})
    assert f"names {pattern}" in str(caught.value)
    assert caught.value.remedy == "use {sides} {levels}"


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match=r"output_name_pattern '\{sides'"):
        fill_pattern("{sides", {"sides": "Bid"})
