"""Is only the named plugin asked, whatever else is loaded?"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import polars as pl
import pytest
from tests.plugins.conftest import Answers, listings

from beaf_core import PluginHost, hookimpl
from beaf_core.plugins.errors import PluginLoadError
from beaf_core.testing import TINY_DAYS

DAY = TINY_DAYS[0]


# -- entries -------------------------------------------------------------------------------


def test_an_entry_may_be_an_object_in_a_module(shelf):
    text = """
        from beaf_core import hookimpl

        class Sector:
            @hookimpl
            def get_universe(self, value, date, reference):
                return reference(date, Sector=value)

        class Home:
            sector = Sector()
    """
    shelf.add("beaf-acme", {"universe/sector": "objects:Home.sector"}, objects=text)
    assert listings(PluginHost(), value="Energy") == [101, 201]


def test_one_object_under_two_names_and_kinds_is_addressed_by_each(shelf):
    text = """
        from beaf_core import AnalyticsModule, hookimpl

        @hookimpl
        def get_universe(value, date, reference):
            return reference(date, MIC=value)

        @hookimpl
        def analytics_module():
            return AnalyticsModule("all", measures=lambda options: [])
    """
    points = {"universe/sector": "both", "universe/venue": "both", "module/all": "both"}
    shelf.add("beaf-acme", points, both=text)
    host = PluginHost()
    assert host.analytics_module("all").name == "all"
    assert listings(host, "sector") == listings(host, "venue") == [101, 102]


def test_classes_of_one_name_from_two_distributions_live_side_by_side(shelf):
    text = """
        import polars as pl
        from beaf_core import hookimpl

        class Plugin:
            @staticmethod
            @hookimpl
            def get_universe():
                return pl.DataFrame({{"ListingId": [{listing}], "MIC": ["XLON"]}})
    """
    shelf.add("beaf-one", {"universe/one": "one_mod:Plugin"}, one_mod=text.format(listing=1))
    shelf.add("beaf-two", {"universe/two": "two_mod:Plugin"}, two_mod=text.format(listing=2))
    host = PluginHost()
    assert (listings(host, "one"), listings(host, "two")) == ([1], [2])


def test_plugins_that_compare_equal_are_still_two(host_of):
    @dataclass(frozen=True)
    class Named:
        name: str

        @hookimpl
        def get_universe(self):
            return pl.DataFrame({"ListingId": [id(self)], "MIC": ["XLON"]})

    one, two = Named("same"), Named("same")
    host = host_of(universe={"one": one, "two": two})
    assert (listings(host, "one"), listings(host, "two")) == ([id(one)], [id(two)])


def test_a_plugin_need_not_be_hashable(host_of):
    @hookimpl
    def get_universe():
        return pl.DataFrame({"ListingId": [7], "MIC": ["XLON"]})

    plugin = SimpleNamespace(get_universe=get_universe)
    assert listings(host_of(universe={"sector": plugin})) == [7]


def test_a_plugin_whose_attributes_raise_does_not_disturb_another(host_of):
    class Prickly(Answers):
        def __getattr__(self, name):
            raise RuntimeError(f"do not ask for {name}")

    host = host_of(universe={"prickly": Prickly(1), "sector": Answers(2)})
    assert (listings(host, "prickly"), listings(host)) == ([1], [2])


# -- addressed calls -----------------------------------------------------------------------


@pytest.mark.parametrize("order", [("one", "two", "three"), ("three", "one", "two")])
def test_only_the_named_plugin_is_asked_whatever_was_loaded_before(host_of, order):
    plugins = {"one": Answers(1), "two": Answers(2), "three": Answers(3)}
    host = host_of(universe=plugins)
    for name in order:
        host.load("universe", name)
    assert listings(host, "two") == [2]
    assert {name: each.asked for name, each in plugins.items()} == {"one": 0, "two": 1, "three": 0}


def test_a_plugin_loaded_later_is_not_asked_either(host_of):
    plugins = {"one": Answers(1), "two": Answers(2)}
    host = host_of(universe=plugins)
    assert listings(host, "one") == [1]
    assert listings(host, "two") == [2]
    assert listings(host, "one") == [1]
    assert (plugins["one"].asked, plugins["two"].asked) == (2, 1)


def test_a_plugin_answers_only_under_the_kind_that_it_was_named_by(host_of):
    host = host_of(universe={"sector": Answers(1)}, source={"other": Answers(2)})
    assert listings(host) == [1]
    with pytest.raises(PluginLoadError, match="does not implement read_table"):
        host.check(host.catalog.find("source", "other"))
