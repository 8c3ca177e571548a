"""Does the catalogue tell what is installed, from metadata alone?"""

from __future__ import annotations

import json

import pytest

from beaf_core import Catalog, PluginEntry
from beaf_core.plugins.errors import PluginConflictError, PluginNotFoundError

BOMB = "raise SystemExit('a listed plugin must not be imported')"

LISTING = """
    import json, sys
    from beaf_core.plugins.catalog import Catalog

    catalog = Catalog.installed()
    assert "acme" in catalog.names("universe"), catalog.entries
    heavy = ["polars", "pydantic", "dagster", "pluggy", "pandas", "pyarrow", "textual", "boto3"]
    plugins = ["acme_bomb", "beaf_universes", "beaf_outputs", "beaf_analytics", "beaf_simulator"]
    print(json.dumps([name for name in heavy + plugins if name in sys.modules]))
"""


def test_listing_imports_no_plugin_and_nothing_heavy(shelf):
    shelf.add("beaf-acme", {"universe/acme": "acme_bomb"}, acme_bomb=BOMB)
    assert json.loads(shelf.python(LISTING)) == []


def test_an_entry_tells_its_distribution_version_and_summary(shelf):
    shelf.add("beaf-acme", {"universe/acme": "acme_mod"}, "2.5", summary="Sectors of acme")
    entry = Catalog.installed().find("universe", "acme")
    assert (entry.distribution, entry.version, entry.summary) == (
        "beaf-acme",
        "2.5",
        "Sectors of acme",
    )
    assert (entry.value, entry.address, entry.disabled) == ("acme_mod", "universe/acme", False)


def test_groups_that_are_no_kind_are_left_alone(shelf):
    shelf.add("beaf-acme", {"gadget/acme": "a", "universe/acme": "b"})
    mine = [each for each in Catalog.installed().entries if each.distribution == "beaf-acme"]
    assert [each.address for each in mine] == ["universe/acme"]


def test_one_name_may_stand_under_several_kinds(shelf):
    shelf.add("beaf-acme", {"universe/acme": "a", "source/acme": "b"})
    catalog = Catalog.installed()
    assert catalog.find("universe", "acme").value == "a"
    assert catalog.find("source", "acme").value == "b"


def test_two_distributions_of_one_name_are_an_error_that_names_both_and_the_choice(shelf):
    shelf.add("beaf-acme", {"universe/sector": "a"}, "1.0")
    shelf.add("beaf-other", {"universe/sector": "b"}, "2.0")
    with pytest.raises(PluginConflictError) as caught:
        Catalog.installed().find("universe", "sector")
    message = str(caught.value)
    for expected in (
        '2 distributions offer the universe "sector"',
        "beaf-acme 1.0",
        "beaf-other 2.0",
        "BEAF_DISABLE_PLUGINS=beaf-acme:universe/sector",
        "BEAF_DISABLE_PLUGINS=beaf-other:universe/sector",
    ):
        assert expected in message


@pytest.mark.parametrize(
    "word",
    [
        "beaf-acme",
        "beaf-acme:universe/sector",
        "beaf_acme",
        "BEAF-Acme : universe/sector".replace(" ", ""),
        " nothing , beaf-acme ,",
    ],
)
def test_the_choice_that_a_conflict_offers_settles_it(shelf, word):
    shelf.add("beaf-acme", {"universe/sector": "a"})
    shelf.add("beaf-other", {"universe/sector": "b"})
    catalog = Catalog.installed({"BEAF_DISABLE_PLUGINS": word})
    assert catalog.find("universe", "sector").distribution == "beaf-other"


def test_disabling_one_plugin_leaves_the_others_of_its_distribution(shelf):
    shelf.add("beaf-acme", {"universe/sector": "a", "universe/size": "b", "source/sector": "c"})
    catalog = Catalog.installed({"BEAF_DISABLE_PLUGINS": "beaf-acme:universe/sector"})
    assert "size" in catalog.names("universe")
    assert "sector" in catalog.names("source")
    assert "sector" not in catalog.names("universe")


def test_disabling_a_distribution_disables_all_of_it_and_nothing_else(shelf):
    shelf.add("beaf-acme", {"universe/sector": "a", "source/sector": "c"})
    shelf.add("beaf-acme-more", {"universe/size": "b"})
    catalog = Catalog.installed({"BEAF_DISABLE_PLUGINS": "beaf-acme"})
    off = [each.address for each in catalog.entries if each.disabled]
    assert off == ["universe/sector", "source/sector"]


def test_the_environment_is_read_when_none_is_given(shelf, monkeypatch):
    shelf.add("beaf-acme", {"universe/sector": "a"})
    monkeypatch.setenv("BEAF_DISABLE_PLUGINS", "beaf-acme")
    assert "sector" not in Catalog.installed().names("universe")


