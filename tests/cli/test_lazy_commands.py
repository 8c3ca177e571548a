"""Can a plugin's own group list its commands without importing them?"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from beaf_core import BeafGroup, LazyCommand

_MODULE = """\
import click

@click.command("greet")
@click.option("--loud_ness", type=int)
def greet(loud_ness):
    click.echo(f"hello {loud_ness}")
"""


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> click.Group:
    (tmp_path / "acme_greeting.py").write_text(_MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "acme_greeting", raising=False)
    greet = LazyCommand("greet", "Say hello.", "acme_greeting:greet")
    return BeafGroup("acme", lazy=[greet])


def test_help_is_written_from_summaries(acme: click.Group) -> None:
    shown = CliRunner().invoke(acme, ["--help"])
    assert "greet  Say hello." in shown.output
    assert "acme_greeting" not in sys.modules


def test_what_is_typed_is_imported_and_run_in_either_spelling(acme: click.Group) -> None:
    for spelling in ("--loud_ness", "--loud-ness"):
        assert CliRunner().invoke(acme, ["greet", spelling, "3"]).output == "hello 3\n"
    assert "acme_greeting" in sys.modules


def test_every_command_takes_debug(acme: click.Group) -> None:
    shown = CliRunner().invoke(acme, ["greet", "--debug", "--loud_ness", "3"])
    assert (shown.exit_code, shown.output) == (0, "hello 3\n")


def test_the_nearest_command_is_suggested(acme: click.Group) -> None:
    shown = CliRunner().invoke(acme, ["gret"])
    assert shown.exit_code == 2
    assert 'there is no command "gret" — did you mean "greet"?' in shown.output
