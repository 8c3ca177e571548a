"""Is only the named plugin loaded, and does a broken one break nobody else?"""

from __future__ import annotations

import sys
from types import SimpleNamespace

import click
import polars as pl
import pytest
from tests.plugins.conftest import Answers, listings

from beaf_core import PluginEntry, PluginHost, hookimpl
from beaf_core.plugins.errors import PluginAnswerError, PluginConflictError, PluginLoadError
from beaf_core.testing import TINY_DAYS, tiny_reference

DAY = TINY_DAYS[0]

WHOLE = """
    from beaf_core import hookimpl

    @hookimpl
    def get_universe(value, date, reference):
        return reference(date, MIC=value)
"""

BROKEN = {
    "a missing import": "import no_such_package_anywhere",
    "a syntax error": "def get_universe(:",
    "an exit on import": "import sys; sys.exit(3)",
    "an exception on import": "1 / 0",
    "an exception of no common kind": "class Odd(BaseException): pass\nraise Odd('odd')",
    "a null byte": "x = '\0'",
}


# -- broken plugins ------------------------------------------------------------------------


@pytest.mark.parametrize("fault", BROKEN)
def test_a_plugin_that_cannot_be_imported_names_itself_and_breaks_no_other(shelf, fault):
    shelf.add("beaf-broken", {"universe/broken": "broken_mod"}, "6.6", broken_mod=BROKEN[fault])
    shelf.add("beaf-acme", {"universe/sector": "sector_mod"}, sector_mod=WHOLE)
    host = PluginHost()
    with pytest.raises(PluginLoadError) as caught:
        host.load("universe", "broken")
    message = str(caught.value)
    for expected in (
        'the universe "broken" cannot be loaded',
        "beaf-broken 6.6",
        "entry point broken = broken_mod",
        "reinstall or upgrade beaf-broken",
        "BEAF_DISABLE_PLUGINS=beaf-broken",
    ):
        assert expected in message
    assert listings(host) == [101, 102]


@pytest.mark.parametrize(
    "value", ["sector_mod:no_such_object", "sector_mod:a.b", "no_such_module", "sector_mod."]
)
def test_an_entry_point_that_leads_nowhere_is_a_load_error(shelf, value):
    shelf.add("beaf-acme", {"universe/sector": value}, sector_mod=WHOLE)
    with pytest.raises(PluginLoadError, match="beaf-acme"):
        PluginHost().load("universe", "sector")


