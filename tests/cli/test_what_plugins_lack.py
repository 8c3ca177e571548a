"""Is a person told what to install, where a plugin needs what an extra brings?"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from beaf_core import BeafGroup, Catalog
from tests.cli.conftest import Beaf

_INSTALL = "pip install 'beaf-acme[db]'"


def put(folder: Path, module: str, point: str) -> None:
    """Install beaf-acme, of one module and one entry point."""
    info = folder / "beaf_acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: beaf-acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(point)
    (folder / "acme_needs.py").write_text(module)


@pytest.mark.parametrize(("package", "status"), [("acmedb", "incomplete"), ("json", "works")])
def test_a_plugin_that_lacks_a_package_is_incomplete_and_no_error(
    beaf: Beaf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, status: str
) -> None:
    module = (
        "from beaf_core import hookimpl\n"
        f'NEEDS = {{"{package}": "{_INSTALL}"}}\n'
        "@hookimpl\n"
        "def get_universe(value, date, reference): ...\n"
    )
    put(tmp_path, module, "[beaf.universe]\nacme = acme_needs\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "acme_needs", raising=False)
    checked = beaf("plugins", "check", "--kind", "universe", "--json")
    (found,) = [each for each in checked.json if each["name"] == "acme"]
    assert (checked.code, found["status"]) == (0, status)
    told = f'the universe "acme" cannot work yet: acmedb is not installed: {_INSTALL}'
    assert (told in checked.err) is (status == "incomplete")


def test_the_help_of_a_group_says_what_its_commands_lack() -> None:
    lacking: click.Group = BeafGroup("acme", needs={"acmedb": _INSTALL})
    assert f"Note: acmedb is not installed: {_INSTALL}" in CliRunner().invoke(lacking).output
    complete: click.Group = BeafGroup("acme", needs={"json": _INSTALL})
    assert "Note" not in CliRunner().invoke(complete).output


def test_a_command_of_ours_that_is_not_installed_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    core = [each for each in Catalog.installed().entries if each.distribution == "beaf-core"]
    monkeypatch.setattr(Catalog, "installed", classmethod(lambda _: Catalog(core)))
    typed = CliRunner().invoke(BeafGroup("beaf"), ["job", "run", "--pipeline", "bars.py"])
    assert typed.exit_code == 2
    assert 'there is no command "job"' in typed.output
    assert "pip install beaf-bmll" in typed.output
