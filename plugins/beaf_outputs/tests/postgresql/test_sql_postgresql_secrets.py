"""Is the password of a database told to nobody?"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest
import stamina
from pydantic import ValidationError
from sqlalchemy import make_url
from tests.postgres import PASSWORD
from tests.sql_desk import Desk

from beaf_core import ExitCode, PartitionRun, ResourceError
from beaf_core.cli import main
from beaf_outputs.sql import Config, describe

ROWS = pl.DataFrame({"ListingId": [1], "Open": [1.0]})
SPELLINGS = (PASSWORD, quote(PASSWORD, safe=""), "hunter2")


def tells(text: str) -> list[str]:
    return [each for each in SPELLINGS if each in text]


def test_neither_options_nor_targets_nor_receipts_tell_it(desk: Desk, monday: PartitionRun) -> None:
    target, receipt = desk.target(), desk.write(ROWS, monday)
    shown = [repr(target), str(target.options), target.options.model_dump_json(), repr(receipt)]
    shown += [json.dumps(receipt.to_json()), repr(describe(f"{desk.url}#bars"))]
    assert [tells(each) for each in shown] == [[]] * len(shown)


def test_the_database_does_not_keep_it(desk: Desk, monday: PartitionRun) -> None:
    desk.write(ROWS, monday)
    assert tells(str(desk.ask("SELECT * FROM beaf_receipts"))) == []
    assert tells(str(desk.ask("SELECT * FROM beaf_about"))) == []


def test_the_plan_of_a_query_does_not_tell_it(desk: Desk, monday: PartitionRun) -> None:
    desk.write(ROWS, monday)
    from beaf_outputs.sql import read_output

    found = read_output(desk.target(), [monday])
    assert found is not None
    assert tells(found.explain()) == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter2@127.0.0.1:1/db",
        "postgresql://127.0.0.1:1/db?user=me&password=hunter2",
        "postgresql://me:hunter2@127.0.0.1:1/db?nonsense=1",
        "postgresql://me:hunter2@127.0.0.1:1/db?sslpassword=hunter2",
        "postgresql://me:hunter2@nowhere.invalid/db",
    ],
)
def test_neither_errors_nor_tracebacks_nor_logs_tell_it(
    monday: PartitionRun, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with (
        stamina.set_testing(True, attempts=2),
        pytest.raises(ResourceError) as caught,
    ):
        Desk(None, url).write(ROWS, monday)
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert tells(told) == []
    assert "127.0.0.1" in told or "nowhere.invalid" in told


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:hunter2",
        "hunter2",
        "postgres://me:hunter2@host/db",
        "nosuch://me:hunter2@host/db",
        "postgresql://me:with@hunter2@host/db",
    ],
)
def test_a_url_that_is_none_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate({"sql_connection": url})
    told = "".join(traceback.format_exception(caught.value))
    assert tells(told) == []
    assert "sql_connection" in told


PIPELINE = """
USER_CONFIG = {
    "DATASETNAME": "demo",
    "PASSES": [{"name": "bars", "modules": ["trade"], "time_bucket_seconds": 3600}],
    "SOURCE": {"type": "simulated"},
    "OUTPUT_TARGET": {"type": "sql", "sql_connection": "URL"},
}
"""


@dataclass(frozen=True)
class Typed:
    """What a command said on both streams, and how it ended."""

    code: int
    said: str


class Shell:
    """Types commands about a pipeline whose rows go to a database."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        self.folder, self._monkeypatch, self._capsys = folder, monkeypatch, capsys
        monkeypatch.chdir(folder)

    def type(self, url: str, command: str) -> Typed:
        pipeline = self.folder / "demo.py"
        pipeline.write_text(PIPELINE.replace("URL", url))
        arguments = ["beaf", "pipeline", command, "--pipeline", str(pipeline)]
        if command == "run":
            arguments += ["--date", "2026-02-02", "--universe", "mic=XLON"]
        self._monkeypatch.setattr(sys, "argv", arguments)
        with pytest.raises(SystemExit) as ended:
            main()
        printed = self._capsys.readouterr()
        return Typed(int(ended.value.code or 0), printed.out + printed.err)


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    return Shell(tmp_path, monkeypatch, capsys)


def everything_in(folder: Path) -> str:
    files = [each for each in folder.rglob("*") if each.is_file() and each.suffix != ".py"]
    return "".join(each.read_bytes().decode(errors="replace") for each in files)


def test_a_run_tells_it_neither_on_the_screen_nor_in_its_manifest(
    shell: Shell, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    spelled = quote(PASSWORD, safe="")
    monkeypatch.setenv("DATABASE_PASSWORD", spelled)
    for url in (desk.url, desk.url.replace(spelled, "${env:DATABASE_PASSWORD}")):
        done = shell.type(url, "run")
        assert done.code == 0, done.said
        kept = everything_in(shell.folder)
        assert tells(done.said) == []
        assert tells(kept) == []
        assert f"/{make_url(desk.url).database}#demo_bars" in kept
    assert "changed since the last run" in done.said, (
        "the second run finds the receipts in the database"
    )
    [(rows,)] = desk.ask("SELECT count(*) FROM demo_bars")
    assert rows > 0


def test_the_configuration_that_is_shown_does_not_tell_it(shell: Shell, desk: Desk) -> None:
    done = shell.type(desk.url, "show")
    assert done.code == 0, done.said
    assert tells(done.said) == []
    assert "sql_connection" in done.said


def test_a_run_without_a_server_ends_with_5_and_says_what_to_do(shell: Shell) -> None:
    with stamina.set_testing(True, attempts=2):
        done = shell.type("postgresql://me:hunter2@127.0.0.1:1/db", "run")
    assert done.code == ExitCode.RESOURCES
    assert "Connection refused" in done.said
    assert "see whether the server runs" in done.said
    assert "Traceback" not in done.said
    assert tells(done.said + everything_in(shell.folder)) == []


def test_a_wrong_url_ends_with_2_and_is_not_shown(shell: Shell) -> None:
    done = shell.type("postgres://me:hunter2@127.0.0.1:1/db", "run")
    assert done.code == ExitCode.USAGE
    assert 'did you mean "postgresql"' in done.said
    assert tells(done.said) == []
