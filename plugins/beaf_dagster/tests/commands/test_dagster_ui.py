"""Does `beaf dagster ui` start the web page, on this machine alone, and say why where it cannot?"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Beaf

from beaf_dagster.commands import ui

QUERY = "{ workspaceOrError { ... on Workspace { locationEntries { locationOrLoadError {"
QUERY += " ... on RepositoryLocation { repositories { assetNodes { assetKey { path } } } }"
QUERY += " ... on PythonError { message } } } } } }"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An instance that sends nothing, and DAGSTER_HOME set to it."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\nnux: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    return folder


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


@pytest.fixture
def become(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """What the command would turn into; the real turn is taken by one test below."""
    calls: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(ui, "_become", lambda arguments, given: calls.append((arguments, given)))
    return calls


def asked(port: int) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": QUERY}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def answered(port: int, page: subprocess.Popen[str], seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return asked(port)
        except OSError:
            assert page.poll() is None, "the page has ended"
            assert time.monotonic() < deadline, "the page does not answer"
            time.sleep(0.25)


@pytest.fixture
def page(home: Path, pipes: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """The page, started from elsewhere over the pipelines of the project."""
    with subprocess.Popen(
        [Path(sys.executable).with_name("beaf"), "dagster", "ui", "--pipeline", str(pipes),
         "--port", str(port)],
        cwd=home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:  # fmt: skip
        yield started
        started.kill()


@pytest.mark.soak  # what it would start is asserted below
def test_the_page_shows_the_pipelines_that_were_named_and_ends_when_told(
    page: subprocess.Popen[str], port: int
) -> None:
    answer = answered(port, page)
    (entry,) = answer["data"]["workspaceOrError"]["locationEntries"]
    nodes = entry["locationOrLoadError"]["repositories"][0]["assetNodes"]
    assert ["pipes", "bars"] in [each["assetKey"]["path"] for each in nodes]
    page.send_signal(signal.SIGINT)
    _, said = page.communicate(timeout=30)
    assert f"http://127.0.0.1:{port}" in said
    assert "warning" not in said.splitlines()[0]


def test_loopback_is_listened_on_unless_told_otherwise(
    beaf: Beaf, home: Path, port: int, become: list[tuple[list[str], dict[str, str]]]
) -> None:
    typed = beaf("dagster", "ui", "--port", port)
    ((arguments, _),) = become
    assert arguments[:4] == ["-m", "dagster_webserver", "--host", "127.0.0.1"]
    assert "warning" not in typed.err


def test_an_open_address_is_warned_of(
    beaf: Beaf, home: Path, port: int, become: list[tuple[list[str], dict[str, str]]]
) -> None:
    typed = beaf("dagster", "ui", "--host", "0.0.0.0", "--port", port)
    assert (typed.code, len(become)) == (0, 1)
    assert "warning: 0.0.0.0 is open to everyone" in typed.err


def test_the_workspace_of_the_home_is_shown_where_nothing_is_named(
    beaf: Beaf,
    home: Path,
    pipes: Path,
    port: int,
    become: list[tuple[list[str], dict[str, str]]],
) -> None:
    beaf("dagster", "ui", "--port", port)
    (home / "workspace.yaml").write_text("load_from: []\n")
    beaf("dagster", "ui", "--port", port)
    beaf("dagster", "ui", "--port", port, "--pipeline", pipes / "bars.yaml", "-p", pipes / "two.py")
    (none, _), (workspace, _), (named, given) = become
    assert none[-2:] == ["-m", "beaf_dagster.definitions"]
    assert workspace[-2:] == ["-w", str(home / "workspace.yaml")]
    assert named[-2:] == ["-m", "beaf_dagster.definitions"]
    assert given["BEAF_PIPELINES"] == os.pathsep.join(
        [str(pipes / "bars.yaml"), str(pipes / "two.py")]
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--pipeline", "none.py"], "there is no pipeline none.py"),
        (["--workspace", "none.yaml"], "there is no workspace none.yaml"),
        (["--workspace", "a.yaml", "--pipeline", "b.py"], "two sets of definitions"),
        (["--host", "no.such.host.invalid"], "there is no host no.such.host.invalid"),
        (["--port", "0"], "0 is not in the range"),
    ],
)
def test_what_is_not_there_is_told_before_anything_starts(
    beaf: Beaf,
    home: Path,
    become: list[tuple[list[str], dict[str, str]]],
    arguments: list[str],
    told: str,
) -> None:
    typed = beaf("dagster", "ui", *arguments)
    assert (typed.code, become) == (2, [])
    assert told in typed.err


def test_a_port_that_is_taken_is_told_with_another_one_to_take(beaf: Beaf, home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        typed = beaf("dagster", "ui", "--port", port)
    assert typed.code == 2
    assert f"port {port} of 127.0.0.1 is taken" in typed.err
    assert "--port" in typed.err


@pytest.mark.parametrize("command", ["ui", "doctor"])
def test_without_a_home_the_command_says_what_to_set(
    beaf: Beaf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    unset = beaf("dagster", command)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "gone"))
    gone = beaf("dagster", command)
    assert (unset.code, gone.code) == (2, 2)
    assert "export DAGSTER_HOME=" in unset.err
    assert "gone is not a folder" in gone.err
    assert not (tmp_path / "gone").exists()


def test_a_page_that_is_not_installed_is_told_with_what_to_install(
    beaf: Beaf, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ui, "find_spec", lambda name: None)
    typed = beaf("dagster", "ui")
    assert typed.code == 2
    assert "pip install 'beaf-dagster[ui]'" in typed.err