def test_an_interrupt_during_an_import_is_nobodys_fault(shelf):
    shelf.add("beaf-acme", {"universe/sector": "m"}, m="raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        PluginHost().load("universe", "sector")


def test_only_the_named_plugin_is_imported(shelf):
    shelf.add("beaf-acme", {"universe/sector": "sector_mod"}, sector_mod=WHOLE)
    shelf.add("beaf-other", {"universe/other": "other_mod"}, other_mod="raise SystemExit")
    assert listings(PluginHost()) == [101, 102]
    assert "other_mod" not in sys.modules


def test_a_conflict_concerns_only_those_who_name_it(shelf):
    shelf.add("beaf-acme", {"universe/sector": "sector_mod"}, sector_mod=WHOLE)
    for name in ("beaf-one", "beaf-two"):
        shelf.add(name, {"universe/twice": "sector_mod"})
    host = PluginHost()
    assert listings(host) == [101, 102]
    with pytest.raises(PluginConflictError, match=r"beaf-one 1\.0 and beaf-two 1\.0"):
        listings(host, "twice")


def test_the_chosen_one_of_a_conflict_answers(shelf, monkeypatch):
    shelf.add("beaf-one", {"universe/twice": "one_mod"}, one_mod="1 / 0")
    shelf.add("beaf-two", {"universe/twice": "two_mod"}, two_mod=WHOLE)
    monkeypatch.setenv("BEAF_DISABLE_PLUGINS", "beaf-one:universe/twice")
    assert listings(PluginHost(), "twice") == [101, 102]


# -- hooks implemented wrongly -------------------------------------------------------------


def test_arguments_may_be_taken_in_any_order_and_number(host_of):
    class Universe:
        @hookimpl
        def get_universe(self, reference, date):
            return reference(date, MIC="XPAR")

    assert listings(host_of(universe={"sector": Universe()}), value=None) == [201]


def test_an_argument_that_the_hook_does_not_have_is_named_at_loading(host_of):
    class Universe:
        @hookimpl
        def get_universe(self, value, day):
            return None

    with pytest.raises(PluginLoadError) as caught:
        listings(host_of(universe={"sector": Universe()}))
    assert "'day'" in str(caught.value)
    assert "beaf-odd 6.6" in str(caught.value)


def test_a_failed_registration_fails_again_instead_of_answering_half(host_of):
    class Universe:
        @hookimpl
        def get_universe(self):
            return pl.DataFrame({"ListingId": [1], "MIC": ["XLON"]})

        @hookimpl
        def universe_values(self, day):
            return []

    host = host_of(universe={"sector": Universe()})
    for _ in range(2):
        with pytest.raises(PluginLoadError, match="day"):
            listings(host)


def test_an_implementation_of_no_hook_gets_a_near_match(host_of):
    class Universe(Answers):
        @hookimpl
        def universe_value(self):
            return []

    with pytest.raises(PluginLoadError, match='universe_value — did you mean "universe_values"'):
        listings(host_of(universe={"sector": Universe(1)}))


def test_an_implementation_may_bear_another_name_and_say_which_hook_it_means(host_of):
    class Universe:
        @hookimpl(specname="get_universe")
        def listings_of_acme(self):
            return pl.DataFrame({"ListingId": [5], "MIC": ["XLON"]})

    host = host_of(universe={"sector": Universe()})
    host.check(host.catalog.find("universe", "sector"))
    assert listings(host) == [5]


def test_a_hook_of_a_later_version_may_be_marked_as_optional(host_of):
    class Universe(Answers):
        @hookimpl(optionalhook=True)
        def hook_of_the_future(self):
            return None

    assert listings(host_of(universe={"sector": Universe(1)})) == [1]


def test_what_a_module_merely_imports_is_not_mistaken_for_a_hook(shelf):
    text = WHOLE + "\n    from polars import col, lit\n    import polars as pl\n"
    shelf.add("beaf-acme", {"universe/sector": "sector_mod"}, sector_mod=text)
    host = PluginHost()
    host.check(host.catalog.find("universe", "sector"))


def test_a_plugin_without_its_hook_says_which_one_is_lacking(host_of):
    host = host_of(universe={"sector": SimpleNamespace()})
    with pytest.raises(PluginAnswerError, match="get_universe: it does not implement this hook"):
        listings(host)
    with pytest.raises(PluginLoadError, match="it does not implement get_universe"):
        host.check(host.catalog.find("universe", "sector"))


def test_universe_values_may_be_left_out(host_of):
    host = host_of(universe={"sector": Answers(1)})
    host.check(host.catalog.find("universe", "sector"))
    assert host.universe_values("sector", date=DAY, reference=tiny_reference) == []


# -- options and commands ------------------------------------------------------------------


@pytest.mark.parametrize("model", [dict, {"root": "text"}, "Config", int])
def test_a_config_that_is_no_pydantic_model_is_a_load_error(host_of, model):
    plugin = SimpleNamespace(Config=model)
    with pytest.raises(PluginLoadError, match="not a pydantic model"):
        host_of(source={"odd": plugin}).config_model("source", "odd")


def test_a_config_whose_annotations_cannot_be_resolved_is_a_load_error(shelf):
    text = """
        from __future__ import annotations
        from typing import TYPE_CHECKING
        from pydantic import BaseModel

        if TYPE_CHECKING:
            from beaf_core import ConfigPath

        class Config(BaseModel):
            root: ConfigPath
    """
    shelf.add("beaf-acme", {"source/acme": "acme_mod"}, acme_mod=text)
    with pytest.raises(PluginLoadError, match=r"Config cannot be completed.*ConfigPath"):
        PluginHost().config_model("source", "acme")


def test_a_config_that_cannot_even_be_looked_at_is_a_load_error(host_of):
    class Prickly:
        def __getattr__(self, name):
            raise RuntimeError(f"do not ask for {name}")

    with pytest.raises(PluginLoadError, match="its Config cannot be read: do not ask for Config"):
        host_of(source={"odd": Prickly()}).config_model("source", "odd")


def test_a_plugin_without_options_has_no_config(host_of):
    assert host_of(source={"odd": SimpleNamespace()}).config_model("source", "odd") is None


def test_a_command_is_a_click_command_and_anything_else_a_load_error():
    @click.command()
    def hello():
        """Greet."""

    good = PluginEntry("command", "hello", "m", "beaf-acme", "1", inline=hello)
    bad = PluginEntry("command", "hello", "m", "beaf-acme", "1", inline=print)
    assert PluginHost().command(good) is hello
    with pytest.raises(PluginLoadError, match="not a click command"):
        PluginHost().check(bad)
