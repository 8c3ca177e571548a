"""Whose is each section of a pass, and to which line do its faults point?"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel
from tests.config.conftest import (
    PLUGINS,
    BarOptions,
    BookOptions,
    Desk,
    entry,
)

from beaf_core import (
    BeafError,
    Catalog,
    PluginEntry,
    PluginHost,
    hookimpl,
)
from beaf_core.config.load import load_pipeline
from beaf_core.config.resolve import resolve
from beaf_core.config.resolved import ResolvedPipeline


def paths(error: Any) -> list[str]:
    return [each.path for each in error.problems]


def resolved_by(host: PluginHost, config: Any) -> ResolvedPipeline:
    loaded = load_pipeline(config, environ={})
    return resolve(loaded.tree, loaded.project, host)


# -- modules -------------------------------------------------------------------------------------


def test_a_section_goes_to_the_module_of_its_name(desk: Desk, one_pass: Any) -> None:
    (one,) = desk.resolve(one_pass(bars_analytics={"measures": ["Open", "Close"]})).passes
    assert isinstance(one.modules[0].options, BarOptions)
    assert [each.name for each in one.measures] == ["Open", "Close"]
    assert one.config.bars_analytics == one.modules[0].options


def test_without_a_section_a_module_has_its_defaults(desk: Desk, one_pass: Any) -> None:
    for given in ({}, {"bars_analytics": None}, {"bars_analytics": {}}):
        (one,) = desk.resolve(one_pass(**given)).passes
        assert one.modules[0].options == BarOptions()


def test_modules_may_share_a_section(desk: Desk, one_pass: Any) -> None:
    given = one_pass(modules=["book", "booktw"], book_analytics={"levels": 3})
    (one,) = desk.resolve(given).passes
    assert [each.name for each in one.measures] == ["Depth3", "DepthTWA3"]
    assert [each.options for each in one.modules] == [BookOptions(levels=3)] * 2


def test_a_fault_in_a_shared_section_is_told_once(desk: Desk, one_pass: Any) -> None:
    given = one_pass(modules=["book", "booktw"], book_analytics={"levels": 0})
    error = desk.refused(given)
    assert paths(error) == ["PASSES[0].book_analytics.levels"]
    assert "should be greater than or equal to 1, not 0" in str(error)


def test_the_fault_of_an_option_points_to_its_line_in_yaml(desk: Desk) -> None:
    text = desk.refused_text(
        """\
        PASSES:
          - name: one
            modules: [bars]
            bars_analytics:
              measures:
                - Open
                - Clsoe
        """
    )
    assert text == (
        "p.yaml:7:11 PASSES[0].bars_analytics.measures[1]: should be 'Open', 'Close' or "
        "'Volume', not 'Clsoe' — did you mean \"Close\"?\n"
        "            - Clsoe\n"
        "              ^^^^^"
    )


def test_the_fault_of_an_option_points_to_its_line_in_python(desk: Desk) -> None:
    text = desk.refused_text(
        """\
        MEASURES = ["Open", "Clsoe"]
        USER_CONFIG = {
            "PASSES": [{"name": "one", "modules": ["bars"], "bars_analytics": {
                "measures": MEASURES, "scoop": "all"}}],
        }
        """,
        "p.py",
    )
    assert text == (
        "2 problems in the configuration\n"
        "p.py:1:21 PASSES[0].bars_analytics.measures[1]: should be 'Open', 'Close' or "
        "'Volume', not 'Clsoe' — did you mean \"Close\"?\n"
        '    MEASURES = ["Open", "Clsoe"]\n'
        "                        ^^^^^^^\n"
        'p.py:4:31 PASSES[0].bars_analytics.scoop: unknown key "scoop" — did you mean "scope"?\n'
        '            "measures": MEASURES, "scoop": "all"}}],\n'
        "                                  ^^^^^^^"
    )


def test_a_computed_value_is_marked_where_it_is_computed(desk: Desk) -> None:
    text = desk.refused_text(
        'USER_CONFIG = {"PASSES": [{"name": "one", "modules": ["b" + str(7)]}]}\n', "p.py"
    )
    assert text.splitlines()[0].startswith(
        'p.py:1:55 PASSES[0].modules[0]: no module is called "b7"'
    )
    assert text.splitlines()[2].strip() == "^" * len('"b" + str(7)')


def test_a_value_of_several_kinds_has_one_fault(desk: Desk, one_pass: Any) -> None:
    error = desk.refused(one_pass(bars_analytics={"scope": 5}))
    assert str(error) == (
        "the configuration given in Python PASSES[0].bars_analytics.scope: "
        "should be 'all' or should be a list, not 5"
    )


def test_a_misspelt_section_is_told_with_the_nearest(desk: Desk, one_pass: Any) -> None:
    error = desk.refused(one_pass(bar_analytics={}))
    assert str(error).endswith(
        'PASSES[0].bar_analytics: unknown key "bar_analytics" — did you mean "bars_analytics"?'
    )


def test_a_section_without_its_module_is_told_with_its_owner(desk: Desk) -> None:
    text = desk.refused_text(
        "PASSES: [{name: one, modules: [bars], book_analytics: {levels: 3}}]\n"
    )
    assert text == (
        'p.yaml:1:39 PASSES[0].book_analytics: belongs to the module "book", '
        "which this pass does not have\n"
        "    PASSES: [{name: one, modules: [bars], book_analytics: {levels: 3}}]\n"
        "                                          ^^^^^^^^^^^^^^\n"
        "  → add book to modules, or remove the section"
    )


def test_a_misspelt_module_is_told_once_and_its_section_is_checked(
    desk: Desk, one_pass: Any
) -> None:
    fine = desk.refused(one_pass(modules=["boook"], book_analytics={"levels": 3}))
    assert paths(fine) == ["PASSES[0].modules[0]"]
    assert 'no module is called "boook" — did you mean "book"?' in str(fine)
    assert "installed modules: bars, book, booktw, broken, chooses, later, makes, plain" in str(
        fine
    )
    faulty = desk.refused(one_pass(modules=["boook"], book_analytics={"level": 3}))
    assert set(paths(faulty)) == {"PASSES[0].modules[0]", "PASSES[0].book_analytics.level"}


def test_a_module_without_options_takes_no_section(desk: Desk, one_pass: Any) -> None:
    error = desk.refused(one_pass(modules=["plain"], plain_analytics={"x": 1}))
    assert str(error).endswith('PASSES[0].plain_analytics: the module "plain" has no options')


def test_a_module_that_is_named_twice_is_told(desk: Desk, one_pass: Any) -> None:
    error = desk.refused(one_pass(modules=["bars", "plain", "bars"]))
    assert str(error).endswith('PASSES[0].modules[2]: the module "bars" stands above')


def test_a_column_of_two_modules_is_told(desk: Desk, one_pass: Any) -> None:
    error = desk.refused(one_pass(modules=["bars", "ticks"]))
    assert str(error).endswith(
        'PASSES[0].ticks_analytics: the modules "bars" and "ticks" both yield Volume\n'
        "  → set metric_prefix in one of their sections"
    )
    prefixed = one_pass(modules=["bars", "ticks"], bars_analytics={"metric_prefix": "My"})
    assert [each.name for each in desk.resolve(prefixed).passes[0].measures] == [
        "MyVolume",
        "Volume",
        "Ticks",
    ]


def test_a_module_that_is_not_enabled_yields_nothing(desk: Desk, one_pass: Any) -> None:
    off = {"bars_analytics": {"ENABLED": False}}
    (one,) = desk.resolve(one_pass(modules=["bars", "plain"], **off)).passes
    assert [each.name for each in one.measures] == ["Plain"]
    assert "the pass yields no column: its modules are not ENABLED" in str(
        desk.refused(one_pass(**off))
    )


def test_options_that_ask_for_no_column_are_told(desk: Desk, one_pass: Any) -> None:
    error = desk.refused(one_pass(bars_analytics={"measures": []}))
    assert 'PASSES[0].bars_analytics: the module "bars" yields no column' in str(error)


def test_options_that_ask_for_a_column_twice_are_told(desk: Desk, one_pass: Any) -> None:
    error = desk.refused(one_pass(bars_analytics={"measures": ["Open", "Open"]}))
    assert 'module "bars" yields Open more than once' in str(error)


def test_a_module_that_fails_is_told_with_its_distribution_beside_all_else(
    desk: Desk, one_pass: Any
) -> None:
    error = desk.refused(one_pass({"DATASETNAM": "x"}, modules=["broken"]))
    assert set(paths(error)) == {"PASSES[0].modules[0]", "DATASETNAM"}
    assert "ZeroDivisionError: by zero" in str(error)
    assert "beaf-acme 1.0" in str(error)


def test_a_broken_owner_hides_no_other_fault(desk: Desk, one_pass: Any) -> None:
    class Lies:
        @hookimpl
        def analytics_module(self) -> str:
            return "no module"

    host = PluginHost(Catalog([*PLUGINS, entry("module", "liar", Lies())]))
    found = resolved_by(host, one_pass())
    assert found.notes == ()  # nobody asks for a plugin that nobody names
    with pytest.raises(BeafError) as caught:
        resolved_by(host, one_pass(modules=["bars", "liar"], liar_analytics={"x": 1}, odd=1))
    assert set(paths(caught.value)) == {"PASSES[0].modules[1]", "PASSES[0].odd"}
    assert "expected an AnalyticsModule, got a str" in str(caught.value)


def test_two_distributions_with_one_module_are_told_at_its_name(one_pass: Any) -> None:
    rival = PluginEntry("module", "bars", "x", "beaf-rival", "2.0", inline=object())
    with pytest.raises(BeafError) as caught:
        resolved_by(PluginHost(Catalog([*PLUGINS, rival])), one_pass())
    assert paths(caught.value) == ["PASSES[0].modules[0]"]
    assert "2 distributions offer the module" in str(caught.value)


def test_a_validator_that_crashes_is_told_with_its_author(one_pass: Any) -> None:
    class Crash(BaseModel):
        def __init__(self, **_: object) -> None:
            super().__init__()

        @classmethod
        def model_validate(cls, *_: object, **__: object) -> Crash:
            raise KeyError("boom")

    host = PluginHost(Catalog([*PLUGINS, entry("source", "x", SimpleNamespace(Config=Crash))]))
    with pytest.raises(BeafError) as caught:
        resolved_by(host, one_pass({"SOURCE": {"type": "x"}}))
    assert "SOURCE: the check of these options fails: KeyError: 'boom'" in str(caught.value)
    assert __name__ in str(caught.value)
