"""Does the pytest plugin `beaf` serve those who use it, and cost nobody else?"""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import polars as pl

from beaf_core import Catalog
from beaf_core.testing import tiny_table


def pytest_in(folder, text):
    (folder / "test_downstream.py").write_text(dedent(text))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_suite_that_does_not_use_it_imports_nothing_for_it(tmp_path):
    text = """
        import sys

        def test_nothing_heavy_is_here(pytestconfig):
            assert pytestconfig.pluginmanager.hasplugin("beaf")
            heavy = ("polars", "pydantic", "pyarrow", "pluggy.nothing", "importlib_metadata")
            assert [name for name in heavy if name in sys.modules] == []
            ours = {name for name in sys.modules if name.startswith("beaf_core")}
            assert ours == {"beaf_core", "beaf_core.testing", "beaf_core.testing.plugin"}
    """
    assert "1 passed" in pytest_in(tmp_path, text)


def test_a_downstream_suite_gets_the_fixtures_without_asking(tmp_path):
    text = """
        from types import SimpleNamespace

        from beaf_core import hookimpl

        def test_fixtures(beaf_market, beaf_reference, beaf_host, beaf_host_with):
            assert (beaf_market / "trades" / "XLON" / "2025-01-06.parquet").exists()
            assert beaf_reference("2025-01-06", MIC="XPAR").height == 1
            assert "local" in beaf_host.catalog.names("launcher")

            @hookimpl
            def universe_values():
                return ["a"]

            plugin = SimpleNamespace(universe_values=universe_values)
            host = beaf_host_with(universe={"acme": plugin})
            assert host.universe_values("acme", date="", reference=beaf_reference) == ["a"]
            assert "acme" not in beaf_host.catalog.names("universe")
    """
    assert "1 passed" in pytest_in(tmp_path, text)


def test_the_market_is_written_once_and_is_the_tiny_one(beaf_market, request):
    assert request.getfixturevalue("beaf_market") is beaf_market
    trades = pl.read_parquet(beaf_market / "trades" / "XPAR" / "2025-01-07.parquet")
    assert trades.equals(tiny_table("trades", "2025-01-07", "XPAR"))


def test_every_host_is_a_fresh_one(beaf_host, beaf_host_with):
    beaf_host.load("launcher", "local")
    assert beaf_host_with(universe={"acme": object()})._loaded == {}
    assert isinstance(beaf_host.catalog, Catalog)


def test_an_object_at_hand_comes_before_an_installed_plugin_of_its_name(beaf_host_with):
    plugin = object()
    host = beaf_host_with(universe={"mic": plugin}, source={"acme": plugin})
    assert host.catalog.find("universe", "mic").inline is plugin
    assert host.catalog.find("source", "acme").distribution == "the plugin under test"
