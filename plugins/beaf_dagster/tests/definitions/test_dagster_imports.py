"""What does an import of the plugin cost, and does anything of it warn?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = ("dagster", "polars", "pydantic", "yaml")

SOCKETLESS = """
import socket, sys

def refused(*_: object, **__: object) -> None:
    raise AssertionError("a socket was opened")

socket.socket.connect = refused
socket.getaddrinfo = refused
import beaf_dagster
import beaf_dagster.commands
found = [each for each in {heavy} if each in sys.modules]
assert not found, found
"""

EVERYTHING = """
import socket

def refused(*_: object, **__: object) -> None:
    raise AssertionError("a socket was opened")

socket.socket.connect = refused
import dagster as dg
import beaf_dagster

for name in beaf_dagster.__all__:
    getattr(beaf_dagster, name)
from beaf_dagster.component import BeafPipelinesComponent
from beaf_dagster.definitions import defs

dg.Definitions.validate_loadable(defs)
split = beaf_dagster.build_definitions({pipes!r}, split_passes=True)
dg.Definitions.validate_loadable(split)
assert len(list(defs.resolve_all_asset_specs())) >= 2
"""


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, text=True, capture_output=True, check=False
    )


def test_importing_the_plugin_imports_no_dagster_and_opens_no_socket(tmp_path: Path) -> None:
    done = python("-c", SOCKETLESS.format(heavy=HEAVY), cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_definitions_load_without_a_socket_or_a_word_of_warning(
    pipes: Path, tmp_path: Path
) -> None:
    pipes.rename(tmp_path / "pipelines")
    code = EVERYTHING.format(pipes=str(tmp_path / "pipelines"))
    done = python("-W", "error::DeprecationWarning", "-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr


def test_the_core_never_imports_dagster(tmp_path: Path) -> None:
    code = "import beaf_core, sys; [getattr(beaf_core, each) for each in beaf_core.__all__]; "
    code += "assert not [each for each in sys.modules if each.startswith('dagster')]"
    done = python("-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
