"""Does a new plugin's package work as it is written, for every kind?"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from beaf_core import PluginHost, UsageError
from beaf_core.plugins.catalog import KINDS
from beaf_core.plugins.scaffold import scaffold
from beaf_core.testing import TINY_DAYS, tiny_reference

# Beside the interpreter, where `make install` puts it, or wherever the machine has it.
UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")


def run(*command, **environ):
    done = subprocess.run(
        [str(each) for each in command],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_the_generated_package_passes_its_own_tests(tmp_path, kind):
    scaffold("acme", kind, tmp_path)
    home = tmp_path / "beaf-acme"
    out = run(
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", home, home
    )
    assert "1 passed" in out


@pytest.mark.parametrize("kind", KINDS)
def test_the_generated_entry_point_leads_to_the_plugin(tmp_path, shelf, monkeypatch, kind):
    scaffold("acme-two", kind, tmp_path)
    home = tmp_path / "beaf-acme-two"
    project = tomllib.loads((home / "pyproject.toml").read_text())["project"]
    ((group, points),) = project["entry-points"].items()
    assert (group, list(points)) == (f"beaf.{kind}", ["acme-two"])
    shelf.add(project["name"], {f"{kind}/acme-two": points["acme-two"]}, project["version"])
    monkeypatch.syspath_prepend(str(home / "src"))
    host = PluginHost()
    host.check(host.catalog.find(kind, "acme-two"))
    for name in [name for name in sys.modules if name.startswith("beaf_acme_two")]:
        del sys.modules[name]


def test_the_files_are_told_in_the_order_of_reading(tmp_path):
    written = scaffold("acme", "universe", tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in written] == [
        "beaf-acme/pyproject.toml",
        "beaf-acme/README.md",
        "beaf-acme/src/beaf_acme/__init__.py",
        "beaf-acme/src/beaf_acme/universe.py",
        "beaf-acme/tests/test_contract.py",
    ]
    assert all(path.is_file() for path in written)


def test_the_folder_may_be_made_on_the_way(tmp_path):
    scaffold("acme", "universe", tmp_path / "not" / "there")
    assert (tmp_path / "not" / "there" / "beaf-acme" / "pyproject.toml").is_file()


@pytest.mark.skipif(UV is None, reason="needs uv to build and install a wheel")
def test_the_generated_universe_answers_from_its_installed_wheel(tmp_path):
    scaffold("acme", "universe", tmp_path)
    target = tmp_path / "site"
    run(
        *(UV, "pip", "install", "--quiet", "--no-deps"),
        *("--python", sys.executable, "--target", target, tmp_path / "beaf-acme"),
    )
    code = """if True:
        import json
        from beaf_core import PluginHost
        from beaf_core.testing import tiny_reference
        host = PluginHost()
        entry = host.catalog.find("universe", "acme")
        frame = host.get_universe("acme", date="2025-01-06", value="XPAR", reference=tiny_reference)
        print(json.dumps([entry.distribution, entry.version, entry.summary, frame["ListingId"][0]]))
    """
    told = json.loads(run(sys.executable, "-c", code, PYTHONPATH=str(target)))
    assert told == ["beaf-acme", "0.1.0", "The universe acme for BEAF", 201]


def test_writing_a_package_imports_nothing_heavy(tmp_path):
    code = (
        "import sys; from beaf_core.plugins.scaffold import scaffold; "
        f"scaffold('acme', 'module', {str(tmp_path)!r}); "
        "print([name for name in ('polars', 'pydantic', 'importlib_metadata') "
        "if name in sys.modules])"
    )
    assert run(sys.executable, "-c", code) == "[]\n"


def test_a_module_bears_the_name_of_its_entry_point(tmp_path, shelf, monkeypatch):
    scaffold("acme_three", "module", tmp_path)
    shelf.add("beaf-acme-three", {"module/acme_three": "beaf_acme_three.module"})
    monkeypatch.syspath_prepend(str(tmp_path / "beaf-acme-three" / "src"))
    assert PluginHost().analytics_module("acme_three").config_key == "acme_three_analytics"


# -- refusals ------------------------------------------------------------------------------


def refused(tmp_path, name, kind="universe"):
    with pytest.raises(UsageError) as caught:
        scaffold(name, kind, tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()], "half-written"
    return str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        *("", "Acme", "1acme", "acme=x", "a+b", "a,b", "../acme", "a/b", "acme.two"),
        *("-acme", "acme-", "a--b", "a b", "äcme", "acme\n", "__init__"),
    ],
)
def test_a_name_that_no_selector_or_package_could_bear_is_refused(tmp_path, name):
    assert "cannot name a plugin" in refused(tmp_path, name)


def test_a_name_that_begins_with_beaf_is_told_what_to_write(tmp_path):
    assert "write acme: its distribution becomes beaf-acme" in refused(tmp_path, "beaf-acme")


def test_a_name_of_a_first_party_plugin_is_refused_for_its_kind_only(tmp_path):
    assert 'the universe "mic" is the one of beaf-universes' in refused(tmp_path, "mic")
    scaffold("mic", "output", tmp_path)


def test_an_unknown_kind_gets_a_near_match(tmp_path):
    message = refused(tmp_path, "acme", "univers")
    assert 'no kind of plugin is called "univers" — did you mean "universe"?' in message
    assert "source, module, output, launcher, area, command" in message


def test_an_existing_folder_is_left_alone(tmp_path):
    home = tmp_path / "beaf-acme"
    home.mkdir()
    with pytest.raises(UsageError, match="exists already"):
        scaffold("acme", "universe", tmp_path)
    assert list(home.iterdir()) == []


def test_the_readme_shows_the_way_to_use_it(tmp_path):
    scaffold("acme", "universe", tmp_path)
    text = Path(tmp_path, "beaf-acme", "README.md").read_text()
    assert "--universe acme=XLON" in text
    # The example is by venue, so the value that the readme uses is one.
    assert tiny_reference(TINY_DAYS[0], MIC="XLON").height
