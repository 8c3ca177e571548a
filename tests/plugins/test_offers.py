"""Are the examples and the catalogue of a module checked like its other answers?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from pydantic import BaseModel

from beaf_core import Aggregation, AnalyticsModule, Example, Kind, Measure, PluginEntry, UsageError
from beaf_core.plugins.catalog import OWN_FILE
from beaf_core.plugins.declarations import check_module
from beaf_core.plugins.errors import PluginAnswerError, PluginCallError
from beaf_core.plugins.offers import catalogue_of, examples_of

ENTRY = PluginEntry("module", "sizes", "acme_sizes", "beaf-acme", "1.0")
SHARES = Measure("Shares", "trades", Aggregation(Kind.SUM, pl.col("Size")), "shares", "", "")
EXAMPLE = Example(SHARES, {"trades": [{"Size": 1}]}, 1)


class Options(BaseModel):
    depth: int = 1


def module(**fields: Any) -> AnalyticsModule:
    return AnalyticsModule("sizes", measures=lambda _options: [SHARES], **fields)


def test_a_module_offers_nothing_unless_it_says_so() -> None:
    assert examples_of(ENTRY, module(), None) == []
    assert catalogue_of(ENTRY, module()) == []


def test_what_a_module_offers_is_listed() -> None:
    def examples(options: Options) -> Iterator[Example]:
        yield from [EXAMPLE] * options.depth

    assert examples_of(ENTRY, module(examples=examples), Options(depth=2)) == [EXAMPLE, EXAMPLE]
    offered = module(Config=Options, catalogue=lambda: (Options(depth=9),))
    assert catalogue_of(ENTRY, offered) == [Options(depth=9)]


def test_what_is_neither_an_example_nor_options_is_refused() -> None:
    with pytest.raises(PluginAnswerError, match="a dict stands in its examples, where a Example"):
        examples_of(ENTRY, module(examples=lambda _options: [{}]), None)
    with pytest.raises(PluginAnswerError, match="a dict stands in its catalogue, where a Options"):
        catalogue_of(ENTRY, module(Config=Options, catalogue=lambda: [{}]))


def test_what_fails_is_its_authors_turn() -> None:
    with pytest.raises(PluginCallError, match="ZeroDivisionError"):
        catalogue_of(ENTRY, module(catalogue=lambda: [1 / 0]))


def test_what_says_itself_what_to_do_is_passed_on() -> None:
    def examples(_options: object) -> list[Example]:
        raise UsageError("mend the file")

    with pytest.raises(UsageError, match="mend the file"):
        examples_of(ENTRY, module(examples=examples), None)


@pytest.mark.parametrize("name", ["examples", "catalogue"])
def test_both_are_functions(name: str) -> None:
    entry = PluginEntry("module", "sizes", "acme", OWN_FILE, "")
    with pytest.raises(PluginAnswerError, match=f"{name} is to be a function"):
        check_module(entry, module(**{name: []}))