def test_a_disabled_plugin_that_is_named_says_that_it_is_turned_off(shelf):
    shelf.add("beaf-acme", {"universe/sector": "a"})
    catalog = Catalog.installed({"BEAF_DISABLE_PLUGINS": "beaf-acme"})
    with pytest.raises(PluginNotFoundError, match="BEAF_DISABLE_PLUGINS turns it off"):
        catalog.find("universe", "sector")


@pytest.mark.parametrize("beside_a_torn_one", [False, True])
def test_a_distribution_found_twice_on_the_path_is_one(
    shelf, tmp_path, monkeypatch, beside_a_torn_one
):
    shelf.add("beaf-acme", {"universe/sector": "a"})
    if beside_a_torn_one:
        shelf.add("beaf-torn", {"universe/torn": "t"})
        torn = shelf.folder / "beaf_torn-1.0.dist-info" / "entry_points.txt"
        torn.write_text("[beaf.universe]\nthis line has no equals sign\n")
    elsewhere = type(shelf)(tmp_path / "elsewhere")
    elsewhere.add("beaf-acme", {"universe/sector": "a"}, "0.9")
    monkeypatch.syspath_prepend(str(elsewhere.folder))
    # What stands first on the path is what imports.
    assert Catalog.installed().find("universe", "sector").version == "0.9"


def test_an_unknown_name_gets_its_near_match_and_what_is_installed(shelf):
    shelf.add("beaf-acme", {"universe/sector": "a"})
    with pytest.raises(PluginNotFoundError) as caught:
        Catalog.installed().find("universe", "sectro")
    assert 'no universe is called "sectro" — did you mean "sector"?' in str(caught.value)
    assert "beaf plugins list" in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "name", "home"),
    [
        ("universe", "mic", "beaf-universes"),
        ("output", "delta", "beaf-outputs"),
        ("module", "trade", "beaf-analytics"),
        ("source", "simulated", "beaf-simulator"),
        ("source", "bmll", "beaf-bmll"),
        ("launcher", "bmll", "beaf-bmll"),
    ],
)
def test_a_first_party_plugin_that_is_not_installed_says_what_to_install(kind, name, home):
    with pytest.raises(PluginNotFoundError, match=f"pip install {home}"):
        Catalog([]).find(kind, name)


def test_who_asks_for_all_listings_by_the_name_that_keys_have_is_told_to_ask_for_none():
    with pytest.raises(PluginNotFoundError) as caught:
        Catalog([]).find("universe", "all")
    assert "leave it out where the pipeline has a get_universe" in str(caught.value)


def test_no_install_hint_where_the_distribution_is_there_already():
    there = PluginEntry("universe", "mic", "m", "beaf-universes", "1")
    with pytest.raises(PluginNotFoundError) as caught:
        Catalog([there]).find("universe", "index")
    assert "pip install" not in str(caught.value)


def test_a_malformed_entry_points_file_takes_only_its_own_distribution_away(shelf):
    shelf.add("beaf-acme", {"universe/sector": "a"})
    shelf.add("beaf-torn", {"universe/torn": "t"})
    torn = shelf.folder / "beaf_torn-1.0.dist-info" / "entry_points.txt"
    torn.write_text("[beaf.universe]\nthis line has no equals sign\n")
    catalog = Catalog.installed()
    assert "sector" in catalog.names("universe")
    assert "mic" in catalog.names("universe")
    assert [each.partition(":")[0] for each in catalog.unreadable] == ["beaf-torn"]


def test_an_entry_points_file_that_is_no_text_takes_only_its_own_distribution_away(shelf):
    shelf.add("beaf-acme", {"universe/sector": "a"})
    shelf.add("beaf-torn", {"universe/torn": "t"})
    (shelf.folder / "beaf_torn-1.0.dist-info" / "entry_points.txt").write_bytes(b"\xff\xfe\x00")
    catalog = Catalog.installed()
    assert "sector" in catalog.names("universe")
    assert len(catalog.unreadable) == 1


def test_a_distribution_without_metadata_still_offers_its_plugins(shelf):
    shelf.add("beaf-bare", {"universe/bare": "bare_mod"})
    (shelf.folder / "beaf_bare-1.0.dist-info" / "METADATA").unlink()
    entry = Catalog.installed().find("universe", "bare")
    assert (entry.distribution, entry.version) == ("an unknown distribution", "?")


def test_inline_plugins_come_before_installed_ones_of_their_name_only(shelf):
    shelf.add("beaf-acme", {"universe/sector": "a", "universe/size": "b"})
    own = PluginEntry("universe", "sector", "pipeline.py", "own", "", inline=object())
    catalog = Catalog.installed().with_inline([own])
    assert catalog.find("universe", "sector").distribution == "own"
    assert catalog.find("universe", "size").distribution == "beaf-acme"
