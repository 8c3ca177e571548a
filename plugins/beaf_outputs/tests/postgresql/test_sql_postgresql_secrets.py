"""Is the password of a database told to nobody?"""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest
from click.testing import CliRunner
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
    import stamina

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


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path / "demo.py"


def run(pipeline: Path, url: str, *command: str) -> Any:
    pipeline.write_text(PIPELINE.replace("URL", url))
    arguments = [*command, "--pipeline", str(pipeline)]
    if command[1] == "run":
        arguments += ["--date", "2026-02-02", "--universe", "mic=XLON"]
    return CliRunner().invoke(main, arguments)


def everything_in(folder: Path) -> str:
    files = [each for each in folder.rglob("*") if each.is_file() and each.suffix != ".py"]
    return "".join(each.read_bytes().decode(errors="replace") for each in files)


def test_a_run_tells_it_neither_on_the_screen_nor_in_its_manifest(
    pipeline: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", quote(PASSWORD, safe=""))
    spelled = quote(PASSWORD, safe="")
    for url in (desk.url, desk.url.replace(spelled, "${env:DATABASE_PASSWORD}")):
        done = run(pipeline, url, "pipeline", "run")
        assert done.exit_code == 0, done.output
        assert tells(done.output) == []
        database = make_url(desk.url).database
        assert f"/{database}#demo_bars" in done.output + everything_in(pipeline.parent)
        assert tells(everything_in(pipeline.parent)) == []
    [(rows,)] = desk.ask("SELECT count(*) FROM demo_bars")
    assert rows > 0


def test_a_second_run_finds_its_receipts_in_the_database(pipeline: Path, desk: Desk) -> None:
    assert run(pipeline, desk.url, "pipeline", "run").exit_code == 0
    again = run(pipeline, desk.url, "pipeline", "run")
    assert again.exit_code == 0
    assert "up to date" in again.output
    assert tells(run(pipeline, desk.url, "pipeline", "show").output) == []


def test_a_run_without_a_server_ends_with_5_and_says_what_to_do(pipeline: Path) -> None:
    done = run(pipeline, "postgresql://me:hunter2@127.0.0.1:1/db", "pipeline", "run")
    assert done.exit_code == ExitCode.RESOURCES
    assert "Connection refused" in done.output
    assert "see whether the server runs" in done.output
    assert "Traceback" not in done.output
    assert tells(done.output + everything_in(pipeline.parent)) == []


def test_a_wrong_url_ends_with_2_and_is_not_shown(pipeline: Path) -> None:
    done = run(pipeline, "postgres://me:hunter2@127.0.0.1:1/db", "pipeline", "run")
    assert done.exit_code == ExitCode.USAGE
    assert 'did you mean "postgresql"' in done.output
    assert tells(done.output) == []
